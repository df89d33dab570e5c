package trace

import (
	"math"

	"github.com/sparse-attention/workbench/lib/attention"
)

// Workload is one of the eight of SPRINT's evaluation: what its figures imply about heads that are not published (reference
// sheet, 4.1; all derived but where noted).
type Workload struct {
	Name string
	Task string // as believed
	// Tokens fits Fig. 10 and the energy stacks; 4096 is printed in Table III.
	Tokens int
	// ValidFraction is sqrt(1 - Mask Only S of Fig. 10), +-0.005.
	ValidFraction float64
	// PruningRate is 1 - 1/(rho x S speedup) of Fig. 11, +-0.01: so the S speedups are no independent check.
	PruningRate float64
	// EnergyPruningRate is a second estimate, from the SPRINT segments of the energy figure, +-0.03.
	EnergyPruningRate float64
	// NewKeys is the new keys of a query in percent of Tokens for S, M and L: Fig. 10 net of the first loads, +-30 %. Zero where
	// the first loads are all there is to see.
	NewKeys [3]float64
	// Correlation is the only free number, one a workload by one rule: SPRINTFit, least squares over the three SPRINT bars of
	// Fig. 10, which therefore count as fitted. Where the buffer holds all valid keys a bar does not depend on it, so that for
	// the BERT and ViT shapes the S bar alone decides.
	Correlation float64
}

// SPRINTWorkloads are the eight, in the order of the figures.
func SPRINTWorkloads() []Workload {
	return []Workload{
		{"BERT-B", "SQuAD", 384, 0.55, 0.796, 0.77, [3]float64{1.5, 0, 0}, 0.647},
		{"BERT-L", "SQuAD", 384, 0.504, 0.807, 0.82, [3]float64{0.5, 0, 0}, 0.732},
		{"ALBERT-XL", "SQuAD (unverified)", 384, 0.487, 0.726, 0.74, [3]float64{1.6, 0, 0}, 0.553},
		{"ALBERT-XXL", "SQuAD (unverified)", 384, 0.487, 0.776, 0.79, [3]float64{1.1, 0, 0}, 0.593},
		{"ViT-B", "CIFAR-10 (unverified)", 197, 1, 0.643, 0.64, [3]float64{8.3, 0, 0}, 0.414},
		{"GPT-2-L", "WikiText-2 (unverified)", 1024, 0.50, 0.766, 0.785, [3]float64{4.1, 2.5, 1.1}, 0.700},
		{"Synth-1", "synthetic", 2048, 0.50, 0.75, 0.77, [3]float64{6.2, 4.7, 3.0}, 0.777},
		// A query keeps 512 keys: S, which holds 128, has at least 384 new ones, 9.4 %, so its 7.4 cannot be met by residency.
		{"Synth-2", "synthetic", 4096, 0.50, 0.75, 0.77, [3]float64{7.4, 5.7, 4.0}, 0.940},
	}
}

// Head is the shape of one of its heads, without contents: one vector is 64 bytes (reference sheet, 3.1).
func (w Workload) Head() *attention.Head {
	return &attention.Head{Tokens: w.Tokens, Valid: int(math.Round(w.ValidFraction * float64(w.Tokens))), Dim: 64, Bits: 8}
}

// Synthesis makes one of its heads.
func (w Workload) Synthesis() Synthesis {
	h := w.Head()
	return Synthesis{Name: w.Name, Tokens: h.Tokens, Valid: h.Valid, Dim: h.Dim, Bits: h.Bits, PruningRate: w.PruningRate,
		Locality: Correlation(w.Correlation), Seed: 1}
}

// SPRINT returns the eight workloads of SPRINT's evaluation as one head each; vary Seed for more heads.
func SPRINT() (heads []Synthesis) {
	for _, w := range SPRINTWorkloads() {
		heads = append(heads, w.Synthesis())
	}
	return heads
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
