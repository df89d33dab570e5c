package rivalstudy

import (
	"context"
	"fmt"

	"github.com/gomlx/compute"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/experiment"
)

// Group is heads of one model or workload.
type Group struct {
	Title      string
	Heads      []*attention.Head
	Thresholds []float64 // one a head, real; nil without learned ones
}

// through makes an attention that keeps what method keeps and is exact otherwise.
func through(method func(s experiment.Site, h *attention.Head) *attention.Mask) experiment.HeadAttention {
	return func(s experiment.Site, h *attention.Head, context []float32) error {
		for i, x := range attention.Attend(h, method(s, h)) {
			context[i] = float32(x)
		}
		return nil
	}
}

// capture runs examples of a model and keeps all heads, of the given bits: those of the dense model, or of the one trained
// with thresholds as it prunes by them.
func capture(ctx context.Context, backend compute.Backend, m experiment.Model, examples, bits int, pruned bool) (Group, error) {
	g := Group{Title: m.Title()}
	model := m.Dense
	keep := func(_ experiment.Site, h *attention.Head) *attention.Mask { return attention.Full(h) }
	if pruned {
		model = m.Pruned
		keep = func(s experiment.Site, h *attention.Head) *attention.Mask { return m.Thresholds.Mask(h, s.Layer) }
	}
	attend, captured := experiment.Capture(through(keep), func(experiment.Site) bool { return true })
	if _, err := experiment.AccuracyAt(ctx, backend, model, m.Sample(examples), bits, attend); err != nil {
		return g, fmt.Errorf("rivalstudy: %s: %w", g.Title, err)
	}
	for _, c := range captured() {
		g.Heads = append(g.Heads, c.Head)
		if pruned {
			g.Thresholds = append(g.Thresholds, m.Thresholds.Layers[c.Site.Layer])
		}
	}
	return g, nil
}
