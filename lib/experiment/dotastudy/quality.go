package dotastudy

import (
	"context"
	"fmt"
	"sync"

	"github.com/gomlx/compute"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/experiment/joint"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/published"
	"github.com/sparse-attention/workbench/lib/trace"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// Traced is a head of a model trained with its detector, and the projected input that the detector sees.
type Traced struct {
	Layer, Head int
	Shape       *attention.Head
	Projected   []float32
}

// Trace captures every head of the examples as the model computes them at a retention.
func Trace(ctx context.Context, backend compute.Backend, d joint.Detecting, examples []datasets.Example, retention float64) ([]Traced, error) {
	heads := d.Model.Spec.Heads
	all := make([]Traced, len(examples)*d.Model.Spec.Layers*heads)
	choose := d.Chooser(retention)
	var mu sync.Mutex
	_, err := joint.MaskedAccuracy(ctx, backend, d.Model, examples, 1, func(example int, p transformer.Projection) (func(int) *attention.Mask, error) {
		h, err := trace.Quantise(p.Q, p.K, p.V, attention.Head{Tokens: p.Tokens, Valid: p.Valid, Dim: p.Dim, Bits: 12})
		if err != nil {
			return nil, err
		}
		mu.Lock()
		all[(example*d.Model.Spec.Layers+p.Layer)*heads+p.Head] = Traced{p.Layer, p.Head, &h, d.Detector.Project(p.X, p.Valid, p.Layer)}
		mu.Unlock()
		return choose(example, p)
	})
	return all, err
}

// Masks are what the detector keeps of traced heads.
func Masks(d joint.Detecting, heads []Traced, retention float64) []*attention.Mask {
	rule := pruning.Detected{Detector: d.Detector, Retention: retention}
	var masks []*attention.Mask
	for _, h := range heads {
		masks = append(masks, rule.Mask(h.Projected, h.Shape, h.Layer, h.Head))
	}
	return masks
}

// Detection measures all methods at equal retention on the same traced heads: recall of the best keys and kept probability,
// both in percent.
func Detection(title string, d joint.Detecting, heads []Traced, retentions []float64) ([]published.Row, error) {
	hash, err := joint.ELSAHash(d.Model.Spec.HeadDim())
	if err != nil {
		return nil, err
	}
	var rows []published.Row
	for _, r := range retentions {
		rule := pruning.Detected{Detector: d.Detector, Retention: r}
		for _, method := range []struct {
			name string
			mask func(i int, h Traced) *attention.Mask
		}{
			{joint.DOTAMethod, func(_ int, h Traced) *attention.Mask { return rule.Mask(h.Projected, h.Shape, h.Layer, h.Head) }},
			{joint.ELSAMethod, func(_ int, h Traced) *attention.Mask { return hash.BestOfRow(h.Shape, r) }},
			{joint.OracleMethod, func(_ int, h Traced) *attention.Mask { return pruning.TopKeys{Keep: r}.Mask(h.Shape, h.Layer) }},
			{joint.RandomMethod, func(i int, h Traced) *attention.Mask {
				return pruning.Random{Keep: r, Seed: uint64(i)}.Mask(h.Shape, h.Layer)
			}},
		} {
			var recall, mass float64
			for i, h := range heads {
				q := pruning.Judge(h.Shape, method.mask(i, h))
				recall, mass = recall+q.Recall, mass+q.Mass
			}
			n := float64(len(heads)) / 100
			config := fmt.Sprintf("retention=%g", r)
			rows = append(rows, row("detection", method.name, title, config, "recall", "%", recall/n),
				row("detection", method.name, title, config, "kept mass", "%", mass/n))
		}
	}
	return rows, nil
}
