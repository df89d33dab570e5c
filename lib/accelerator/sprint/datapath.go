package sprint

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/reram"
)

// Attend computes the attention output of h under mask m through the datapath and writes it to dst as real numbers, Tokens x
// Dim; padded queries, and those that keep nothing, give zeros. With scores nil the survivors are scored again from all
// their bits; otherwise the in-memory sums are taken as they are. The head must have at most 8 bits.
func (d Datapath) Attend(h *attention.Head, m *attention.Mask, scores *reram.Scores, dst []float32) error {
	if err := d.Validate(); err != nil {
		return err
	}
	if err := h.Validate(); err != nil {
		return err
	}
	switch {
	case h.Bits > 8:
		return fmt.Errorf("sprint: Head.Bits is %d, must be in 2..8: the ports of the datapath are 8 bits wide", h.Bits)
	case m.Queries() != h.Tokens || m.Keys() != h.Tokens:
		return fmt.Errorf("sprint: mask is %d x %d, must be %d x %d (Head.Tokens)", m.Queries(), m.Keys(), h.Tokens, h.Tokens)
	case len(dst) != h.Tokens*h.Dim:
		return fmt.Errorf("sprint: dst holds %d values, must hold Tokens x Dim = %d", len(dst), h.Tokens*h.Dim)
	}
	exact := exactScores(h)
	shift := d.shift(exact)
	unit, err := d.softmax(math.Ldexp(h.ScoreScale(), shift))
	if err != nil {
		return err
	}
	v := newAccumulator(d, h)
	var keys, codes []int32
	clear(dst)
	for t := range h.Valid {
		keys = m.KeptKeys(t, keys[:0])
		if len(keys) == 0 {
			continue
		}
		if n := h.Keys(t); int(keys[len(keys)-1]) >= n {
			return fmt.Errorf("sprint: mask keeps key %d for query %d, which sees the first %d keys", keys[len(keys)-1], t, n)
		}
		codes = codes[:0]
		if scores == nil {
			row := exact[t*h.Valid:]
			for _, j := range keys {
				codes = append(codes, d.code(row[j]>>shift))
			}
		} else {
			row, step := scores.Row(t), math.Ldexp(1, -shift)
			for _, j := range keys {
				codes = append(codes, d.code(int32(max(math.MinInt32, min(math.MaxInt32, math.Floor(float64(row[j])*step))))))
			}
		}
		prob, exponent := unit.row(codes)
		v.query(dst[t*h.Dim:(t+1)*h.Dim], keys, prob, exponent)
	}
	return nil
}

// exactScores are the integer scores that the QK-PU would compute, Valid x Valid; cells that no query sees are 0.
func exactScores(h *attention.Head) []int32 {
	s := attention.NewScorer(h)
	all := make([]int32, h.Valid*h.Valid)
	for t := range h.Valid {
		copy(all[t*h.Valid:], s.Row(t))
	}
	return all
}

// shift is the smallest at which all scores fit in a code.
func (d Datapath) shift(scores []int32) int {
	var largest int32
	for _, s := range scores {
		largest = max(largest, s, ^s) // ^s = -s-1: two's complement reaches one further down
	}
	return max(bits.Len32(uint32(largest))-(d.ScoreBits-1), 0)
}

// code saturates to the score's width.
func (d Datapath) code(s int32) int32 {
	limit := int32(1) << (d.ScoreBits - 1)
	return max(-limit, min(limit-1, s))
}

// accumulator is the V-PU.
type accumulator struct {
	head  *attention.Head
	sums  []int32
	limit int64
	real  float64 // of one output step
}

func newAccumulator(d Datapath, h *attention.Head) *accumulator {
	return &accumulator{head: h, sums: make([]int32, h.Dim), limit: 1<<(d.OutputBits-1) - 1,
		real: float64(h.ScaleV) / float64(int(1)<<d.ProbabilityBits-1)}
}

// query adds up the values, one probability times one vector a step, and writes the output, rounded by the row's exponent
// and saturated to the output's width.
func (a *accumulator) query(dst []float32, keys, prob []int32, exponent int) {
	clear(a.sums)
	for i, j := range keys {
		p := prob[i]
		if p == 0 {
			continue
		}
		sums := a.sums
		for c, v := range a.head.Value(int(j))[:len(sums)] {
			sums[c] += p * int32(v)
		}
	}
	half := int64(0)
	if exponent > 0 {
		half = 1 << (exponent - 1)
	}
	for c, s := range a.sums {
		out := (int64(s) + half) >> exponent
		dst[c] = float32(float64(max(-a.limit-1, min(a.limit, out))) * a.real)
	}
}
