package training

import (
	"context"
	"fmt"
	"slices"
)

// Exhaust tries every combination of the grid's half-windows, narrow ones first by their sum, and ends with the first that is
// within the budget: there is no narrower one on the grid. It shows how far the greedy search is from the best, on models of a few
// layers. Weights should not be tuned between candidates, else the order matters.
func (s WindowSearch) Exhaust(ctx context.Context, m WindowModel, grid []int) (FoundWindows, error) {
	if err := s.Validate(); err != nil {
		return FoundWindows{}, err
	}
	combinations := 1
	for i, w := range grid {
		if w < 0 || w >= s.Tokens {
			return FoundWindows{}, fmt.Errorf("training: grid[%d] is %d, must be in 0..%d (WindowSearch.Tokens-1)", i, w, s.Tokens-1)
		}
	}
	for range s.Layers {
		if combinations *= len(grid); combinations < 1 || combinations > maxCombinations {
			return FoundWindows{}, fmt.Errorf("training: grid of %d half-windows on %d layers, must give 1..%d combinations", len(grid), s.Layers, maxCombinations)
		}
	}
	r := &windowRun{WindowSearch: s, model: m}
	r.Half = FullWindows(s.Layers, s.Tokens)
	full, err := r.measure(ctx, "full attention", r.Half)
	if err != nil {
		return FoundWindows{}, err
	}
	r.Full, r.Global, r.floor, r.Score = full, s.Tokens-1, full-s.Budget, full
	for _, half := range ascending(grid, s.Layers) {
		ok, err := r.try(ctx, "exhaustive", half)
		if err != nil || ok {
			return r.FoundWindows, err
		}
	}
	return r.FoundWindows, nil
}

const maxCombinations = 1 << 20

// ascending lists all combinations by their sum, and by the first layers among equals.
func ascending(grid []int, layers int) [][]int {
	all := [][]int{{}}
	for range layers {
		var longer [][]int
		for _, half := range all {
			for _, w := range grid {
				longer = append(longer, append(slices.Clone(half), w))
			}
		}
		all = longer
	}
	slices.SortStableFunc(all, func(a, b []int) int {
		if c := MeanHalf(a) - MeanHalf(b); c != 0 {
			return map[bool]int{true: 1, false: -1}[c > 0]
		}
		return slices.Compare(a, b)
	})
	return all
}
