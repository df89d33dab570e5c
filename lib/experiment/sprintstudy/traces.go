package sprintstudy

import (
	"context"
	"fmt"

	"github.com/sparse-attention/workbench/lib/accelerator/sprint"
	"github.com/sparse-attention/workbench/lib/published"
	"github.com/sparse-attention/workbench/lib/trace"
)

// Speedup is the speedup of mode SPRINT over the baseline of the same size, for Runs.Rows.
func Speedup(w *Workload, size string) float64 { return w.Speedup(size, sprint.SPRINT) }

// On simulates captured heads on the three sizes: speedup and energy reduction over the baseline of the same size, from
// the cycles and the energy of all heads together. Configure, which may be nil, changes the machines first.
func On(ctx context.Context, title string, records []trace.Record, configure func(*sprint.Spec)) ([]published.Row, error) {
	if len(records) == 0 {
		return nil, fmt.Errorf("sprintstudy: %s: there are no records, must be at least one head", title)
	}
	var out []published.Row
	for _, size := range Sizes() {
		if configure != nil {
			configure(&size)
		}
		var cycles, joules [2]float64
		for i := range records {
			r := &records[i]
			w := sprint.Workload{Name: r.Workload, Head: &r.Head, Mask: r.Mask()}
			for k, mode := range []sprint.Mode{sprint.Baseline, sprint.SPRINT} {
				report, err := size.In(mode).Simulate(ctx, w)
				if err != nil {
					return nil, fmt.Errorf("sprintstudy: record %d: %w", i, err)
				}
				cycles[k] += float64(report.Cycles.Total())
				joules[k] += report.Energy.Total().Joules()
			}
		}
		out = append(out,
			row("own-models", "SPRINT", title, size.Name, "speedup", "x", cycles[0]/cycles[1]),
			row("own-models", "SPRINT", title, size.Name, "energy_reduction", "x", joules[0]/joules[1]))
	}
	return out, nil
}

// Shortest is the record of the fewest valid tokens but at least eight, in the last layer: a mask that a page can show.
func Shortest(records []trace.Record) *trace.Record {
	var best *trace.Record
	for i := range records {
		r := &records[i]
		if r.Head.Valid < 8 {
			continue
		}
		if best == nil || r.Layer > best.Layer || r.Layer == best.Layer && r.Head.Valid < best.Head.Valid {
			best = r
		}
	}
	return best
}

// SweepCoreletWindow is the speedup of the three sizes on the BERT-B workload for each run-ahead.
func SweepCoreletWindow(ctx context.Context, windows []int) ([]published.Row, error) {
	made, err := trace.SPRINT()[0].Make()
	if err != nil {
		return nil, err
	}
	record := trace.Record{Workload: "BERT-B", Threshold: made.Threshold, Head: *made.Head}
	var out []published.Row
	for _, window := range windows {
		rows, err := On(ctx, fmt.Sprintf("window %d", window), []trace.Record{record}, func(s *sprint.Spec) { s.CoreletWindow = window })
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			if r.Metric == "speedup" {
				out = append(out, r)
			}
		}
	}
	return out, nil
}

// WindowOf is the run-ahead of a row of SweepCoreletWindow.
func WindowOf(r published.Row) (window float64, err error) {
	_, err = fmt.Sscanf(r.Workload, "window %g", &window)
	return window, err
}
