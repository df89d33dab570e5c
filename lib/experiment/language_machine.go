package experiment

import (
	"context"
	"fmt"

	"github.com/gomlx/compute"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// evalTexts is how many texts of a decoder are computed at a time: each has logits at every token.
const evalTexts = 8

// MachinePerplexity runs whole texts, whose tokens are bytes, through a decoder with attend in place of its attention, all tokens of a text at once,
// as a machine meets them that has the text before it. The first token of a text is given.
func MachinePerplexity(ctx context.Context, backend compute.Backend, m *transformer.Encoder, texts []datasets.Example, attend HeadAttention) (Perplexity, error) {
	if m.Spec.Head != transformer.Language || !m.Spec.Causal {
		return Perplexity{}, fmt.Errorf("experiment: Spec.Head is %q and Spec.Causal %v, must be %q and true for a perplexity", m.Spec.Head, m.Spec.Causal, transformer.Language)
	}
	out := Perplexity{Loss: make([]float64, len(texts))}
	v := m.Spec.Vocabulary
	err := onMachine(ctx, backend, m, texts, evalTexts, headBits, attend, func(b datasets.Batch, logits []float32) {
		for r := range b.Count {
			for t := range int(b.Lengths[r]) - 1 {
				i := r*b.Tokens + t
				out.Loss[b.Examples[r]] += surprise(logits[i*v:(i+1)*v], b.IDs[i+1])
				out.Tokens++
			}
		}
	})
	out.Bytes = out.Tokens
	return out, err
}
