package reram

import "github.com/sparse-attention/workbench/lib/attention"

// operands is the head as the array sees it: its most significant bits. Scores of the reduced head, shifted left by shift,
// are in units of the full head's integer score.
type operands struct {
	head  *attention.Head // Q and K reduced; V is not used
	shift int
	// A step of one cell level is levelUnits steps of head.K: two with HalfLSB, whose operands are odd.
	levelUnits int
	keyBits    int     // bits written to the cells
	keys       []int16 // as written, Valid x Dim
}

// reduce cuts Q and K down to the bits of the array.
func (a Array) reduce(h *attention.Head) operands {
	r := *h
	q, shiftQ, _ := cut(h.Q[:h.Valid*h.Dim], h.Bits, a.QueryBits, a.Rounding)
	k, shiftK, units := cut(h.K[:h.Valid*h.Dim], h.Bits, a.KeyBits, a.Rounding)
	r.Q, r.K, r.V = q, k, nil
	r.Bits = 9 // an odd operand of eight kept bits
	o := operands{head: &r, shift: shiftQ + shiftK, levelUnits: units, keyBits: min(a.KeyBits, h.Bits), keys: k}
	if units == 2 {
		o.keys, _, _ = cut(h.K[:h.Valid*h.Dim], h.Bits, a.KeyBits, Floor)
	}
	return o
}

// cut keeps the top keep bits of values of bits bits: value = result << shift, up to what is dropped. With HalfLSB the
// result is odd, twice the kept bits plus one, which puts it in the middle of what the dropped bits may be.
func cut(x []int16, bits, keep int, r Rounding) (y []int16, shift, units int) {
	shift = max(bits-keep, 0)
	y = make([]int16, len(x))
	if r == HalfLSB && shift > 0 {
		for i, v := range x {
			y[i] = v>>shift<<1 | 1
		}
		return y, shift - 1, 2
	}
	for i, v := range x {
		y[i] = v >> shift
	}
	return y, shift, 1
}
