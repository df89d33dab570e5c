package reram

import "github.com/sparse-attention/workbench/lib/attention"

func head(tokens, dim int) *attention.Head {
	n := tokens * dim
	return &attention.Head{Tokens: tokens, Valid: tokens, Dim: dim, Bits: 8, ScaleQ: 1, ScaleK: 1, ScaleV: 1,
		Q: make([]int16, n), K: make([]int16, n), V: make([]int16, n)}
}
