package a3

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/fixedpoint"
)

// Format is the fixed-point form of the inputs, i integer and f fraction bits beside the sign (section III-B). Products
// have 2i and 2f, scores log2 d integer bits more; exponentials and weights are pure fractions of 2f bits; outputs keep 3f.
type Format struct{ Integer, Fraction int }

// Validate reports a format that the datapath cannot have.
func (f Format) Validate() error {
	if f.Integer < 0 || f.Fraction < 1 || f.Integer+f.Fraction > 15 || 2*f.Fraction > 20 {
		return fmt.Errorf("a3: Format is %d integer and %d fraction bits, must be 0.. and 1..10 of at most 15 together", f.Integer, f.Fraction)
	}
	return nil
}

// quantise rounds real numbers, integers with a scale, to the format and clamps them.
func (f Format) quantise(x []int16, scale float32) []int16 {
	top, one := float64(int(1)<<(f.Integer+f.Fraction)-1), float64(int(1)<<f.Fraction)
	y := make([]int16, len(x))
	for i, v := range x {
		y[i] = int16(max(-top, min(top, math.RoundToEven(float64(v)*float64(scale)*one))))
	}
	return y
}

// argumentBits is how many low bits of the exponent's argument reach the two tables, half of them each (section III-B splits
// 16 bits in 2 x 256 entries). Larger arguments give the smallest exponential, which rounds to zero.
const argumentBits = 20

// Attend computes the attention output of h over the keys that m keeps as the datapath does, Valid x Dim real numbers. A
// query that keeps nothing gives zeros.
func (s Spec) Attend(h *attention.Head, m *attention.Mask) ([]float64, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	if err := s.check(Workload{Head: h}); err != nil {
		return nil, err
	}
	f := s.Format
	// One step of a score is 2^-2f before the transformer's 1/sqrt(d), which the tables take in.
	exponent, err := fixedpoint.NewExponent(math.Ldexp(1, -2*f.Fraction)/math.Sqrt(float64(h.Dim)), argumentBits/2, argumentBits/2, 2*f.Fraction)
	if err != nil {
		return nil, err
	}
	n := h.Valid * h.Dim
	fixed := attention.Head{Tokens: h.Valid, Valid: h.Valid, Dim: h.Dim, Bits: 16, ScaleQ: 1, ScaleK: 1, ScaleV: 1,
		Q: f.quantise(h.Q[:n], h.ScaleQ), K: f.quantise(h.K[:n], h.ScaleK), V: f.quantise(h.V[:n], h.ScaleV)}
	if err := fixed.Validate(); err != nil { // scores beyond 32 bits
		return nil, fmt.Errorf("a3: Format of %d integer and %d fraction bits: %w", f.Integer, f.Fraction, err)
	}
	scorer := attention.NewScorer(&fixed)
	out := make([]float64, n)
	step := math.Ldexp(1, -3*f.Fraction)
	var keys []int32
	exponents, row := make([]int64, h.Valid), make([]int64, h.Dim)
	for t := range h.Valid {
		keys = m.KeptKeys(t, keys[:0])
		scores := scorer.Row(t)
		top := int32(math.MinInt32)
		for _, j := range keys {
			top = max(top, scores[j])
		}
		var sum int64
		for i, j := range keys {
			exponents[i] = int64(exponent.At(int(top) - int(scores[j])))
			sum += exponents[i]
		}
		clear(row)
		for i, j := range keys {
			weight := (exponents[i]<<(2*f.Fraction) + sum/2) / sum // the divider rounds to 2f bits
			if weight == 0 {
				continue
			}
			for c, x := range fixed.Value(int(j)) {
				row[c] += weight * int64(x)
			}
		}
		for c, x := range row {
			out[t*h.Dim+c] = float64(x) * step
		}
	}
	return out, nil
}

// ScoreBits is the width of a score without its sign: 2i + log2 d and 2f.
func (f Format) ScoreBits(d int) int { return 2*f.Integer + bits.Len(uint(d-1)) + 2*f.Fraction }
