package mnnfast

import (
	"math"

	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/pruning"
)

// Mask is the values that are read. Both rules see the keys in order.
func (s Spec) Mask(h *attention.Head) *attention.Mask {
	if s.Rule == TwoPass {
		return s.Skip.Mask(h, 0)
	}
	m := attention.NewMask(h.Tokens, h.Tokens)
	scorer, scale := attention.NewScorer(h), h.ScoreScale()
	for t := range h.Valid {
		sum, top := 0.0, math.Inf(-1) // of weights relative to the largest so far, which no rule depends on
		for j, x := range scorer.Row(t) {
			real := scale * float64(x)
			if real > top {
				sum *= math.Exp(top - real)
				top = real
			}
			e := math.Exp(real - top)
			sum += e
			if e >= s.Skip.Theta*sum {
				m.Keep(t, j)
			}
		}
	}
	return m
}

// Attend is the attention output of h, Valid x Dim real numbers, in the streamed arithmetic. Without Stabilise, large
// scores give NaN, as they do in the machine. A query all of whose values are skipped gives zeros.
func (s Spec) Attend(h *attention.Head) ([]float64, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	if err := h.Validate(); err != nil {
		return nil, err
	}
	m, scorer, scale := s.Mask(h), attention.NewScorer(h), h.ScoreScale()
	out := make([]float64, h.Valid*h.Dim)
	value := make([]float64, h.Dim)
	for t := range h.Valid {
		d := pruning.Deferred{Stabilise: s.Stabilise}
		for j, x := range scorer.Row(t) {
			switch {
			case m.Kept(t, j):
				for c, v := range h.Value(j) {
					value[c] = float64(h.ScaleV) * float64(v)
				}
				d.Add(scale*float64(x), value)
			case !s.Renormalise:
				d.Skip(scale * float64(x))
			}
		}
		copy(out[t*h.Dim:(t+1)*h.Dim], d.Result())
	}
	return out, nil
}
