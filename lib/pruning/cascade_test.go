package pruning_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/pruning"
	"pgregory.net/rapid"
)

// SpAtten's reference sheet, fixture 10.
func TestScheduleFixture(t *testing.T) {
	s := pruning.Schedule{Layers: 12, Front: 0.15, Average: 0.5, Start: 0.3}
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	r := s.Ratios()
	for l, x := range r {
		want := 0.0
		if l >= 2 {
			want = 0.3 + 0.4*float64(l-2)/9
		}
		if math.Abs(x-want) > 1e-12 {
			t.Errorf("layer %d: %v, want %v", l, x, want)
		}
	}
}

func TestScheduleHasItsAverage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := pruning.Schedule{Layers: rapid.IntRange(1, 48).Draw(t, "layers"), Front: rapid.Float64Range(0, 0.9).Draw(t, "front"),
			Average: rapid.Float64Range(0, 0.49).Draw(t, "average")}
		s.Start = rapid.Float64Range(0, 2*s.Average).Draw(t, "start")
		if err := s.Validate(); err != nil {
			t.Fatal(err)
		}
		var sum float64
		n := 0
		front := int(math.Ceil(s.Front*float64(s.Layers) - 1e-9))
		for l, x := range s.Ratios() {
			if l < front && x != 0 {
				t.Fatalf("front layer %d is pruned by %v", l, x)
			}
			if l >= front {
				sum += x
				n++
			}
		}
		if n > 1 && math.Abs(sum/float64(n)-s.Average) > 1e-9 {
			t.Fatalf("mean %v, want %v", sum/float64(n), s.Average)
		}
	})
	for want, s := range map[string]pruning.Schedule{
		"Layers is 0": {}, "Front is 2": {Layers: 1, Front: 2}, "Average is 1": {Layers: 1, Average: 1}, "Start is 0.9": {Layers: 1, Average: 0.4, Start: 0.9},
	} {
		if err := s.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// The keep counts of the authors' workload files: 1024 prompt slots at 0.9 ... 0.1, and a fifth of the keys as values.
func TestKeepCountsOfTheWorkloadFiles(t *testing.T) {
	for ratio, want := range map[float64]int{0.1: 921, 0.2: 819, 0.3: 716, 0.4: 614, 0.7: 307, 0.8: 204, 0.9: 102} {
		if got := pruning.Keep(1024, ratio); got != want {
			t.Errorf("1024 pruned by %v leaves %d, want %d", ratio, got, want)
		}
	}
	for keys, want := range map[int]int{921: 184, 716: 143, 204: 40, 102: 20, 1: 1} {
		if got := pruning.Keep(keys, 0.8); got != want {
			t.Errorf("a fifth of %d is %d, want %d", keys, got, want)
		}
	}
}

// SpAtten's Figure 5: importance sums of 14 tokens, six kept, the tie going to the first.
func TestCascadeFigure5(t *testing.T) {
	c := pruning.NewCascade(14, 1)
	c.AddProbabilities([]float64{0.4, 1.0, 0.3, 1.2, 1.7, 1.0, 0.4, 1.8, 0.6, 1.9, 1.4, 0.3, 0.9, 0.4}, nil)
	c.PruneTokens(6)
	if got, want := c.Tokens(), []int{1, 3, 4, 7, 9, 10}; !slices.Equal(got, want) {
		t.Errorf("kept %v, want %v", got, want)
	}
}

// What is pruned stays pruned, whatever it earns later; counts follow the request.
func TestCascadeNeverReturns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const tokens, heads = 30, 6
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		c := pruning.NewCascade(tokens, heads)
		for range 8 {
			beforeT, beforeH := c.Tokens(), c.Heads()
			p := make([]float64, tokens)
			for i := range p {
				p[i] = r.Float64()
			}
			c.AddProbabilities(p, nil)
			for h := range heads {
				c.AddOutput(h, []float64{r.NormFloat64(), r.NormFloat64()})
			}
			keepT, keepH := rapid.IntRange(1, tokens).Draw(t, "tokens"), rapid.IntRange(1, heads).Draw(t, "heads")
			c.PruneTokens(keepT)
			c.PruneHeads(keepH)
			check := func(before, after []int, keep int, importance []float64) {
				if len(after) != min(keep, len(before)) {
					t.Fatalf("%d of %d left, asked for %d", len(after), len(before), keep)
				}
				least := math.Inf(1)
				for _, i := range after {
					if !slices.Contains(before, i) {
						t.Fatalf("%d has returned", i)
					}
					least = min(least, importance[i])
				}
				for _, i := range before {
					if !slices.Contains(after, i) && importance[i] > least {
						t.Fatalf("%d went although it earned %v, more than %v", i, importance[i], least)
					}
				}
			}
			check(beforeT, c.Tokens(), keepT, c.TokenImportance())
			check(beforeH, c.Heads(), keepH, c.HeadImportance())
		}
	})
}

