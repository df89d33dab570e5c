package topk

import "math/bits"

// Lane is one item on its way through a row, or a hole.
type Lane struct {
	Key   uint64
	Index int32
	Valid bool
}

// Zeros counts, for every lane of a row, the holes before it: the prefix sum of Fig. 10.
func Zeros(row []Lane) []int {
	z := make([]int, len(row))
	n := 0
	for i, l := range row {
		if z[i] = n; !l.Valid {
			n++
		}
	}
	return z
}

// Compact is the zero eliminator of Fig. 10: a network of log2(n) rows of switches, in which the item at lane i+2^b moves
// to lane i when bit b of its count of holes is set. An item that moves goes before the hole that it meets. Stages, which
// may be nil, is called with the row after each shift. The length of the row is a power of two.
func Compact(row []Lane, stages func([]Lane)) []Lane {
	if len(row)&(len(row)-1) != 0 {
		panic("topk: a zero eliminator needs a power of two of lanes")
	}
	zeros := Zeros(row)
	for i, l := range row {
		if !l.Valid {
			zeros[i] = 0 // a hole never claims a shift
		}
	}
	for b := range bits.Len(uint(len(row))) - 1 {
		next, count := make([]Lane, len(row)), make([]int, len(row))
		for i := range row {
			if j := i + 1<<b; j < len(row) && zeros[j]>>b&1 == 1 {
				next[i], count[i] = row[j], zeros[j]
			} else if zeros[i]>>b&1 == 0 {
				next[i], count[i] = row[i], zeros[i]
			}
		}
		row, zeros = next, count
		if stages != nil {
			stages(row)
		}
	}
	return row
}
