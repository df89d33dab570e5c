package elsa_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/lib/accelerator/elsa"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/attention/attentiontest"
	"github.com/sparse-attention/workbench/lib/energy"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/unit"
	"pgregory.net/rapid"
)

func simulate(t testing.TB, s elsa.Spec, w elsa.Workload) elsa.Report {
	t.Helper()
	r, err := s.Simulate(context.Background(), w)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// workload keeps what kept says.
func workload(tokens, valid int, kept func(t, j int) bool) elsa.Workload {
	h := &attention.Head{Tokens: tokens, Valid: valid, Dim: 64}
	m := attention.NewMask(tokens, tokens)
	for t := range valid {
		for j := range valid {
			if kept(t, j) {
				m.Keep(t, j)
			}
		}
	}
	return elsa.Workload{Head: h, Mask: m}
}

// C1: cycles at n = 512, in closed form and as runs. A run adds the first selection, 16 cycles, and the drain.
func TestCyclesAt512(t *testing.T) {
	base, approximate := elsa.Base(), elsa.ELSA()
	for name, c := range map[string]struct{ got, want float64 }{
		"base":          {base.Latency(512, 0), 65536},
		"preprocessing": {approximate.Preprocessing(512), 1539},
		"floor":         {approximate.Latency(512, 0), 9731},
		"36 keys":       {approximate.Latency(512, 36), 19971},
		"ideal":         {base.Ideal(512), 63550.06},
	} {
		if math.Abs(c.got-c.want) > 0.005 {
			t.Errorf("%s: %v cycles, want %v", name, c.got, c.want)
		}
	}
	if x := base.Latency(512, 0) / base.Ideal(512); math.Abs(x-1.03125) > 1e-12 {
		t.Errorf("base over ideal %v, want 1.03125", x)
	}
	none := workload(512, 512, func(int, int) bool { return false })
	full := simulate(t, base, none)
	if full.Cycles != (elsa.Cycles{Execution: 65536, Drain: 4}) {
		t.Errorf("base takes %+v", full.Cycles)
	}
	if r := simulate(t, approximate, none); r.Cycles.Preprocessing != 1539 || r.Cycles.Drain != 4 ||
		r.Cycles.Execution < 8192 || r.Cycles.Execution > 8192+16 {
		t.Errorf("selection alone takes %+v, want 1539 + 8192", r.Cycles)
	}
	// 36 keys in every bank: 144 neighbours.
	r := simulate(t, approximate, workload(512, 512, func(_, j int) bool { return j < 144 }))
	if r.Cycles.Execution != 36*512+16 || r.Imbalance() != 1 {
		t.Errorf("36 keys a bank take %+v, want 18432 + 16; imbalance %v", r.Cycles, r.Imbalance())
	}
	if x := unit.Ratio(full.Cycles.Total(), r.Cycles.Total()); math.Abs(x-3.28) > 0.01 {
		t.Errorf("speedup %v, want 3.28", x)
	}
}

// C2: the share of preprocessing in the base latency, 12(n+1)/n².
func TestPreprocessingShare(t *testing.T) {
	for n, want := range map[int]float64{150: 0.08053, 207: 0.05825, 377: 0.03191} {
		if got := elsa.ELSA().Preprocessing(n) / elsa.Base().Latency(n, 0); math.Abs(got-want) > 5e-6 {
			t.Errorf("n = %d: %v, want %v", n, got, want)
		}
	}
}

// C3: the single-pipeline example of section IV-D, balanced at n = 96; and the hash's 768 products.
func TestSinglePipeline(t *testing.T) {
	s := elsa.ELSA()
	s.AttentionModules, s.HashMultipliers, s.Dividers = 1, 64, 8
	if got := s.Stages(96, 20); got != (elsa.Stages{Hash: 12, Selection: 12, Attention: 20, Division: 8}) {
		t.Errorf("stages %+v, want 12, 12, 20, 8", got)
	}
	for c, want := range map[float64]float64{5: 12, 12: 12, 30: 30} {
		if got := s.Stages(96, c).Slowest(); got != want {
			t.Errorf("%v keys: %v cycles, want %v", c, got, want)
		}
	}
	p, err := pruning.RandomProjection(1, s.HashFactors...)
	if err != nil {
		t.Fatal(err)
	}
	if s.HashMultiplications() != 768 || p.Multiplications() != 768 {
		t.Errorf("%d products, the projection counts %d, want 768", s.HashMultiplications(), p.Multiplications())
	}
	s.HashFactors = []int{8, 8}
	if s.HashMultiplications() != 1024 {
		t.Errorf("two factors take %d products, want 1024", s.HashMultiplications())
	}
	if e := elsa.ELSA(); e.Multipliers() != 528 || e.PeakOperations() != 1088 {
		t.Errorf("%d multipliers, %d operations a cycle, want 528, 1088", e.Multipliers(), e.PeakOperations())
	}
}

// E1: energy of Base and of one conservative bar, by the closed form's events.
func TestEnergyFixture(t *testing.T) {
	table := energy.ELSA()
	total := func(s elsa.Spec, d elsa.Duty, cycles float64) (approximation, attention, external float64) {
		busy := s.Busy(d)
		for i, e := range table.Of(busy[:]) {
			x := float64(e)
			m := elsa.Module(i)
			forFilter := m == elsa.HashComputation || m == elsa.NormComputation || m == elsa.CandidateSelection || m == elsa.KeyHashSRAM || m == elsa.KeyNormSRAM
			if s.Mode == elsa.Approximate || !forFilter {
				x += float64(table.Leakage(i, cycles))
			}
			switch {
			case forFilter:
				approximation += x
			case m >= elsa.KeySRAM:
				external += x
			default:
				attention += x
			}
		}
		return approximation, attention, external
	}
	n := 207.0
	_, a, x := total(elsa.Base(), elsa.Duty{Tokens: n, Kept: n * n}, n*n/4)
	base := a + x
	if math.Abs(base/1e6-9.9073) > 5e-4 || math.Abs(base/(n*n/4)-924.86) > 0.05 || math.Abs(a/base-0.6217) > 5e-5 {
		t.Errorf("base: %v uJ, %v mW, share %v; want 9.9073, 924.86, 0.6217", base/1e6, base/(n*n/4), a/base)
	}
	p, a, x := total(elsa.ELSA(), elsa.Duty{Tokens: n, Compared: n * n, Kept: 0.273 * n * n}, 3757.6)
	for i, c := range [][2]float64{{p, 0.0546}, {p + a, 0.2257}, {p + a + x, 0.3352}} {
		if got := c[0] / base; math.Abs(got-c[1]) > 1e-4 {
			t.Errorf("conservative, segment %d: %v of base, want %v", i, got, c[1])
		}
	}
}

// A1: Amdahl's law at 57x.
func TestEndToEnd(t *testing.T) {
	for share, want := range map[float64]float64{0.300: 1.418, 0.617: 2.539, 0.585: 2.351, 0.7945: 4.557} {
		if got := elsa.EndToEnd(share, 57); math.Abs(got-want) > 0.001 {
			t.Errorf("share %v: %v, want %v", share, got, want)
		}
	}
}

// In lockstep a run is the closed form with whole cycles, query by query, whatever is kept. Decoupled is never slower and
// never faster than its slowest stage. Every kept key is taken once.
func TestRunAgainstClosedForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := elsa.ELSA()
		s.AttentionModules = rapid.IntRange(1, 5).Draw(t, "Pa")
		s.Selectors = rapid.IntRange(1, 9).Draw(t, "Pc")
		s.HashMultipliers = rapid.SampledFrom([]int{16, 100, 256, 1024}).Draw(t, "mh")
		s.Dividers = rapid.IntRange(1, 64).Draw(t, "mo")
		s.BankMap = elsa.BankMap(rapid.IntRange(0, 1).Draw(t, "bank map"))
		tokens := rapid.IntRange(1, 60).Draw(t, "tokens")
		valid := rapid.IntRange(1, tokens).Draw(t, "valid")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		causal := rapid.Bool().Draw(t, "causal")
		share := rapid.Float64Range(0, 1).Draw(t, "share")
		w := workload(tokens, valid, func(q, j int) bool { return r.Float64() < share && (!causal || j <= q) })
		w.Head.Causal = causal
		run := func(c elsa.Coupling, depth int) elsa.Report {
			s.Coupling, s.QueueDepth = c, depth
			x, err := s.Simulate(context.Background(), w)
			if err != nil {
				t.Fatal(err)
			}
			return x
		}

		up := func(a, b int) int { return (a + b - 1) / b }
		hash, division := up(768, s.HashMultipliers), up(64, s.Dividers)
		size := up(valid, s.AttentionModules)
		bank := func(j int) int {
			if s.BankMap == elsa.Block {
				return j / size
			}
			return j % s.AttentionModules
		}
		var selection, most []int
		fullest, allSelection, busiest := 0, 0, make([]int, s.AttentionModules)
		for q := range valid {
			keys, kept := make([]int, s.AttentionModules), make([]int, s.AttentionModules)
			for j := range w.Head.Keys(q) {
				keys[bank(j)]++
				if w.Mask.Kept(q, j) {
					kept[bank(j)]++
					busiest[bank(j)]++
				}
			}
			selection = append(selection, max(hash, up(slices.Max(keys), s.Selectors)))
			most = append(most, slices.Max(kept))
			fullest += slices.Max(kept)
			allSelection += selection[q]
		}
		want := selection[0]
		for q := range valid {
			step := max(most[q], 1) // a step takes at least its own cycle
			if q > 0 {
				step = max(step, division)
			}
			if q+1 < valid {
				step = max(step, selection[q+1])
			}
			want += step
		}
		lock := run(elsa.Lockstep, 0)
		if int(lock.Cycles.Execution) != want || int(lock.Cycles.Preprocessing) != hash*(valid+1) || int(lock.Cycles.Drain) != division {
			t.Fatalf("a lockstep run takes %+v, closed form %d + %d + %d", lock.Cycles, hash*(valid+1), want, division)
		}
		if lock.Fullest != int64(fullest) || lock.Kept != int64(w.Mask.Count()) {
			t.Fatalf("%d keys in the fullest banks of %d kept, want %d of %d", lock.Fullest, lock.Kept, fullest, w.Mask.Count())
		}
		free := run(elsa.Decoupled, 0)
		// The least: all of selection, or all of one bank behind the first key it can see, or all divisions.
		least := max(allSelection, slices.Max(busiest), division*(valid-1))
		if got := int(free.Cycles.Execution); got < least || got > want+valid {
			t.Fatalf("decoupled takes %d, must be in %d..%d", got, least, want+valid)
		}
		depth := rapid.IntRange(1, 6).Draw(t, "depth")
		tight := run(elsa.Decoupled, depth)
		if tight.Cycles.Execution < free.Cycles.Execution || tight.Deepest > depth || tight.Fullest != lock.Fullest || free.Stalled != 0 {
			t.Fatalf("queues of %d: %+v, deepest %d, after %+v without a limit", depth, tight.Cycles, tight.Deepest, free.Cycles)
		}
		if tight.Energy.Dynamic != lock.Energy.Dynamic {
			t.Fatal("the coupling changes the events")
		}
	})
}

