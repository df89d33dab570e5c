package reram_test

import (
	"math"
	"testing"

	"github.com/sparse-attention/workbench/lib/reram"
)

// The same errors of cells cost the less the more bits are held, also where the uppermost cell holds a single bit.
func TestErrorsFallWithBits(t *testing.T) {
	h := random(80, 80, 64, 9)
	deviation := func(bits int) float64 {
		exact, noisy := reram.Ideal().Bits(bits), reram.Ideal().Bits(bits)
		noisy.Noise.Cells, noisy.Noise.Sigma = reram.OfRange, 0.05
		_, want, err := exact.Threshold(h, 0)
		if err != nil {
			t.Fatal(err)
		}
		_, got, err := noisy.Threshold(h, 0)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for q := range h.Valid {
			for j, v := range got.Row(q) {
				sum += math.Pow(float64(v-want.Row(q)[j]), 2)
			}
		}
		return math.Sqrt(sum / float64(h.Valid*h.Valid))
	}
	four := deviation(4)
	for _, bits := range []int{1, 2, 3, 5, 6, 7, 8} {
		if d := deviation(bits); d < four/2 || d > 2.2*four {
			t.Errorf("%d bits: sums are off by %.0f, with 4 bits by %.0f; 5 %% of the range is 5 %% at any width", bits, d, four)
		}
	}
}
