package elsa

import (
	"fmt"
	"math"

	"github.com/sparse-attention/workbench/lib/attention"
)

// Format is the number formats of the datapath (section IV-E): fixed point for queries, keys and values, and a float of
// Fraction bits behind the exponential. Its exponent, 10 bits, bounds the score.
type Format struct {
	Integer  int // bits of an input before the point, the sign apart
	Fixed    int // bits behind it
	Fraction int // of the exponential's float; both tables have 1<<Fraction entries
	Exponent int // bits of its exponent
}

// PaperFormat is 1+5+3 bits, and a float of 1+10+5.
func PaperFormat() Format { return Format{Integer: 5, Fixed: 3, Fraction: 5, Exponent: 10} }

// Validate reports the first width that the datapath cannot have.
func (f Format) Validate() error {
	for _, w := range []struct {
		name           string
		bits, from, to int
	}{{"Integer", f.Integer, 0, 15}, {"Fixed", f.Fixed, 0, 15 - f.Integer}, {"Fraction", f.Fraction, 1, 16}, {"Exponent", f.Exponent, 2, 11}} {
		if w.bits < w.from || w.bits > w.to {
			return fmt.Errorf("elsa: Format.%s is %d, must be in %d..%d", w.name, w.bits, w.from, w.to)
		}
	}
	return nil
}

// round brings a real number to the fixed-point format.
func (f Format) round(x float64) float64 {
	top := float64(int(1)<<(f.Integer+f.Fixed) - 1)
	return math.Ldexp(max(-top, min(top, math.RoundToEven(math.Ldexp(x, f.Fixed)))), -f.Fixed)
}

// Exp is 2^floor x 2^fraction with the second factor from a table; x in units of log2. Scores beyond the exponent's range
// saturate at its ends.
func (f Format) Exp(x float64) float64 {
	limit := float64(int(1)<<(f.Exponent-1) - 1)
	x = max(-limit, min(limit, x))
	whole := math.Floor(x)
	entries := math.Ldexp(1, f.Fraction)
	index := math.Floor((x - whole) * entries)
	mantissa := math.Round(entries*math.Exp2((index+0.5)/entries)) / entries // the middle of what the entry stands for
	return math.Ldexp(mantissa, int(whole))
}

// Reciprocal is 1/x for x > 0 by a table over the leading bits of x.
func (f Format) Reciprocal(x float64) float64 {
	mantissa, exponent := math.Frexp(x) // in 1/2..1
	entries := math.Ldexp(1, f.Fraction)
	index := math.Floor((2*mantissa - 1) * entries)
	return math.Ldexp(1/(1+(index+0.5)/entries), 1-exponent)
}

// Attend computes the attention output of h over the keys that m keeps as the datapath does, Valid x Dim real numbers. The
// exponential comes without subtracting a maximum; sums are wide; the transformer's 1/sqrt(d) is folded in the change of
// base. A query that keeps nothing gives zeros.
func (f Format) Attend(h *attention.Head, m *attention.Mask) ([]float64, error) {
	if err := f.Validate(); err != nil {
		return nil, err
	}
	if err := h.Validate(); err != nil {
		return nil, err
	}
	if m.Queries() != h.Tokens || m.Keys() != h.Tokens {
		return nil, fmt.Errorf("elsa: mask is %d x %d, must be %d x %d (Head.Tokens)", m.Queries(), m.Keys(), h.Tokens, h.Tokens)
	}
	code := func(x []int16, scale float32) []float64 {
		y := make([]float64, h.Valid*h.Dim)
		for i := range y {
			y[i] = f.round(float64(x[i]) * float64(scale))
		}
		return y
	}
	q, k, v := code(h.Q, h.ScaleQ), code(h.K, h.ScaleK), code(h.V, h.ScaleV)
	scale := math.Log2E / math.Sqrt(float64(h.Dim))
	out := make([]float64, h.Valid*h.Dim)
	var keys []int32
	for t := range h.Valid {
		keys = m.KeptKeys(t, keys[:0])
		if len(keys) == 0 {
			continue
		}
		row, sum := out[t*h.Dim:(t+1)*h.Dim], 0.0
		for _, j := range keys {
			from := int(j) * h.Dim
			score := 0.0 // fixed-point products add up exactly in a float64
			for i, x := range q[t*h.Dim : (t+1)*h.Dim] {
				score += x * k[from+i]
			}
			e := f.Exp(score * scale)
			sum += e
			for c, x := range v[from : from+h.Dim] {
				row[c] += e * x
			}
		}
		r := f.Reciprocal(sum)
		for c := range row {
			row[c] *= r
		}
	}
	return out, nil
}
