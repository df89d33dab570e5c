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

// quantise rounds a real number to the format and clamps it.
func (f Format) quantise(x float64) int64 {
	top := float64(int64(1)<<(f.Integer+f.Fraction) - 1)
	return int64(max(-top, min(top, math.RoundToEven(math.Ldexp(x, f.Fraction)))))
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
	code := func(x []int16, scale float32) []int64 {
		y := make([]int64, h.Valid*h.Dim)
		for i := range y {
			y[i] = f.quantise(float64(x[i]) * float64(scale))
		}
		return y
	}
	q, k, v := code(h.Q, h.ScaleQ), code(h.K, h.ScaleK), code(h.V, h.ScaleV)
	out := make([]float64, h.Valid*h.Dim)
	var keys []int32
	scores := make([]int64, h.Valid)
	for t := range h.Valid {
		keys = m.KeptKeys(t, keys[:0])
		top := int64(math.MinInt64)
		for i, j := range keys {
			scores[i] = dot(q[t*h.Dim:(t+1)*h.Dim], k[int(j)*h.Dim:(int(j)+1)*h.Dim])
			top = max(top, scores[i])
		}
		var sum int64
		for i := range keys {
			scores[i] = int64(exponent.At(int(top - scores[i])))
			sum += scores[i]
		}
		row := make([]int64, h.Dim)
		for i, j := range keys {
			weight := (scores[i]<<(2*f.Fraction) + sum/2) / sum // the divider rounds to 2f bits
			for c, x := range v[int(j)*h.Dim : (int(j)+1)*h.Dim] {
				row[c] += weight * x
			}
		}
		for c, x := range row {
			out[t*h.Dim+c] = math.Ldexp(float64(x), -3*f.Fraction)
		}
	}
	return out, nil
}

// ScoreBits is the width of a score without its sign: 2i + log2 d and 2f.
func (f Format) ScoreBits(d int) int { return 2*f.Integer + bits.Len(uint(d-1)) + 2*f.Fraction }

func dot(a, b []int64) int64 {
	var s int64
	for i, x := range a {
		s += x * b[i]
	}
	return s
}
