package spattenstudy

import (
	"github.com/sparse-attention/workbench/lib/accelerator/processor"
	"github.com/sparse-attention/workbench/lib/accelerator/spatten"
)

// usable is the share of the peak that streamed FC weights reach: 302 M weights of 8 bits for 32 tokens in the 25.75 ms of
// Table IV. It is an input, so Table IV's FC latency is no target.
const usable = 0.733

// weights of the fully connected layers without embeddings: 12 d_model^2 a layer.
func weights(m spatten.Model) float64 {
	d := float64(m.Heads * m.Dim)
	return 12 * d * d * float64(m.Layers)
}

// FullyConnected is the milliseconds that SpAtten-e2e takes for the FC layers of 32 tokens, bound by its weights.
func FullyConnected(s spatten.Spec, m spatten.Model, bits int) float64 {
	return weights(m) * float64(bits) / 8 * 32 / (usable * s.Memory.PeakBandwidth()) * 1e3
}

// FullyConnectedOperations is two a weight and token.
func FullyConnectedOperations(m spatten.Model) float64 { return 2 * weights(m) * 32 }

// EndToEnd is one bar of Fig. 15: the time of a platform for attention and FC layers over that of SpAtten-e2e, whose
// attention is run without head pruning.
func EndToEnd(s spatten.Spec, attention Sampled, platform processor.Spec, bits int) (float64, error) {
	b := attention.Benchmark
	g := processor.Generation{Layers: b.Model.Layers, Width: width(b), Tokens: 32}
	a, err := platform.Generate(g)
	if err != nil {
		return 0, err
	}
	f, err := platform.FullyConnected(g)
	if err != nil {
		return 0, err
	}
	return float64(a+f) * 1e3 / (attention.Milliseconds + FullyConnected(s, b.Model, bits)), nil
}
