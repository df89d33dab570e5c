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
	d, err := NewDecider(h, p)
	if err != nil {
		return Decision{}, err
	}
	return d.Query(t, keys)
}

// Decider decides for many queries of one head.
type Decider struct {
	head   *attention.Head
	p      fixedpoint.Progressive
	first  []int16 // keys by the first plane
	scores []int32
}

// NewDecider checks a head once.
func NewDecider(h *attention.Head, p fixedpoint.Progressive) (*Decider, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	if err := h.Validate(); err != nil {
		return nil, err
	}
	if h.Bits != p.MSB+p.LSB {
		return nil, fmt.Errorf("spatten: Decide: Head.Bits is %d, must be %d (MSB and LSB together)", h.Bits, p.MSB+p.LSB)
	}
	d := &Decider{head: h, p: p, first: make([]int16, len(h.K)), scores: make([]int32, h.Valid)}
	for i, k := range h.K {
		d.first[i] = p.First(k)
	}
	return d, nil
}

// Query is Decide for query t.
func (d *Decider) Query(t int, keys []int32) (Decision, error) {
	out, err := d.First(t, keys)
	if err != nil {
		return out, err
	}
	if out.LSB = d.p.NeedsLSB(out.Probabilities); out.LSB {
		out.Probabilities = d.pass(t, keys, d.head.K)
	}
	return out, nil
}

// First is what the first plane alone gives query t.
func (d *Decider) First(t int, keys []int32) (Decision, error) { return d.by(t, keys, d.first) }

// Exact is what both planes together give query t.
func (d *Decider) Exact(t int, keys []int32) (Decision, error) { return d.by(t, keys, d.head.K) }

func (d *Decider) by(t int, keys []int32, plane []int16) (Decision, error) {
	n := d.head.Valid
	switch {
	case t < 0 || t >= n:
		return Decision{}, fmt.Errorf("spatten: Decide: query is %d, must be in 0..%d", t, n-1)
	case len(keys) == 0 || len(keys) > n:
		return Decision{}, fmt.Errorf("spatten: Decide: %d keys, must be in 1..%d", len(keys), n)
	}
	for i, k := range keys {
		if int(k) < 0 || int(k) >= n {
			return Decision{}, fmt.Errorf("spatten: Decide: keys[%d] is %d, must be in 0..%d", i, k, n-1)
		}
	}
	out := Decision{Probabilities: d.pass(t, keys, plane)}
	for _, x := range out.Probabilities {
		out.Largest = max(out.Largest, x)
	}
	return out, nil
}

func (d *Decider) pass(t int, keys []int32, plane []int16) []float64 {
	h := d.head
	q, scores := h.Query(t), d.scores[:len(keys)]
	for i, k := range keys {
		scores[i] = attention.Dot(q, plane[int(k)*h.Dim:(int(k)+1)*h.Dim])
	}
	return attention.Softmax(make([]float64, len(keys)), scores, h.ScoreScale())
}
