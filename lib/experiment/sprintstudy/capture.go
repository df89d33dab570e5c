package sprintstudy

import (
	"context"

	"github.com/gomlx/compute"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/accelerator/sprint"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/published"
	"github.com/sparse-attention/workbench/lib/trace"
)

// Capture takes every head of the examples as the pruned model computes them on the machine under runtime pruning, in the
// order of example, layer and head.
func Capture(ctx context.Context, backend compute.Backend, t *experiment.Trained, machine sprint.Spec, examples []datasets.Example) ([]trace.Record, error) {
	wrapped, captured := experiment.Capture(attend(t.Thresholds, machine, sprint.RuntimePruning, nil), func(experiment.Site) bool { return true })
	if _, err := experiment.Accuracy(ctx, backend, t.Pruned, examples, wrapped); err != nil {
		return nil, err
	}
	var out []trace.Record
	for _, c := range captured() {
		out = append(out, trace.Record{Workload: t.Recipe.Name, Task: t.Recipe.Task, Sample: c.Site.Example, Layer: c.Site.Layer,
			HeadIndex: c.Site.Head, Threshold: t.Thresholds.Layers[c.Site.Layer], Head: *c.Head})
	}
	return out, nil
}

// Overlap is the share of kept cells that the query before kept too, over all records, and the same for random masks with
// the same row counts, in percent: two bars of the locality figure.
func Overlap(title string, records []trace.Record) []published.Row {
	var ours, chance trace.Statistics
	for i := range records {
		r := &records[i]
		m := r.Mask()
		ours.AddMask(r, m)
		chance.AddMask(r, trace.Shuffled(&r.Head, m, uint64(i)))
	}
	return []published.Row{
		row("locality", "adjacent queries", title, "", "overlap", "%", 100*ours.Total().Overlap),
		row("locality", "random mask", title, "", "overlap", "%", 100*chance.Total().Overlap),
	}
}
