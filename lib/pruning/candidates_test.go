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

// A3's worked example (its Figure 6, misprints corrected) in tenths, so that products are in hundredths.
var (
	a3Keys  = []int16{-6, 1, 8, 1, -2, -9, 8, 6, 7, 5, 7, 5}
	a3Query = []int16{8, -3, 4}
)

func TestA3SortedColumns(t *testing.T) {
	s := pruning.SortKeys(a3Keys, 3)
	for j, want := range []struct {
		values []int16
		rows   []int32
	}{{[]int16{-6, 1, 5, 8}, []int32{0, 1, 3, 2}}, {[]int16{-2, 1, 6, 7}, []int32{1, 0, 2, 3}}, {[]int16{-9, 5, 7, 8}, []int32{1, 3, 2, 0}}} {
		if values, rows := s.Column(j); !slices.Equal(values, want.values) || !slices.Equal(rows, want.rows) {
			t.Errorf("column %d: %v of rows %v, want %v of %v", j, values, rows, want.values, want.rows)
		}
	}
}

func TestA3WorkedExample(t *testing.T) {
	s := pruning.NewSearch(pruning.SortKeys(a3Keys, 3))
	for i, want := range [][]int64{{-48, 0, 64, 0}, {-48, -36, 64, 40}, {-16, -36, 64, 19}} {
		rows := s.Run(a3Query, 4, i+1)
		if got := s.Greedy(); !slices.Equal(got, want) {
			t.Errorf("greedy after %d: %v, want %v", i+1, got, want)
		}
		if i == 2 && !slices.Equal(rows, []int{2, 3}) {
			t.Errorf("candidates %v, want rows 2 and 3", rows)
		}
	}
	for j, want := range []int32{-19, -22, 74, 39} {
		if got := attention.Dot(a3Query, a3Keys[3*j:3*j+3]); got != want {
			t.Errorf("true score of row %d is %d, want %d", j, got, want)
		}
	}
}

func TestA3Distance(t *testing.T) {
	for T, want := range map[float64]float64{1: 4.6052, 2.5: 3.6889, 5: 2.9957, 10: 2.3026, 20: 1.6094} {
		if got := (pruning.Candidates{Percent: T}).Distance(); math.Abs(got-want) > 5e-5 {
			t.Errorf("T %v %%: %v, want %v", T, got, want)
		}
	}
}

// Iteration k takes the k-th largest and, unless the running total is negative, the next smallest entry of the product
// matrix: the paper's equivalent description, done by sorting all of it.
func TestA3SearchIsASortOfAllProducts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, d := rapid.IntRange(1, 12).Draw(t, "n"), rapid.IntRange(1, 6).Draw(t, "d")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		keys, q := make([]int16, n*d), make([]int16, d)
		for i := range keys {
			keys[i] = int16(r.IntN(65536) - 32768) // wide, so that products do not tie
		}
		for i := range q {
			q[i] = int16(r.IntN(65536) - 32768)
		}
		type entry struct {
			row     int
			product int64
		}
		var all []entry
		for i, k := range keys {
			all = append(all, entry{i / d, int64(k) * int64(q[i%d])})
		}
		slices.SortFunc(all, func(a, b entry) int { return int(b.product - a.product) })
		for i := 1; i < len(all); i++ {
			if all[i].product == all[i-1].product {
				t.Skip("tie")
			}
		}
		iterations := rapid.IntRange(1, n*d+3).Draw(t, "M")
		want := make([]int64, n)
		var total int64
		lows := 0
		for k := range iterations {
			if k < len(all) && all[k].product > 0 {
				want[all[k].row] += all[k].product
				total += all[k].product
			}
			if total < 0 {
				continue
			}
			if lows < len(all) {
				if e := all[len(all)-1-lows]; e.product < 0 {
					want[e.row] += e.product
					total += e.product
				}
				lows++
			}
		}
		s := pruning.NewSearch(pruning.SortKeys(keys, d))
		rows := s.Run(q, n, iterations)
		if got := s.Greedy(); !slices.Equal(got, want) {
			t.Fatalf("greedy %v, want %v", got, want)
		}
		if len(rows) == 0 || len(rows) > n {
			t.Fatalf("%d candidates of %d rows", len(rows), n)
		}
	})
}

// With every product taken the greedy score of a row is its exact score, as long as the total never falls below zero.
func TestA3FullSearchIsExact(t *testing.T) {
	keys := []int16{3, 1, 2, 5, 0, 4, -1, 2}
	q := []int16{2, 1}
	s := pruning.NewSearch(pruning.SortKeys(keys, 2))
	s.Run(q, 4, 100)
	for i, g := range s.Greedy() {
		if want := int64(attention.Dot(q, keys[2*i:2*i+2])); g != want {
			t.Errorf("row %d: %d, want %d", i, g, want)
		}
	}
}

// The mask always holds the best candidate, no row beyond the distance, and none that a query cannot see.
func TestA3Mask(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := randomHead(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)), 40, 30, 8, 8)
		h.ScaleQ, h.ScaleK = 0.02, 0.02
		h.Causal = rapid.Bool().Draw(t, "causal")
		c := rapid.SampledFrom([]pruning.Candidates{pruning.A3Conservative(), pruning.A3Aggressive()}).Draw(t, "setting")
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		m := c.Mask(h, 0)
		for q := range h.Tokens {
			top, keys := math.Inf(-1), m.KeptKeys(q, nil)
			if (len(keys) > 0) != (q < h.Valid) {
				t.Fatalf("query %d keeps %d keys", q, len(keys))
			}
			for _, j := range keys {
				if int(j) >= h.Keys(q) {
					t.Fatalf("query %d keeps key %d, which it cannot see", q, j)
				}
				top = max(top, float64(attention.Dot(h.Query(q), h.Key(int(j))))*h.ScoreScale())
			}
			for _, j := range keys {
				if s := float64(attention.Dot(h.Query(q), h.Key(int(j)))) * h.ScoreScale(); top-s > c.Distance()+1e-9 {
					t.Fatalf("query %d keeps score %v, best %v", q, s, top)
				}
			}
		}
	})
	for want, c := range map[string]pruning.Candidates{
		"Iterations is 0": {Percent: 5}, "Percent is 0, must be in (0,100]": {Iterations: 1}, "Percent is 101": {Iterations: 1, Percent: 101},
	} {
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func ExampleSearch() {
	s := pruning.NewSearch(pruning.SortKeys(a3Keys, 3))
	fmt.Println(s.Run(a3Query, 4, 3), s.Greedy())
	// Output: [2 3] [-16 -36 64 19]
}
