package fixedpoint

import "fmt"

// Progressive is SpAtten's progressive quantisation (HPCA 2021, section III-D): keys and values lie in memory as two
// planes; the low bits are read, and the scores computed again, only when the softmax of the high bits is flat.
type Progressive struct {
	MSB       int     // bits of the first plane, sign included
	LSB       int     // bits of the second plane
	Threshold float64 // the second plane is read when the largest probability is below it
}

// SpAttenProgressive is the 6+4 bit setting that the paper calls usual, with its typical threshold.
func SpAttenProgressive() Progressive { return Progressive{MSB: 6, LSB: 4, Threshold: 0.1} }

// Validate reports the first field out of range.
func (p Progressive) Validate() error {
	switch {
	case p.MSB < 2 || p.MSB > 15:
		return fmt.Errorf("fixedpoint: Progressive.MSB is %d, must be in 2..15", p.MSB)
	case p.LSB < 1 || p.MSB+p.LSB > 16:
		return fmt.Errorf("fixedpoint: Progressive.LSB is %d, must be in 1..%d (16 bits with MSB)", p.LSB, 16-p.MSB)
	case !(p.Threshold >= 0 && p.Threshold <= 1):
		return fmt.Errorf("fixedpoint: Progressive.Threshold is %v, must be in 0..1", p.Threshold)
	}
	return nil
}

// First is what the high plane alone says of a code of MSB+LSB bits: a multiple of 1<<LSB, never above it.
func (p Progressive) First(code int16) int16 { return code >> p.LSB << p.LSB }

// NeedsLSB reports whether the probabilities that the high plane gave are too flat to be trusted.
func (p Progressive) NeedsLSB(probabilities []float64) bool {
	top := 0.0
	for _, x := range probabilities {
		top = max(top, x)
	}
	return top < p.Threshold
}

// SoftmaxError is the paper's estimate of how much all probabilities together move when a score with probability p0 is
// off by ds: 2 ds p0 (1-p0), at most ds/2. A dominated softmax forgives, which is why the low bits can wait.
func SoftmaxError(ds, p0 float64) float64 { return 2 * ds * p0 * (1 - p0) }
