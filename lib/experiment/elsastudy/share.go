package elsastudy

import (
	"math"
	"strings"

	"github.com/sparse-attention/workbench/lib/accelerator/elsa"
	"github.com/sparse-attention/workbench/lib/published"
)

// layers of the models whose shapes are known: BERT-large, RoBERTa-large and ALBERT-large have one, 16 heads and 1024 wide.
const headsOfLarge = 16

// gpuLayer is the GPU's time of attention and of linear layers, in seconds a layer, of a large model; stretch is the factor on
// the length, thin the one on the width of the feed-forward layer.
func (r *Results) gpuLayer(model string, stretch, thin float64) (attention, linear float64, ok bool) {
	per := func(model string) (float64, bool) {
		x, ok := r.run(model + "/SQuADv1.1")
		return headsOfLarge * x.GPUSeconds(x.Base), ok
	}
	attention, ok = per(model)
	bert, known := per("BERT")
	if !ok || !known {
		return 0, 0, false
	}
	// The linear layers are BERT's: at the default length they leave attention the 30.0 % of Fig. 2 (fitted).
	row, err := published.Find("elsa", "fig2-attention-share", "self-attention", "BERT", "n=default", "runtime_share")
	if err != nil {
		return 0, 0, false
	}
	share := row.Value / 100
	linear = bert * (1 - share) / share
	const projections, ffn = 4.0 / 12, 8.0 / 12 // of the products of a layer four widths deep
	return attention * stretch * stretch, linear * stretch * (projections + ffn*thin), true
}

// attentionShare is a bar of Fig. 2, in percent.
func (r *Results) attentionShare(row published.Row) float64 {
	stretch, thin := 1.0, 1.0
	if strings.Contains(row.Config, "4x") {
		stretch = 4
	}
	if strings.Contains(row.Config, "FFN") {
		thin = 0.25
	}
	a, l, ok := r.gpuLayer(row.Workload, stretch, thin)
	if !ok {
		return math.NaN()
	}
	return 100 * a / (a + l)
}

// endToEnd is the least or largest gain of a whole model, over the five models' published shares of attention and our own
// speedup of it.
func (r *Results) endToEnd(row published.Row) float64 {
	config := "n=default"
	if strings.Contains(row.Config, "4x") {
		config = "n=4x default"
	}
	var best float64
	for _, share := range published.Figure("elsa", "fig2-attention-share") {
		if share.Config != config && !(config != "n=default" && strings.HasPrefix(share.Config, "n=4x") && !strings.Contains(share.Config, "FFN")) {
			continue
		}
		var speedups []float64
		for _, x := range r.Runs {
			if strings.HasPrefix(x.Name, share.Workload+"/") {
				speedups = append(speedups, x.OverGPU(x.Base, x.At[elsa.Conservative]))
			}
		}
		if len(speedups) == 0 {
			continue
		}
		gain := elsa.EndToEnd(share.Value/100, published.Geometric(speedups))
		if best == 0 || (gain < best) == strings.HasSuffix(row.Metric, "_min") {
			best = gain
		}
	}
	if best == 0 {
		return math.NaN()
	}
	return best
}
