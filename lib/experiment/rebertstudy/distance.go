package rebertstudy

import (
	"context"
	"fmt"

	"github.com/gomlx/compute"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/published"
)

// Distances is where a model's attention lies (the paper's Fig. 6): the probability that a word gives to words within a distance of
// it, in per cent, by layer, over the heads of the given number of examples; and what a uniform softmax would give.
func Distances(ctx context.Context, backend compute.Backend, m experiment.Model, examples int, within ...int) ([]published.Row, error) {
	layers := m.Dense.Spec.Layers
	mass, uniform, queries := make([][]float64, layers), make([]float64, len(within)), 0.0
	for l := range mass {
		mass[l] = make([]float64, len(within))
	}
	full := func(_ experiment.Site, h *attention.Head, context []float32) error {
		for i, x := range attention.Attend(h, attention.Full(h)) {
			context[i] = float32(x)
		}
		return nil
	}
	wrapped, captured := experiment.Capture(full, func(experiment.Site) bool { return true })
	if _, err := experiment.Accuracy(ctx, backend, m.Dense, m.Sample(examples), wrapped); err != nil {
		return nil, err
	}
	for _, c := range captured() {
		scorer, p := attention.NewScorer(c.Head), make([]float64, c.Head.Valid)
		for t := range c.Head.Valid {
			p = attention.Softmax(p, scorer.Row(t), c.Head.ScoreScale())
			queries++
			for i, d := range within {
				near := 0.0
				for j := max(0, t-d); j <= min(t+d, c.Head.Valid-1); j++ {
					near += p[j]
				}
				mass[c.Site.Layer][i] += near
				uniform[i] += float64(min(t+d, c.Head.Valid-1)-max(0, t-d)+1) / float64(c.Head.Valid)
			}
		}
	}
	var rows []published.Row
	for l := range layers {
		for i, d := range within {
			rows = append(rows, row("fig6-distance", m.Title(), fmt.Sprintf("layer %d", l+1), fmt.Sprintf("distance=%d", d), "attention_mass", "%", 100*mass[l][i]*float64(layers)/queries))
		}
	}
	for i, d := range within {
		rows = append(rows, row("fig6-distance", m.Title(), "uniform attention", fmt.Sprintf("distance=%d", d), "attention_mass", "%", 100*uniform[i]/queries))
	}
	return rows, nil
}
