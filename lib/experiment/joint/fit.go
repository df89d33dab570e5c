package joint

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/gomlx/compute"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// FitDetector makes a floating-point detector for a dense model by least squares on examples (pruning.FitHead), with a projection
// drawn by seed.
func FitDetector(ctx context.Context, backend compute.Backend, m *transformer.Encoder, sigma float64, seed uint64, examples []datasets.Example) (Detecting, error) {
	spec := m.Spec
	k, err := pruning.DetectorWidth(sigma, spec.HeadDim())
	if err != nil {
		return Detecting{}, err
	}
	d := &pruning.Detector{Model: spec.Hidden, Width: k, Bits: 32}
	for l := range spec.Layers {
		d.Layers = append(d.Layers, pruning.DetectorLayer{P: pruning.SparseProjection(spec.Hidden, k, seed<<8+uint64(l)), Heads: make([]pruning.DetectorHead, spec.Heads)})
	}
	type sample struct {
		experiment.Site
		pruning.FitSample
	}
	var mu sync.Mutex
	var all []sample
	_, err = MaskedAccuracy(ctx, backend, m, examples, 1, func(example int, p transformer.Projection) (func(int) *attention.Mask, error) {
		h, err := quantised(p)
		if err != nil {
			return nil, fmt.Errorf("joint: example %d: %w", example, err)
		}
		x := d.Project(p.X, p.Valid, p.Layer)
		mu.Lock()
		all = append(all, sample{experiment.Site{Example: example, Layer: p.Layer, Head: p.Head}, pruning.FitSample{Head: h, Projected: x}})
		mu.Unlock()
		return keepAll(example, p)
	})
	if err != nil {
		return Detecting{}, err
	}
	slices.SortFunc(all, func(a, b sample) int { return a.Site.Compare(b.Site) }) // sums depend on the order
	for l := range spec.Layers {
		for h := range spec.Heads {
			var mine []pruning.FitSample
			for _, s := range all {
				if s.Layer == l && s.Site.Head == h {
					mine = append(mine, s.FitSample)
				}
			}
			if d.Layers[l].Heads[h], err = pruning.FitHead(mine, k); err != nil {
				return Detecting{}, err
			}
		}
	}
	return Detecting{seed, m, d}, d.Validate()
}
