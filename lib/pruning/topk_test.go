package pruning_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sparse-attention/workbench/lib/pruning"
	"pgregory.net/rapid"
)

// SpAtten's Figure 9, and the ends k = 1 and k = n.
func TestQuickSelectFigure9(t *testing.T) {
	x := []float64{0.6, 0.1, 0.5, 1.2, 0.6}
	for first := range len(x) { // whatever pivot comes first
		for k, want := range map[int][]int{3: {0, 3, 4}, 5: {0, 1, 2, 3, 4}, 1: {3}} {
			s := pruning.QuickSelect(x, k, func(n int) int { return min(first, n-1) })
			if got := s.Filter(x); !slices.Equal(got, want) {
				t.Errorf("k %d: kept %v, want %v", k, got, want)
			}
			if k == 3 && (s.Threshold != 0.6 || s.Equal != 2) {
				t.Errorf("threshold %v, %d equal, want 0.6, 2", s.Threshold, s.Equal)
			}
		}
	}
}

// The engine keeps what a stable sort would keep, whatever the pivots.
func TestQuickSelectIsAStableSort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(rapid.Map(rapid.IntRange(-6, 6), func(i int) float64 { return float64(i) }), 1, 60).Draw(t, "x")
		k := rapid.IntRange(1, len(x)).Draw(t, "k")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		order := make([]int, len(x))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(x[b], x[a]) })
		want := slices.Sorted(slices.Values(order[:k]))
		for _, pivot := range []func(int) int{nil, r.IntN} {
			s := pruning.QuickSelect(x, k, pivot)
			if got := s.Filter(x); !slices.Equal(got, want) {
				t.Fatalf("kept %v, want %v", got, want)
			}
			if s.Rounds[0] != len(x) || !slices.IsSortedFunc(s.Rounds, func(a, b int) int { return b - a }) {
				t.Fatalf("rounds %v of %d items do not shrink", s.Rounds, len(x))
			}
		}
	})
}

func ExampleQuickSelect() {
	x := []float64{0.6, 0.1, 0.5, 1.2, 0.6}
	s := pruning.QuickSelect(x, 3, nil)
	fmt.Println(s.Threshold, s.Equal, s.Filter(x))
	// Output: 0.6 2 [0 3 4]
}
