package trace_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/trace"
)

// The checks of SPRINT's reference sheet, 6.1.
func TestCoLACounts(t *testing.T) {
	tokens, m := trace.CoLA()
	if len(tokens) != 16 || m.Queries() != 16 || m.Keys() != 16 {
		t.Fatalf("%d tokens, mask of %d x %d", len(tokens), m.Queries(), m.Keys())
	}
	rows, columns := make([]int, 16), make([]int, 16)
	for q := range 16 {
		rows[q] = m.CountRow(q)
		for _, j := range m.KeptKeys(q, nil) {
			columns[j]++
		}
	}
	if want := []int{6, 7, 3, 4, 7, 6, 4, 6, 6, 5, 9, 7, 5, 5, 3, 5}; !slices.Equal(rows, want) {
		t.Errorf("kept per row %v, want %v", rows, want)
	}
	if want := []int{2, 13, 3, 10, 11, 5, 6, 3, 1, 1, 10, 1, 13, 2, 2, 5}; !slices.Equal(columns, want) {
		t.Errorf("kept per column %v, want %v", columns, want)
	}
	s := attention.Measure(&attention.Head{Tokens: 16, Valid: 16}, m)
	if s.Kept != 88 || s.PruningRate != 0.65625 || s.Overlap != 0.5 {
		t.Errorf("got %+v, want 88 kept, 0.65625 pruned, half of the later rows in the row before", s)
	}
}

// With room for everything a key is loaded once; with one row it is loaded whenever the row before lacked it; in between
// the least recently used key goes.
func TestCoLALoads(t *testing.T) {
	_, m := trace.CoLA()
	sum := func(x []int) (n int) {
		for _, v := range x {
			n += v
		}
		return n
	}
	for _, c := range []struct{ capacity, hitsFirst, ascending int }{
		{4, 62, 81}, {6, 46, 59}, {8, 34, 43}, {9, 28, 35}, {10, 26, 32}, {12, 21, 23}, {14, 19, 19}, {15, 17, 17}, {16, 16, 16}, {99, 16, 16},
	} {
		a, b := sum(trace.NewKeys(m, c.capacity, trace.HitsFirst)), sum(trace.NewKeys(m, c.capacity, trace.Ascending))
		if a != c.hitsFirst || b != c.ascending {
			t.Errorf("%d resident: %d and %d loads, want %d and %d", c.capacity, a, b, c.hitsFirst, c.ascending)
		}
	}
	requests, locality := trace.Requests(m)
	if want := []int{6, 2, 2, 4, 3, 1, 1, 3, 0, 5, 9, 0, 2, 2, 3, 4}; !slices.Equal(requests, want) {
		t.Errorf("requests %v, want %v", requests, want)
	}
	if want := []int{0, 5, 1, 0, 4, 5, 3, 3, 6, 0, 0, 7, 3, 3, 0, 1}; !slices.Equal(locality, want) {
		t.Errorf("locality %v, want %v", locality, want)
	}
}

func ExampleCoLA() {
	tokens, m := trace.CoLA()
	fmt.Printf("%q keeps", tokens[2])
	for _, j := range m.KeptKeys(2, nil) {
		fmt.Printf(" %q", tokens[j])
	}
	fmt.Println()
	// Output: "pictures" keeps "appear" "embarrassed" "becomes."
}
