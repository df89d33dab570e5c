package rebert

import (
	"fmt"
	"slices"

	"github.com/sparse-attention/workbench/lib/attention"
)

// Attend writes the real output of head h under the mask, as the machine computes it: inner products in the key arrays, the
// softmax unit, the weighted sum in the value arrays. context takes Valid x Dim numbers (a longer one is written in part). A
// query that keeps no key gives zeros. The identifiers (example, layer, head) choose the programming errors.
func (d Datapath) Attend(h *attention.Head, mask *attention.Mask, context []float32, ids ...uint64) error {
	if err := d.Validate(); err != nil {
		return err
	}
	switch {
	case h.Bits > d.InputBits || h.Bits > d.WeightBits+1:
		return fmt.Errorf("rebert: Head.Bits is %d, must be at most %d (Circuit.InputBits) and %d (WeightBits and a sign)", h.Bits, d.InputBits, d.WeightBits+1)
	case mask.Queries() < h.Valid || mask.Keys() < h.Valid:
		return fmt.Errorf("rebert: mask is %d x %d, must be at least %d x %d (Head.Valid)", mask.Queries(), mask.Keys(), h.Valid, h.Valid)
	case len(context) < h.Valid*h.Dim:
		return fmt.Errorf("rebert: context holds %d numbers, must hold Valid x Dim = %d", len(context), h.Valid*h.Dim)
	case d.Softmax.ProbabilityBits < 1 || d.Softmax.ProbabilityBits > d.InputBits:
		return fmt.Errorf("rebert: SoftmaxUnit.ProbabilityBits is %d, must be in 1..%d (Circuit.InputBits) to enter the value arrays", d.Softmax.ProbabilityBits, d.InputBits)
	}
	scores, err := d.scores(h, slices.Concat(ids, []uint64{0}))
	if err != nil {
		return err
	}
	codes := make([]int32, h.Valid*h.Valid) // query by query, 0 where a key is not kept
	row, scratch, kept := make([]float64, h.Valid), make([]float64, h.Valid), make([]int32, h.Valid)
	var keys []int32
	tables, scale := d.Softmax.Tables(), h.ScoreScale()
	for t := range h.Valid {
		keys = mask.KeptKeys(t, keys[:0])
		for i, j := range keys {
			row[i] = scale * scores[t*h.Valid+int(j)]
		}
		if len(keys) > 0 {
			tables.Codes(kept[:len(keys)], scratch[:len(keys)], row[:len(keys)])
		}
		for i, j := range keys {
			codes[t*h.Valid+int(j)] = kept[i]
		}
	}
	sums, err := d.sums(h, codes, slices.Concat(ids, []uint64{1}))
	if err != nil {
		return err
	}
	unit := float64(h.ScaleV) / float64(int(1)<<d.Softmax.ProbabilityBits-1)
	for i, y := range sums {
		context[i] = float32(unit * y)
	}
	return nil
}

// scores is the integer scores of all pairs, Valid x Valid, as the key arrays give them.
func (d Datapath) scores(h *attention.Head, ids []uint64) ([]float64, error) {
	out := make([]float64, h.Valid*h.Valid)
	if d.Exact() {
		s := attention.NewScorer(h)
		for t := range h.Valid {
			for j, x := range s.Row(t) {
				out[t*h.Valid+j] = float64(x)
			}
		}
		return out, nil
	}
	weights := make([]int16, h.Dim*h.Valid) // a key a column
	for j := range h.Valid {
		for i, k := range h.Key(j) {
			weights[i*h.Valid+j] = k
		}
	}
	m, err := d.Write(weights, h.Dim, h.Valid, ids...)
	if err != nil {
		return nil, err
	}
	return m.batches(widen(h.Q[:h.Valid*h.Dim]), true, out)
}

// sums is codes times values, Valid x Dim.
func (d Datapath) sums(h *attention.Head, codes []int32, ids []uint64) ([]float64, error) {
	out := make([]float64, h.Valid*h.Dim)
	if d.Exact() {
		for t := range h.Valid {
			to := out[t*h.Dim : (t+1)*h.Dim]
			for j, p := range codes[t*h.Valid : (t+1)*h.Valid] {
				if p == 0 {
					continue
				}
				for c, v := range h.Value(j) {
					to[c] += float64(p) * float64(v)
				}
			}
		}
		return out, nil
	}
	m, err := d.Write(h.V[:h.Valid*h.Dim], h.Valid, h.Dim, ids...)
	if err != nil {
		return nil, err
	}
	return m.batches(codes, false, out)
}

// batches multiplies a few inputs at a time, which bounds the memory of the sums.
func (m *Matrix) batches(inputs []int32, signed bool, out []float64) ([]float64, error) {
	const few = 32
	for from := 0; from < len(inputs); from += few * m.In {
		y, err := m.Multiply(inputs[from:min(from+few*m.In, len(inputs))], signed)
		if err != nil {
			return nil, err
		}
		copy(out[from/m.In*m.Out:], y)
	}
	return out, nil
}

func widen(x []int16) []int32 {
	y := make([]int32, len(x))
	for i, v := range x {
		y[i] = int32(v)
	}
	return y
}
