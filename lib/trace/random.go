package trace

import (
	"math/rand/v2"

	"github.com/sparse-attention/workbench/lib/attention"
)

// Shuffled returns a mask that keeps as many keys as m in every row of h, chosen at random among those that the query may
// see: the same pruning without any locality.
func Shuffled(h *attention.Head, m *attention.Mask, seed uint64) *attention.Mask {
	r := rand.New(rand.NewPCG(seed, streamShuffle))
	out := attention.NewMask(m.Queries(), m.Keys())
	keys := make([]int, h.Valid)
	for j := range keys {
		keys[j] = j
	}
	for t := range h.Valid {
		// The visible keys are a prefix of the valid ones only in order, so a causal row draws from a fresh prefix.
		if h.Causal {
			for j := range keys[:h.Keys(t)] {
				keys[j] = j
			}
		}
		visible := keys[:h.Keys(t)]
		for i := range min(m.CountRow(t), len(visible)) {
			j := i + r.IntN(len(visible)-i)
			visible[i], visible[j] = visible[j], visible[i]
			out.Keep(t, visible[i])
		}
	}
	return out
}
