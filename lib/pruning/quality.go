package pruning

import (
	"math"

	"github.com/sparse-attention/workbench/lib/attention"
)

// Quality is how good a mask is as a choice of keys.
type Quality struct {
	Retention float64 // kept over visible pairs
	Recall    float64 // share of the keys with the largest scores, as many a query as the mask keeps, that it keeps
	Mass      float64 // softmax probability of dense attention on the kept keys, mean over the queries
}

// Judge measures a mask against the exact scores of its head.
func Judge(h *attention.Head, m *attention.Mask) Quality {
	var q Quality
	var kept, visible, hits int
	scorer, scale := attention.NewScorer(h), h.ScoreScale()
	var best BestKeys
	exact := attention.NewMask(1, h.Tokens)
	row := make([]float32, h.Valid)
	for t := range h.Valid {
		scores := scorer.Row(t)
		top := math.Inf(-1)
		for j, s := range scores {
			row[j] = float32(s) // exact up to 2^24, and ties beyond are of no account
			top = max(top, float64(s))
		}
		var sum, mass float64
		c := 0
		for j, s := range scores {
			e := math.Exp(scale * (float64(s) - top))
			sum += e
			if m.Kept(t, j) {
				mass += e
				c++
			}
		}
		q.Mass += mass / sum
		kept, visible = kept+c, visible+len(scores)
		if c == 0 {
			continue
		}
		clear(exact.Row(0))
		best.Keep(exact, 0, row[:len(scores)], c)
		for j := range scores {
			if exact.Kept(0, j) && m.Kept(t, j) {
				hits++
			}
		}
	}
	q.Retention, q.Recall, q.Mass = float64(kept)/float64(visible), float64(hits)/float64(max(1, kept)), q.Mass/float64(h.Valid)
	return q
}
