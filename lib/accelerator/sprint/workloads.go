package sprint

import (
	"math"

	"github.com/sparse-attention/workbench/lib/attention"
)

// Reference is one of the paper's workloads: what its figures imply about the heads, which are not published (reference
// sheet, 4.1; all derived but where noted).
type Reference struct {
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
}

// Workloads are the eight, in the order of the figures.
func Workloads() []Reference {
	return []Reference{
		{"BERT-B", "SQuAD", 384, 0.55, 0.796, 0.77, [3]float64{1.5, 0, 0}},
		{"BERT-L", "SQuAD", 384, 0.504, 0.807, 0.82, [3]float64{0.5, 0, 0}},
		{"ALBERT-XL", "SQuAD (unverified)", 384, 0.487, 0.726, 0.74, [3]float64{1.6, 0, 0}},
		{"ALBERT-XXL", "SQuAD (unverified)", 384, 0.487, 0.776, 0.79, [3]float64{1.1, 0, 0}},
		{"ViT-B", "CIFAR-10 (unverified)", 197, 1, 0.643, 0.64, [3]float64{8.3, 0, 0}},
		{"GPT-2-L", "WikiText-2 (unverified)", 1024, 0.50, 0.766, 0.785, [3]float64{4.1, 2.5, 1.1}},
		{"Synth-1", "synthetic", 2048, 0.50, 0.75, 0.77, [3]float64{6.2, 4.7, 3.0}},
		// A query keeps 512 keys: S, which holds 128, has at least 384 new ones, 9.4 %, so its 7.4 cannot be met by residency.
		{"Synth-2", "synthetic", 4096, 0.50, 0.75, 0.77, [3]float64{7.4, 5.7, 4.0}},
	}
}

// Shape is the workload for the closed forms, with d = 64.
func (r Reference) Shape() Shape {
	return Shape{Tokens: float64(r.Tokens), ValidFraction: r.ValidFraction, PruningRate: r.PruningRate, Dim: 64}
}

// Head is the shape of one of its heads, without contents.
func (r Reference) Head() *attention.Head {
	return &attention.Head{Tokens: r.Tokens, Valid: int(math.Round(r.ValidFraction * float64(r.Tokens))), Dim: 64, Bits: 8}
}
