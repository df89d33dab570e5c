package sprintstudy

import (
	"context"
	"sync"

	"github.com/gomlx/compute"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/accelerator/sprint"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/reram"
)

// Score is a model's accuracy on the machine, with what was pruned on the way.
type Score struct {
	experiment.Score
	Rates pruning.Rates // kept and visible scores, by layer and head
}

// Pruned is the pruned share of the visible scores in percent.
func (s *Score) Pruned() float64 { return 100 * s.Rates.Total().Rate() }

// Schemes are the four bars of Fig. 9.
func Schemes() []sprint.Scheme {
	return []sprint.Scheme{sprint.Unpruned, sprint.RuntimePruning, sprint.WithoutRecompute, sprint.Recompute}
}

// Machine is the machine of the accuracy figures: M, whose arrays have the noise that the reference sheet assumes.
// Both operands are rounded to the middle of the step that their dropped bits leave open (half an LSB), because the plain
// floor would keep about a third more keys than the threshold says. Sums that leave the array as numbers, without
// recompute, pass a converter of as many bits as its operands have. Give it the range of a model's heads by Calibrate.
func Machine() sprint.Spec {
	s := sprint.M()
	s.Array = reram.Typical()
	s.Array.Rounding = reram.HalfLSB
	s.Array.ScoreBits = s.Array.KeyBits
	return s
}

// Runner runs a trained model on machines. Its stages are compiled once for all runs.
type Runner struct {
	trained       *experiment.Trained
	dense, pruned *experiment.Evaluator
}

// NewRunner prepares a model.
func NewRunner(backend compute.Backend, t *experiment.Trained) (*Runner, error) {
	dense, err := experiment.NewEvaluator(backend, t.Dense)
	if err != nil {
		return nil, err
	}
	pruned, err := experiment.NewEvaluator(backend, t.Pruned)
	if err != nil {
		dense.Close()
		return nil, err
	}
	return &Runner{t, dense, pruned}, nil
}

// Close frees the compiled stages.
func (r *Runner) Close() {
	r.dense.Close()
	r.pruned.Close()
}

// bits of Q, K and V in the machine's memory.
const bits = 8

// Evaluate runs examples on the machine under a scheme: the dense model for the unpruned bar, the model trained with
// thresholds for the others. Every head meets its own programming errors and read noise, drawn from the machine's seed and
// the site, so that a run can be repeated.
func (r *Runner) Evaluate(ctx context.Context, machine sprint.Spec, scheme sprint.Scheme, examples []datasets.Example) (*Score, error) {
	model := r.pruned
	if scheme == sprint.Unpruned {
		model = r.dense
	}
	out := &Score{}
	score, err := model.Accuracy(ctx, examples, bits, attend(r.trained.Thresholds, machine, scheme, &out.Rates))
	out.Score = score
	return out, err
}

// attend is the machine's attention under a scheme; what it keeps is counted in rates when that is not nil.
func attend(thresholds *pruning.Threshold, machine sprint.Spec, scheme sprint.Scheme, rates *pruning.Rates) experiment.HeadAttention {
	var mu sync.Mutex
	return func(s experiment.Site, h *attention.Head, context []float32) error {
		one := machine
		one.Array = written(machine.Array, s)
		mask, err := one.Attention(scheme, h, thresholds.Layers[s.Layer], context)
		if err != nil || rates == nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		rates.Add(s.Layer, s.Head, h, mask)
		return nil
	}
}
