package attention

import (
	"fmt"
	"math/bits"
)

// Mask says which keys each query keeps: one bit a cell, 1 = kept, rows padded to whole words.
type Mask struct {
	rows, cols, words int
	bits              []uint64
}

// NewMask returns a mask of queries x keys in which nothing is kept.
func NewMask(queries, keys int) *Mask {
	if queries < 0 || keys < 0 {
		panic(fmt.Sprintf("attention: NewMask(%d, %d): sizes must not be negative", queries, keys))
	}
	words := (keys + 63) / 64
	return &Mask{rows: queries, cols: keys, words: words, bits: make([]uint64, queries*words)}
}

// Queries is the number of rows.
func (m *Mask) Queries() int { return m.rows }

// Keys is the number of columns.
func (m *Mask) Keys() int { return m.cols }

// Keep marks key j as kept by query t.
func (m *Mask) Keep(t, j int) {
	if uint(j) >= uint(m.cols) {
		panic(fmt.Sprintf("attention: key %d is outside a mask of %d keys", j, m.cols))
	}
	m.bits[t*m.words+j>>6] |= 1 << (j & 63)
}

// Prune marks key j as pruned for query t.
func (m *Mask) Prune(t, j int) {
	if uint(j) >= uint(m.cols) {
		panic(fmt.Sprintf("attention: key %d is outside a mask of %d keys", j, m.cols))
	}
	m.bits[t*m.words+j>>6] &^= 1 << (j & 63)
}

// Kept reports whether query t keeps key j.
func (m *Mask) Kept(t, j int) bool { return m.bits[t*m.words+j>>6]>>(j&63)&1 == 1 }

// Row returns the words of query t; bit j&63 of word j>>6 is key j. The slice is the mask's own storage: bits at and
// beyond Keys() must stay 0.
func (m *Mask) Row(t int) []uint64 { return m.bits[t*m.words : (t+1)*m.words] }

// CountRow is the number of keys that query t keeps.
func (m *Mask) CountRow(t int) int {
	n := 0
	for _, w := range m.Row(t) {
		n += bits.OnesCount64(w)
	}
	return n
}

// Count is the number of kept cells.
func (m *Mask) Count() int {
	n := 0
	for _, w := range m.bits {
		n += bits.OnesCount64(w)
	}
	return n
}

// KeptKeys appends the indices of the keys that query t keeps, ascending, to dst.
func (m *Mask) KeptKeys(t int, dst []int32) []int32 {
	for i, w := range m.Row(t) {
		for ; w != 0; w &= w - 1 {
			dst = append(dst, int32(i<<6+bits.TrailingZeros64(w)))
		}
	}
	return dst
}

// Clone returns an independent copy.
func (m *Mask) Clone() *Mask {
	c := *m
	c.bits = append([]uint64(nil), m.bits...)
	return &c
}

// Validate reports why m, which may be nil, is no mask of h: another size, or a key kept that the query cannot see.
func (m *Mask) Validate(h *Head) error {
	if m == nil {
		return fmt.Errorf("attention: Mask is nil, must be %d x %d (Head.Tokens)", h.Tokens, h.Tokens)
	}
	if m.rows != h.Tokens || m.cols != h.Tokens {
		return fmt.Errorf("attention: Mask is %d x %d, must be %d x %d (Head.Tokens)", m.rows, m.cols, h.Tokens, h.Tokens)
	}
	for t := range h.Tokens {
		visible := 0
		if t < h.Valid {
			visible = h.Keys(t)
		}
		for i, word := range m.Row(t) {
			if j := i<<6 + 63 - bits.LeadingZeros64(word); word != 0 && j >= visible {
				return fmt.Errorf("attention: Mask keeps key %d for query %d, which sees the first %d keys", j, t, visible)
			}
		}
	}
	return nil
}

// Full keeps every valid key of every valid query of h (up to the query itself when h is causal).
func Full(h *Head) *Mask {
	m := NewMask(h.Tokens, h.Tokens)
	for t := range h.Valid {
		for j := range h.Keys(t) {
			m.Keep(t, j)
		}
	}
	return m
}
