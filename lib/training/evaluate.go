package training

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// Evaluate scores the model on examples by the objective, classification when it is nil, with the hook's pruning when hook is
// not nil.
func Evaluate(backend compute.Backend, m *transformer.Encoder, examples []datasets.Example, hook Hook, objective Objective) (Score, error) {
	e, err := NewEvaluator(backend, m, hook, Options{Objective: objective})
	if err != nil {
		return Score{}, err
	}
	defer e.Close()
	return e.Evaluate(examples)
}

// Evaluator is Evaluate compiled once: it follows the model's parameters and its hook's variables as they change. It is not safe
// for concurrent use.
type Evaluator struct {
	stepper *stepper
	options datasets.BatchOptions
}

// NewEvaluator prepares evaluations of the model, see the function Evaluate. Of the options it takes Objective, EvalBatch and
// Multiple.
func NewEvaluator(backend compute.Backend, m *transformer.Encoder, hook Hook, o Options) (*Evaluator, error) {
	o = o.withDefaults()
	o.tokens = m.Spec.Tokens
	s, err := newStepper(backend, m, hook, o)
	if err != nil {
		return nil, err
	}
	return &Evaluator{s, o.evalBatches()}, nil
}

// Close frees the compiled graphs.
func (e *Evaluator) Close() { e.stepper.close() }

// Evaluate scores the model on examples.
func (e *Evaluator) Evaluate(examples []datasets.Example) (Score, error) {
	return e.stepper.evaluate(examples, e.options)
}

// Score is what a model reaches on a set of examples.
type Score struct {
	Examples int
	Accuracy float64   // in 0..1; 0 where the objective counts no right answers
	Metrics  []Metric  // the objective's, the one that decides first
	Kept     []float64 // kept share of visible scores, one a layer; nil without a pruning hook
}

// MeanKept is the mean over layers, 1 without pruning.
func (s Score) MeanKept() float64 {
	if len(s.Kept) == 0 {
		return 1
	}
	sum := 0.0
	for _, k := range s.Kept {
		sum += k
	}
	return sum / float64(len(s.Kept))
}

// better compares the deciding metrics.
func (s Score) better(than Score) bool {
	a, b := s.Metrics[0], than.Metrics[0]
	if a.Lower {
		return a.Value < b.Value
	}
	return a.Value > b.Value
}

// evaluate scores examples; shares are weighted by the number of visible scores of a batch.
func (s *stepper) evaluate(examples []datasets.Example, o datasets.BatchOptions) (Score, error) {
	score := Score{Examples: len(examples)}
	scorer := s.objective.Scorer(examples)
	var weight float64
	for b := range s.prepareEval(datasets.Batches(examples, o)) {
		out, err := s.eval.Call(b.shards[0].inputs...)
		b.release()
		if err != nil {
			return score, fmt.Errorf("training: evaluation: %w", err)
		}
		if err := scorer.Add(b.Batch, out[1:]); err != nil {
			return score, fmt.Errorf("training: evaluation: %w", err)
		}
		w := 0.0
		for _, n := range b.Lengths[:b.Count] {
			w += float64(n) * float64(n)
		}
		weight += w
		kept := tensors.MustCopyFlatData[float32](out[0])[1:]
		if score.Kept == nil && len(kept) > 0 {
			score.Kept = make([]float64, len(kept))
		}
		for l, k := range kept {
			score.Kept[l] += w * float64(k)
		}
		for _, t := range out {
			t.FinalizeAll()
		}
	}
	for l := range score.Kept {
		score.Kept[l] /= weight
	}
	score.Metrics = scorer.Metrics()
	if c, ok := scorer.(*predictions[int32]); ok {
		score.Accuracy = Accuracy.Of(c.found, c.wanted)
	}
	return score, nil
}
