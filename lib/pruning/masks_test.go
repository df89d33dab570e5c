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

// The oracle keeps the largest scores, as many as asked; a random mask keeps as many of any.
func TestTopAndRandomKeepTheirShare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := randomHead(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)), 30, 25, 4, 4)
		h.Causal = rapid.Bool().Draw(t, "causal")
		keep := rapid.Float64Range(0.01, 1).Draw(t, "keep")
		top, random := pruning.TopKeys{Keep: keep}.Mask(h, 0), pruning.Random{Keep: keep, Seed: 3}.Mask(h, 0)
		for q := range h.Tokens {
			want := 0
			if q < h.Valid {
				want = max(1, int(math.Ceil(keep*float64(h.Keys(q))-1e-9)))
			}
			if top.CountRow(q) != want || random.CountRow(q) != want {
				t.Fatalf("query %d keeps %d and %d, want %d", q, top.CountRow(q), random.CountRow(q), want)
			}
			least, best := int32(math.MaxInt32), int32(math.MinInt32)
			for j := range h.Tokens {
				s := attention.Dot(h.Query(q), h.Key(j))
				switch {
				case q >= h.Valid:
				case j >= h.Keys(q):
					if top.Kept(q, j) || random.Kept(q, j) {
						t.Fatalf("query %d keeps key %d, which it cannot see", q, j)
					}
				case top.Kept(q, j):
					least = min(least, s)
				default:
					best = max(best, s)
				}
			}
			if best > least {
				t.Fatalf("query %d prunes score %d and keeps %d", q, best, least)
			}
		}
	})
}

func TestRandomIsEvenAndSeeded(t *testing.T) {
	h := randomHead(rand.New(rand.NewPCG(1, 0)), 1000, 1000, 1, 8)
	p := pruning.Random{Keep: 0.3, Seed: 1}
	m := p.Mask(h, 2)
	column := make([]float64, 1000)
	for q := range 1000 {
		for _, j := range m.KeptKeys(q, nil) {
			column[j]++
		}
	}
	// 300 +- 14.5; five sigma over a thousand columns.
	if lo, hi := slices.Min(column), slices.Max(column); lo < 300-73 || hi > 300+73 {
		t.Errorf("a key is kept by %v to %v of 1000 queries, want about 300", lo, hi)
	}
	if !slices.Equal(m.Row(7), p.Mask(h, 2).Row(7)) || slices.Equal(m.Row(7), p.Mask(h, 3).Row(7)) {
		t.Error("the mask must follow the seed and the layer")
	}
}

func TestWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 70).Draw(t, "n")
		h := &attention.Head{Tokens: n + 3, Valid: n, Causal: rapid.Bool().Draw(t, "causal")}
		p := pruning.Window{Half: []int{99, rapid.IntRange(0, n-1).Draw(t, "w")}, FirstKey: rapid.Bool().Draw(t, "first")}
		if err := p.Validate(); err != nil {
			t.Fatal(err)
		}
		m := p.Mask(h, 1)
		for q := range h.Tokens {
			for j := range h.Tokens {
				want := q < n && j < h.Keys(q) && (max(q-j, j-q) <= p.Half[1] || p.FirstKey && j == 0)
				if m.Kept(q, j) != want {
					t.Fatalf("cell %d,%d: %v, want %v", q, j, !want, want)
				}
			}
		}
		if !h.Causal && !p.FirstKey {
			if got, want := float64(m.Count())/float64(n), pruning.MeanWindow(n, p.Half[1]); math.Abs(got-want) > 1e-12 {
				t.Fatalf("mean row %v, want %v", got, want)
			}
		}
	})
	for want, p := range map[string]pruning.Window{"Half is empty": {}, "Half[1] is -2, must be at least 0": {Half: []int{1, -2}}} {
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestSharesAreChecked(t *testing.T) {
	for _, keep := range []float64{0, -1, 1.01, math.NaN()} {
		for _, err := range []error{pruning.TopKeys{Keep: keep}.Validate(), pruning.Random{Keep: keep}.Validate()} {
			if err == nil || !strings.Contains(err.Error(), "must be in (0,1]") {
				t.Errorf("keep %v: %v", keep, err)
			}
		}
	}
}

func ExampleMeanWindow() {
	fmt.Println(pruning.MeanWindow(128, 20))
	// Output: 37.71875
}
