package experiment

import (
	"cmp"
	"slices"
	"sync"

	"github.com/sparse-attention/workbench/lib/attention"
)

// Captured is one head met during a run.
type Captured struct {
	Site Site
	Head *attention.Head
}

// Capture wraps attend and keeps every head of the examples for which keep is true, in the order of their sites.
func Capture(attend HeadAttention, keep func(Site) bool) (HeadAttention, func() []Captured) {
	var mu sync.Mutex
	heads := map[Site]*attention.Head{}
	wrapped := func(s Site, h *attention.Head, context []float32) error {
		if keep(s) {
			mu.Lock()
			heads[s] = h
			mu.Unlock()
		}
		return attend(s, h, context)
	}
	return wrapped, func() []Captured {
		mu.Lock()
		defer mu.Unlock()
		out := make([]Captured, 0, len(heads))
		for s, h := range heads {
			out = append(out, Captured{s, h})
		}
		slices.SortFunc(out, func(a, b Captured) int { return a.Site.Compare(b.Site) })
		return out
	}
}

// Compare orders by example, layer and head.
func (s Site) Compare(o Site) int {
	return cmp.Or(cmp.Compare(s.Example, o.Example), cmp.Compare(s.Layer, o.Layer), cmp.Compare(s.Head, o.Head))
}
