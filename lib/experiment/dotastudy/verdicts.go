package dotastudy

import (
	"math"

	"github.com/sparse-attention/workbench/lib/accelerator/dota"
	"github.com/sparse-attention/workbench/lib/experiment/joint"
	"github.com/sparse-attention/workbench/lib/published"
)

// SchedulerVerdicts judges the worked example, which must come out exactly, the loads on random masks, and the drawn counts.
func SchedulerVerdicts() ([]published.Verdict, error) {
	var out []published.Verdict
	for _, r := range published.Figure("dota", "token-parallel-example") {
		out = append(out, published.Judge(r, dota.ExampleLoads(r), published.Exact))
	}
	for _, r := range published.Figure("dota", "arch-figure") {
		if ours := drawn(r); !math.IsNaN(ours) {
			out = append(out, published.Judge(r, ours, published.Exact))
		}
	}
	for _, r := range published.Figure("dota", "sim-loads") {
		ours, err := RandomLoads(r)
		if err != nil {
			return nil, err
		}
		if r.Series == dota.InOrder.String() {
			out = append(out, published.Judge(r, ours, published.Modelled, published.Points(0.04),
				published.Because("one set of hot keys differs from another by 0.03 to 0.07; ours is the mean of eight")))
			continue
		}
		out = append(out, published.Judge(r, ours, published.Tight, published.Points(0.015)))
	}
	return out, nil
}

// RandomLoads is our number for a row of the sheet's Monte Carlo.
func RandomLoads(r published.Row) (float64, error) { return dota.RandomLoads(r.Series, r.Config, 1) }

// drawn is what the architecture figures show.
func drawn(r published.Row) float64 {
	switch {
	case r.Metric == "lanes":
		return float64(dota.DOTA().Lanes)
	case r.Metric == "macs_per_cycle" && r.Config == "INT2 mode": // over the one product of FX4
		return float64(dota.MultiplierLimited.Products(dota.INT2) / dota.MultiplierLimited.Products(dota.INT4))
	}
	return math.NaN()
}

// HeadlineVerdicts reports the two printed ratios beside ours: geometric means of attention over five workloads. They cannot be
// compared: neither scope nor baseline is known; source says where the kept shares of ours come from.
func HeadlineVerdicts(all []Machine, source string) []published.Verdict {
	var gpu, custom []float64
	for _, m := range all {
		gpu, custom = append(gpu, m.AttentionSpeedup(Conservative)), append(custom, m.AttentionSpeedup(Conservative)/m.ELSASpeedup())
	}
	var out []published.Verdict
	for _, r := range published.Figure("dota", "abstract") {
		ours := published.Geometric(gpu)
		if r.Series != "DOTA vs GPU" {
			ours = published.Geometric(custom)
		}
		out = append(out, published.Judge(r, ours, published.NotComparable,
			published.Because("scope, GPU, scaling and kept share of the paper are unknown; ours is the geomean of attention with DOTA-C, three accelerators against a V100 or twelve ELSA. %s", source)))
	}
	return out
}

// Goal is whether a task meets what was asked of it.
type Goal struct {
	Task, Title string
	DOTA, ELSA  Choice
}

// Goals are the conservative choices of all tasks.
func Goals(points []joint.Point, titles map[string]string, order []string) []Goal {
	var out []Goal
	for _, t := range order {
		out = append(out, Goal{t, titles[t], Choose(points, t, joint.DOTAMethod, joint.SearchSplit, joint.JudgedSplit, ConservativeLimit),
			Choose(points, t, joint.ELSAMethod, joint.SearchSplit, joint.JudgedSplit, ConservativeLimit)})
	}
	return out
}

// Sparse reports whether DOTA-C keeps at most 15 % within half a point on the judged examples.
func (g Goal) Sparse() bool {
	return g.DOTA.Found && g.DOTA.Retention <= 0.15 && g.DOTA.Drop < ConservativeLimit
}

// Twice reports whether ELSA keeps at least twice as much.
func (g Goal) Twice() bool { return g.DOTA.Found && g.ELSA.Retention >= 2*g.DOTA.Retention }
