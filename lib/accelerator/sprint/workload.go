package sprint

import (
	"fmt"
	"math/bits"

	"github.com/sparse-attention/workbench/lib/attention"
)

// Workload is one head of one input. Only the head's shape (Tokens, Valid, Dim, Causal) matters to Simulate, so Q, K and V
// may be nil. Baseline and Mask Only need no mask.
type Workload struct {
	Name string
	Head *attention.Head
	Mask *attention.Mask // Tokens x Tokens, 1 = kept
}

// check reports the first thing about w that a machine in the given mode cannot run.
func (w Workload) check(mode Mode) error {
	h := w.Head
	switch {
	case h == nil:
		return fmt.Errorf("sprint: Workload.Head is nil, must be a head")
	case h.Tokens < 1:
		return fmt.Errorf("sprint: Workload.Head.Tokens is %d, must be at least 1", h.Tokens)
	case h.Valid < 1 || h.Valid > h.Tokens:
		return fmt.Errorf("sprint: Workload.Head.Valid is %d, must be in 1..%d (Tokens)", h.Valid, h.Tokens)
	case h.Dim < 1:
		return fmt.Errorf("sprint: Workload.Head.Dim is %d, must be at least 1", h.Dim)
	case mode < Pruning:
		return nil
	case w.Mask == nil:
		return fmt.Errorf("sprint: Workload.Mask is nil, must be a mask of %d x %d in mode %v", h.Tokens, h.Tokens, mode)
	case w.Mask.Queries() != h.Tokens || w.Mask.Keys() != h.Tokens:
		return fmt.Errorf("sprint: Workload.Mask is %d x %d, must be %d x %d (Head.Tokens)", w.Mask.Queries(), w.Mask.Keys(), h.Tokens, h.Tokens)
	}
	for t := range h.Tokens {
		visible := 0
		if t < h.Valid {
			visible = h.Keys(t)
		}
		if j := beyond(w.Mask.Row(t), visible); j >= 0 {
			return fmt.Errorf("sprint: Workload.Mask keeps key %d for query %d, which sees the first %d keys", j, t, visible)
		}
	}
	return nil
}

// beyond is the first bit of the row at or after n, -1 if there is none.
func beyond(row []uint64, n int) int {
	for i := n >> 6; i < len(row); i++ {
		w := row[i]
		if i == n>>6 {
			w &^= 1<<(n&63) - 1
		}
		if w != 0 {
			return i<<6 + bits.TrailingZeros64(w)
		}
	}
	return -1
}
