package datasets_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/sparse-attention/workbench/datasets"
)

func ExampleSpread() {
	list := []string{"a", "b", "c", "d", "e", "f", "g"}
	fmt.Println(datasets.Spread(list, 3), datasets.Between(list, 3))
	fmt.Println(datasets.Spread(list, 0), datasets.Between(list, 0))
	// Output:
	// [a c e] [b d f g]
	// [a b c d e f g] []
}

// Both together are the list, each in its order.
func TestSpreadAndBetween(t *testing.T) {
	for length := range 12 {
		list := make([]int, length)
		for i := range list {
			list[i] = i
		}
		for n := range 14 {
			taken, left := datasets.Spread(list, n), datasets.Between(list, n)
			if n > 0 && n < length && len(taken) != n || !slices.IsSorted(taken) || !slices.IsSorted(left) {
				t.Errorf("%d of %d: %v and %v", n, length, taken, left)
			}
			if all := slices.Concat(taken, left); !slices.Equal(slices.Sorted(slices.Values(all)), list) {
				t.Errorf("%d of %d: %v and %v are not the whole, once each", n, length, taken, left)
			}
		}
	}
}
