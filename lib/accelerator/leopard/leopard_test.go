package leopard_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/lib/accelerator/leopard"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/attention/attentiontest"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/unit"
	"pgregory.net/rapid"
)

// head makes a random head of sign-magnitude codes.
func head(seed uint64, tokens, valid, dim, bits int) *attention.Head {
	top := 1<<(bits-1) - 1
	return attentiontest.Gaussian(rand.New(rand.NewPCG(seed, 0)), tokens, valid, dim, bits, float64(top)/4, float32(4)/float32(top))
}

func simulate(t testing.TB, s leopard.Spec, w leopard.Workload) leopard.Report {
	t.Helper()
	r, err := s.Simulate(context.Background(), w)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The reference sheet's timing fixture: 100 keys, 25 survivors at 6 cycles, 75 pruned at 2.
func TestTimeFixture(t *testing.T) {
	six, eight := leopard.AreaEfficient(), leopard.HighlyParallel()
	const cycles = 25*6 + 75*2
	for _, c := range []struct {
		spec        leopard.Spec
		qk, v, base unit.Cycles
	}{{six, 50, 25, 100}, {eight, 38, 25, 100}} {
		got, base := c.spec.Stages(cycles, 25), c.spec.FullLength(100)
		if got.QK != c.qk || got.V != c.v || base.Cycles() != c.base {
			t.Errorf("%s: %+v, baseline %v; want %v, %v, %v", c.spec.Name, got, base.Cycles(), c.qk, c.v, c.base)
		}
	}
	if speedup := unit.Ratio(six.FullLength(100).Cycles(), six.Stages(cycles, 25).Cycles()); speedup != 2 {
		t.Errorf("speedup %v, want 2", speedup)
	}
	if speedup := unit.Ratio(six.FullLength(100).Cycles(), six.Stages(600, 100).Cycles()); speedup != 1 {
		t.Errorf("speedup of keeping all %v, want 1", speedup)
	}
}

// The same fixture as a run: keys that end after two cycles and keys that last, in any order, one query.
func TestTimeFixtureRuns(t *testing.T) {
	h := &attention.Head{Tokens: 100, Valid: 100, Dim: 4, Bits: 12, ScaleQ: 1, ScaleK: 1, ScaleV: 1, V: make([]int16, 400)}
	h.Q = slices.Repeat([]int16{3, -2, 5, 1}, 100)
	order := rand.New(rand.NewPCG(1, 1)).Perm(100)
	h.K = make([]int16, 400)
	for i, j := range order {
		if k := h.Key(j); i < 25 {
			copy(k, []int16{900, -50, 700, 10}) // kept against 1000
		} else {
			copy(k, []int16{100, 200, -300, 50}) // pruned after 2 cycles
		}
	}
	w := leopard.Workload{Head: h, Threshold: 1000 * h.ScoreScale()}
	s := leopard.AreaEfficient()
	r, base := simulate(t, s, w), simulate(t, s.In(leopard.Baseline), w)
	if r.ByCycles[2] != 7500 || r.ByCycles[6] != 2500 || r.Survivors != 2500 || base.Survivors != 10000 {
		t.Fatalf("%v keys by cycles, %d and %d survivors", r.ByCycles, r.Survivors, base.Survivors)
	}
	// 100 queries; a query may wait up to one whole key for the last unit, and the value unit drains once. At six units the
	// baseline loses 2 cycles a query because 100 is no multiple of 6.
	if r.Cycles < 100*50 || r.Cycles > 100*(50+5)+25 {
		t.Errorf("%v cycles, closed form 5000", r.Cycles)
	}
	if base.Cycles < 100*100 || base.Cycles > 100*(100+5)+100 {
		t.Errorf("baseline %v cycles, closed form 10000", base.Cycles)
	}
	if x := leopard.Speedup(base, r); math.Abs(x-2) > 0.2 {
		t.Errorf("speedup %v, want about 2", x)
	}
}

// The reference sheet's energies of one full-length key and of one survivor, and the reductions that follow.
func TestEnergyFixture(t *testing.T) {
	s := leopard.AreaEfficient()
	key, survivor := s.KeyEnergy(64, 12), s.SurvivorEnergy(64)
	// 64*12*0.515 + 64*3.05*144/64 = 395.52 + 439.2; 90 + 64*16*0.515 + 64*3.1*256/64.
	if math.Abs(float64(key)-834.7) > 0.05 || math.Abs(float64(survivor)-1411.0) > 0.05 {
		t.Errorf("a key takes %v, a survivor %v; want 834.7 and 1411.0 pJ", key, survivor)
	}
	reduction := func(bits, pruned float64) float64 {
		return float64(key+survivor) / float64(s.KeyEnergy(64, bits)+unit.Picojoules((1-pruned)*float64(survivor)))
	}
	if x := reduction(6.32, 0.75); math.Abs(x-2.83) > 0.02 {
		t.Errorf("reduction %v at 6.32 bits and p = 0.75, want 2.83", x)
	}
	if x := reduction(6.32, 0.90); math.Abs(x-3.9) > 0.1 {
		t.Errorf("reduction %v at p = 0.90, want about 3.9", x)
	}
}

// Early termination never changes a decision, costs no more than full length, and accounts for every key.
func TestEarlyTerminationChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bits := rapid.IntRange(4, 12).Draw(t, "bits")
		tokens := rapid.IntRange(1, 40).Draw(t, "tokens")
		dim := rapid.IntRange(1, 80).Draw(t, "dim")
		h := head(rapid.Uint64().Draw(t, "seed"), tokens, rapid.IntRange(1, tokens).Draw(t, "valid"), dim, bits)
		h.Causal = rapid.Bool().Draw(t, "causal")
		s := leopard.AreaEfficient()
		s.QKUnits = rapid.IntRange(1, 9).Draw(t, "units")
		s.BitSerial.BitsPerCycle = rapid.IntRange(1, 12).Draw(t, "bits per cycle")
		s.ScoreBuffers = rapid.IntRange(1, 3).Draw(t, "buffers")
		s.EmptyRow = pruning.EmptyRow(rapid.IntRange(0, 1).Draw(t, "empty row"))
		s.KeyBuffer = unit.Bytes((dim*12+7)/8) * unit.Bytes(rapid.IntRange(1, 60).Draw(t, "vectors"))
		w := leopard.Workload{Head: h, Threshold: rapid.Float64Range(-2, 2).Draw(t, "threshold")}
		reports := make([]leopard.Report, 3)
		for m := range reports {
			r, err := s.In(leopard.Mode(m)).Simulate(context.Background(), w)
			if err != nil {
				t.Fatal(err)
			}
			reports[m] = r
		}
		base, full, early := reports[0], reports[1], reports[2]
		exact := attention.AtLeast(h, h.IntegerThreshold(w.Threshold), s.EmptyRow == pruning.KeepMaximum)
		for q := range h.Tokens {
			if !slices.Equal(early.Mask.Row(q), exact.Row(q)) || !slices.Equal(full.Mask.Row(q), exact.Row(q)) {
				t.Fatalf("query %d keeps %v, %v; exactly %v", q, early.Mask.KeptKeys(q, nil), full.Mask.KeptKeys(q, nil), exact.KeptKeys(q, nil))
			}
		}
		if early.Survivors != int64(exact.Count()) || base.Survivors != base.Keys {
			t.Fatalf("%d survivors of %d, baseline %d of %d", early.Survivors, exact.Count(), base.Survivors, base.Keys)
		}
		var keys int64
		for _, n := range early.ByCycles {
			keys += n
		}
		if keys != early.Keys || early.Keys != base.Keys {
			t.Fatalf("%d keys timed of %d", keys, early.Keys)
		}
		if full.Cycles > base.Cycles || full.Energy.Total() > base.Energy.Total() {
			t.Fatalf("pruning takes %v and %v, the baseline %v and %v", full.Cycles, full.Energy.Total(), base.Cycles, base.Energy.Total())
		}
		if early.Rescored == 0 && (early.BitsRead > full.BitsRead || early.Energy.Total() > full.Energy.Total()) {
			t.Fatalf("early termination reads %d bits, full length %d", early.BitsRead, full.BitsRead)
		}
		for _, r := range reports {
			units := unit.Cycles(s.QKUnits)
			if r.Cycles < max((r.Front+units-1)/units, r.Back) || r.Cycles > r.Front+r.Back {
				t.Fatalf("%v cycles, outside %v..%v", r.Cycles, max((r.Front+units-1)/units, r.Back), r.Front+r.Back)
			}
		}
	})
}