// More kept keys take longer and more energy; more selection modules are not slower.
func TestCurves(t *testing.T) {
	var last elsa.Report
	for i, share := range []float64{0.02, 0.1, 0.2, 0.4, 0.8} {
		w := elsa.Workload{Head: &attention.Head{Tokens: 200, Valid: 200, Dim: 64}, Mask: elsa.Draw(200, share, elsa.Run, 1)}
		r := simulate(t, elsa.ELSA(), w)
		if i > 0 && (r.Cycles.Total() <= last.Cycles.Total() || r.Energy.Total() <= last.Energy.Total()) {
			t.Errorf("share %v: %v, %v after %v, %v", share, r.Cycles.Total(), r.Energy.Total(), last.Cycles.Total(), last.Energy.Total())
		}
		last = r
	}
	w := elsa.Workload{Head: &attention.Head{Tokens: 200, Valid: 200, Dim: 64}, Mask: elsa.Draw(200, 0.1, elsa.Scattered, 1)}
	cycles := unit.Cycles(math.MaxInt64)
	for _, selectors := range []int{1, 2, 4, 8, 16} {
		s := elsa.ELSA()
		s.Selectors = selectors
		r := simulate(t, s, w)
		if r.Cycles.Total() > cycles {
			t.Errorf("%d selectors a bank take %v, fewer %v", selectors, r.Cycles.Total(), cycles)
		}
		cycles = r.Cycles.Total()
	}
}

