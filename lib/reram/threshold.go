package reram

import (
	"fmt"
	"math"

	"github.com/sparse-attention/workbench/lib/attention"
)

// Mask thresholds every query of h against every key that it may see: 1 = the bit-line sum reached the threshold, which is
// given as a real score (q.k/sqrt(d)) and applied through Head.IntegerThreshold. Padded queries and keys keep nothing.
func (a Array) Mask(h *attention.Head, threshold float64) (*attention.Mask, error) {
	if err := a.check(h, threshold); err != nil {
		return nil, err
	}
	o := a.reduce(h)
	if a.Noise.silent() {
		// sum << shift >= threshold, as integers
		limit := (int64(h.IntegerThreshold(threshold)) + 1<<o.shift - 1) >> o.shift
		return attention.AtLeast(o.head, int32(limit), a.KeepMaximum), nil
	}
	m, _ := a.compare(o, a.sums(o), h.IntegerThreshold(threshold))
	return m, nil
}

// Threshold is Mask together with the bit-line sums that were compared, without the comparators' offsets.
func (a Array) Threshold(h *attention.Head, threshold float64) (*attention.Mask, *Scores, error) {
	if err := a.check(h, threshold); err != nil {
		return nil, nil, err
	}
	o := a.reduce(h)
	values := a.sums(o)
	m, full := a.compare(o, values, h.IntegerThreshold(threshold))
	if a.ScoreBits > 0 {
		a.convert(o.head, values, full[0], full[1])
	}
	if o.shift > 0 {
		unit := float32(int(1) << o.shift)
		for i := range values {
			values[i] *= unit
		}
	}
	return m, &Scores{head: h, stride: h.Valid, values: values}, nil
}

func (a Array) check(h *attention.Head, threshold float64) error {
	if err := a.Validate(); err != nil {
		return err
	}
	if math.IsNaN(threshold) {
		return fmt.Errorf("reram: threshold is NaN, must be a number")
	}
	return h.Validate()
}

// compare adds the read noise to the sums, in place, and returns the comparators' bits and the full scale.
func (a Array) compare(o operands, values []float32, threshold int32) (*attention.Mask, [2]float32) {
	h := o.head
	low, high := a.full(o, values)
	full := float64(high - low)
	if a.Noise.Read > 0 {
		a.disturb(h, values, a.Noise.Read*full)
	}
	// What each comparator really compares with.
	limits := make([]float32, h.Valid)
	r := a.random(streamComparator)
	for j := range limits {
		limits[j] = float32(math.Ldexp(float64(threshold), -o.shift))
		if a.Noise.Comparator > 0 {
			limits[j] -= float32(a.Noise.Comparator * full / comparatorSteps * r.NormFloat64())
		}
	}
	m := attention.NewMask(h.Tokens, h.Tokens)
	for t := range h.Valid {
		sums := values[t*h.Valid:][:h.Keys(t)]
		if !pass(m.Row(t), sums, limits) && a.KeepMaximum {
			m.Keep(t, argmax(sums))
		}
	}
	return m, [2]float32{low, high}
}

// pass sets the bits of the sums that reach their limit and reports whether there are any. The sign of the difference is
// the decision, which spares a branch that many cells would mispredict.
func pass(row []uint64, sums, limits []float32) bool {
	limits = limits[:len(sums)]
	var any uint64
	for w := 0; w<<6 < len(sums); w++ {
		end := min(len(sums), w<<6+64)
		limit := limits[w<<6 : end]
		var word uint64
		for i, s := range sums[w<<6 : end] {
			word |= uint64(^math.Float32bits(s-limit[i])>>31) << (i & 63)
		}
		row[w] = word
		any |= word
	}
	return any != 0
}

func argmax(x []float32) int {
	best := 0
	for j, v := range x {
		if v > x[best] {
			best = j
		}
	}
	return best
}
