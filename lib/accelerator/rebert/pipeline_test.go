package rebert_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/lib/accelerator/rebert"
	"pgregory.net/rapid"
)

func simulate(t testing.TB, s rebert.Spec, w rebert.Workload) rebert.Report {
	t.Helper()
	r, err := s.Simulate(context.Background(), w)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func example(tokens int, half ...int) rebert.Workload {
	return rebert.Workload{Name: "example", Model: rebert.Encoder("example", len(half), 64, 1, 256), Tokens: tokens, Windows: half}
}

func machine(m rebert.Mode) rebert.Spec {
	return [...]rebert.Spec{rebert.Baseline(), rebert.Advanced(), rebert.Basic()}[m]
}

// Fixture F1 of the reference sheet: T7, T3 and T4 are published.
func ExampleHazards() {
	hazards, _ := rebert.Hazards(context.Background())
	for _, h := range hazards {
		fmt.Printf("%-8s first inner product in T%d, all %v, %v steps\n", h.Name, h.Slots[0], h.Slots, h.Total)
	}
	// Output:
	// full     first inner product in T7, all [7 8 9 10 11 12], 12 steps
	// window   first inner product in T3, all [3 4 5 6 7 8], 8 steps
	// basic    first inner product in T4, all [4 6 8 10 12 13], 13 steps
	// advanced first inner product in T3, all [3 4 5 6 7 8], 8 steps
}

// Fixtures F2 to F6: totals, with the depth in the last but one column.
func TestTotals(t *testing.T) {
	up := make([]int, 12)
	down := make([]int, 12)
	for l := range up {
		up[l], down[l] = l+1, 12-l
	}
	same := func(layers, half int) []int { return slices.Repeat([]int{half}, layers) }
	for _, c := range []struct {
		tokens              int
		half                []int
		depth               int
		full, window, basic int
	}{
		{6, []int{1, 1}, 2, 22, 14, 21},
		{8, []int{2, 1, 3}, 8, 56, 41, 52},
		{128, up, 8, 1760, 314, 518}, {128, down, 8, 1760, 314, 518},
		{128, same(12, 1), 8, 1760, 248, 397}, {128, same(12, 6), 8, 1760, 308, 507}, {128, same(12, 20), 8, 1760, 476, 815},
		{128, same(12, 32), 8, 1760, 620, 1079}, {128, same(12, 64), 8, 1760, 1004, 1772}, {128, same(12, 127), 8, 1760, 1760, 1772},
		{128, same(6, 6), 8, 944, 218, 375}, {128, same(24, 20), 8, 3392, 824, 1415}, {128, same(24, 127), 8, 3392, 3392, 3416},
		{384, same(12, 96), 8, 5088, 1644, 2999}, {384, same(12, 150), 8, 5088, 2292, 4187}, {384, same(12, 192), 8, 5088, 2796, 5100},
		{128, same(12, 20), 6, 1736, 452, 791}, {128, same(12, 20), 10, 1784, 500, 839},
	} {
		w := example(c.tokens, c.half...)
		for mode, want := range []int{c.full, c.window, c.basic} {
			r := simulate(t, machine(rebert.Mode(mode)).WithDepth(c.depth), w)
			if r.Steps != float64(want) {
				t.Errorf("N=%d, W=%v, D=%d, %v: %v steps, want %d", c.tokens, c.half, c.depth, rebert.Mode(mode), r.Steps, want)
			}
			if got, err := rebert.ClosedForm(rebert.Mode(mode), c.tokens, c.half, c.depth); err == nil && got != want {
				t.Errorf("N=%d, W=%v, D=%d, %v: closed form gives %d, want %d", c.tokens, c.half, c.depth, rebert.Mode(mode), got, want)
			}
		}
	}
}

// The starts of fixtures F2 and F3, from the events.
func TestStarts(t *testing.T) {
	for _, c := range []struct {
		mode  rebert.Mode
		w     rebert.Workload
		depth int
		want  [][]int // start times; slots are one more
	}{
		{rebert.FullAttention, example(6, 1, 1), 2, [][]int{{6, 7, 8, 9, 10, 11}, {14, 15, 16, 17, 18, 19}}},
		{rebert.Window, example(6, 1, 1), 2, [][]int{{2, 3, 4, 5, 6, 7}, {6, 7, 8, 9, 10, 11}}},
		{rebert.BasicPort, example(6, 1, 1), 2, [][]int{{3, 5, 7, 9, 11, 12}, {9, 11, 13, 15, 17, 18}}},
		{rebert.BasicPort, example(8, 2, 1, 3), 8, [][]int{{4, 6, 8, 10, 12, 14, 15, 16}, {16, 18, 20, 22, 24, 26, 28, 29}, {32, 34, 36, 38, 40, 41, 42, 43}}},
	} {
		s := machine(c.mode).WithDepth(c.depth)
		operations, _, err := s.Timeline(context.Background(), c.w)
		if err != nil {
			t.Fatal(err)
		}
		for l, want := range c.want {
			got := rebert.Starts(operations, l, s.Step())
			for i := range got {
				got[i]--
			}
			if !slices.Equal(got, want) {
				t.Errorf("%v, layer %d: starts %v, want %v", c.mode, l, got, want)
			}
		}
	}
}

// The events and the recurrences agree on every start and on the total, and the closed forms with both; on a thousand random
// machines and workloads.
func TestEventsMeetTheRecurrences(t *testing.T) {
	cases := 0
	check := func(t *rapid.T) {
		cases++
		tokens := rapid.IntRange(1, 40).Draw(t, "tokens")
		half := rapid.SliceOfN(rapid.IntRange(0, tokens-1), 1, 6).Draw(t, "half")
		depth := rapid.IntRange(0, 16).Draw(t, "depth")
		mode := rapid.SampledFrom([]rebert.Mode{rebert.FullAttention, rebert.Window, rebert.BasicPort}).Draw(t, "mode")
		s := machine(mode)
		if mode == rebert.Window && rapid.Bool().Draw(t, "ideal") {
			s = rebert.Ideal()
		}
		s.WriteAhead = rapid.Bool().Draw(t, "write ahead")
		s = s.WithDepth(depth)
		operations, r, err := s.Timeline(context.Background(), example(tokens, half...))
		if err != nil {
			t.Fatal(err)
		}
		starts, total := rebert.Recurrence(mode, tokens, half, depth)
		if r.Steps != float64(total) {
			t.Fatalf("%v steps, recurrence %d", r.Steps, total)
		}
		for l, want := range starts {
			for i, got := range rebert.Starts(operations, l, s.Step()) {
				if got != want[i]+1 {
					t.Fatalf("layer %d, word %d: slot %d, recurrence %d", l, i, got, want[i]+1)
				}
			}
		}
		if closed, err := rebert.ClosedForm(mode, tokens, half, depth); err == nil && closed != total {
			t.Fatalf("closed form %d, recurrence %d", closed, total)
		}
		if mode == rebert.BasicPort && total > rebert.BasicBound(tokens, half, depth) {
			t.Fatalf("recurrence %d beyond the bound %d", total, rebert.BasicBound(tokens, half, depth))
		}
	}
	for cases < 1000 {
		rapid.Check(t, check)
	}
	t.Logf("%d cases", cases)
}

// Fixture F6, to its three digits.
func TestSpeedups(t *testing.T) {
	for _, c := range []struct {
		tokens, half    int
		advanced, basic float64
	}{
		{128, 1, 7.10, 4.43}, {128, 2, 6.77, 4.20}, {128, 4, 6.20, 3.80}, {128, 8, 5.30, 3.19}, {128, 16, 4.11, 2.42},
		{128, 24, 3.36, 1.95}, {128, 32, 2.84, 1.63}, {128, 48, 2.17, 1.23}, {128, 64, 1.75, 0.99},
		{384, 8, 8.65, 4.79}, {384, 32, 5.81, 3.20}, {384, 64, 4.04, 2.22}, {384, 96, 3.09, 1.70}, {384, 128, 2.51, 1.37}, {384, 192, 1.82, 1.00},
	} {
		w := rebert.Uniform(rebert.BERTBase(), c.tokens, c.half)
		base := simulate(t, rebert.Baseline(), w)
		for want, s := range map[float64]rebert.Spec{c.advanced: rebert.Advanced(), c.basic: rebert.Basic()} {
			if got := simulate(t, s, w).Speedup(base); math.Abs(got-want) > 0.0051 {
				t.Errorf("N=%d, W=%d, %s: %.3f, want %.2f", c.tokens, c.half, s.Name, got, want)
			}
		}
	}
}

// Basic loses to full attention once the ring is about as large as the sentence.
func TestBreakEven(t *testing.T) {
	if got := rebert.BreakEven(128, 12, 8); got != 62 {
		t.Errorf("N=128, L=12, D=8: basic pays up to W=%d, want 62", got)
	}
	for _, n := range []int{64, 256, 384, 512} {
		if w := rebert.BreakEven(n, 12, 8); math.Abs(float64(2*(w+1))/float64(n)-1) > 0.05 {
			t.Errorf("N=%d: basic pays up to W=%d", n, w)
		}
	}
}

// A larger window never ends earlier, and no machine is faster than the window without hazards or slower than full attention
// with a port that takes turns.
func TestWindowsAreMonotone(t *testing.T) {
	for _, s := range []rebert.Spec{rebert.Ideal(), rebert.Advanced(), rebert.Basic()} {
		last := 0.0
		for half := range 48 {
			r := simulate(t, s, example(48, half, half, half))
			if r.Steps < last {
				t.Errorf("%s: W=%d takes %v steps, W=%d %v", s.Name, half, r.Steps, half-1, last)
			}
			last = r.Steps
		}
	}
}

// The hazards are told apart: full attention waits for data, basic for its port, and the first layer of a window of nothing
// for neither.
func TestStalls(t *testing.T) {
	w := example(32, 8, 8)
	full, basic := simulate(t, rebert.Baseline(), w), simulate(t, rebert.Basic(), w)
	if y := full.Layers[0]; y.DataStall != 31 || y.PortStall != 0.5 {
		t.Errorf("full attention waits %v steps for data and %v for the port", y.DataStall, y.PortStall)
	}
	if y := basic.Layers[0]; y.DataStall != 8 || y.PortStall != 1+23 {
		// A write when the first window is complete, and one before each of the 23 inner products that need another key.
		t.Errorf("basic waits %v steps for data and %v for the port", y.DataStall, y.PortStall)
	}
	if y := basic.Layers[0]; y.WriteBusy != 32 || y.ReadBusy != 32 || y.Backlog < 10 {
		t.Errorf("port busy %v + %v steps, backlog %d", y.WriteBusy, y.ReadBusy, y.Backlog)
	}
	ideal := simulate(t, rebert.Ideal(), example(32, 0, 0))
	for l, y := range ideal.Layers {
		if y.DataStall != 0 || y.PortStall != 0 || y.Backlog != 1 {
			t.Errorf("layer %d without windows and hazards: %+v", l, y)
		}
	}
}

// A slow write brings the structural hazard back; a port that need not wait for slots nearly removes it from basic.
func TestWriteTime(t *testing.T) {
	w := example(64, 8, 8, 8)
	slow := rebert.Advanced()
	slow.Verify = 10 // 800 ns: two halves of a step
	if len(slow.Warnings()) != 1 || !strings.Contains(slow.Warnings()[0], "structural hazard is back") {
		t.Errorf("warnings %q", slow.Warnings())
	}
	if a, b := simulate(t, rebert.Advanced(), w).Steps, simulate(t, slow, w).Steps; b <= a {
		t.Errorf("slow writes take %v steps, fast ones %v", b, a)
	}
	free := rebert.Basic()
	free.Unslotted = true
	ideal, basic, unslotted := simulate(t, rebert.Ideal(), w).Steps, simulate(t, rebert.Basic(), w).Steps, simulate(t, free, w).Steps
	if !(ideal < unslotted && unslotted < 1.15*ideal && basic > 1.4*ideal) {
		t.Errorf("ideal %v, without slots %v, basic %v", ideal, unslotted, basic)
	}
}

func TestRefusals(t *testing.T) {
	shape := rebert.Encoder("x", 2, 64, 1, 256)
	for fragment, run := range map[string]func() (rebert.Spec, rebert.Workload){
		"Windows[1] is -1, must be in 0..7": func() (rebert.Spec, rebert.Workload) { return rebert.Basic(), example(8, 1, -1) },
		"Windows[0] is 8, must be in 0..7":  func() (rebert.Spec, rebert.Workload) { return rebert.Basic(), example(8, 8, 1) },
		"Windows is for 1 layers, must be for the 2 of x": func() (rebert.Spec, rebert.Workload) {
			return rebert.Basic(), rebert.Workload{Model: shape, Tokens: 8, Windows: []int{1}}
		},
		"Windows is nil, must hold 2": func() (rebert.Spec, rebert.Workload) {
			return rebert.Basic(), rebert.Workload{Model: shape, Tokens: 8}
		},
		"Tokens is 0": func() (rebert.Spec, rebert.Workload) {
			return rebert.Baseline(), rebert.Workload{Model: shape}
		},
		"at most 65536": func() (rebert.Spec, rebert.Workload) {
			return rebert.Baseline(), rebert.Workload{Model: shape, Tokens: 1 << 15, Batch: 3}
		},
		"Circuit.ADCBits is 7, must be at least 8: 128 rows x 1": func() (rebert.Spec, rebert.Workload) {
			s, _ := rebert.Basic().WithADC(7)
			s.StrictADC = true
			return s, example(8, 1)
		},
		"Spec.Stages[0].Interval is 0": func() (rebert.Spec, rebert.Workload) {
			s := rebert.Basic()
			s.Stages[0].Interval = 0
			return s, example(8, 1)
		},
		"Spec.InFlight is -1": func() (rebert.Spec, rebert.Workload) {
			s := rebert.Basic()
			s.InFlight = -1
			return s, example(8, 1)
		},
		"Model.Heads is 3, must be a divisor of 64": func() (rebert.Spec, rebert.Workload) {
			return rebert.Baseline(), rebert.Workload{Model: rebert.Encoder("x", 2, 64, 3, 256), Tokens: 8}
		},
	} {
		s, w := run()
		if _, err := s.Simulate(context.Background(), w); err == nil || !strings.HasPrefix(err.Error(), "rebert: ") || !strings.Contains(err.Error(), fragment) {
			t.Errorf("got %v, want %q", err, fragment)
		}
	}
	for fragment, change := range map[string]func(*rebert.Spec){
		"Spec.Port is Port(9), must be 0 (single)":      func(s *rebert.Spec) { s.Port = 9 },
		"Spec.Scope is Scope(9), must be 0 (ring)":      func(s *rebert.Spec) { s.Scope = 9 },
		"Spec.ExtraKey is ExtraKey(9)":                  func(s *rebert.Spec) { s.ExtraKey = 9 },
		"Spec.Endurance is 0, must be at least 1":       func(s *rebert.Spec) { s.Endurance = 0 },
		"Spec.Stages[0].Steps is 65, must be in 1..64":  func(s *rebert.Spec) { s.Stages = []rebert.Stage{{Steps: 65, Interval: 1}} },
		"Spec.Stages is 65 long":                        func(s *rebert.Spec) { s.Stages = slices.Repeat([]rebert.Stage{{Steps: 1, Interval: 1}}, 65) },
		"Circuit.ReadCycle is 0s, must be in 1ns..10µs": func(s *rebert.Spec) { s.ReadCycle = 0 },
		"Circuit.ADCRate is 0 Hz":                       func(s *rebert.Spec) { s.ADCRate = 0 },
		"Circuit.ArraysToADC is 1024, must let a cycle": func(s *rebert.Spec) { s.ArraysToADC = 1024 },
		"SoftmaxUnit.IndexBits is 0":                    func(s *rebert.Spec) { s.Softmax.IndexBits = 0 },
	} {
		s := rebert.Basic()
		change(&s)
		if err := s.Validate(); err == nil || !strings.HasPrefix(err.Error(), "rebert: ") || !strings.Contains(err.Error(), fragment) {
			t.Errorf("got %v, want %q", err, fragment)
		}
	}
	for fragment, change := range map[string]func(*rebert.Model){
		"Model.Layers is 0, must be in 1..1024":      func(m *rebert.Model) { m.Layers = 0 },
		"Model.Hidden is 0":                          func(m *rebert.Model) { m.Hidden = 0 },
		"Model.Attention is 0":                       func(m *rebert.Model) { m.Attention = 0 },
		"Model.FeedForward is 0":                     func(m *rebert.Model) { m.FeedForward = 0 },
		"Model.FeedForwards is 0":                    func(m *rebert.Model) { m.FeedForwards = 0 },
		"Model.Bottleneck is -1, must be at least 0": func(m *rebert.Model) { m.Bottleneck = -1 },
	} {
		m := shape
		change(&m)
		if err := m.Validate(); err == nil || !strings.Contains(err.Error(), fragment) {
			t.Errorf("got %v, want %q", err, fragment)
		}
	}
	for fragment, half := range map[string][]int{"half is empty": nil, "half[1] is 8, must be in 0..7": {0, 8}, "where no closed form is exact": {1, 7}} {
		if _, err := rebert.ClosedForm(rebert.BasicPort, 8, half, 8); err == nil || !strings.Contains(err.Error(), fragment) {
			t.Errorf("got %v, want %q", err, fragment)
		}
	}
	done, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := rebert.Basic().Simulate(done, example(8, 1)); err == nil || !strings.Contains(err.Error(), "canceled") {
		t.Errorf("a cancelled run gave %v", err)
	}
}
