package published

import "math"

// Arithmetic is the sum of v over its length; NaN when v is empty.
func Arithmetic(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

// Geometric is the len(v)-th root of the product; NaN when v is empty or a value is not above zero.
func Geometric(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		if !(x > 0) {
			return math.NaN()
		}
		sum += math.Log(x)
	}
	return math.Exp(sum / float64(len(v)))
}

// Harmonic is the reciprocal of the mean reciprocal; NaN when v is empty or a value is not above zero.
func Harmonic(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		if !(x > 0) {
			return math.NaN()
		}
		sum += 1 / x
	}
	return float64(len(v)) / sum
}
