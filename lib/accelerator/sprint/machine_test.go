package sprint

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/trace"
	"github.com/sparse-attention/workbench/lib/unit"
	"pgregory.net/rapid"
)

// drawSpec draws a small machine with every knob turned somewhere.
func drawSpec(t *rapid.T) Spec {
	s := []Spec{S(), M(), L()}[rapid.IntRange(0, 2).Draw(t, "size")]
	s.Mode = Mode(rapid.IntRange(0, int(modes)-1).Draw(t, "mode"))
	s.Corelets = rapid.IntRange(1, 5).Draw(t, "corelets")
	s.KeyBuffer = unit.Bytes(64 * rapid.IntRange(1, 40).Draw(t, "keyBuffer"))
	s.ValueBuffer = unit.Bytes(64 * rapid.IntRange(1, 40).Draw(t, "valueBuffer"))
	s.CoreletWindow = rapid.IntRange(1, 9).Draw(t, "window")
	s.MemoryBound = MemoryBound(rapid.IntRange(0, int(memoryBounds)-1).Draw(t, "bound"))
	s.Residency = Residency(rapid.IntRange(0, 1).Draw(t, "residency"))
	s.Replacement = Replacement(rapid.IntRange(0, 1).Draw(t, "replacement"))
	s.MaskHitRatio = HitRatio(rapid.IntRange(0, 1).Draw(t, "hitRatio"))
	s.SkipLate = rapid.Bool().Draw(t, "skipLate")
	s.PaddedQueries = rapid.Bool().Draw(t, "padded")
	return s
}

func drawWorkload(t *rapid.T) Workload {
	h := &attention.Head{Tokens: rapid.IntRange(1, 90).Draw(t, "tokens"), Dim: rapid.SampledFrom([]int{16, 64, 100}).Draw(t, "dim"), Bits: 8}
	h.Dim = min(h.Dim, 64) // the smallest buffer holds one vector of 64
	h.Valid = rapid.IntRange(1, h.Tokens).Draw(t, "valid")
	h.Causal = rapid.Bool().Draw(t, "causal")
	keep := rapid.Float64Range(0, 1).Draw(t, "keep")
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 5))
	m := attention.NewMask(h.Tokens, h.Tokens)
	for q := range h.Valid {
		for j := range h.Keys(q) {
			if r.Float64() < keep {
				m.Keep(q, j)
			}
		}
	}
	return Workload{Head: h, Mask: m}
}

// Skipping windows that repeat changes nothing, in any mode, against any memory.
func TestReplayIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, w := drawSpec(t), drawWorkload(t)
		fast, slow := newMachine(s, w), newMachine(s, w)
		slow.replay = false
		if err := fast.run(context.Background()); err != nil {
			t.Fatal(err)
		}
		if err := slow.run(context.Background()); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(slow.report(), fast.report()); d != "" {
			t.Fatalf("(-query by query, +replayed)\n%s", d)
		}
	})
}

// naive is the machine of the reference sheet written out cell by cell: 4.2, 4.3 and the pseudo-code of 2.2.
type naive struct {
	compute                  unit.Cycles
	streamed, scored, used   int64
	requests, reused, loaded int64
}

func runNaive(s Spec, w Workload) naive {
	h := w.Head
	var n naive
	keyCap, valueCap := s.Vectors(h.Dim)
	over := h.Tokens
	if s.Mode == MaskOnly && s.MaskHitRatio == Valid {
		over = h.Valid
	}
	pin := func(capacity, j int) bool {
		c := min(capacity, over)
		if s.MemoryBound == Banks { // in rounds over the banks: see TestPinnedRounds
			return has(s.pinned(h, capacity, over), j)
		}
		return j < over && (j+1)*c/over > j*c/over
	}
	var order []int // resident keys, oldest first
	window := make([]int, s.Corelets)
	timed := h.Valid
	if s.PaddedQueries && (s.Mode == Baseline || s.Mode == Pruning) {
		timed = h.Tokens
	}
	step := (h.Dim + s.Lanes - 1) / s.Lanes
	for t := range h.Tokens {
		if t >= h.Valid && (s.Mode == MaskOnly || s.Mode == SPRINT) {
			break
		}
		for j := range h.Tokens {
			kept := w.Mask.Kept(t, j)
			scored, used := true, true
			switch s.Mode {
			case MaskOnly:
				scored, used = j < h.Valid, j < h.Valid
			case Pruning:
				used = kept
			case SPRINT:
				scored, used = kept, kept
			}
			if scored {
				n.scored++
				if t < timed {
					window[j%s.Corelets] += step
				}
			}
			if used {
				n.used++
			}
			if s.Mode == SPRINT {
				if kept && t > 0 && w.Mask.Kept(t-1, j) {
					n.reused++
				} else if kept {
					n.requests++
				}
				continue
			}
			if scored && !pin(keyCap, j) {
				n.streamed++
			}
			if used && !pin(valueCap, j) {
				n.streamed++
			}
		}
		if s.Mode == SPRINT {
			order = serveNaive(&n, s, w, t, order, min(keyCap, valueCap))
		}
		if t < timed && (t%s.CoreletWindow == s.CoreletWindow-1 || t == timed-1) {
			n.compute += unit.Cycles(slices.Max(window))
			clear(window)
		}
	}
	n.streamed += 2 * n.loaded
	return n
}

