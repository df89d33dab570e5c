package reram

import (
	"math"

	"github.com/sparse-attention/workbench/lib/attention"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

// Scores are the bit-line sums of a head as numbers, in units of the head's own integer score: the real score is the value
// times Head.ScoreScale. SPRINT never moves them; the study "without recompute" does.
type Scores struct {
	head   *attention.Head
	stride int
	values []float32
}

// Row returns the sums of query t against the keys that it may see, Head.Keys(t) of them.
func (s *Scores) Row(t int) []float32 { return s.values[t*s.stride:][:s.head.Keys(t)] }

// sums reads every bit line once for every valid query: Valid x Valid, in units of the reduced head. Cells that a causal
// query may not see stay 0.
func (a Array) sums(o operands) []float32 {
	h := o.head
	values := make([]float32, h.Valid*h.Valid)
	if a.Noise.silent() {
		s := attention.NewScorer(h)
		for t := range h.Valid {
			for j, x := range s.Row(t) {
				values[t*h.Valid+j] = float32(x)
			}
		}
		return values
	}
	weights := blas32.General{Rows: h.Dim, Cols: h.Valid, Stride: h.Valid, Data: a.program(o)}
	query := make([]float32, h.Dim)
	for t := range h.Valid {
		for i, q := range h.Query(t) {
			query[i] = float32(q)
		}
		weights.Cols = h.Keys(t)
		blas32.Gemv(blas.Trans, 1, weights, blas32.Vector{N: h.Dim, Inc: 1, Data: query},
			0, blas32.Vector{N: weights.Cols, Inc: 1, Data: values[t*h.Valid:][:weights.Cols]})
	}
	return values
}

// span is the lowest and the highest of the sums that exist.
func span(h *attention.Head, values []float32) (low, high float32) {
	low, high = float32(math.Inf(1)), float32(math.Inf(-1))
	for t := range h.Valid {
		for _, v := range values[t*h.Valid:][:h.Keys(t)] {
			low, high = min(low, v), max(high, v)
		}
	}
	return low, high
}

// Range is a range of bit-line sums, in units of the head's integer score.
type Range struct{ Low, High float64 }

// Wider covers both ranges.
func (r Range) Wider(s Range) Range {
	if r == (Range{}) {
		return s
	}
	return Range{min(r.Low, s.Low), max(r.High, s.High)}
}

// Span is the range that the sums of h take in the array without read noise. The widest over many heads is what a chip with one
// converter must be built for.
func (a Array) Span(h *attention.Head) (Range, error) {
	if err := a.check(h, 0); err != nil {
		return Range{}, err
	}
	o := a.reduce(h)
	low, high := span(o.head, a.sums(o))
	unit := math.Ldexp(1, o.shift)
	return Range{float64(low) * unit, float64(high) * unit}, nil
}

// full is the range of the circuits in units of the reduced head.
func (a Array) full(o operands, values []float32) (low, high float32) {
	if a.Range == (Range{}) {
		return span(o.head, values)
	}
	return float32(math.Ldexp(a.Range.Low, -o.shift)), float32(math.Ldexp(a.Range.High, -o.shift))
}

// disturb adds read noise of the given standard deviation to every sum.
func (a Array) disturb(h *attention.Head, values []float32, sigma float64) {
	r := a.random(streamRead)
	for t := range h.Valid {
		row := values[t*h.Valid:][:h.Keys(t)]
		for j := range row {
			row[j] += float32(sigma * r.NormFloat64())
		}
	}
}

// convert passes the sums through a converter of ScoreBits bits over low..high, in place.
func (a Array) convert(h *attention.Head, values []float32, low, high float32) {
	steps := float32(int(1)<<a.ScoreBits - 1)
	step := (high - low) / steps
	if step == 0 {
		return
	}
	for t := range h.Valid {
		row := values[t*h.Valid:][:h.Keys(t)]
		for j, v := range row {
			code := float32(math.Round(float64((v - low) / step)))
			row[j] = low + step*max(0, min(steps, code))
		}
	}
}
