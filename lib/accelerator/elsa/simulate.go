package elsa

import (
	"context"
	"fmt"

	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/unit"
)

// Workload is one head of one input. Only its shape and the mask matter, so Q, K and V may be nil. Exact mode needs no mask.
type Workload struct {
	Name string
	Head *attention.Head
	Mask *attention.Mask // Tokens x Tokens, 1 = kept
}

func (s Spec) check(w Workload) error {
	h := w.Head
	if err := h.ValidateShape(); err != nil {
		return fmt.Errorf("elsa: Workload: %w", err)
	}
	switch {
	case h.Valid > s.Tokens:
		return fmt.Errorf("elsa: Workload.Head.Valid is %d, must be in 1..%d (Spec.Tokens)", h.Valid, s.Tokens)
	case h.Dim > s.Dim:
		return fmt.Errorf("elsa: Workload.Head.Dim is %d, must be in 1..%d (Spec.Dim)", h.Dim, s.Dim)
	case s.Mode == Exact:
		return nil
	}
	if err := w.Mask.Validate(h); err != nil {
		return fmt.Errorf("elsa: Workload in mode %v: %w", s.Mode, err)
	}
	return nil
}

// Simulate runs one head and reports cycles, bank balance and energy. It fails when the Spec or the workload is not legal,
// and when ctx ends.
func (s Spec) Simulate(ctx context.Context, w Workload) (Report, error) {
	if err := s.Validate(); err != nil {
		return Report{}, err
	}
	if err := s.check(w); err != nil {
		return Report{}, err
	}
	m := newMachine(s, w)
	for ticks := 0; !m.finished(); ticks++ {
		if ticks%4096 == 0 {
			if err := ctx.Err(); err != nil {
				return Report{}, err
			}
		}
		m.tick()
	}
	return m.report(), nil
}

// ceil divides up.
func ceil(a, b int) int { return (a + b - 1) / b }

// report turns the run into quantities.
func (m *machine) report() Report {
	h := m.Head
	r := Report{Machine: m.Spec.Name, Mode: m.Mode, Workload: m.Workload.Name, Clock: m.Clock, Tokens: h.Valid,
		Cycles: Cycles{Preprocessing: unit.Cycles(m.start), Execution: unit.Cycles(m.lastAttention - m.start),
			Drain: unit.Cycles(m.divided - m.lastAttention)},
		Fullest: m.fullest, Stalled: m.stalled, Deepest: m.deepest}
	visible := int64(0)
	for t := range h.Valid {
		visible += int64(h.Keys(t))
	}
	r.Visible = visible
	r.Kept = visible
	if m.Mode == Approximate {
		r.Kept = int64(m.Mask.Count())
	}
	r.Banks = m.AttentionModules
	r.Operations = 4 * int64(h.Dim) * visible
	r.Busy = m.Busy(Duty{Tokens: float64(h.Valid), Compared: float64(visible), Kept: float64(r.Kept)})
	r.Energy = m.energy(r.Busy, float64(r.Cycles.Total()))
	return r
}
