package experiment

import (
	"context"
	"fmt"
	"math"

	"github.com/gomlx/compute"
	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/trace"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// Site says which attention head of which example is being computed.
type Site struct {
	Example     int // index into the examples of the run
	Layer, Head int
}

// HeadAttention computes one quantised head as a machine would: it writes the real context, N x d, of the valid rows. It is
// called from several goroutines; what it draws at random must come from the site, so that the order does not matter.
type HeadAttention func(s Site, h *attention.Head, context []float32) error

// Score is the accuracy of a run.
type Score struct {
	Examples int
	Correct  int
	Right    []bool // one an example, in the order given: two runs on the same examples are compared pair by pair
}

// Accuracy is in percent.
func (s Score) Accuracy() float64 { return 100 * float64(s.Correct) / float64(s.Examples) }

// Confidence is the half width of the 95 % interval of the accuracy, in points (normal approximation of the binomial).
func (s Score) Confidence() float64 {
	p := float64(s.Correct) / float64(s.Examples)
	return 100 * 1.96 * math.Sqrt(p*(1-p)/float64(s.Examples))
}

// Drop is how many points s lies below base, with the half width of its 95 % interval from the examples that only one of
// the two answers right (paired comparison).
func (s Score) Drop(base Score) (points, half float64, err error) {
	if s.Examples != base.Examples || s.Examples == 0 {
		return 0, 0, fmt.Errorf("experiment: scores of %d and %d examples cannot be paired", s.Examples, base.Examples)
	}
	var lost, won float64
	for i, right := range s.Right {
		switch {
		case base.Right[i] && !right:
			lost++
		case !base.Right[i] && right:
			won++
		}
	}
	n := float64(s.Examples)
	points = 100 * (lost - won) / n
	variance := ((lost + won) - (lost-won)*(lost-won)/n) / (n * n)
	return points, 100 * 1.96 * math.Sqrt(variance), nil
}

// headBits is the width that the machines' memories hold: 8-bit Q, K and V.
const headBits = 8

// Accuracy runs the examples through the model with attend in place of its attention and counts the right answers.
func Accuracy(ctx context.Context, backend compute.Backend, m *transformer.Encoder, examples []datasets.Example, attend HeadAttention) (Score, error) {
	return AccuracyAt(ctx, backend, m, examples, headBits, attend)
}

// AccuracyAt is Accuracy with Q, K and V of the given bits.
func AccuracyAt(ctx context.Context, backend compute.Backend, m *transformer.Encoder, examples []datasets.Example, bits int, attend HeadAttention) (Score, error) {
	e, err := NewEvaluator(backend, m)
	if err != nil {
		return Score{}, err
	}
	defer e.Close()
	return e.Accuracy(ctx, examples, bits, attend)
}

// Evaluator runs one model under many attentions; its stages are compiled once.
type Evaluator struct {
	model  *transformer.Encoder
	staged *transformer.Staged
}

// NewEvaluator prepares a model.
func NewEvaluator(backend compute.Backend, m *transformer.Encoder) (*Evaluator, error) {
	staged, err := transformer.NewStaged(backend, m)
	if err != nil {
		return nil, err
	}
	return &Evaluator{m, staged}, nil
}

// Close frees the compiled stages.
func (e *Evaluator) Close() { e.staged.Close() }

// Accuracy is the function AccuracyAt.
func (e *Evaluator) Accuracy(ctx context.Context, examples []datasets.Example, bits int, attend HeadAttention) (Score, error) {
	classes := e.model.Spec.Classes
	score := Score{Examples: len(examples), Right: make([]bool, len(examples))}
	err := e.run(ctx, examples, min(evalBatch, max(1, len(examples))), bits, attend, func(b datasets.Batch, logits []float32) {
		for i := range b.Count {
			row := logits[i*classes : (i+1)*classes]
			if transformer.Likeliest(row) == b.Labels[i] {
				score.Right[b.Examples[i]] = true
				score.Correct++
			}
		}
	})
	if err != nil {
		return Score{}, err
	}
	return score, nil
}

// onMachine runs the examples through the model with attend in place of its attention, Q, K and V of the given bits, and
// hands out the logits batch by batch.
func onMachine(ctx context.Context, backend compute.Backend, m *transformer.Encoder, examples []datasets.Example, size, bits int, attend HeadAttention, take func(datasets.Batch, []float32)) error {
	e, err := NewEvaluator(backend, m)
	if err != nil {
		return err
	}
	defer e.Close()
	return e.run(ctx, examples, size, bits, attend, take)
}

func (e *Evaluator) run(ctx context.Context, examples []datasets.Example, size, bits int, attend HeadAttention, take func(datasets.Batch, []float32)) error {
	options := datasets.BatchOptions{Size: size, Multiple: evalMultiple, Limit: e.model.Spec.Tokens}
	if err := options.Check(examples); err != nil {
		return err
	}
	for b := range datasets.Batches(examples, options) {
		if err := ctx.Err(); err != nil {
			return err
		}
		// Without the filling: another shape is compiled in a moment, and of few examples most rows would be filling.
		logits, err := e.staged.Logits(Inputs(b), b.Lengths[:b.Count], b.Tokens, func(p transformer.Projection, context []float32) error {
			shape := attention.Head{Tokens: p.Tokens, Valid: p.Valid, Dim: p.Dim, Bits: bits, Causal: p.Causal}
			h, err := trace.Quantise(p.Q, p.K, p.V, shape)
			if err != nil {
				return fmt.Errorf("experiment: example %d: %w", b.Examples[p.Sample], err)
			}
			return attend(Site{b.Examples[p.Sample], p.Layer, p.Head}, &h, context)
		})
		if err != nil {
			return err
		}
		take(b, logits)
	}
	return nil
}

// Inputs are the real rows of a batch, for a staged model.
func Inputs(b datasets.Batch) transformer.Inputs {
	tokens := b.Count * b.Tokens
	if b.Patch > 0 {
		return transformer.Inputs{Patches: b.Patches[:tokens*b.Patch]}
	}
	return transformer.Inputs{IDs: b.IDs[:tokens]}
}

const (
	evalBatch    = 32 // examples a batch
	evalMultiple = 16 // padded widths are multiples of this: few shapes to compile
)
