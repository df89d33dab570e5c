package pruning

import (
	"fmt"

	"github.com/sparse-attention/workbench/lib/attention"
)

// Attend is window attention in banded form: the same Valid x Dim real numbers as attention.Attend under the window's mask, from
// the scores of the band alone. It takes O(N x Half) steps and O(Half) scratch where the masked form takes O(N x N); ReBERT's
// arrays hold such a band of keys in a ring. It panics when the layer has no window.
func (p Window) Attend(h *attention.Head, layer int) []float64 {
	if layer < 0 || layer >= len(p.Half) {
		panic(fmt.Sprintf("pruning: layer is %d, must be in 0..%d", layer, len(p.Half)-1))
	}
	half := p.Half[layer]
	out := make([]float64, h.Valid*h.Dim)
	keys := make([]int, 0, min(h.Valid, 2*half+2))
	scores, probabilities := make([]int32, cap(keys)), make([]float64, cap(keys))
	for t := range h.Valid {
		keys = keys[:0]
		if p.FirstKey && t > half {
			keys = append(keys, 0)
		}
		for j := max(0, t-half); j < h.Keys(t) && j-t <= half; j++ {
			keys = append(keys, j)
		}
		for i, j := range keys {
			scores[i] = attention.Dot(h.Query(t), h.Key(j))
		}
		row := out[t*h.Dim : (t+1)*h.Dim]
		for i, w := range attention.Softmax(probabilities, scores[:len(keys)], h.ScoreScale()) {
			w *= float64(h.ScaleV)
			for c, v := range h.Value(keys[i]) {
				row[c] += w * float64(v)
			}
		}
	}
	return out
}
