package a3_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/lib/accelerator/a3"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/attention/attentiontest"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/unit"
	"pgregory.net/rapid"
)

// head makes a random head whose scores spread like a trained one's.
func head(seed uint64, tokens, valid, dim int) *attention.Head {
	return attentiontest.Gaussian(rand.New(rand.NewPCG(seed, 0)), tokens, valid, dim, 8, 40, 1.0/32)
}

func simulate(t testing.TB, s a3.Spec, w a3.Workload) a3.Report {
	t.Helper()
	r, err := s.Simulate(context.Background(), w)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Fixture 4: latency 3n+27 and one query every n+9 cycles, in closed form and as a run.
func TestBaseCycles(t *testing.T) {
	for n, want := range map[int]struct{ latency, interval float64 }{320: {987, 329}, 186: {585, 195}, 20: {87, 29}} {
		s, rows := a3.Base(), a3.Rows{N: float64(n)}
		if s.Latency(rows) != want.latency || s.Interval(rows) != want.interval {
			t.Errorf("n = %d: latency %v, interval %v, want %v", n, s.Latency(rows), s.Interval(rows), want)
		}
		r := simulate(t, s, a3.Workload{Head: head(1, n, n, 8)})
		if float64(r.Latency) != want.latency || r.Interval() != want.interval || float64(r.Cycles) != s.Time(n, rows) {
			t.Errorf("n = %d: a run has latency %v, interval %v, %v cycles; closed form %v", n, r.Latency, r.Interval(), r.Cycles, s.Time(n, rows))
		}
	}
}

// Fixture 1: the worked example through the whole unit, in tenths. After three iterations rows 2 and 3 are candidates;
// their scores are 0.74 and 0.39.
func TestWorkedExample(t *testing.T) {
	h := &attention.Head{Tokens: 4, Valid: 4, Dim: 3, Bits: 8, ScaleQ: 0.1, ScaleK: 0.1, ScaleV: 0.1,
		Q: slices.Repeat([]int16{8, -3, 4}, 4), K: []int16{-6, 1, 8, 1, -2, -9, 8, 6, 7, 5, 7, 5}, V: make([]int16, 12)}
	for i, want := range []float64{-0.19, -0.22, 0.74, 0.39} {
		if got := 0.01 * float64(attention.Dot(h.Query(0), h.Key(i))); math.Abs(got-want) > 1e-9 {
			t.Errorf("score %d is %v, want %v", i, got, want)
		}
	}
	s := a3.Conservative()
	s.Candidates.Iterations = 3.0 / 4
	w := a3.Workload{Head: h, Sorted: true}
	r := simulate(t, s, w)
	if m := r.Mean(); m != (a3.Rows{N: 4, Iterations: 3, Candidates: 2, Selected: 2}) || !slices.Equal(r.Mask.KeptKeys(0, nil), []int32{2, 3}) {
		t.Errorf("%+v rows, query 0 keeps %v; want 3 iterations, rows 2 and 3", m, r.Mask.KeptKeys(0, nil))
	}
	if float64(r.Latency) != 3+2+2*2+30 {
		t.Errorf("latency %v, want M + C + 2K + alpha = 39", r.Latency)
	}
	// Row 3 lies 0.35/sqrt(3) below row 2: a weight of 82 % of the best. T above that drops it.
	for percent, kept := range map[float64]float64{81: 2, 82: 1} {
		s.Candidates.Percent = percent
		if got := simulate(t, s, w).Mean().Selected; got != kept {
			t.Errorf("T = %v %%: %v rows stay, want %v", percent, got, kept)
		}
	}
}

// Fixture 6: the energy of a base query and of KV-MemN2N's conservative one.
func TestEnergyFixture(t *testing.T) {
	total := func(s a3.Spec, r a3.Rows) (sum float64) {
		busy := s.Busy(r)
		for _, e := range s.Modules.Of(busy[:]) {
			sum += float64(e)
		}
		return sum
	}
	if e := total(a3.Base(), a3.Rows{N: 320}); math.Abs(e-71.282*320) > 1e-6 {
		t.Errorf("base: %v pJ, want 71.282 n = 22.81 nJ", e)
	}
	kv, base := total(a3.Conservative(), a3.Rows{N: 186, Iterations: 93, Candidates: 67.7, Selected: 18.4}), total(a3.Base(), a3.Rows{N: 186})
	if math.Abs(kv-4578) > 1 || math.Abs(base-13258) > 1 || math.Abs(kv/base-0.345) > 0.0005 {
		t.Errorf("conservative %v of base %v pJ, want 4578 of 13258", kv, base)
	}
}

// The run against the closed form on random heads: same mask as the algorithm, every row accounted for, time between the
// pipeline's bounds, energy equal to the closed form of the rows.
func TestRunAgainstClosedForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tokens := rapid.IntRange(1, 70).Draw(t, "tokens")
		h := head(rapid.Uint64().Draw(t, "seed"), tokens, rapid.IntRange(1, tokens).Draw(t, "valid"), rapid.IntRange(1, 64).Draw(t, "dim"))
		h.Causal = rapid.Bool().Draw(t, "causal")
		s := a3.Conservative()
		s.Candidates.Iterations = rapid.Float64Range(0.05, 1.5).Draw(t, "M/n")
		s.Candidates.Percent = rapid.Float64Range(0.5, 50).Draw(t, "T")
		s.Rows = rapid.IntRange(1, 80).Draw(t, "rows on chip")
		r, err := s.Simulate(context.Background(), a3.Workload{Head: h})
		if err != nil {
			t.Fatal(err)
		}
		want := s.Candidates.Mask(h, 0)
		for q := range h.Tokens {
			if !slices.Equal(r.Mask.Row(q), want.Row(q)) {
				t.Fatalf("query %d keeps %v, the algorithm %v", q, r.Mask.KeptKeys(q, nil), want.KeptKeys(q, nil))
			}
		}
		mean := r.Mean()
		if r.Rows.Selected != float64(want.Count()) || mean.Selected > mean.Candidates || mean.Candidates > mean.Iterations {
			t.Fatalf("M, C, K are %+v, %d kept", mean, want.Count())
		}
		run := float64(r.Cycles - r.Sort)
		slowest := float64(h.Valid) * max(mean.Iterations+float64(s.SelectorOverhead), mean.Candidates, mean.Selected+float64(s.ModuleOverhead))
		alone := float64(h.Valid)*s.Latency(mean) + float64(h.Valid*(tokens/s.ScanWidth+1))
		if run < slowest || run > alone {
			t.Fatalf("%v cycles, outside %v..%v", run, slowest, alone)
		}
		busy := s.Busy(r.Rows)
		sum := 0.0
		for _, e := range s.Modules.Of(busy[:]) {
			sum += float64(e)
		}
		if math.Abs(sum-float64(r.Energy.Total())) > 1e-9*sum {
			t.Fatalf("%v, closed form %v pJ", r.Energy.Total(), sum)
		}
		if r.Streamed > 0 && h.Valid <= s.Rows {
			t.Fatalf("%v streamed although all %d rows are on chip", r.Streamed, h.Valid)
		}
	})
}

