package attention

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

// exactFloat32 bounds the integers that a float32 holds without rounding: when no partial sum of a dot product can leave
// it, the product is exact in float32, whatever the order of the additions.
const exactFloat32 = 1 << 24

// Scorer computes the exact integer scores of one head, a query at a time. It is several times faster than Head.Scores for
// whole heads, because 8-bit operands let it run on float32 vector instructions without losing a bit. A Scorer is not
// safe for concurrent use; the head must not change while it lives.
type Scorer struct {
	head  *Head
	float bool
	keysT []float32 // K transposed, Dim x Valid, so that one query is a sum of scaled rows
	query []float32
	row   []float32
	whole []int32
}

// NewScorer prepares the scores of the valid keys of h.
func NewScorer(h *Head) *Scorer {
	s := &Scorer{head: h, float: h.reach() <= exactFloat32}
	if !s.float {
		return s
	}
	s.keysT = make([]float32, h.Dim*h.Valid)
	s.query = make([]float32, h.Dim)
	s.row = make([]float32, h.Valid)
	for j := range h.Valid {
		for i, k := range h.Key(j) {
			s.keysT[i*h.Valid+j] = float32(k)
		}
	}
	return s
}

// Row returns the integer scores of query t against the keys that it may see, Head.Keys(t) of them. The slice is reused
// by the next call.
func (s *Scorer) Row(t int) []int32 {
	n := s.head.Keys(t)
	if cap(s.whole) < n {
		s.whole = make([]int32, s.head.Valid)
	}
	dst := s.whole[:n]
	if !s.float {
		s.head.Scores(t, dst)
		return dst
	}
	for j, x := range s.floats(t) {
		dst[j] = int32(x)
	}
	return dst
}

// floats is Row on the float32 path; the values are integers.
func (s *Scorer) floats(t int) []float32 {
	h := s.head
	n := h.Keys(t)
	for i, q := range h.Query(t) {
		s.query[i] = float32(q)
	}
	row := s.row[:n]
	blas32.Gemv(blas.Trans, 1,
		blas32.General{Rows: h.Dim, Cols: n, Stride: h.Valid, Data: s.keysT},
		blas32.Vector{N: h.Dim, Inc: 1, Data: s.query}, 0,
		blas32.Vector{N: n, Inc: 1, Data: row})
	return row
}

// AtLeast keeps the keys whose integer score reaches the threshold, among those that each valid query may see; padded
// queries keep nothing. With keepMaximum a query that would keep nothing keeps its first highest score instead.
func AtLeast(h *Head, threshold int32, keepMaximum bool) *Mask {
	m := NewMask(h.Tokens, h.Tokens)
	s := NewScorer(h)
	for t := range h.Valid {
		row := m.Row(t)
		kept := false
		if s.float {
			scores := s.floats(t)
			kept = markFloat(row, scores, threshold)
			if !kept && keepMaximum {
				m.Keep(t, argmax(scores))
			}
			continue
		}
		scores := s.Row(t)
		for j, x := range scores {
			if x >= threshold {
				row[j>>6] |= 1 << (j & 63)
				kept = true
			}
		}
		if !kept && keepMaximum {
			m.Keep(t, argmax(scores))
		}
	}
	return m
}

// markFloat sets the bits of the scores that reach the threshold and reports whether there are any. The sign bit of
// score-threshold is the decision, which spares a branch that half of the cells would mispredict.
func markFloat(row []uint64, scores []float32, threshold int32) bool {
	// Scores lie within 2^24, so a threshold clamped just outside decides the same and stays exact.
	th := float32(max(-2*exactFloat32, min(2*exactFloat32, threshold)))
	var any uint64
	for w := range row {
		if w<<6 >= len(scores) {
			break
		}
		var word uint64
		for i, x := range scores[w<<6 : min(len(scores), w<<6+64)] {
			word |= uint64(^math.Float32bits(x-th)>>31) << (i & 63)
		}
		row[w] = word
		any |= word
	}
	return any != 0
}

func argmax[T int32 | float32](x []T) int {
	best := 0
	for j, v := range x {
		if v > x[best] {
			best = j
		}
	}
	return best
}

// reach bounds the magnitude of every partial sum of every score of h.
func (h *Head) reach() int64 { return largest(h.Q) * largest(h.K) * int64(h.Dim) }

func largest(x []int16) int64 {
	var m int64
	for _, v := range x {
		m = max(m, int64(v), -int64(v))
	}
	return m
}