// A drawn mask keeps its share to a key a query, and at least one key; scattered keys crowd banks, runs do not.
func TestDraw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(20, 200).Draw(t, "n")
		share := rapid.Float64Range(0.05, 0.95).Draw(t, "share")
		p := elsa.Placement(rapid.IntRange(0, 1).Draw(t, "placement"))
		m := elsa.Draw(n, share, p, rapid.Uint64().Draw(t, "seed"))
		if got := float64(m.Count()) / float64(n*n); math.Abs(got-share) > 0.012 {
			t.Fatalf("share %v of %d tokens came out as %v", share, n, got)
		}
		for q := range n {
			if m.CountRow(q) == 0 {
				t.Fatalf("query %d keeps nothing", q)
			}
		}
	})
	h := &attention.Head{Tokens: 256, Valid: 256, Dim: 64}
	run := simulate(t, elsa.ELSA(), elsa.Workload{Head: h, Mask: elsa.Draw(256, 0.2, elsa.Run, 1)})
	scattered := simulate(t, elsa.ELSA(), elsa.Workload{Head: h, Mask: elsa.Draw(256, 0.2, elsa.Scattered, 1)})
	if run.Imbalance() > 1.06 || scattered.Imbalance() < run.Imbalance()+0.1 {
		t.Errorf("imbalance %v of runs, %v scattered", run.Imbalance(), scattered.Imbalance())
	}
}

