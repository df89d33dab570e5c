package topk

import "fmt"

// Expectation holds the exact mean clocks of quick-select with uniform pivots over distinct keys, for every length and
// rank up to a length: E[n][t] = ceil(n/T)+3 + mean over pivots of what is left to do.
type Expectation struct {
	engine Engine
	rows   [][]float64
}

// Expect computes all lengths up to longest, in time and space of longest squared.
func Expect(e Engine, longest int) (*Expectation, error) {
	if err := e.Validate(); err != nil {
		return nil, err
	}
	if longest < 1 || longest > 1<<13 {
		return nil, fmt.Errorf("topk: Expect: longest is %d, must be in 1..%d", longest, 1<<13)
	}
	x := &Expectation{engine: e, rows: make([][]float64, longest+1)}
	// column[t] sums E[r][t] over r > t; diagonal[d] sums E[m][u] over m-u = d, which is what is left above a pivot.
	column, diagonal := make([]float64, longest), make([]float64, longest+1)
	for n := 1; n <= longest; n++ {
		row := make([]float64, n)
		round := float64((n+e.Comparators-1)/e.Comparators + e.RoundOverhead)
		for t := range n {
			row[t] = round + (column[t]+diagonal[n-t])/float64(n)
		}
		for t, v := range row {
			column[t] += v
			diagonal[n-t] += v
		}
		x.rows[n] = row
	}
	return x, nil
}

// At is the mean of Result.Select for n items and the zero-based rank t, 0 <= t < n; ranks are alike from both ends.
func (x *Expectation) At(n, t int) float64 { return x.rows[n][t] }
