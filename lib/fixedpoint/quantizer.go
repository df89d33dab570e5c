// Package fixedpoint holds the number formats of the datapaths: symmetric linear quantisers, the split of a value in its
// most and least significant bits, and the two-table exponent of the softmax units.
package fixedpoint

import (
	"fmt"
	"math"
)

// Quantizer maps a real x to the integer round(x/Scale), clamped to Bits bits of two's complement.
type Quantizer struct {
	Bits  int     // 2..16
	Scale float32 // real value of one step, positive
}

// Symmetric returns the quantiser of the given width whose largest positive code is the largest magnitude in x, the
// usual per-tensor choice. An all-zero or empty x gets Scale 1.
func Symmetric(bits int, x []float32) (Quantizer, error) {
	if bits < 2 || bits > 16 {
		return Quantizer{}, fmt.Errorf("fixedpoint: bits is %d, must be in 2..16", bits)
	}
	var m float32
	for i, v := range x {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return Quantizer{}, fmt.Errorf("fixedpoint: value %d is %v, must be finite", i, v)
		}
		m = max(m, v, -v)
	}
	if m == 0 {
		return Quantizer{Bits: bits, Scale: 1}, nil
	}
	// The smallest magnitudes would underflow to a step of zero.
	scale := max(m/float32(int(1)<<(bits-1)-1), math.SmallestNonzeroFloat32)
	return Quantizer{Bits: bits, Scale: scale}, nil
}

// Quantise returns the code of x, ties to even; x must not be NaN.
func (q Quantizer) Quantise(x float32) int16 {
	lo, hi := float64(int(-1)<<(q.Bits-1)), float64(int(1)<<(q.Bits-1)-1)
	return int16(max(lo, min(hi, math.RoundToEven(float64(x)/float64(q.Scale)))))
}

// QuantiseAll appends the codes of x to dst.
func (q Quantizer) QuantiseAll(dst []int16, x []float32) []int16 {
	for _, v := range x {
		dst = append(dst, q.Quantise(v))
	}
	return dst
}

// Split cuts a value of bits bits into its top bits-low bits (signed, floor) and its low bits (unsigned), so that
// msb<<low + lsb == v. SPRINT and SpAtten store the two halves in different places.
func Split(v int16, low int) (msb int16, lsb uint16) {
	return v >> low, uint16(v) & (1<<low - 1)
}
