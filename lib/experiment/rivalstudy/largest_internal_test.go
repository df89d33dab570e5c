package rivalstudy

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestLargest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(rapid.Int32Range(-9, 9), 1, 40).Draw(t, "scores")
		k := rapid.IntRange(1, min(best, len(x))).Draw(t, "k")
		order := slices.Sorted(slices.Values(x))
		if got, want := largest(x, k), order[len(order)-k]; got != want {
			t.Fatalf("number %d of %v is %d, must be %d", k, x, got, want)
		}
	})
}
