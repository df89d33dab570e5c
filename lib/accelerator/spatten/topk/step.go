package topk

import "math/bits"

// fifo is FIFO_L or FIFO_R: rows of T lanes, filled through a realigner that packs the items of successive rows.
type fifo struct {
	items []Lane
}

func (f *fifo) push(row []Lane) {
	for _, l := range row {
		if l.Valid {
			f.items = append(f.items, l)
		}
	}
}

// pop takes a row; its last lanes are holes when fewer items are left.
func (f *fifo) pop(lanes int) []Lane {
	row := make([]Lane, lanes)
	n := copy(row, f.items[:min(lanes, len(f.items))])
	f.items = f.items[n:]
	return row
}

// arrays is what one clock of the comparators makes of a row.
type arrays struct {
	below, above []Lane
	equal        int
}

func compare(row []Lane, pivot uint64) *arrays {
	a := &arrays{make([]Lane, len(row)), make([]Lane, len(row)), 0}
	for i, l := range row {
		switch {
		case !l.Valid:
		case l.Key < pivot:
			a.below[i] = l
		case l.Key > pivot:
			a.above[i] = l
		default:
			a.equal++
		}
	}
	return a
}

// Step runs a selection clock by clock and row by row: FIFO, comparators, prefix sum, shift network, FIFO. pivot picks
// one of n items. It returns the kept indices in order as the filter's own zero eliminator packs them.
func (e Engine) Step(x []float64, k int, pivot func(n int) int) (Result, []int32, error) {
	if err := e.Validate(); err != nil {
		return Result{}, nil, err
	}
	if err := e.check(x, k); err != nil {
		return Result{}, nil, err
	}
	lanes := 1 << bits.Len(uint(e.Comparators-1)) // the eliminators are as wide as the next power of two
	source := &fifo{}
	for i, v := range x {
		source.items = append(source.items, Lane{ordered(v), int32(i), true})
	}
	input := source.items
	var r Result
	target := k
	for {
		n := len(source.items)
		p := source.items[pivot(n)].Key
		left, right := &fifo{}, &fifo{}
		equal := 0
		var compared, counted, shifted *arrays // the three registers
		clocks := 0
		for ; len(source.items) > 0 || compared != nil || counted != nil || shifted != nil || clocks == 0; clocks++ {
			if shifted != nil {
				left.push(shifted.below)
				right.push(shifted.above)
			}
			shifted = nil
			if counted != nil {
				shifted = &arrays{Compact(counted.below, nil), Compact(counted.above, nil), counted.equal}
			}
			counted = compared
			compared = nil
			if len(source.items) > 0 {
				row := append(source.pop(e.Comparators), make([]Lane, lanes-e.Comparators)...)
				compared = compare(row, p)
				equal += compared.equal
			}
		}
		r.Rounds++
		r.Streamed += int64(n)
		r.Select += int64(clocks + e.RoundOverhead - 3)
		above := len(right.items)
		switch {
		case above+equal < target:
			target -= above + equal
			source = left
		case above >= target:
			source = right
		default:
			r.Threshold, r.Equal = unordered(p), target-above
			kept, rows := e.filter(input, p, r.Equal)
			r.Filter = rows
			return r, kept, nil
		}
	}
}

// filter streams the input once more.
func (e Engine) filter(input []Lane, threshold uint64, equal int) ([]int32, int64) {
	width := 1 << bits.Len(uint(e.FilterLanes-1))
	in, out := &fifo{input}, &fifo{}
	rows := int64(0)
	for len(in.items) > 0 {
		row := append(in.pop(e.FilterLanes), make([]Lane, width-e.FilterLanes)...)
		for i, l := range row {
			keep := l.Valid && l.Key > threshold
			if l.Valid && l.Key == threshold && equal > 0 {
				equal--
				keep = true
			}
			if !keep {
				row[i] = Lane{}
			}
		}
		out.push(Compact(row, nil))
		rows++
	}
	kept := make([]int32, len(out.items))
	for i, l := range out.items {
		kept[i] = l.Index
	}
	return kept, rows
}
