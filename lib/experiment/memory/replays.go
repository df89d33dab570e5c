package memory

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/sparse-attention/workbench/lib/dram"
	"github.com/sparse-attention/workbench/lib/dram/anchor"
	"github.com/sparse-attention/workbench/lib/pool"
	"github.com/sparse-attention/workbench/lib/published"
)

// Replay is one run of a simulator, and the same run here.
type Replay struct {
	anchor.Anchor
	Cycles     int64 // as the simulator counts them
	Stats      dram.Stats
	ClosedForm float64 // clocks; 0 where there is none
}

// Replays are in the order of the published rows.
type Replays []Replay

// ReplayTraces runs the reference traces of at most the given number of 64-byte reads (100,000 or 1,000,000), and the scenarios of a
// few banks.
func ReplayTraces(ctx context.Context, reads int) (Replays, error) {
	if err := atLeast("reads", reads, 100_000); err != nil {
		return nil, err
	}
	traces, err := anchor.All()
	if err != nil {
		return nil, err
	}
	scenarios, err := anchor.Micros()
	if err != nil {
		return nil, err
	}
	var runs Replays
	for _, a := range append(traces, scenarios...) {
		if a.Requests <= reads {
			runs = append(runs, Replay{Anchor: a})
		}
	}
	return runs, pool.Each(ctx, len(runs), func(i int) (err error) {
		r := &runs[i]
		if r.Cycles, r.Stats, err = r.Run(); err != nil {
			return fmt.Errorf("memory: %s %s: %w", r.System, r.Series, err)
		}
		if _, ok := r.Metrics["closed_form_cycles"]; ok {
			r.ClosedForm, err = r.Anchor.ClosedForm()
		}
		return err
	})
}

// bandwidth is the run's in GB/s, with the clocks of the simulator's count.
func (r Replay) bandwidth() float64 {
	return float64(r.Requests) * 64 / (float64(r.Cycles) / float64(r.Spec.Clock)) / 1e9
}

// ours is our number for a metric of the published rows; NaN for the speed of the simulators themselves.
func (r Replay) ours(metric string) float64 {
	switch st := &r.Stats; metric {
	case "cycles":
		return float64(r.Cycles)
	case "bandwidth":
		return r.bandwidth()
	case "bandwidth_fraction":
		return 100 * r.bandwidth() * 1e9 / r.Spec.PeakBandwidth()
	case "closed_form_cycles":
		return r.ClosedForm
	case "read_cmds":
		return float64(st.Count(dram.RD))
	case "act_cmds":
		return float64(st.Count(dram.ACT))
	case "pre_cmds":
		return float64(st.Count(dram.PRE))
	case "ref_cmds":
		return float64(st.Count(dram.REF))
	case "energy_per_bit":
		return st.EnergyPerBit()
	case "row_hits":
		return float64(st.RowHits)
	case "row_misses":
		return float64(st.RowMisses)
	case "row_conflicts":
		return float64(st.RowConflicts)
	case "avg_read_latency":
		return st.Latency.Mean()
	}
	return math.NaN()
}

// half of the last digit that the published rows give.
var half = map[string]float64{"bandwidth": 0.005, "bandwidth_fraction": 0.05, "energy_per_bit": 0.0005, "avg_read_latency": 0.05}

// judge compares a run with one of its rows. Clocks and counts must be equal, and numbers that were rounded must round to the
// same.
func (r Replay) judge(row published.Row) published.Verdict {
	ours := r.ours(row.Metric)
	switch row.Metric {
	case "simulator_speed":
		return published.Judge(row, ours, published.NotComparable,
			published.Because("wall-clock speed of another program on another machine; the benchmarks of lib/dram measure ours"))
	case "closed_form_cycles":
		// The sheet multiplies rounded factors.
		return published.Judge(row, ours, published.Tight, published.Percent(0.05))
	case "row_hits", "row_misses", "row_conflicts":
		return published.Judge(row, ours, published.Exact, published.Points(r.tail()), undrained(r.tail()))
	case "avg_read_latency":
		share := r.tail() / float64(r.Stats.Requests)
		return published.Judge(row, ours, published.Exact, published.Points(half[row.Metric]+share*ours), undrained(r.tail()))
	}
	if h, ok := half[row.Metric]; ok {
		return published.Judge(row, ours, published.Exact, published.Points(h))
	}
	return published.Judge(row, ours, published.Exact)
}

// tail is how many requests Ramulator does not count: it stops at the last accepted one, and leaves its queues as they are.
func (r Replay) tail() float64 {
	return float64(r.Stats.Requests) - r.Metrics["row_hits"] - r.Metrics["row_misses"] - r.Metrics["row_conflicts"]
}

func undrained(tail float64) published.Option {
	return published.Because("Ramulator leaves %.0f requests undrained, which are counted here", tail)
}

// Verdicts judges every published row of the runs whose figure is among those named; all figures when none is.
func (rs Replays) Verdicts(figures ...string) []published.Verdict {
	named := map[string]bool{}
	for _, f := range figures {
		named[f] = true
	}
	var out []published.Verdict
	for _, r := range rs {
		if len(named) > 0 && !named[r.Figure] {
			continue
		}
		for _, row := range published.Figure(r.System, r.Figure) {
			if row.Series == r.Series {
				out = append(out, r.judge(row))
			}
		}
	}
	return out
}

// Bandwidths are those of a simulator's runs of 1e5 reads, stream and random, by mapping and injection.
func (rs Replays) Bandwidths(simulator string) *Numbers {
	n := &Numbers{}
	for _, r := range rs {
		if r.System != simulator || r.Figure != "anchor-1e5" {
			continue
		}
		row := r.row("bandwidth")
		row.Workload, row.Series, row.Config = r.label(), r.pattern(), ""
		n.add(row, r.bandwidth())
	}
	return n
}

// row is the published row of a metric.
func (r Replay) row(metric string) published.Row {
	for _, row := range published.Figure(r.System, r.Figure) {
		if row.Series == r.Series && row.Metric == metric {
			return row
		}
	}
	return published.Row{System: r.System, Figure: r.Figure, Series: r.Series, Metric: metric}
}

func (r Replay) pattern() string {
	if r.Random {
		return "random"
	}
	return "stream"
}

// label is the configuration in a word or two: "P-stock-random-k" is "stock, k".
func (r Replay) label() string {
	s := strings.TrimPrefix(r.Series, "P-")
	s = strings.Replace(s, "-"+r.pattern(), "", 1)
	s = strings.ReplaceAll(s, "_16ch", " 16 ch")
	s = strings.ReplaceAll(s, "norefresh", "no refresh")
	s = strings.ReplaceAll(s, "faw15", "tFAW 15")
	for _, inject := range []string{"1", "k", "c", "no refresh"} {
		if base, ok := strings.CutSuffix(s, "-"+inject); ok {
			return base + ", " + inject
		}
	}
	return s
}