// The run's energy is the closed form of its own bits and survivors.
func TestEnergyIsTheClosedForm(t *testing.T) {
	h := head(1, 90, 80, 64, 12)
	s := leopard.AreaEfficient()
	for m := leopard.Baseline; m <= leopard.EarlyTermination; m++ {
		r := simulate(t, s.In(m), leopard.Workload{Head: h, Threshold: 0.5})
		want := float64(s.KeyEnergy(64, float64(r.BitsRead))) + float64(r.Survivors)*float64(s.SurvivorEnergy(64))
		if got := float64(r.Energy.Total()); math.Abs(got-want) > 1e-9*want {
			t.Errorf("%v: %v pJ, closed form %v", m, got, want)
		}
	}
}

// A higher threshold keeps less, and fewer bits are read. More units are not slower.
func TestCurves(t *testing.T) {
	h := head(2, 128, 128, 64, 12)
	bits, kept := int64(math.MaxInt64), int64(math.MaxInt64)
	for _, th := range []float64{-9, -1, 0, 0.5, 1, 2, 3} {
		s := leopard.AreaEfficient()
		s.EmptyRow = pruning.KeepNothing
		r := simulate(t, s, leopard.Workload{Head: h, Threshold: th})
		if r.BitsRead > bits || r.Survivors > kept {
			t.Errorf("threshold %v: %d bits, %d survivors after %d, %d", th, r.BitsRead, r.Survivors, bits, kept)
		}
		bits, kept = r.BitsRead, r.Survivors
	}
	last := unit.Cycles(math.MaxInt64)
	for _, units := range []int{1, 2, 4, 8, 16} {
		s := leopard.AreaEfficient()
		s.QKUnits = units
		r := simulate(t, s, leopard.Workload{Head: h, Threshold: 0.5})
		if r.Cycles > last {
			t.Errorf("%d units take %v, fewer take %v", units, r.Cycles, last)
		}
		last = r.Cycles
	}
}

