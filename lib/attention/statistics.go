package attention

import "math/bits"

// Statistics describes a mask as the SPRINT paper does: how much of the valid region is kept, and how much of a row was
// kept by the row before it.
type Statistics struct {
	Queries, Keys int     // valid queries and valid keys
	ValidFraction float64 // valid tokens / token slots
	Kept          int     // kept cells
	KeptFraction  float64 // kept / visible cells (valid x valid, or its lower triangle)
	PruningRate   float64 // 1 - KeptFraction
	Overlap       float64 // share of the kept cells of rows 2.. that the previous row kept too
	RandomOverlap float64 // what Overlap would be if each row kept as many keys at random: the locality of chance
}

// Measure computes the statistics of mask m over the valid region of h.
func Measure(h *Head, m *Mask) Statistics {
	s := Statistics{Queries: h.Valid, Keys: h.Valid, ValidFraction: float64(h.Valid) / float64(h.Tokens)}
	var visible, later, both int
	var random float64
	for t := range h.Valid {
		visible += h.Keys(t)
		row := m.Row(t)
		n := 0
		for _, w := range row {
			n += bits.OnesCount64(w)
		}
		s.Kept += n
		if t == 0 {
			continue
		}
		previous := m.Row(t - 1)
		for i, w := range row {
			both += bits.OnesCount64(w & previous[i])
		}
		later += n
		// A random row of n keys out of k meets a previous row of p keys in n*p/k places on average.
		random += float64(n) * float64(m.CountRow(t-1)) / float64(h.Keys(t))
	}
	if visible > 0 {
		s.KeptFraction = float64(s.Kept) / float64(visible)
		s.PruningRate = 1 - s.KeptFraction
	}
	if later > 0 {
		s.Overlap = float64(both) / float64(later)
		s.RandomOverlap = random / float64(later)
	}
	return s
}
