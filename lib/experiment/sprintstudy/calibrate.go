package sprintstudy

import (
	"context"
	"sync"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/accelerator/sprint"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/reram"
)

// Calibrate builds the machines' comparators and converters for a model: their range is the widest that the sums of its heads
// take on the examples, because a chip has one converter for all heads and all inputs. The examples should be none that the
// model is judged on.
func (r *Runner) Calibrate(ctx context.Context, examples []datasets.Example, machines ...*sprint.Spec) error {
	c := calibration{machines: machines, widest: make([]reram.Range, len(machines))}
	_, err := r.pruned.Accuracy(ctx, examples, bits, c.watch(attend(r.trained.Thresholds, *machines[0], sprint.RuntimePruning, nil)))
	c.apply()
	return err
}

// calibration gathers what the bit lines of several machines see of the same heads.
type calibration struct {
	mu       sync.Mutex
	machines []*sprint.Spec
	widest   []reram.Range
}

// watch looks at every head before attend gets it.
func (c *calibration) watch(attend experiment.HeadAttention) experiment.HeadAttention {
	return func(s experiment.Site, h *attention.Head, context []float32) error {
		for i, m := range c.machines {
			span, err := written(m.Array, s).Span(h)
			if err != nil {
				return err
			}
			c.mu.Lock()
			c.widest[i] = c.widest[i].Wider(span)
			c.mu.Unlock()
		}
		return attend(s, h, context)
	}
}

func (c *calibration) apply() {
	for i, m := range c.machines {
		m.Array.Range = c.widest[i]
	}
}

// written is the array with the programming errors of a head.
func written(a reram.Array, s experiment.Site) reram.Array {
	return a.ForWrite(uint64(s.Example), uint64(s.Layer), uint64(s.Head))
}
