package spatten

import (
	"fmt"

	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/fixedpoint"
)

// Decision is what progressive quantisation makes of one query.
type Decision struct {
	Largest       float64   // probability by the first plane
	LSB           bool      // it was below the threshold, so that the second plane was read
	Probabilities []float64 // those that go on to prob x V, one a key
}

// Decide runs query t of a head against keys, both planes of which have p.MSB+p.LSB bits together: scores of the first plane,
// softmax, the test of the largest probability, and the scores of both planes where it fails (section III-D). The
// integers are the head's own, so the result is what the datapath's integers give before it quantises probabilities.
func Decide(h *attention.Head, t int, keys []int32, p fixedpoint.Progressive) (Decision, error) {
	if err := p.Validate(); err != nil {
		return Decision{}, err
	}
	if err := h.Validate(); err != nil {
		return Decision{}, err
	}
	switch {
	case h.Bits != p.MSB+p.LSB:
		return Decision{}, fmt.Errorf("spatten: Decide: Head.Bits is %d, must be %d (MSB and LSB together)", h.Bits, p.MSB+p.LSB)
	case t < 0 || t >= h.Valid:
		return Decision{}, fmt.Errorf("spatten: Decide: query is %d, must be in 0..%d", t, h.Valid-1)
	case len(keys) == 0:
		return Decision{}, fmt.Errorf("spatten: Decide: 0 keys, must be at least 1")
	}
	for i, k := range keys {
		if int(k) < 0 || int(k) >= h.Valid {
			return Decision{}, fmt.Errorf("spatten: Decide: keys[%d] is %d, must be in 0..%d", i, k, h.Valid-1)
		}
	}
	scores := make([]int32, len(keys))
	pass := func(plane func(int16) int16) []float64 {
		q := h.Query(t)
		for i, k := range keys {
			sum := int32(0)
			for d, v := range h.Key(int(k)) {
				sum += int32(q[d]) * int32(plane(v))
			}
			scores[i] = sum
		}
		return attention.Softmax(make([]float64, len(keys)), scores, h.ScoreScale())
	}
	d := Decision{Probabilities: pass(p.First)}
	for _, x := range d.Probabilities {
		d.Largest = max(d.Largest, x)
	}
	if d.LSB = p.NeedsLSB(d.Probabilities); d.LSB {
		d.Probabilities = pass(func(v int16) int16 { return v })
	}
	return d, nil
}
