package trace

import (
	"fmt"

	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/fixedpoint"
)

// Quantise cuts the real Q, K and V of one head (Tokens x Dim each, row-major) to integers with a scale each. shape gives
// Tokens, Valid, Dim, Bits and Causal. Only the valid rows count: they set the scales, and padded rows become zeros.
func Quantise(q, k, v []float32, shape attention.Head) (attention.Head, error) {
	h := shape
	n := h.Tokens * h.Dim
	for _, m := range []struct {
		name  string
		from  []float32
		to    *[]int16
		scale *float32
	}{{"Q", q, &h.Q, &h.ScaleQ}, {"K", k, &h.K, &h.ScaleK}, {"V", v, &h.V, &h.ScaleV}} {
		if len(m.from) != n {
			return attention.Head{}, fmt.Errorf("trace: Quantise: %s holds %d values, must hold Tokens x Dim = %d", m.name, len(m.from), n)
		}
		if h.Valid < 0 || h.Valid > h.Tokens {
			return attention.Head{}, fmt.Errorf("trace: Quantise: Valid is %d, must be in 1..%d (Tokens)", h.Valid, h.Tokens)
		}
		valid := m.from[:h.Valid*h.Dim]
		quantizer, err := fixedpoint.Symmetric(h.Bits, valid)
		if err != nil {
			return attention.Head{}, fmt.Errorf("trace: Quantise: %s: %w", m.name, err)
		}
		*m.to = quantizer.QuantiseAll(make([]int16, 0, n), valid)[:n]
		*m.scale = quantizer.Scale
	}
	return h, h.Validate()
}
