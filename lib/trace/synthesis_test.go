package trace_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/trace"
	"pgregory.net/rapid"
)

func mustMake(t testing.TB, s trace.Synthesis) trace.Synthetic {
	t.Helper()
	out, err := s.Make()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// The mask that the integers give at the returned threshold has the wanted size, valid part and pruning rate.
func TestSynthesisMeetsThePruningRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := trace.Synthesis{
			Tokens: rapid.IntRange(100, 300).Draw(t, "tokens"), Dim: 32, Bits: rapid.SampledFrom([]int{6, 8, 12}).Draw(t, "bits"),
			PruningRate: rapid.Float64Range(0, 0.95).Draw(t, "p"), Locality: trace.Correlation(rapid.Float64Range(0, 0.99).Draw(t, "a")),
			Causal: rapid.Bool().Draw(t, "causal"), Popularity: rapid.Float64Range(0, 1).Draw(t, "popularity"), Seed: rapid.Uint64().Draw(t, "seed"),
		}
		s.Valid = rapid.IntRange(s.Tokens/2, s.Tokens).Draw(t, "valid")
		out, err := s.Make()
		if err != nil {
			t.Fatal(err)
		}
		if err := out.Head.Validate(); err != nil {
			t.Fatal(err)
		}
		// At most one whole score is kept or pruned too much, and empty rows keep one key each.
		exact := attention.AtLeast(out.Head, out.Head.IntegerThreshold(out.Threshold), false)
		m := attention.Measure(out.Head, exact)
		slack := 0.001
		if s.Bits == 6 {
			slack = 0.01 // few distinct scores
		}
		if math.Abs(m.PruningRate-s.PruningRate) > slack {
			t.Fatalf("pruned %v, want %v", m.PruningRate, s.PruningRate)
		}
		r := trace.Record{Head: *out.Head, Threshold: out.Threshold}
		for q := range s.Tokens {
			if !slices.Equal(r.Mask().Row(q), out.Mask.Row(q)) {
				t.Fatalf("row %d of a record's mask differs", q)
			}
		}
	})
}

func TestSynthesisIsDeterministic(t *testing.T) {
	s := trace.SPRINT()[0]
	a, b := mustMake(t, s), mustMake(t, s)
	if d := cmp.Diff(a.Head, b.Head); d != "" || a.Threshold != b.Threshold {
		t.Error("the same seed gives another head")
	}
	s.Seed++
	if c := mustMake(t, s); slices.Equal(a.Head.Q, c.Head.Q) || slices.Equal(a.Head.K, c.Head.K) {
		t.Error("another seed gives the same head")
	}
	s.Seed--
	s.Locality = trace.Correlation(0.1)
	if c := mustMake(t, s); !slices.Equal(a.Head.K, c.Head.K) || slices.Equal(a.Head.Q, c.Head.Q) {
		t.Error("locality is not a matter of the queries alone")
	}
}