// Equal queries leave the pipeline one interval apart, whatever module is the slowest.
func TestApproximatePipelineIsTheClosedForm(t *testing.T) {
	h := head(5, 48, 48, 16)
	for i := range h.Valid { // the same query 48 times
		copy(h.Query(i), h.Query(0))
	}
	for _, s := range []a3.Spec{a3.Conservative(), a3.Aggressive()} {
		s.ScanWidth = 48 // all greedy scores at once, as the closed form assumes
		r := simulate(t, s, a3.Workload{Head: h, Sorted: true})
		if got, want := float64(r.Cycles), s.Time(48, r.Mean()); got != want {
			t.Errorf("%s: %v cycles, closed form %v", s.Name, got, want)
		}
	}
}

// More iterations find more candidates and cost more; a lower T keeps more.
func TestCurves(t *testing.T) {
	h := head(2, 160, 160, 64)
	lastC, lastCycles := 0.0, unit.Cycles(0)
	for _, m := range []float64{1.0 / 8, 1.0 / 4, 1.0 / 2, 3.0 / 4, 1} {
		s := a3.Conservative()
		s.Candidates.Iterations = m
		r := simulate(t, s, a3.Workload{Head: h})
		if c := r.Mean().Candidates; c < lastC || r.Cycles < lastCycles {
			t.Errorf("M = %v n: %v candidates in %v, after %v in %v", m, c, r.Cycles, lastC, lastCycles)
		}
		lastC, lastCycles = r.Mean().Candidates, r.Cycles
	}
	last := math.Inf(1)
	for _, percent := range []float64{1, 2.5, 5, 10, 20} {
		s := a3.Conservative()
		s.Candidates.Percent = percent
		k := simulate(t, s, a3.Workload{Head: h}).Mean().Selected
		if k > last {
			t.Errorf("T = %v %%: %v selected, after %v", percent, k, last)
		}
		last = k
	}
}

func TestStaticAndArea(t *testing.T) {
	h := head(3, 64, 64, 64)
	s := a3.Conservative()
	s.CountStatic = true
	r := simulate(t, s, a3.Workload{Head: h})
	if want := 11.502 * float64(r.Cycles); math.Abs(float64(r.Energy.Static)-want) > 1e-6*want {
		t.Errorf("leakage %v, want 11.502 mW over %v", r.Energy.Static, r.Cycles)
	}
	if math.Abs(float64(s.Area())-2.082) > 1e-9 || math.Abs(float64(a3.Base().Area())-(2.082-0.277-0.010-0.919)) > 1e-9 {
		t.Errorf("areas %v, %v", s.Area(), a3.Base().Area())
	}
	var stack unit.Picojoules
	for _, e := range r.Energy.Stack() {
		stack += e
	}
	if math.Abs(float64(stack+r.Energy.Static-r.Energy.Total())) > 1e-6 {
		t.Errorf("the stack holds %v of %v", stack, r.Energy.Total())
	}
}

