package pruning

// Selection is the answer of SpAtten's top-k engine (HPCA 2021, Algorithm 3): the k-th largest value, and how many copies
// of it belong to the k.
type Selection struct {
	Threshold float64
	Equal     int
	Rounds    []int // items streamed in each round, which is what the engine's time depends on
}

// QuickSelect finds the k largest of x, 1 <= k <= len(x). pivot picks one of n items; a nil pivot takes the middle one.
//
// The comparisons are strict where the paper prints them loose: the loose form keeps the same items but reports another
// threshold, and fails when everything is kept.
func QuickSelect(x []float64, k int, pivot func(n int) int) Selection {
	if pivot == nil {
		pivot = func(n int) int { return n / 2 }
	}
	var s Selection
	source, target := x, k
	for {
		p := source[pivot(len(source))]
		s.Rounds = append(s.Rounds, len(source))
		both := make([]float64, 2*len(source))
		left, right := both[:0:len(source)], both[len(source):len(source)]
		equal := 0
		for _, v := range source {
			switch {
			case v < p:
				left = append(left, v)
			case v > p:
				right = append(right, v)
			default:
				equal++
			}
		}
		switch {
		case len(right)+equal < target: // pivot too large
			target -= len(right) + equal
			source = left
		case len(right) >= target: // pivot too small
			source = right
		default:
			s.Threshold, s.Equal = p, target-len(right)
			return s
		}
	}
}

// Filter returns the indices of x that the selection keeps, in the original order: all above the threshold and the first
// Equal of those at it.
func (s Selection) Filter(x []float64) []int {
	var kept []int
	equal := s.Equal
	for i, v := range x {
		if v > s.Threshold || v == s.Threshold && equal > 0 {
			if v == s.Threshold {
				equal--
			}
			kept = append(kept, i)
		}
	}
	return kept
}