// The closed form against exact cases, then against masks of integers.
func TestStayKeptProbability(t *testing.T) {
	for _, c := range []struct{ p, a, want float64 }{
		{0.5, 0, 0.5}, {0.8, 0, 0.2}, {0.5, 0.5, 2.0 / 3}, {0.5, math.Sqrt2 / 2, 0.75}, {0.75, 1, 1}, {0.96, 1, 1},
	} {
		if got := trace.StayKeptProbability(c.p, c.a); math.Abs(got-c.want) > 2e-3*float64(b2i(c.a == 1))+1e-9 {
			t.Errorf("p %v a %v: %v, want %v", c.p, c.a, got, c.want)
		}
	}
	last := 0.0
	for a := 0.0; a <= 1; a += 0.05 {
		got := trace.StayKeptProbability(0.77, a)
		if got < last {
			t.Errorf("falls at correlation %v", a)
		}
		last = got
		if a > 0.95 {
			continue
		}
		s := trace.Synthesis{Tokens: 400, Valid: 400, Dim: 64, Bits: 8, PruningRate: 0.77, Locality: trace.Correlation(a), Seed: 3}
		out := mustMake(t, s)
		if m := attention.Measure(out.Head, out.Mask); math.Abs(m.Overlap-got) > 0.015 {
			t.Errorf("correlation %v: integers overlap by %v, closed form %v", a, m.Overlap, got)
		}
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// A wish within reach is met; one out of reach gives the nearest end and says so.
func TestSynthesisMeetsTheLocality(t *testing.T) {
	s := trace.Synthesis{Tokens: 256, Valid: 200, Dim: 64, Bits: 8, PruningRate: 0.75, Seed: 9}
	for _, want := range []float64{0.35, 0.6, 0.85} {
		s.Locality = trace.StayKept(want)
		out := mustMake(t, s)
		if m := attention.Measure(out.Head, out.Mask); math.Abs(m.Overlap-want) > 2e-3 || out.Reached != m.Overlap {
			t.Errorf("overlap %v, said %v, want %v", m.Overlap, out.Reached, want)
		}
	}
	for _, want := range []float64{0.02, 0.05} {
		s.Locality = trace.NewKeyRate(want, 128)
		out := mustMake(t, s)
		var loads int
		for _, n := range trace.NewKeys(out.Mask, 128, trace.HitsFirst) {
			loads += n
		}
		if got := float64(loads) / 200 / 256; got != out.Reached || math.Abs(got-want) > 1e-3 {
			t.Errorf("new keys %v, said %v, want %v", got, out.Reached, want)
		}
	}
	s.Locality = trace.NewKeyRate(0.01, 16) // 50 kept a query, 16 resident: at least 34 of 256 are new
	if out := mustMake(t, s); out.Reached < 34.0/256*0.98 || out.Correlation < 0.99 {
		t.Errorf("out of reach: %v at correlation %v", out.Reached, out.Correlation)
	}
	s.Locality = trace.StayKept(0.1) // below chance
	if out := mustMake(t, s); out.Correlation != 0 || math.Abs(out.Reached-0.25) > 0.02 {
		t.Errorf("below chance: %v at correlation %v", out.Reached, out.Correlation)
	}
}

// Popular keys are kept by most queries even when neighbouring queries have nothing else in common.
func TestPopularityMakesGlobalKeys(t *testing.T) {
	s := trace.Synthesis{Tokens: 200, Valid: 200, Dim: 64, Bits: 8, PruningRate: 0.8, Locality: trace.Correlation(0), Seed: 4}
	share := func(popularity float64) (top float64) {
		s.Popularity = popularity
		m := mustMake(t, s).Mask
		column := make([]int, 200)
		for q := range 200 {
			for _, j := range m.KeptKeys(q, nil) {
				column[j]++
			}
		}
		return float64(slices.Max(column)) / 200
	}
	if a, b, c := share(0), share(1), share(4); a > 0.45 || b < 0.8 || c < 0.99 {
		t.Errorf("the most kept key is kept by %v, %v, %v of the queries", a, b, c)
	}
}

func TestSynthesisRefusals(t *testing.T) {
	good := trace.Synthesis{Tokens: 8, Valid: 8, Dim: 4, Bits: 8}
	for want, spoil := range map[string]func(*trace.Synthesis){
		"Synthesis.Tokens is 0":                      func(s *trace.Synthesis) { s.Tokens = 0 },
		"Synthesis.Valid is 9, must be in 1..8":      func(s *trace.Synthesis) { s.Valid = 9 },
		"Synthesis.Dim is 0":                         func(s *trace.Synthesis) { s.Dim = 0 },
		"Synthesis.Bits is 1, must be in 2..16":      func(s *trace.Synthesis) { s.Bits = 1 },
		"Synthesis.PruningRate is 1, must be in [0,": func(s *trace.Synthesis) { s.PruningRate = 1 },
		"Synthesis.PruningRate is NaN":               func(s *trace.Synthesis) { s.PruningRate = math.NaN() },
		"Synthesis.Popularity is -1":                 func(s *trace.Synthesis) { s.Popularity = -1 },
		"Locality.Value is 1, must be in 0..0.99999": func(s *trace.Synthesis) { s.Locality = trace.Correlation(1) },
		"Locality.Value is NaN":                      func(s *trace.Synthesis) { s.Locality = trace.StayKept(math.NaN()) },
		"Locality.Capacity is 0":                     func(s *trace.Synthesis) { s.Locality = trace.NewKeyRate(0.1, 0) },
		"Locality.Kind is 9":                         func(s *trace.Synthesis) { s.Locality.Kind = 9 },
	} {
		s := good
		spoil(&s)
		if _, _, err := trace.Synthesise(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	wide := good
	wide.Bits, wide.Tokens, wide.Valid, wide.Dim = 16, 64, 64, 64
	if _, _, err := trace.Synthesise(wide); err == nil || !strings.Contains(err.Error(), "32 bits") {
		t.Errorf("16-bit heads cannot hold their scores: %v", err)
	}
	for _, n := range []int{1, 2} { // the smallest heads still work
		s := trace.Synthesis{Tokens: n, Valid: n, Dim: 1, Bits: 8, PruningRate: 0.99}
		if out := mustMake(t, s); out.Mask.Count() != n {
			t.Errorf("%d tokens keep %d", n, out.Mask.Count())
		}
	}
}

func TestShuffledKeepsCountsWithoutLocality(t *testing.T) {
	for _, causal := range []bool{false, true} {
		s := trace.Synthesis{Tokens: 300, Valid: 250, Dim: 64, Bits: 8, Causal: causal, PruningRate: 0.8, Locality: trace.StayKept(0.7), Seed: 2}
		out := mustMake(t, s)
		random := trace.Shuffled(out.Head, out.Mask, 1)
		for q := range 300 {
			if random.CountRow(q) != out.Mask.CountRow(q) {
				t.Fatalf("row %d keeps %d, want %d", q, random.CountRow(q), out.Mask.CountRow(q))
			}
			for _, j := range random.KeptKeys(q, nil) {
				if int(j) >= out.Head.Keys(q) {
					t.Fatalf("row %d keeps key %d, which it cannot see", q, j)
				}
			}
		}
		m := attention.Measure(out.Head, random)
		if math.Abs(m.Overlap-m.RandomOverlap) > 0.015 || m.Overlap > 0.3 {
			t.Errorf("causal %v: shuffled rows overlap by %v, chance is %v", causal, m.Overlap, m.RandomOverlap)
		}
	}
}

func TestStatisticsTable(t *testing.T) {
	var s trace.Statistics
	if s.Total().Heads != 0 {
		t.Error("nothing was added")
	}
	rs := records(8, 8)
	for i := range rs {
		s.Add(&rs[i])
	}
	table := s.Table()
	var order [][3]int
	for _, r := range table {
		order = append(order, [3]int{r.Layer, r.HeadIndex, r.Heads})
	}
	want := [][3]int{{0, -1, 4}, {0, 0, 2}, {0, 1, 2}, {1, -1, 4}, {1, 0, 2}, {1, 1, 2}, {-1, -1, 8}}
	if d := cmp.Diff(want, order); d != "" {
		t.Error(d)
	}
	var kept, visible, later, both float64
	for i := range rs {
		m, h := rs[i].Mask(), &rs[i].Head
		kept += float64(m.Count())
		for q := range h.Valid {
			visible += float64(h.Keys(q))
		}
		requests, locality := trace.Requests(m)
		for q := 1; q < h.Valid; q++ {
			later += float64(requests[q] + locality[q])
			both += float64(locality[q])
		}
	}
	total := s.Total()
	if math.Abs(total.KeptFraction-kept/visible) > 1e-12 || math.Abs(total.Overlap-both/later) > 1e-12 {
		t.Errorf("total %+v, want kept %v and overlap %v", total, kept/visible, both/later)
	}
	var text strings.Builder
	if err := s.WriteTable(&text); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(text.String(), "\n"); n != len(table)+1 {
		t.Errorf("%d lines:\n%s", n, text.String())
	}
}

func ExampleSynthesise() {
	s := trace.SPRINT()[0]
	h, th, err := trace.Synthesise(s)
	if err != nil {
		panic(err)
	}
	r := trace.Record{Workload: s.Name, Threshold: th, Head: *h}
	m := attention.Measure(h, r.Mask())
	fmt.Printf("%s: %d of %d tokens, %.1f %% pruned\n", s.Name, h.Valid, h.Tokens, 100*m.PruningRate)
	// Output: BERT-B: 211 of 384 tokens, 79.6 % pruned
}

func BenchmarkMake(b *testing.B) {
	for _, s := range trace.SPRINT() {
		b.Run(s.Name, func(b *testing.B) {
			var out trace.Synthetic
			for b.Loop() {
				out = mustMake(b, s)
			}
			m := attention.Measure(out.Head, out.Mask)
			b.ReportMetric(100*m.PruningRate, "%pruned")
			b.ReportMetric(100*m.Overlap, "%overlap")
		})
	}
}
