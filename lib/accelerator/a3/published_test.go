package a3_test

import (
	"math"
	"testing"

	"github.com/sparse-attention/workbench/lib/accelerator/a3"
	"github.com/sparse-attention/workbench/lib/published"
)

const (
	memory = "MemN2N bAbI QA"
	kv     = "KV-MemN2N WikiMovies"
	bert   = "BERT-Base SQuAD v1.1"
)

var (
	rowsOf = map[string]int{memory: 20, kv: 186, bert: 320} // mean rows, section VI-A
	specs  = map[string]a3.Spec{"A3 conservative": a3.Conservative(), "A3 aggressive": a3.Aggressive()}
)

func row(t testing.TB, figure, series, workload, config, metric string) published.Row {
	t.Helper()
	r, err := published.Find("a3", figure, series, workload, config, metric)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// impliedRows are the rows that Fig. 15b implies for one query of a workload.
func impliedRows(t *testing.T, series, workload string, n int) a3.Rows {
	config := map[int]string{20: "n=20", 186: "n=186", 320: "n=320"}[n]
	share := func(metric string) float64 {
		return float64(n) * row(t, "derived-rows", series, workload, config, metric).Value
	}
	return a3.Rows{N: float64(n), Iterations: share("selector_busy_cycles_over_n"),
		Candidates: share("dot_rows_C_over_n"), Selected: share("output_rows_K_over_n")}
}

// Fig. 14a's printed ratios over base, from a run: the interval follows from M = n/2 and n/8 alone, whatever the keys.
// Only BERT sorts its keys for every head. MemN2N is the gap below.
func TestThroughputRatios(t *testing.T) {
	for _, workload := range []string{kv, bert} {
		n := rowsOf[workload]
		w := a3.Workload{Head: head(1, n, n, 64), Sorted: workload == kv}
		base := simulate(t, a3.Base(), w)
		for series, s := range specs {
			want := row(t, "fig14a", series, workload, "", "throughput_over_base").Value
			got := a3.Speedup(base, simulate(t, s, w))
			t.Logf("%s, %s: %.3f, published %v", series, workload, got, want)
			if math.Abs(got/want-1) > 0.05 {
				t.Errorf("%s, %s: throughput %v over base, published %v", series, workload, got, want)
			}
		}
	}
}

// Fixture 5, in closed form: the rows and the printed sorting losses.
func TestApproximateFixture(t *testing.T) {
	bertBase, kvBase := a3.Base().Interval(a3.Rows{N: 320}), a3.Base().Interval(a3.Rows{N: 186})
	for name, c := range map[string]struct{ got, want float64 }{
		"BERT conservative": {bertBase / a3.Conservative().Interval(a3.Rows{N: 320, Iterations: 160}) * 0.93, 1.866},
		"BERT aggressive":   {bertBase / a3.Aggressive().Interval(a3.Rows{N: 320, Iterations: 40}) * 0.76, 5.683},
		"KV conservative":   {kvBase / a3.Conservative().Interval(a3.Rows{N: 186, Iterations: 93}), 2.010},
		"KV aggressive":     {kvBase / a3.Aggressive().Interval(a3.Rows{N: 186, Iterations: 23.25}), 7.16},
	} {
		if math.Abs(c.got-c.want) > 0.005 {
			t.Errorf("%s: %v, want %v", name, c.got, c.want)
		}
	}
	// Fixture 7: SpAtten's figure for A3.
	conservative := 1.0
	for workload := range rowsOf {
		conservative *= row(t, "fig14a", "A3 conservative", workload, "", "throughput_over_base").Value
	}
	if gops := 128 * math.Round(100*math.Cbrt(conservative)) / 100; math.Round(gops) != 221 {
		t.Errorf("SpAtten's throughput of A3 is %v, want 221", gops)
	}
}

// The sort was fitted to these two losses together, so neither is met exactly: 7.4 for 7 % and 23.0 for 24 %.
func TestSortingLosses(t *testing.T) {
	for series, s := range specs {
		rows := a3.Rows{N: 320, Iterations: math.Ceil(320 * s.Candidates.Iterations)}
		config := "sort on GPU amortised over 320 queries"
		name := map[string]string{"A3 conservative": "conservative", "A3 aggressive": "aggressive"}[series]
		want := row(t, "text-preprocess", name, bert, config, "throughput_reduction").Value
		interval := s.Interval(rows)
		got := 100 * (1 - interval/(interval+s.SortCycles(320, 64)/320))
		if math.Abs(got-want) > 1.5 {
			t.Errorf("%s: sorting takes %v %% of the throughput, published %v %%", series, got, want)
		}
	}
}

// A known gap: the paper's own cycle rule gives more for bAbI at its mean of 20 rows than the paper reports. Should a
// change close the gap, this test fails and MemN2N belongs in TestThroughputRatios.
func TestMemN2NGapIsOpen(t *testing.T) {
	w := a3.Workload{Head: head(1, 20, 20, 64), Sorted: true}
	base := simulate(t, a3.Base(), w)
	want := row(t, "fig14a", "A3 conservative", memory, "", "throughput_over_base").Value
	if got := a3.Speedup(base, simulate(t, a3.Conservative(), w)); math.Abs(got/want-1) < 0.25 {
		t.Errorf("conservative MemN2N gains %v, published %v: the gap has closed", got, want)
	}
}

// Fig. 14b: latency over base with the implied rows. Alpha is one number for all, chosen between what the bars imply, so
// this is the modelled class: 25 %.
func TestLatencyRatios(t *testing.T) {
	for series, s := range specs {
		for workload, n := range rowsOf {
			rows := impliedRows(t, series, workload, n)
			rows.Iterations = math.Ceil(float64(n) * s.Candidates.Iterations)
			latency := s.Latency(rows)
			if workload == bert {
				latency += s.SortCycles(n, 64) / float64(n)
			}
			r := row(t, "fig14b", series, workload, "", "latency_over_base")
			got := latency / a3.Base().Latency(a3.Rows{N: float64(n)})
			v := published.Judge(r, got, published.Modelled)
			t.Logf("%s, %s: %.3f, published %v", series, workload, got, r.Value)
			if v.Result != published.Pass {
				t.Errorf("%s, %s: latency %v of base: %s", series, workload, got, v.Reason)
			}
		}
	}
}

// Fig. 15b and the labels of Fig. 15a. The rows were recovered from three of the segments; SRAM, exponent, the totals and
// the printed labels follow.
func TestEnergyStacks(t *testing.T) {
	for series, s := range specs {
		for workload, n := range rowsOf {
			busy := s.Busy(impliedRows(t, series, workload, n))
			var e a3.Energy
			copy(e.Modules[:], s.Modules.Of(busy[:]))
			var base a3.Energy
			busy = a3.Base().Busy(a3.Rows{N: float64(n)})
			copy(base.Modules[:], s.Modules.Of(busy[:]))
			for i, x := range e.Stack() {
				segment := a3.Segment(i)
				want := row(t, "fig15b", series, workload, segment.String(), "energy_over_base").Value
				tolerance := max(0.01*want, 0.001)
				if segment == a3.Softmax {
					tolerance = max(0.12*want, 0.001) // sheet: the one segment that the rule meets loosely
				}
				if got := float64(x / base.Total()); math.Abs(got-want) > tolerance {
					t.Errorf("%s, %s, %v: %v of base, published %v", series, workload, segment, got, want)
				}
			}
			label := row(t, "fig15a", series, workload, "", "energy_efficiency_over_base").Value
			if got := float64(base.Total() / e.Total()); math.Abs(got/label-1) > 0.02 {
				t.Errorf("%s, %s: efficiency %v over base, printed %v", series, workload, got, label)
			}
		}
	}
	base := a3.Base()
	busy := base.Busy(a3.Rows{N: 320})
	var e a3.Energy
	copy(e.Modules[:], base.Modules.Of(busy[:]))
	for i, x := range e.Stack() {
		want := row(t, "fig15b", "A3 base", bert, a3.Segment(i).String(), "energy_over_base").Value
		if got := float64(x / e.Total()); math.Abs(got-want) > 0.001 {
			t.Errorf("base, %v: %v, published %v", a3.Segment(i), got, want)
		}
	}
}

// Fixture 3: the distances of the T sweep, as the published settings give them.
func TestDistances(t *testing.T) {
	for percent, want := range map[float64]float64{1: 4.6052, 2.5: 3.6889, 5: 2.9957, 10: 2.3026, 20: 1.6094} {
		s := a3.Conservative()
		s.Candidates.Percent = percent
		if got := s.Candidates.Distance(); math.Abs(got-want) > 5e-5 {
			t.Errorf("T = %v %%: t = %v, want %v", percent, got, want)
		}
	}
}

func BenchmarkSimulate(b *testing.B) {
	w := a3.Workload{Head: head(1, 320, 320, 64)}
	base := simulate(b, a3.Base(), w)
	var r a3.Report
	for b.Loop() {
		r = simulate(b, a3.Conservative(), w)
	}
	b.ReportMetric(320*float64(b.N)/b.Elapsed().Seconds(), "queries/s")
	b.ReportMetric(a3.Speedup(base, r), "x/base")
	b.ReportMetric(r.Throughput(), "GOP/s")
}
