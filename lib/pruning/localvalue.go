package pruning

import "github.com/sparse-attention/workbench/lib/attention"

// LocalValue is SpAtten's local value pruning (HPCA 2021, section III-C): after the softmax of one query of one head, only
// the values with the largest probabilities are read. The scores, and other heads, do not change.
type LocalValue struct {
	Keep float64 // kept share of the query's keys, 0..1; the authors' files have 0.20 and 0.30
}

// Mask returns which values each query reads out of the keys that it keeps in m: the share rounded down, at least one;
// among equal probabilities the first.
func (p LocalValue) Mask(h *attention.Head, m *attention.Mask) *attention.Mask {
	out := attention.NewMask(m.Queries(), m.Keys())
	scorer := attention.NewScorer(h)
	var keys []int32
	var scores []float64
	for t := range h.Valid {
		keys = m.KeptKeys(t, keys[:0])
		if len(keys) == 0 {
			continue
		}
		row := scorer.Row(t)
		scores = scores[:0]
		for _, j := range keys {
			scores = append(scores, float64(row[j])) // a softmax keeps the order of the scores
		}
		for _, i := range QuickSelect(scores, Keep(len(keys), 1-p.Keep), nil).Filter(scores) {
			out.Keep(t, int(keys[i]))
		}
	}
	return out
}