func serveNaive(n *naive, s Spec, w Workload, t int, order []int, capacity int) []int {
	var hits, others []int
	for j := range w.Head.Tokens {
		if !w.Mask.Kept(t, j) {
			continue
		}
		if s.SkipLate && slices.Contains(order, j) {
			hits = append(hits, j)
		} else {
			others = append(others, j)
		}
	}
	for _, j := range append(hits, others...) {
		if i := slices.Index(order, j); i >= 0 {
			if s.Replacement == LRU || s.Residency == Row {
				order = append(slices.Delete(order, i, i+1), j)
			}
			continue
		}
		n.loaded++
		if len(order) == capacity {
			order = order[1:]
		}
		order = append(order, j)
	}
	if s.Residency == Row {
		order = slices.DeleteFunc(order, func(j int) bool { return !w.Mask.Kept(t, j) })
	}
	return order
}

func TestMachineIsTheSheetCellByCell(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, w := drawSpec(t), drawWorkload(t)
		for _, mode := range []Mode{Baseline, MaskOnly, Pruning} {
			compare(t, s.In(mode), w)
		}
		for i := range 8 {
			s.Mode, s.Replacement, s.Residency, s.SkipLate = SPRINT, Replacement(i&1), Residency(i>>1&1), i>>2 == 1
			compare(t, s, w)
		}
	})
}

func compare(t *rapid.T, s Spec, w Workload) {
	r, err := s.Simulate(context.Background(), w)
	if err != nil {
		t.Fatal(err)
	}
	want := runNaive(s, w)
	got := naive{r.Cycles.Compute, r.Traffic.Streamed, r.Scored, r.Used, r.Locality.Requests, r.Locality.Reused, want.loaded}
	if got != want {
		t.Fatalf("%v, %v, %v, skip %v: got %+v, want %+v", s.Mode, s.Replacement, s.Residency, s.SkipLate, got, want)
	}
	if l := r.Locality; s.Mode == SPRINT && l.Requests-l.Spared+l.Reloaded != want.loaded && s.SkipLate {
		t.Fatalf("%+v do not account for %d loads", l, want.loaded)
	}
	busy := unit.Cycles(0)
	for _, c := range r.Corelets {
		busy += c.Busy
		if c.Idle < 0 {
			t.Fatalf("%+v is busier than the head is long", c)
		}
	}
	if r.Cycles.Stall < 0 || s.MemoryBound == Hidden && r.Cycles.Stall != 0 {
		t.Fatalf("stalled for %d", r.Cycles.Stall)
	}
	if u := r.Utilisation(); busy > 0 && !(u > 0 && u <= 1) {
		t.Fatalf("utilisation %v", u)
	}
	if i := r.Imbalance(); busy > 0 && !(i >= 1 && i <= float64(s.Corelets)) {
		t.Fatalf("imbalance %v of %d CORELETs", i, s.Corelets)
	}
}

