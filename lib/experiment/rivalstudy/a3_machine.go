package rivalstudy

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/sparse-attention/workbench/lib/accelerator/a3"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/published"
)

// Workloads of A3 with their mean rows (section VI-A). The keys of the two memory networks are sorted beforehand.
var a3Workloads = []struct {
	name   string
	rows   int
	sorted bool
}{{"MemN2N bAbI QA", 20, true}, {"KV-MemN2N WikiMovies", 186, true}, {"BERT-Base SQuAD v1.1", 320, false}}

// A3 is the unit in its three settings on the three workloads: cycles from runs, rows of the modules as the paper's Fig. 15(b)
// implies them, since its models are not here.
type A3 struct {
	Interval map[string]map[string]float64 // series -> workload -> cycles between two queries, of a run
	rows     map[string]map[string]a3.Rows
}

func a3Specs() []a3.Spec { return []a3.Spec{a3.Base(), a3.Conservative(), a3.Aggressive()} }

// RunA3 runs heads of the three sizes with drawn keys: what is selected depends on them, the interval on M alone.
func RunA3(ctx context.Context) (*A3, error) {
	out := &A3{Interval: map[string]map[string]float64{}, rows: map[string]map[string]a3.Rows{}}
	for _, s := range a3Specs() {
		out.Interval[s.Name], out.rows[s.Name] = map[string]float64{}, map[string]a3.Rows{}
		for _, w := range a3Workloads {
			r, err := s.Simulate(ctx, a3.Workload{Name: w.name, Head: drawn(w.rows, 64), Sorted: w.sorted})
			if err != nil {
				return nil, fmt.Errorf("rivalstudy: %w", err)
			}
			out.Interval[s.Name][w.name] = r.Interval()
			rows, err := implied(s.Name, w.name, w.rows)
			if err != nil {
				return nil, err
			}
			out.rows[s.Name][w.name] = rows
		}
	}
	return out, nil
}

// drawn is a head of Gaussian keys whose scores spread like a trained one's.
func drawn(tokens, dim int) *attention.Head {
	r := rand.New(rand.NewPCG(1, 0xa3))
	h := &attention.Head{Tokens: tokens, Valid: tokens, Dim: dim, Bits: 8, ScaleQ: 1.0 / 32, ScaleK: 1.0 / 32, ScaleV: 1.0 / 32}
	for _, m := range []*[]int16{&h.Q, &h.K, &h.V} {
		for range tokens * dim {
			*m = append(*m, int16(max(-127, min(127, math.Round(40*r.NormFloat64())))))
		}
	}
	return h
}

// implied are the rows of one query that Fig. 15(b) implies; base takes all of them.
func implied(series, workload string, n int) (a3.Rows, error) {
	if series == a3.Base().Name {
		return a3.Rows{N: float64(n)}, nil
	}
	rows := a3.Rows{N: float64(n)}
	for metric, to := range map[string]*float64{"selector_busy_cycles_over_n": &rows.Iterations, "dot_rows_C_over_n": &rows.Candidates, "output_rows_K_over_n": &rows.Selected} {
		r, err := published.Find("a3", "derived-rows", series, workload, fmt.Sprintf("n=%d", n), metric)
		if err != nil {
			return rows, err
		}
		*to = float64(n) * r.Value
	}
	return rows, nil
}

func spec(series string) (a3.Spec, bool) {
	for _, s := range a3Specs() {
		if s.Name == series {
			return s, true
		}
	}
	return a3.Spec{}, false
}

