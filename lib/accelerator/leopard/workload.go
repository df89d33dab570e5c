package leopard

import (
	"fmt"
	"math"

	"github.com/sparse-attention/workbench/lib/attention"
)

// Workload is one head of one input, with the learned threshold of its layer: real, on scores q.k/sqrt(d).
type Workload struct {
	Name      string
	Head      *attention.Head
	Threshold float64
}

// operands is a head in the widths of the tile, queries and keys shifted to the top of their words.
type operands struct {
	*attention.Head
	threshold int64
}

// operands checks w against the Spec and widens it.
func (s Spec) operands(w Workload) (operands, error) {
	h := w.Head
	if err := h.Validate(); err != nil {
		return operands{}, fmt.Errorf("leopard: Workload: %w", err)
	}
	if math.IsNaN(w.Threshold) || math.IsInf(w.Threshold, 0) {
		return operands{}, fmt.Errorf("leopard: Workload.Threshold is %v, must be finite", w.Threshold)
	}
	if most := min(s.QueryBits, s.BitSerial.KeyBits, s.ValueBits); h.Bits > most {
		return operands{}, fmt.Errorf("leopard: Workload.Head.Bits is %d, must be in 2..%d (the narrowest of query, key and value)", h.Bits, most)
	}
	if keys, values := s.Vectors(h.Dim); keys < 1 || values < 1 {
		return operands{}, fmt.Errorf("leopard: Workload.Head.Dim is %d, must leave room for one vector in buffers of %v and %v", h.Dim, s.KeyBuffer, s.ValueBuffer)
	}
	least := int16(-1 << (h.Bits - 1))
	for i, k := range h.K[:h.Valid*h.Dim] {
		if k == least {
			return operands{}, fmt.Errorf("leopard: Workload.Head.K[%d] is %d, must be in %d..%d (sign and magnitude)", i, k, least+1, -least-1)
		}
	}
	wide, sq, sk := *h, s.QueryBits-h.Bits, s.BitSerial.KeyBits-h.Bits
	wide.Q, wide.K = shifted(h.Q, sq), shifted(h.K, sk)
	wide.ScaleQ /= float32(int(1) << sq) // powers of two: exact
	wide.ScaleK /= float32(int(1) << sk)
	return operands{&wide, int64(h.IntegerThreshold(w.Threshold)) << (sq + sk)}, nil
}

func shifted(x []int16, by int) []int16 {
	if by == 0 {
		return x
	}
	y := make([]int16, len(x))
	for i, v := range x {
		y[i] = v << by
	}
	return y
}