// The loads are those that lib/trace counts for the same buffer.
func TestLoadsAgreeWithTrace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorkload(t)
		b := rapid.IntRange(1, 60).Draw(t, "capacity")
		s := S()
		s.KeyBuffer, s.ValueBuffer = unit.Bytes(64*b), unit.Bytes(64*b)
		order := trace.HitsFirst
		if s.SkipLate = rapid.Bool().Draw(t, "skipLate"); !s.SkipLate {
			order = trace.Ascending
		}
		w.Head.Dim = 64
		r, err := s.Simulate(context.Background(), w)
		if err != nil {
			t.Fatal(err)
		}
		total := 0
		for _, n := range trace.NewKeys(w.Mask, b, order) {
			total += n
		}
		if r.Traffic.Streamed != int64(2*total) {
			t.Fatalf("%d vectors, trace counts 2 x %d keys", r.Traffic.Streamed, total)
		}
	})
}

// Waiting for banks never beats waiting for nothing, and skipping late keys never loses against index order.
func TestMemoryOnlyEverStalls(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, w := drawSpec(t), drawWorkload(t)
		s.Residency, s.Replacement = Table, LRU
		// Buffers that hold all, so that the order of service does not change the loads.
		s.KeyBuffer, s.ValueBuffer = 64*90, 64*90
		total := func(bound MemoryBound, skip bool) unit.Cycles {
			s.MemoryBound, s.SkipLate = bound, skip
			r, err := s.Simulate(context.Background(), w)
			if err != nil {
				t.Fatal(err)
			}
			return r.Cycles.Total()
		}
		free, skipping, waiting := total(Hidden, true), total(Banks, true), total(Banks, false)
		// Windows that end earlier ask for their data earlier, which can change the order of commands: rarely, and by less than
		// 1 % in 6000 trials.
		if free > skipping || float64(skipping) > 1.02*float64(waiting) {
			t.Fatalf("%d cycles hidden, %d with banks, %d in index order", free, skipping, waiting)
		}
		if b := total(Bandwidth, true); b < free {
			t.Fatalf("%d cycles at the peak bandwidth, %d hidden", b, free)
		}
	})
}

// More buffer never loads more; more CORELETs never take longer.
func TestCurves(t *testing.T) {
	h := &attention.Head{Tokens: 300, Valid: 200, Dim: 64, Bits: 8}
	r := rand.New(rand.NewPCG(1, 2))
	w := Workload{Head: h, Mask: attention.NewMask(300, 300)}
	for q := range h.Valid {
		for j := range h.Valid {
			if r.Float64() < 0.25 {
				w.Mask.Keep(q, j)
			}
		}
	}
	for _, mode := range []Mode{Baseline, MaskOnly, Pruning, SPRINT} {
		loads, cycles := int64(1<<62), unit.Cycles(1<<62)
		for b := 1; b <= 512; b *= 2 {
			s := S().In(mode)
			s.KeyBuffer, s.ValueBuffer = unit.Bytes(64*b), unit.Bytes(64*b)
			s.Corelets = b
			got, err := s.Simulate(context.Background(), w)
			if err != nil {
				t.Fatal(err)
			}
			if got.Traffic.Streamed > loads || got.Cycles.Compute > cycles {
				t.Errorf("%v, %d vectors and CORELETs: %d loads, %d cycles; before %d and %d", mode, b, got.Traffic.Streamed, got.Cycles.Compute, loads, cycles)
			}
			loads, cycles = got.Traffic.Streamed, got.Cycles.Compute
		}
		if mode == SPRINT && loads != 2*200 {
			t.Errorf("unlimited buffers load %d vectors, want each of 200 keys and values once", loads)
		}
	}
}

// Late keys: one CORELET, four kept keys of which the first is missing, arriving while the others are scored.
func TestALateKeyIsSkipped(t *testing.T) {
	h := &attention.Head{Tokens: 40, Valid: 40, Dim: 64, Bits: 8}
	m := attention.NewMask(40, 40)
	for j := range 40 {
		if j > 0 {
			m.Keep(0, j)
		}
		m.Keep(1, j)
	}
	s := S()
	s.MemoryBound, s.CoreletWindow = Banks, 1
	run := func(skip bool) Cycles {
		s.SkipLate = skip
		r, err := s.Simulate(context.Background(), Workload{Head: h, Mask: m})
		if err != nil {
			t.Fatal(err)
		}
		return r.Cycles
	}
	with, without := run(true), run(false)
	if with.Compute != 79 || without.Compute != 79 || with.Stall >= without.Stall {
		t.Errorf("skipping %+v, waiting %+v", with, without)
	}
}
