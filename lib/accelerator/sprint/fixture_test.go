package sprint_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sparse-attention/workbench/lib/accelerator/sprint"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/trace"
	"github.com/sparse-attention/workbench/lib/unit"
)

// cola is Fig. 2 of the paper: 16 queries of a CoLA sentence, no padding.
func cola() sprint.Workload {
	_, mask := trace.CoLA()
	return sprint.Workload{Name: "CoLA layer 1", Mask: mask, Head: &attention.Head{Tokens: 16, Valid: 16, Dim: 64, Bits: 8}}
}

// shape is a workload for the closed forms.
func shape(w trace.Workload) sprint.Shape {
	return sprint.Shape{Tokens: float64(w.Tokens), ValidFraction: w.ValidFraction, PruningRate: w.PruningRate, Dim: 64}
}

func simulate(t testing.TB, s sprint.Spec, w sprint.Workload) sprint.Report {
	t.Helper()
	r, err := s.Simulate(context.Background(), w)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// markov makes a mask whose every row keeps a share 1-p of the valid keys, and in which a kept key stays kept with
// probability stay.
func markov(h *attention.Head, p, stay float64, seed uint64) *attention.Mask {
	m := attention.NewMask(h.Tokens, h.Tokens)
	r := rand.New(rand.NewPCG(seed, 11))
	on := make([]bool, h.Valid)
	enter := (1 - p) * (1 - stay) / p // keeps the share of kept keys
	for t := range h.Valid {
		for j := range h.Valid {
			switch x := r.Float64(); {
			case t == 0:
				on[j] = x < 1-p
			case on[j]:
				on[j] = x < stay
			default:
				on[j] = x < enter
			}
			if on[j] {
				m.Keep(t, j)
			}
		}
	}
	return m
}

func random(h *attention.Head, p float64, seed uint64) *attention.Mask {
	return markov(h, p, 1-p, seed)
}

// The statistics of the published mask (reference sheet, 6.1).
func TestPublishedMaskInTheLocalityEngine(t *testing.T) {
	_, mask := trace.CoLA()
	engine := sprint.NewLocality(16)
	var requests, reused []int
	r, l := make([]uint64, 1), make([]uint64, 1)
	for q := range 16 {
		engine.Step(mask.Row(q), r, l)
		requests, reused = append(requests, ones(r[0])), append(reused, ones(l[0]))
		if q == 1 && (keys(r[0]) != "7 8" || keys(l[0]) != "2 4 5 11 13") {
			t.Errorf("row 2: R {%s}, L {%s}", keys(r[0]), keys(l[0]))
		}
	}
	if d := cmp.Diff([]int{6, 2, 2, 4, 3, 1, 1, 3, 0, 5, 9, 0, 2, 2, 3, 4}, requests); d != "" {
		t.Error("R", d)
	}
	if d := cmp.Diff([]int{0, 5, 1, 0, 4, 5, 3, 3, 6, 0, 0, 7, 3, 3, 0, 1}, reused); d != "" {
		t.Error("L", d)
	}
}

// Previous pruned 1010, now 0110 (1 = pruned, key 1 first): R = 1000, L = 0001 (6.4).
func TestPolarity(t *testing.T) {
	engine := sprint.NewLocality(4)
	r, l := make([]uint64, 1), make([]uint64, 1)
	engine.Step([]uint64{0b1010}, r, l) // kept = not pruned, lowest bit first
	engine.Step([]uint64{0b1001}, r, l)
	if keys(r[0]) != "1" || keys(l[0]) != "4" {
		t.Errorf("R {%s}, L {%s}, want {1} and {4}", keys(r[0]), keys(l[0]))
	}
}

func ones(w uint64) int { return len(strings.Fields(keys(w))) }

// keys lists the set bits, counted from 1.
func keys(w uint64) string {
	var s []string
	for j := range 64 {
		if w>>j&1 == 1 {
			s = append(s, fmt.Sprint(j+1))
		}
	}
	return strings.Join(s, " ")
}

// Key loads of the published mask for every buffer and service order of the sheet (6.1).
func TestPublishedMaskLoads(t *testing.T) {
	w := cola()
	buffer := func(vectors int) sprint.Spec {
		s := sprint.S()
		s.KeyBuffer, s.ValueBuffer = unit.Bytes(64*vectors), unit.Bytes(64*vectors)
		return s
	}
	for i, b := range []int{4, 6, 8, 9, 10, 12, 14, 15, 16} {
		s := buffer(b)
		if got, want := simulate(t, s, w).Traffic.Streamed, []int64{62, 46, 34, 28, 26, 21, 19, 17, 16}[i]; got != 2*want {
			t.Errorf("B = %d: %d vectors, want 2 x %d", b, got, want)
		}
		s.SkipLate = false
		if got, want := simulate(t, s, w).Traffic.Streamed, []int64{81, 59, 43, 35, 32, 23, 19, 17, 16}[i]; got != 2*want {
			t.Errorf("B = %d, ascending: %d vectors, want 2 x %d", b, got, want)
		}
	}
	s := buffer(16)
	s.Residency = sprint.Row
	r := simulate(t, s, w)
	if r.Traffic.Streamed != 94 || r.Locality != (sprint.Reuse{Requests: 47, Reused: 41}) {
		t.Errorf("one-row residency: %d vectors, %+v, want 94 and R 47, L 41", r.Traffic.Streamed, r.Locality)
	}
}

// Cycles of the published mask on one, two and four CORELETs (6.1).
func TestPublishedMaskCycles(t *testing.T) {
	w := cola()
	for _, c := range []struct {
		spec     sprint.Spec
		baseline unit.Cycles
		cycles   []unit.Cycles // at W = 1 2 4 8 16
		busy     []unit.Cycles
	}{
		{sprint.S(), 256, []unit.Cycles{88, 88, 88, 88, 88}, []unit.Cycles{88}},
		{sprint.M(), 128, []unit.Cycles{51, 50, 48, 48, 48}, []unit.Cycles{48, 40}},
		{sprint.L(), 64, []unit.Cycles{34, 31, 28, 27, 27}, []unit.Cycles{27, 21, 21, 19}},
	} {
		for i, want := range c.cycles {
			s := c.spec
			s.CoreletWindow = 1 << i
			r := simulate(t, s, w)
			if r.Cycles.Compute != want || r.Cycles.Stall != 0 {
				t.Errorf("%s, W = %d: %+v, want %d cycles", s.Name, s.CoreletWindow, r.Cycles, want)
			}
			for j, b := range c.busy {
				if r.Corelets[j].Busy != b {
					t.Errorf("%s: CORELET %d is busy for %d cycles, want %d", s.Name, j, r.Corelets[j].Busy, b)
				}
			}
		}
		if got := simulate(t, c.spec.In(sprint.Baseline), w).Cycles.Compute; got != c.baseline {
			t.Errorf("%s baseline: %d cycles, want %d", c.spec.Name, got, c.baseline)
		}
	}
}

// Baseline traffic in vectors (6.2): the run against the sheet, not only the closed form.
func TestBaselineTraffic(t *testing.T) {
	for _, c := range []struct {
		tokens  int
		s, m, l int64
	}{{384, 196608, 98304, 0}, {197, 27186, 0, 0}, {1024, 1835008, 1572864, 1048576}, {2048, 7864320, 7340032, 6291456}, {4096, 32505856, 31457280, 29360128}} {
		for i, s := range []sprint.Spec{sprint.S(), sprint.M(), sprint.L()} {
			h := &attention.Head{Tokens: c.tokens, Valid: max(c.tokens/2, 1), Dim: 64, Bits: 8}
			r := simulate(t, s.In(sprint.Baseline), sprint.Workload{Head: h})
			if want := []int64{c.s, c.m, c.l}[i]; r.Traffic.Streamed != want {
				t.Errorf("N = %d, %s: %d vectors, want %d", c.tokens, s.Name, r.Traffic.Streamed, want)
			}
			if c.tokens == 384 && s.Name == "M" && float64(r.Traffic.Streamed)+r.Traffic.EnergyFirst != 99456 {
				t.Errorf("with first loads: %v, want 99456", float64(r.Traffic.Streamed)+r.Traffic.EnergyFirst)
			}
		}
	}
}

// Small checks (6.4): speedups of the closed form, and a query bound by 25.6 GB/s.
func TestSmallChecks(t *testing.T) {
	for _, c := range []struct{ rho, p, want float64 }{{0.55, 0.796, 8.91}, {1, 0.643, 2.80}} {
		w := sprint.Shape{Tokens: 384, ValidFraction: c.rho, PruningRate: c.p, Dim: 64}
		if got := w.IdealSpeedup(); math.Abs(got-c.want) > 0.005 {
			t.Errorf("rho %v, p %v: %v, want %v", c.rho, c.p, got, c.want)
		}
	}
	s := sprint.S().In(sprint.Baseline)
	s.MemoryBound, s.CoreletWindow = sprint.Bandwidth, 1
	if s.Bandwidth() != 25.6e9 {
		t.Errorf("bandwidth %v", s.Bandwidth())
	}
	h := &attention.Head{Tokens: 384, Valid: 1, Dim: 64, Bits: 8}
	r := simulate(t, s, sprint.Workload{Head: h})
	if got := r.Cycles.Compute + r.Cycles.Stall; got != 1280 || r.Cycles.Compute != 384 {
		t.Errorf("one query of 512 vectors takes %d cycles, %d of them computing; want 1280 and 384", got, r.Cycles.Compute)
	}
}
