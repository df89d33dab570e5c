package sprint

import (
	"fmt"

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
	if err := w.Head.ValidateShape(); err != nil {
		return fmt.Errorf("sprint: Workload: %w", err)
	}
	if mode < Pruning {
		return nil
	}
	if err := w.Mask.Validate(w.Head); err != nil {
		return fmt.Errorf("sprint: Workload in mode %v: %w", mode, err)
	}
	return nil
}
