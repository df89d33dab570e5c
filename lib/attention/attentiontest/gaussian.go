// Package attentiontest makes heads for the tests of those who work with them.
package attentiontest

import (
	"math/rand/v2"

	"github.com/sparse-attention/workbench/lib/attention"
)

// Gaussian is a head whose valid integers are normal with the given deviation, cut off at the largest magnitude of bits, in
// the order Q, K, V. Padding is zero and the scales are scale.
func Gaussian(r *rand.Rand, tokens, valid, dim, bits int, deviation float64, scale float32) *attention.Head {
	top := float64(int(1)<<(bits-1) - 1)
	codes := func() []int16 {
		x := make([]int16, tokens*dim)
		for i := range x[:valid*dim] {
			x[i] = int16(max(-top, min(top, r.NormFloat64()*deviation)))
		}
		return x
	}
	return &attention.Head{Tokens: tokens, Valid: valid, Dim: dim, Bits: bits, Q: codes(), K: codes(), V: codes(),
		ScaleQ: scale, ScaleK: scale, ScaleV: scale}
}
