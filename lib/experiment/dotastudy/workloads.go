package dotastudy

import (
	"github.com/sparse-attention/workbench/lib/accelerator/dota"
	"github.com/sparse-attention/workbench/lib/accelerator/processor"
)

// Workload is one of the evaluation's, as it is believed to be.
type Workload struct {
	dota.Workload
	Like string // our task that says how much it keeps; "" takes the mean of all
	Pad  int    // tokens that the GPU pads to
}

// Workloads are the five of the evaluation (reference sheet, section 4, unverified; LRA shapes by lra.md).
func Workloads() []Workload {
	shape := func(name string, layers, tokens, model, heads, dim, ffn int) dota.Workload {
		return dota.Workload{Name: name, Layers: layers, Tokens: tokens, Model: model, Heads: heads, Dim: dim, FFN: ffn}
	}
	return []Workload{
		{shape("QA", 24, 384, 1024, 16, 64, 4096), "", 384},
		{shape("Image", 1, 1024, 128, 8, 8, 128), "dota-fashion", 1024},
		{shape("Text", 4, 2000, 256, 4, 64, 1024), "dota-imdb", 2000},
		{shape("Retrieval", 4, 4000, 128, 4, 32, 512), "", 4000},
		{shape("LM", 24, 4096, 1024, 16, 64, 4096), "", 4096}, // GPT-2's size is not known: the medium one; without its causal mask
	}
}

// The machines that are compared: equal multipliers.
const (
	DOTAs = 3  // 12.3 TOPS
	ELSAs = 12 // 13 TOPS, ELSA's own number
)

// linearEfficiency is the share of the GPU's peak that its linear layers reach: with ELSA's attention times it leaves attention
// the 30 % that ELSA's Fig. 2 shows for BERT (derived; padded to 384).
const linearEfficiency = 0.75

// GPU is ELSA's V100 on a layer of the workload: seconds of attention, of the projections, and of the feed-forward layer.
func GPU(w Workload) (attention, linear, ffn float64, err error) {
	v100 := processor.V100()
	if w.Pad > 384 {
		v100.Efficiency = 0.20 // processors.md 4.3: padded to 512 and beyond
	}
	head, err := v100.Head(w.Pad, w.Dim)
	if err != nil {
		return 0, 0, 0, err
	}
	padded := w.Workload
	padded.Tokens = w.Pad
	o := padded.Operations()
	rate := linearEfficiency * v100.Peak
	return float64(w.Heads) * float64(head), o.Linear / rate, o.FFN / rate, nil
}

// GPUSeconds is the GPU's time of the model.
func GPUSeconds(w Workload) (float64, error) {
	a, l, f, err := GPU(w)
	return float64(w.Layers) * (a + l + f), err
}