// Ours is our number for a published row of A3, NaN where there is none.
func (r *A3) Ours(row published.Row) float64 {
	s, known := spec(row.Series)
	rows, ok := r.rows[row.Series][row.Workload]
	i := slices.IndexFunc(a3Workloads, func(w struct {
		name   string
		rows   int
		sorted bool
	}) bool {
		return w.name == row.Workload
	})
	switch row.Figure {
	case "fig14a":
		if row.Metric == "throughput_over_base" && known {
			if ok {
				return r.over(row.Series, row.Workload)
			}
			product := 1.0
			for _, w := range a3Workloads {
				product *= r.over(row.Series, w.name)
			}
			return math.Cbrt(product)
		}
	case "fig14b":
		if !ok {
			break
		}
		if s.Mode == a3.Approximate {
			rows.Iterations = math.Ceil(rows.N * s.Candidates.Iterations)
		}
		latency := s.Latency(rows)
		if s.Mode == a3.Approximate && !a3Workloads[i].sorted {
			latency += s.SortCycles(a3Workloads[i].rows, 64) / rows.N
		}
		return latency / a3.Base().Latency(a3.Rows{N: rows.N})
	case "fig15a":
		if ok && row.Metric == "energy_efficiency_over_base" {
			return float64(energyOf(a3.Base(), a3.Rows{N: rows.N}).Total() / energyOf(s, rows).Total())
		}
	case "fig15b":
		if !ok {
			break
		}
		base, e := energyOf(a3.Base(), a3.Rows{N: rows.N}).Total(), energyOf(s, rows)
		if row.Config == "total" {
			return float64(e.Total() / base)
		}
		for segment, x := range e.Stack() {
			if a3.Segment(segment).String() == row.Config {
				return float64(x / base)
			}
		}
	case "text-preprocess":
		for _, s := range a3Specs()[1:] {
			if row.Metric == "throughput_reduction" && s.Name == "A3 "+row.Series {
				interval := s.Interval(a3.Rows{N: 320, Iterations: math.Ceil(320 * s.Candidates.Iterations)})
				return 100 * (1 - interval/(interval+s.SortCycles(320, 64)/320))
			}
		}
	case "fig6":
		return worked(row)
	}
	return math.NaN()
}

func (r *A3) over(series, workload string) float64 {
	return r.Interval[a3.Base().Name][workload] / r.Interval[series][workload]
}

func energyOf(s a3.Spec, rows a3.Rows) a3.Energy {
	busy := s.Busy(rows)
	var e a3.Energy
	copy(e.Modules[:], s.Modules.Of(busy[:]))
	return e
}

// worked runs the example of Fig. 6 in hundredths.
func worked(row published.Row) float64 {
	keys, query := []int16{-6, 1, 8, 1, -2, -9, 8, 6, 7, 5, 7, 5}, []int16{8, -3, 4}
	var iterations, at int
	if _, err := fmt.Sscanf(row.Config, "iteration %d, row %d", &iterations, &at); err == nil {
		search := pruning.NewSearch(pruning.SortKeys(keys, 3))
		search.Run(query, 4, iterations)
		return float64(search.Greedy()[at]) / 100
	}
	if _, err := fmt.Sscanf(row.Config, "candidate %d", &at); err == nil {
		if rows := pruning.NewSearch(pruning.SortKeys(keys, 3)).Run(query, 4, 3); at <= len(rows) {
			return float64(rows[at-1])
		}
	}
	if _, err := fmt.Sscanf(row.Config, "row %d", &at); err == nil {
		return float64(attention.Dot(query, keys[3*at:3*at+3])) / 100
	}
	return math.NaN()
}

// Verdicts judges the rows of the given figures that we have a number for: throughput within 5 %, as deterministic; latency and
// energy as modelled; the worked example exactly.
func (r *A3) Verdicts(figures ...string) []published.Verdict {
	var out []published.Verdict
	for _, f := range figures {
		for _, row := range published.Figure("a3", f) {
			if ours := r.Ours(row); ours == ours {
				out = append(out, judgeA3(row, ours))
			}
		}
	}
	return out
}

func judgeA3(row published.Row, ours float64) published.Verdict {
	if row.Series == a3.Base().Name {
		return published.Judge(row, ours, published.NotComparable, published.Because("the reference"))
	}
	memory := row.Workload == "MemN2N bAbI QA"
	switch row.Figure {
	case "fig6":
		return published.Judge(row, ours, published.Exact)
	case "fig14a":
		because := published.Because("M + 4 cycles a query, sorting beside")
		if memory || row.Workload == "geomean of 3" {
			because = published.Because("%s", contradiction())
		}
		return published.Judge(row, ours, published.Tight, published.Percent(5), because)
	case "fig14b":
		return published.Judge(row, ours, published.Modelled, published.Because("rows as Fig. 15(b) implies; one alpha for all"))
	case "fig15b":
		if slices.Contains([]string{"candidate selection", "dot product", "output"}, row.Config) {
			return published.Judge(row, ours, published.Fitted, published.Because("the rows were recovered from this segment; ours is %.3f", ours))
		}
		return published.Judge(row, ours, published.Tight, published.Because("follows from rows recovered from three other segments"))
	case "fig15a":
		return published.Judge(row, ours, published.Tight, published.Because("rows as Fig. 15(b) implies"))
	case "text-preprocess":
		return published.Judge(row, ours, published.Fitted, published.Because("the time to sort is fitted to the two losses; ours is %.1f %%", ours))
	}
	return published.Judge(row, ours, published.Modelled)
}

