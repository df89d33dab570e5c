package trace

import (
	"math"

	"github.com/sparse-attention/workbench/lib/attention"
)

// SPRINT returns the eight workloads of SPRINT's evaluation as one head each; vary Seed for more heads.
//
// Tokens, the valid fraction and the pruning rate are the values that Figures 10 and 11 imply (reference sheet, 4.1,
// derived). The correlation is the only free number, one a workload by one rule: SPRINTFit, least squares over the three
// SPRINT bars of Figure 10, which therefore count as fitted. Where the buffer holds all valid keys a bar does not depend on
// it, so that for the BERT and ViT shapes the S bar alone decides.
func SPRINT() []Synthesis {
	make := func(name string, tokens int, valid, pruned, correlation float64) Synthesis {
		return Synthesis{
			Name: name, Tokens: tokens, Valid: int(math.Round(valid * float64(tokens))), PruningRate: pruned,
			Dim: 64, Bits: 8, // one vector of 64 bytes (reference sheet, 3.1)
			Locality: Correlation(correlation), Seed: 1,
		}
	}
	return []Synthesis{
		make("BERT-B", 384, 0.55, 0.796, 0.647),
		make("BERT-L", 384, 0.504, 0.807, 0.732),
		make("ALBERT-XL", 384, 0.487, 0.726, 0.553),
		make("ALBERT-XXL", 384, 0.487, 0.776, 0.593),
		make("ViT-B", 197, 1, 0.643, 0.414),
		make("GPT-2-L", 1024, 0.50, 0.766, 0.700),
		make("Synth-1", 2048, 0.50, 0.75, 0.777),
		make("Synth-2", 4096, 0.50, 0.75, 0.940),
	}
}

// SPRINTBuffers are the vectors that the key buffer of S, M and L holds (reference sheet, 3.1).
var SPRINTBuffers = [3]int{128, 256, 512}

// SPRINTTraffic is the SPRINT series of Figure 10 for a mask: the share of S-Baseline's main memory traffic saved with the
// buffers of S, M and L, by the traffic equations of the reference sheet (4.2).
func SPRINTTraffic(h *attention.Head, m *attention.Mask) (saved [3]float64) {
	const firstLoads = 4.6  // vectors a token beside the streamed ones (sheet, 4.2: floors of Figure 10)
	const withNewKeys = 2.0 // of these, the first load of a key and a value is among the new keys
	n, valid := float64(h.Tokens), float64(h.Valid)
	baseline := 2*n*max(n-float64(SPRINTBuffers[0]), 0) + firstLoads*n
	for i, capacity := range SPRINTBuffers {
		loads := 0
		for _, k := range NewKeys(m, capacity, HitsFirst) {
			loads += k
		}
		saved[i] = 1 - (2*float64(loads)+(firstLoads-withNewKeys)*valid)/baseline
	}
	return saved
}

// SPRINTFit is the correlation at which the traffic of one head comes nearest, in least squares, to the three bars of
// Figure 10 (shares in 0..1).
func SPRINTFit(s Synthesis, bars [3]float64) (correlation float64, err error) {
	if err := s.Validate(); err != nil {
		return 0, err
	}
	g := newSource(s)
	miss := func(a float64) (sum float64) {
		made, e := g.make(a)
		if e != nil {
			err = e
			return 0
		}
		for i, saved := range SPRINTTraffic(made.Head, made.Mask) {
			sum += (saved - bars[i]) * (saved - bars[i])
		}
		return sum
	}
	// Golden-section search: the miss falls and rises once.
	const tolerance = 2e-3
	golden := (math.Sqrt(5) - 1) / 2
	lo, hi := 0.0, mostCorrelated
	a, b := hi-golden*(hi-lo), lo+golden*(hi-lo)
	fa, fb := miss(a), miss(b)
	for hi-lo > tolerance && err == nil {
		if fa < fb {
			hi, b, fb = b, a, fa
			a = hi - golden*(hi-lo)
			fa = miss(a)
		} else {
			lo, a, fa = a, b, fb
			b = lo + golden*(hi-lo)
			fb = miss(b)
		}
	}
	return (lo + hi) / 2, err
}
