package topk

import (
	"fmt"
	"math/bits"
)

// Pair is one comparator of a sorting network: afterwards the larger item is at Low.
type Pair struct{ Low, High int32 }

// Sorter is Batcher's odd-even merge sorter for a power of two of inputs, its network folded onto a number of comparators.
type Sorter struct {
	Inputs      int
	Comparators int // that work in one clock; a full network has one each
	Stages      [][]Pair
}

// NewSorter builds the network; inputs is a power of two.
func NewSorter(inputs, comparators int) (*Sorter, error) {
	if inputs < 2 || inputs > 1<<16 || inputs&(inputs-1) != 0 {
		return nil, fmt.Errorf("topk: Sorter.Inputs is %d, must be a power of two in 2..%d", inputs, 1<<16)
	}
	if comparators < 1 {
		return nil, fmt.Errorf("topk: Sorter.Comparators is %d, must be at least 1", comparators)
	}
	s := &Sorter{Inputs: inputs, Comparators: comparators}
	for p := 1; p < inputs; p *= 2 {
		for k := p; k >= 1; k /= 2 {
			var stage []Pair
			for j := k % p; j+k < inputs; j += 2 * k {
				for i := range k {
					if a, b := i+j, i+j+k; b < inputs && a/(2*p) == b/(2*p) {
						stage = append(stage, Pair{int32(a), int32(b)})
					}
				}
			}
			s.Stages = append(s.Stages, stage)
		}
	}
	return s, nil
}

// Size counts the comparators of the whole network: (p^2-p+4) 2^(p-2) - 1 for 2^p inputs.
func (s *Sorter) Size() int {
	n := 0
	for _, stage := range s.Stages {
		n += len(stage)
	}
	return n
}

// ClosedSize is the closed form of Size.
func ClosedSize(inputs int) int {
	p := bits.Len(uint(inputs)) - 1
	return (p*p-p+4)*inputs/4 - 1
}

// Cycles is the time of one sort: every stage waits for the one before.
func (s *Sorter) Cycles() int64 {
	var n int64
	for _, stage := range s.Stages {
		n += int64((len(stage) + s.Comparators - 1) / s.Comparators)
	}
	return n
}

// Sort puts x in descending order by running the network; len(x) must be Inputs.
func (s *Sorter) Sort(x []float64) error {
	if len(x) != s.Inputs {
		return fmt.Errorf("topk: Sorter.Sort: n is %d, must be %d (Inputs)", len(x), s.Inputs)
	}
	for i, v := range x {
		if v != v {
			return fmt.Errorf("topk: x[%d] is NaN, must be a number", i)
		}
	}
	for _, stage := range s.Stages {
		for _, c := range stage {
			if x[c.Low] < x[c.High] {
				x[c.Low], x[c.High] = x[c.High], x[c.Low]
			}
		}
	}
	return nil
}