// bAbI's longest story has this many rows (section VI-A).
const babiLongest = 50

// slowestMix is the longest mean interval between queries that stories of the given mean and longest length can have, whatever
// their mix: the interval is convex in the length, so that empty and longest stories alone are the worst mix.
func slowestMix(s a3.Spec, mean, longest float64, share a3.Rows) float64 {
	at := func(n float64) float64 {
		return s.Interval(a3.Rows{N: n, Iterations: s.Candidates.Iterations * n, Candidates: share.Candidates * n, Selected: share.Selected * n})
	}
	return at(0) + mean/longest*(at(longest)-at(0))
}

// contradiction shows that the paper's pipeline, lengths and Fig. 14(a) do not go together for MemN2N's conservative setting.
func contradiction() string {
	s, w := a3.Conservative(), a3Workloads[0]
	n := float64(w.rows)
	rows, err := implied(s.Name, w.name, w.rows)
	if err != nil {
		return err.Error()
	}
	printed, err := published.Find("a3", "fig14a", s.Name, w.name, "", "throughput_over_base")
	if err != nil {
		return err.Error()
	}
	base := a3.Base().Interval(a3.Rows{N: n})
	slowest := slowestMix(s, n, babiLongest, a3.Rows{Candidates: rows.Candidates / n, Selected: rows.Selected / n})
	return fmt.Sprintf("the paper's own numbers disagree on MemN2N: %g x of n + 9 = %g means %.1f cycles a query, but max(n/2 + 4, K + 9) is at most %.1f for any mix of lengths with mean %g and longest %d, at least %.2f x; Fig. 15(b)'s energy implies %.1f iterations where n/2 = %g",
		printed.Value, base, base/printed.Value, slowest, n, babiLongest, base/slowest, rows.Iterations, n/2)
}

// AccuracyVerdicts sets what the two settings cost our models beside the paper's "about 1 %" and "about 8 %", and the shape of
// Figs. 11(b) and 12(b): fewer candidates with fewer iterations, fewer selections with a higher T.
func AccuracyVerdicts(points []Point) []published.Verdict {
	var out []published.Verdict
	for _, row := range published.Figure("a3", "text-setup") {
		if row.Metric != "accuracy_loss" {
			continue
		}
		drop, variance, n := 0.0, 0.0, 0.0
		for _, p := range points {
			if p.Figure == "fig13a" && p.Config == row.Series {
				drop += p.Drop
				variance += p.Half * p.Half
				n++
			}
		}
		if n > 0 {
			out = append(out, published.Judge(row, drop/n, published.Accuracy, published.Confidence(math.Sqrt(variance)/n), published.AtMost(),
				published.Because("mean over our %.0f models; the paper's are MemN2N, KV-MemN2N and BERT", n)))
		}
	}
	for _, f := range []string{"fig11b", "fig12b"} {
		mean := map[string][]float64{}
		for _, r := range Rows(points, f) {
			mean[r.Config] = append(mean[r.Config], r.Value)
		}
		var rows []published.Row
		var ours []float64
		for _, row := range published.Figure("a3", f) {
			if row.Workload == "BERT-Base SQuAD v1.1" && len(mean[row.Config]) > 0 {
				rows, ours = append(rows, row), append(ours, published.Arithmetic(mean[row.Config]))
			}
		}
		if len(rows) > 2 {
			out = append(out, published.Monotone(rows, ours, published.Falling, 0.01, published.Because("mean over our models, in the order of BERT's bars")))
		}
	}
	return out
}