func TestCascadeCredits(t *testing.T) {
	c := pruning.NewCascade(4, 2)
	c.AddProbabilities([]float64{0.75, 0.25}, []int32{3, 1})
	c.AddProbabilities([]float64{1}, []int32{1})
	c.AddOutput(1, []float64{-2, 0.5})
	if got := c.TokenImportance(); !slices.Equal(got, []float64{0, 1.25, 0, 0.75}) {
		t.Errorf("tokens %v", got)
	}
	if got := c.HeadImportance(); !slices.Equal(got, []float64{0, 2.5}) {
		t.Errorf("heads %v", got)
	}
}

// Each query reads the values of its highest scores and no others.
func TestLocalValueKeepsTheLargest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := randomHead(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)), 24, 20, 4, 4)
		p := pruning.LocalValue{Keep: rapid.Float64Range(0, 1).Draw(t, "keep")}
		m := attention.AtLeast(h, int32(rapid.IntRange(-200, 200).Draw(t, "threshold")), false)
		v := p.Mask(h, m)
		for q := range h.Tokens {
			n := m.CountRow(q)
			if n == 0 {
				if v.CountRow(q) != 0 {
					t.Fatalf("query %d reads values without keys", q)
				}
				continue
			}
			if got, want := v.CountRow(q), pruning.Keep(n, 1-p.Keep); got != want {
				t.Fatalf("query %d reads %d of %d, want %d", q, got, n, want)
			}
			least, best := int32(math.MaxInt32), int32(math.MinInt32)
			for j := range h.Valid {
				s := attention.Dot(h.Query(q), h.Key(j))
				switch {
				case v.Kept(q, j) && !m.Kept(q, j):
					t.Fatalf("query %d reads value %d without its key", q, j)
				case v.Kept(q, j):
					least = min(least, s)
				case m.Kept(q, j):
					best = max(best, s)
				}
			}
			if best > least {
				t.Fatalf("query %d skips score %d and reads %d", q, best, least)
			}
		}
	})
}

func ExampleSchedule_Ratios() {
	s := pruning.Schedule{Layers: 6, Front: 0.30, Average: 0.4, Start: 0.1}
	fmt.Printf("%.2f\n", s.Ratios())
	// Output: [0.00 0.00 0.10 0.30 0.50 0.70]
}

// Spread keeps its average: over a line, or in the only layer behind the front.
func TestSpreadKeepsItsAverage(t *testing.T) {
	for _, layers := range []int{2, 3, 12, 24} {
		r, err := pruning.Spread(layers, 0.15, 0.6)
		if err != nil {
			t.Fatal(err)
		}
		sum, n := 0.0, 0.0
		for l, x := range r {
			if x > 0 {
				sum, n = sum+x, n+1
			}
			if l > 0 && x < r[l-1] {
				t.Errorf("%d layers: ratio %d falls", layers, l)
			}
		}
		if d := sum/n - 0.6; d > 1e-9 || d < -1e-9 {
			t.Errorf("%d layers: mean %v", layers, sum/n)
		}
	}
	if _, err := pruning.Spread(4, 0.15, 1); err == nil {
		t.Error("a ratio of 1 leaves nothing")
	}
}