func TestRefusals(t *testing.T) {
	for want, change := range map[string]func(*a3.Spec, *a3.Workload){
		"Spec.Mode is Mode(2), must be in 0..1":                func(s *a3.Spec, _ *a3.Workload) { s.Mode = 2 },
		"Candidates.Iterations is 0":                           func(s *a3.Spec, _ *a3.Workload) { s.Candidates.Iterations = 0 },
		"Candidates.Percent is 101":                            func(s *a3.Spec, _ *a3.Workload) { s.Candidates.Percent = 101 },
		"Format is 4 integer and 12 fraction":                  func(s *a3.Spec, _ *a3.Workload) { s.Format.Fraction = 12 },
		"Spec.Rows is 0":                                       func(s *a3.Spec, _ *a3.Workload) { s.Rows = 0 },
		"Spec.Lanes is 0":                                      func(s *a3.Spec, _ *a3.Workload) { s.Lanes = 0 },
		"Spec.ModuleOverhead is -1":                            func(s *a3.Spec, _ *a3.Workload) { s.ModuleOverhead = -1 },
		"Spec.SelectorOverhead is -1":                          func(s *a3.Spec, _ *a3.Workload) { s.SelectorOverhead = -1 },
		"Spec.ScanWidth is 0":                                  func(s *a3.Spec, _ *a3.Workload) { s.ScanWidth = 0 },
		"Spec.Alpha is 12, must be at least 13":                func(s *a3.Spec, _ *a3.Workload) { s.Alpha = 12 },
		"Spec.SortTime is NaN":                                 func(s *a3.Spec, _ *a3.Workload) { s.SortTime = math.NaN() },
		"Spec.Clock is 0":                                      func(s *a3.Spec, _ *a3.Workload) { s.Clock = 0 },
		"Modules.List holds 0":                                 func(s *a3.Spec, _ *a3.Workload) { s.Modules.List = nil },
		"Workload: attention: Head is nil":                     func(_ *a3.Spec, w *a3.Workload) { w.Head = nil },
		"Workload.Head.Dim is 8, must be in 1..4 (Spec.Lanes)": func(s *a3.Spec, _ *a3.Workload) { s.Lanes = 4 },
		"attention: Head.Valid is 0":                           func(_ *a3.Spec, w *a3.Workload) { w.Head.Valid = 0 },
	} {
		s, w := a3.Conservative(), a3.Workload{Head: head(1, 4, 4, 8)}
		change(&s, &w)
		if _, err := s.Simulate(context.Background(), w); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := a3.Base().Simulate(ctx, a3.Workload{Head: head(1, 4, 4, 8)}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled run returns %v", err)
	}
}

// The datapath follows the reference within the step of its weights, ever closer with more fraction bits.
func TestDatapath(t *testing.T) {
	h := head(7, 96, 90, 64)
	m := pruning.A3Conservative().Mask(h, 0)
	want := attention.Attend(h, m)
	last := math.Inf(1)
	for _, fraction := range []int{2, 3, 4, 5, 6} {
		s := a3.Base()
		s.Format.Fraction = fraction
		got, err := s.Attend(h, m)
		if err != nil {
			t.Fatal(err)
		}
		var square, size float64
		for i, x := range got {
			square += (x - want[i]) * (x - want[i])
			size += want[i] * want[i]
		}
		e := math.Sqrt(square / size)
		if e > last {
			t.Errorf("%d fraction bits: error %v after %v", fraction, e, last)
		}
		if fraction == 4 && e > 0.05 {
			t.Errorf("the paper's format is off by %v of the output", e)
		}
		last = e
	}
	if last > 0.01 {
		t.Errorf("6 fraction bits are off by %v of the output", last)
	}
	if b := (a3.Format{Integer: 4, Fraction: 4}).ScoreBits(64); b != 22 {
		t.Errorf("scores have %d bits, want 2i + log2 d + 2f = 22", b)
	}
}

// One key gives its own value back, to the format's step; an empty row gives zeros.
func TestDatapathOfOneKey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := head(rapid.Uint64().Draw(t, "seed"), 6, 5, 16)
		m := attention.NewMask(6, 6)
		j := rapid.IntRange(0, 4).Draw(t, "key")
		m.Keep(2, j)
		out, err := a3.Base().Attend(h, m)
		if err != nil {
			t.Fatal(err)
		}
		for c, v := range h.Value(j) {
			real := float64(v) * float64(h.ScaleV)
			if math.Abs(out[2*16+c]-real) > 1.0/32+1e-9 || out[c] != 0 {
				t.Fatalf("value %v comes out as %v, an empty row as %v", real, out[2*16+c], out[c])
			}
		}
	})
}

func ExampleSpec_Latency() {
	s, rows := a3.Base(), a3.Rows{N: 320}
	fmt.Println(s.Latency(rows), s.Interval(rows))
	// Output: 987 329
}