// The filter and the machine together: a mask from pruning.Hash on random keys.
func TestHashedHead(t *testing.T) {
	h := attentiontest.Gaussian(rand.New(rand.NewPCG(4, 4)), 128, 128, 64, 8, 32, 0.03)
	h.ScaleV = 1
	p, err := pruning.RandomProjection(1, elsa.ELSA().HashFactors...)
	if err != nil {
		t.Fatal(err)
	}
	hash := &pruning.Hash{Projections: []*pruning.Projection{p}, Bias: pruning.ELSABias,
		Thresholds: []float64{pruning.LearnThreshold([]*attention.Head{h}, 2, nil)}}
	w := elsa.Workload{Head: h, Mask: hash.Mask(h, 0)}
	base, got := simulate(t, elsa.Base(), w), simulate(t, elsa.ELSA(), w)
	if x := elsa.Speedup(base, got); x <= 1 || got.Share() <= 0 || got.Share() >= 1 {
		t.Errorf("speedup %v at share %v", x, got.Share())
	}
}

func TestRefusals(t *testing.T) {
	for want, change := range map[string]func(*elsa.Spec, *elsa.Workload){
		"Spec.Mode is Mode(2)":                      func(s *elsa.Spec, _ *elsa.Workload) { s.Mode = 2 },
		"Spec.Tokens is 0":                          func(s *elsa.Spec, _ *elsa.Workload) { s.Tokens = 0 },
		"Spec.Dim is 0":                             func(s *elsa.Spec, _ *elsa.Workload) { s.Dim = 0 },
		"Spec.AttentionModules is 0":                func(s *elsa.Spec, _ *elsa.Workload) { s.AttentionModules = 0 },
		"Spec.Selectors is -1":                      func(s *elsa.Spec, _ *elsa.Workload) { s.Selectors = -1 },
		"Spec.HashMultipliers is 0":                 func(s *elsa.Spec, _ *elsa.Workload) { s.HashMultipliers = 0 },
		"Spec.Dividers is 0":                        func(s *elsa.Spec, _ *elsa.Workload) { s.Dividers = 0 },
		"Spec.HashFactors is [4 4], must be sizes":  func(s *elsa.Spec, _ *elsa.Workload) { s.HashFactors = []int{4, 4} },
		"Spec.HashFactors[1] is 0":                  func(s *elsa.Spec, _ *elsa.Workload) { s.HashFactors = []int{64, 0} },
		"Spec.Coupling is Coupling(2)":              func(s *elsa.Spec, _ *elsa.Workload) { s.Coupling = 2 },
		"Spec.BankMap is BankMap(2)":                func(s *elsa.Spec, _ *elsa.Workload) { s.BankMap = 2 },
		"Spec.QueueDepth is -1":                     func(s *elsa.Spec, _ *elsa.Workload) { s.QueueDepth = -1 },
		"Spec.QueueDepth is 4, must be 0":           func(s *elsa.Spec, _ *elsa.Workload) { s.QueueDepth = 4 },
		"Spec.Clock is 0":                           func(s *elsa.Spec, _ *elsa.Workload) { s.Clock = 0 },
		"Modules.List holds 1":                      func(s *elsa.Spec, _ *elsa.Workload) { s.Modules.List = s.Modules.List[:1] },
		"Workload: attention: Head is nil":          func(_ *elsa.Spec, w *elsa.Workload) { w.Head = nil },
		"Workload: attention: Head.Tokens is 0":     func(_ *elsa.Spec, w *elsa.Workload) { w.Head.Tokens = 0 },
		"Head.Valid is 9, must be in 1..8 (Tokens":  func(_ *elsa.Spec, w *elsa.Workload) { w.Head.Valid = 9 },
		"Head.Valid is 7, must be in 1..5 (Spec":    func(s *elsa.Spec, _ *elsa.Workload) { s.Tokens = 5 },
		"Workload.Head.Dim is 65, must be in 1..64": func(_ *elsa.Spec, w *elsa.Workload) { w.Head.Dim = 65 },
		"mode Approximate: attention: Mask is nil":  func(_ *elsa.Spec, w *elsa.Workload) { w.Mask = nil },
		"Mask is 7 x 8, must be 8 x 8":              func(_ *elsa.Spec, w *elsa.Workload) { w.Mask = attention.NewMask(7, 8) },
		"Mask keeps key 7 for query 2, which sees":  func(_ *elsa.Spec, w *elsa.Workload) { w.Mask.Keep(2, 7) },
		"Mask keeps key 0 for query 7, which sees":  func(_ *elsa.Spec, w *elsa.Workload) { w.Mask.Keep(7, 0) },
	} {
		s, w := elsa.ELSA(), workload(8, 7, func(q, j int) bool { return q == j })
		change(&s, &w)
		if _, err := s.Simulate(context.Background(), w); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, s := range []elsa.Spec{elsa.Base(), elsa.ELSA()} {
		if _, err := s.Simulate(ctx, workload(8, 7, func(q, j int) bool { return q == j })); !errors.Is(err, context.Canceled) {
			t.Errorf("a cancelled run returns %v", err)
		}
	}
}

func ExampleSpec_Latency() {
	fmt.Println(elsa.Base().Latency(512, 0), elsa.ELSA().Latency(512, 36))
	// Output: 65536 19971
}