// 48 KB and 64 KB hold 512 vectors each (reference sheet, derived); longer sequences run in blocks.
func TestBuffersHold512Vectors(t *testing.T) {
	s := leopard.AreaEfficient()
	if keys, values := s.Vectors(64); keys != 512 || values != 512 {
		t.Errorf("%d keys, %d values, want 512", keys, values)
	}
	for tokens, blocks := range map[int]int{512: 1, 513: 2, 1024: 2} {
		r := simulate(t, s, leopard.Workload{Head: head(3, tokens, tokens, 64, 8), Threshold: 4})
		if r.Blocks != blocks {
			t.Errorf("%d tokens run in %d blocks, want %d", tokens, r.Blocks, blocks)
		}
		if want := unit.Bytes(tokens * 64 * (12 + 16 + blocks*12) / 8); r.Loaded != want {
			t.Errorf("%d tokens load %v, want %v", tokens, r.Loaded, want)
		}
	}
}

func TestRefusals(t *testing.T) {
	w := leopard.Workload{Head: head(1, 8, 8, 4, 12)}
	for want, change := range map[string]func(*leopard.Spec, *leopard.Workload){
		"Spec.Mode is Mode(3)":                          func(s *leopard.Spec, _ *leopard.Workload) { s.Mode = 3 },
		"BitSerial.KeyBits is 1":                        func(s *leopard.Spec, _ *leopard.Workload) { s.BitSerial.KeyBits = 1 },
		"Spec.QueryBits is 17, must be in 2..16":        func(s *leopard.Spec, _ *leopard.Workload) { s.QueryBits = 17 },
		"Spec.QKUnits is 0":                             func(s *leopard.Spec, _ *leopard.Workload) { s.QKUnits = 0 },
		"Spec.Taps is 0":                                func(s *leopard.Spec, _ *leopard.Workload) { s.Taps = 0 },
		"Spec.ScoreBuffers is 0":                        func(s *leopard.Spec, _ *leopard.Workload) { s.ScoreBuffers = 0 },
		"Spec.EmptyRow is 2":                            func(s *leopard.Spec, _ *leopard.Workload) { s.EmptyRow = 2 },
		"Spec.KeyBuffer is 0":                           func(s *leopard.Spec, _ *leopard.Workload) { s.KeyBuffer = 0 },
		"Spec.ValueBuffer is -1":                        func(s *leopard.Spec, _ *leopard.Workload) { s.ValueBuffer = -1 },
		"Spec.Clock is 0":                               func(s *leopard.Spec, _ *leopard.Workload) { s.Clock = 0 },
		"Spec.Area is NaN":                              func(s *leopard.Spec, _ *leopard.Workload) { s.Area = unit.SquareMillimetres(math.NaN()) },
		"Workload: attention: Head is nil":              func(_ *leopard.Spec, w *leopard.Workload) { w.Head = nil },
		"Workload.Threshold is NaN":                     func(_ *leopard.Spec, w *leopard.Workload) { w.Threshold = math.NaN() },
		"Workload.Head.Bits is 12, must be in 2..8":     func(s *leopard.Spec, _ *leopard.Workload) { s.QueryBits = 8 },
		"Workload.Head.Dim is 4, must leave room":       func(s *leopard.Spec, _ *leopard.Workload) { s.KeyBuffer = 5 },
		"Head.K[0] is -2048, must be in -2047..2047":    func(_ *leopard.Spec, w *leopard.Workload) { w.Head.K[0] = -2048 },
		"attention: Head.Valid is 9, must be in 1..8 (": func(_ *leopard.Spec, w *leopard.Workload) { w.Head.Valid = 9 },
	} {
		s, c, h := leopard.AreaEfficient(), w, *w.Head
		h.K = slices.Clone(h.K)
		c.Head = &h
		change(&s, &c)
		if _, err := s.Simulate(context.Background(), c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := leopard.AreaEfficient().Simulate(ctx, w); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled run returns %v", err)
	}
}

func ExampleSpec_Simulate() {
	h := &attention.Head{Tokens: 2, Valid: 2, Dim: 4, Bits: 12, ScaleQ: 1, ScaleK: 1, ScaleV: 1, V: make([]int16, 8),
		Q: []int16{3, -2, 5, 1, 3, -2, 5, 1}, K: []int16{900, -50, 700, 10, 100, 200, -300, 50}}
	r, err := leopard.AreaEfficient().Simulate(context.Background(), leopard.Workload{Head: h, Threshold: 500})
	fmt.Println(r.ByCycles, r.Survivors, err)
	// Output: [0 0 2 0 0 0 2] 2 <nil>
}
