package attention

import "math"

// Softmax writes exp(scale x score) / sum to dst, one probability a score, after subtracting the maximum. No scores give
// nothing. dst may be longer than scores; the part written is returned.
func Softmax(dst []float64, scores []int32, scale float64) []float64 {
	dst = dst[:len(scores)]
	if len(scores) == 0 {
		return dst
	}
	top := scores[0]
	for _, s := range scores {
		top = max(top, s)
	}
	var sum float64
	for j, s := range scores {
		e := math.Exp(scale * float64(s-top))
		dst[j] = e
		sum += e
	}
	for j := range dst {
		dst[j] /= sum
	}
	return dst
}

// Attend is the reference output of h under mask m, Valid x Dim real numbers: a softmax over the kept keys of each query
// and the sum of their values. A query that keeps nothing gives zeros. It is the oracle of the machines' datapaths.
func Attend(h *Head, m *Mask) []float64 {
	out := make([]float64, h.Valid*h.Dim)
	scorer := NewScorer(h)
	var keys, kept []int32
	p := make([]float64, h.Valid)
	for t := range h.Valid {
		keys = m.KeptKeys(t, keys[:0])
		row := scorer.Row(t)
		kept = kept[:0]
		for _, j := range keys {
			kept = append(kept, row[j])
		}
		to := out[t*h.Dim : (t+1)*h.Dim]
		for i, w := range Softmax(p, kept, h.ScoreScale()) {
			w *= float64(h.ScaleV)
			for c, v := range h.Value(int(keys[i])) {
				to[c] += w * float64(v)
			}
		}
	}
	return out
}
