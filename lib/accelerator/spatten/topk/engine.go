package topk

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
)

// Engine is the hardware of one top-k engine.
type Engine struct {
	Comparators   int // T: lanes of each of the two comparator arrays
	Capacity      int // items that each FIFO holds
	RoundOverhead int // clocks of a round beyond one a row
	FilterLanes   int // items a clock of the filter pass
}

// Published is the engine of SpAtten's Table I; T is 16 there, and 1 to 32 in its Fig. 19(a).
func Published(comparators int) Engine {
	return Engine{
		Comparators:   comparators,
		Capacity:      1024, // Table I: FIFOs 64 deep, 16 lanes wide
		RoundOverhead: 3,    // authors' TopKLatencyModel.scala
		FilterLanes:   8,    // authors' design: scores stream out as wide as the softmax
	}
}

// Validate reports the first field out of range.
func (e Engine) Validate() error {
	for _, f := range []struct {
		name   string
		value  int
		lo, hi int
	}{{"Comparators", e.Comparators, 1, 32}, {"Capacity", e.Capacity, 1, 1 << 24}, {"RoundOverhead", e.RoundOverhead, 3, 1 << 10},
		{"FilterLanes", e.FilterLanes, 1, 1 << 10}} {
		if f.value < f.lo || f.value > f.hi {
			return fmt.Errorf("topk: Engine.%s is %d, must be in %d..%d", f.name, f.value, f.lo, f.hi)
		}
	}
	return nil
}

// Result is one selection.
type Result struct {
	Threshold float64 // the k-th largest value
	Equal     int     // copies of it that are among the k
	Rounds    int     // passes over what was left
	Streamed  int64   // items compared with a pivot, all rounds together
	Select    int64   // clocks until the threshold is known
	Filter    int64   // clocks of the pass that keeps and compacts
}

// Cycles is the whole selection.
func (r Result) Cycles() int64 { return r.Select + r.Filter }

// Comparisons counts single comparisons: every streamed item meets both arrays, every filtered one meets one.
func (r Result) Comparisons(n int) int64 { return 2*r.Streamed + int64(n) }

// Selector runs an Engine over and over without allocating. It is for one goroutine.
type Selector struct {
	engine            Engine
	random            *rand.Rand
	keys, left, right []uint64
}

// NewSelector prepares an engine; random draws the pivots, and nil takes the middle item.
func NewSelector(e Engine, random *rand.Rand) (*Selector, error) {
	if err := e.Validate(); err != nil {
		return nil, err
	}
	return &Selector{engine: e, random: random}, nil
}

// ordered maps a number to an integer of the same order; both zeros are one.
func ordered(x float64) uint64 {
	b := math.Float64bits(x + 0)
	return b ^ (uint64(int64(b)>>63) | 1<<63)
}

func unordered(k uint64) float64 {
	return math.Float64frombits(k ^ (uint64(int64(^k)>>63) | 1<<63))
}

// check reports what no engine can be asked.
func (e Engine) check(x []float64, k int) error {
	switch {
	case len(x) > e.Capacity:
		return fmt.Errorf("topk: n is %d, must be at most %d (Engine.Capacity)", len(x), e.Capacity)
	case k < 1 || k > len(x):
		return fmt.Errorf("topk: k is %d, must be in 1..%d (n)", k, len(x))
	}
	for i, v := range x {
		if v != v {
			return fmt.Errorf("topk: x[%d] is NaN, must be a number", i)
		}
	}
	return nil
}

// Select finds the k largest of x, 1 <= k <= len(x).
func (s *Selector) Select(x []float64, k int) (Result, error) {
	e := s.engine
	if err := e.check(x, k); err != nil {
		return Result{}, err
	}
	if n := len(x); cap(s.keys) < n {
		s.keys, s.left, s.right = make([]uint64, n), make([]uint64, n), make([]uint64, n)
	}
	// Three buffers take turns: one is streamed, the others are filled. A buffer that is not chosen is free again.
	source, left, right := s.keys[:cap(s.keys)], s.left[:cap(s.left)], s.right[:cap(s.right)]
	for i, v := range x {
		source[i] = ordered(v)
	}
	n, target := len(x), k
	var r Result
	for {
		p := source[s.pivot(n)]
		r.Rounds++
		r.Streamed += int64(n)
		r.Select += int64((n+e.Comparators-1)/e.Comparators + e.RoundOverhead)
		nl, nr := partition(source[:n], p, left, right)
		equal := n - nl - nr
		switch {
		case nr+equal < target: // pivot too large
			target -= nr + equal
			source, left = left, source
			n = nl
		case nr >= target: // pivot too small
			source, right = right, source
			n = nr
		default:
			r.Threshold, r.Equal = unordered(p), target-nr
			r.Filter = int64((len(x) + e.FilterLanes - 1) / e.FilterLanes)
			return r, nil
		}
	}
}

func (s *Selector) pivot(n int) int {
	if s.random == nil {
		return n / 2
	}
	hi, _ := bits.Mul64(s.random.Uint64(), uint64(n))
	return int(hi)
}

// partition writes what is below the pivot to left and what is above to right, in order. It has no branch to mispredict.
func partition(source []uint64, p uint64, left, right []uint64) (nl, nr int) {
	left, right = left[:len(source)], right[:len(source)]
	for _, v := range source {
		left[nl], right[nr] = v, v
		_, below := bits.Sub64(v, p, 0)
		_, above := bits.Sub64(p, v, 0)
		nl += int(below)
		nr += int(above)
	}
	return nl, nr
}

// Keep appends to kept the indices of x that the selection keeps, in their order: all above the threshold and the first
// Equal of those at it.
func (r Result) Keep(x []float64, kept []int32) []int32 {
	equal := r.Equal
	for i, v := range x {
		if v > r.Threshold || v == r.Threshold && equal > 0 {
			if v == r.Threshold {
				equal--
			}
			kept = append(kept, int32(i))
		}
	}
	return kept
}
