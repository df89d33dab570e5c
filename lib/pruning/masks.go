package pruning

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/sparse-attention/workbench/lib/attention"
)

// TopKeys keeps the best share of each query's keys by exact score: the oracle that detectors are measured against.
type TopKeys struct {
	Keep float64 // share of the visible keys, 0 < Keep <= 1, rounded up to whole keys
}

// Validate reports a share out of range.
func (p TopKeys) Validate() error { return share("TopKeys", p.Keep) }

// Mask keeps the largest scores; among equals the first.
func (p TopKeys) Mask(h *attention.Head, _ int) *attention.Mask {
	m := attention.NewMask(h.Tokens, h.Tokens)
	scorer := attention.NewScorer(h)
	real := make([]float64, h.Valid)
	for t := range h.Valid {
		row := scorer.Row(t)
		for j, s := range row {
			real[j] = float64(s)
		}
		x := real[:len(row)]
		for _, j := range QuickSelect(x, shareOf(p.Keep, len(x)), nil).Filter(x) {
			m.Keep(t, j)
		}
	}
	return m
}

// Random keeps a share of each query's keys by chance: the floor that any method must beat.
type Random struct {
	Keep    float64 // share of the visible keys, 0 < Keep <= 1, rounded up to whole keys
	Seed    uint64
	Queries int // choose for the first queries only, where nothing reads the others; 0 is all
}

// Validate reports a share out of range.
func (p Random) Validate() error { return share("Random", p.Keep) }

// Mask draws the keys; the same seed and layer give the same mask.
func (p Random) Mask(h *attention.Head, layer int) *attention.Mask {
	m := attention.NewMask(h.Tokens, h.Tokens)
	r := rand.New(rand.NewPCG(p.Seed, uint64(layer)))
	for t := range firstOf(h, p.Queries) {
		n := h.Keys(t)
		// Floyd's sampling: each of the last k indices enters, or a random smaller one in its place.
		for j := n - shareOf(p.Keep, n); j < n; j++ {
			if i := r.IntN(j + 1); m.Kept(t, i) {
				m.Keep(t, j)
			} else {
				m.Keep(t, i)
			}
		}
	}
	return m
}

func share(name string, keep float64) error {
	if !(keep > 0 && keep <= 1) {
		return fmt.Errorf("pruning: %s.Keep is %v, must be in (0,1]", name, keep)
	}
	return nil
}

// shareOf rounds up, but not over the noise of a product such as 0.1 x 10.
func shareOf(keep float64, n int) int { return min(n, max(1, int(math.Ceil(keep*float64(n)-1e-9)))) }

// Window is ReBERT's window self-attention (TCAD 2022): query i sees the keys j with |i-j| <= Half[layer].
type Window struct {
	Half     []int // half-width of each layer
	FirstKey bool  // key 0, the classification token, is always seen as well (one reading of the paper's 2W+2 keys)
}

// Validate reports the first half-width out of range.
func (p Window) Validate() error {
	if len(p.Half) == 0 {
		return fmt.Errorf("pruning: Window.Half is empty, must hold at least 1 half-width")
	}
	for l, w := range p.Half {
		if w < 0 {
			return fmt.Errorf("pruning: Window.Half[%d] is %d, must be at least 0", l, w)
		}
	}
	return nil
}

// Mask keeps the window of a layer. It panics when the layer has none.
func (p Window) Mask(h *attention.Head, layer int) *attention.Mask {
	if layer < 0 || layer >= len(p.Half) {
		panic(fmt.Sprintf("pruning: layer is %d, must be in 0..%d", layer, len(p.Half)-1))
	}
	w := p.Half[layer]
	m := attention.NewMask(h.Tokens, h.Tokens)
	for t := range h.Valid {
		for j := max(0, t-w); j < h.Keys(t) && j-t <= w; j++ {
			m.Keep(t, j)
		}
		if p.FirstKey {
			m.Keep(t, 0)
		}
	}
	return m
}

// MeanWindow is the exact mean number of keys that a query of n sees under a half-width w < n: 2w+1 - w(w+1)/n.
func MeanWindow(n, w int) float64 { return float64(2*w+1) - float64(w)*float64(w+1)/float64(n) }

// firstOf is how many queries are chosen for; 0 is all.
func firstOf(h *attention.Head, queries int) int {
	if queries > 0 {
		return min(queries, h.Valid)
	}
	return h.Valid
}
