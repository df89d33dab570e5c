package sprint

import (
	"math"

	"github.com/sparse-attention/workbench/lib/energy"
	"github.com/sparse-attention/workbench/lib/legal"
)

// Shape is a workload as the closed forms see it: real numbers, nothing rounded (reference sheet, 4.1).
type Shape struct {
	Tokens        float64 // N, padded length
	ValidFraction float64 // rho, in (0,1]
	PruningRate   float64 // p, pruned share of the valid region, in [0,1)
	Dim           float64 // d
}

// Validate reports the first field out of range.
func (w Shape) Validate() error {
	bad := legal.Complaint("sprint: Shape")
	switch {
	case !(w.Tokens >= 1) || math.IsInf(w.Tokens, 0):
		return bad("Tokens", w.Tokens, "at least 1 and finite")
	case !(w.ValidFraction > 0 && w.ValidFraction <= 1):
		return bad("ValidFraction", w.ValidFraction, "in (0,1]")
	case !(w.PruningRate >= 0 && w.PruningRate < 1):
		return bad("PruningRate", w.PruningRate, "in [0,1)")
	case !(w.Dim >= 1) || math.IsInf(w.Dim, 0):
		return bad("Dim", w.Dim, "at least 1 and finite")
	}
	return nil
}

// valid is rho N.
func (w Shape) valid() float64 { return w.ValidFraction * w.Tokens }

// Kept is k, the kept share of all N x N cells.
func (w Shape) Kept() float64 { return w.ValidFraction * w.ValidFraction * (1 - w.PruningRate) }

// IdealSpeedup is the Baseline's cycles over SPRINT's with one CORELET: (1/rho) / (1-p).
func (w Shape) IdealSpeedup() float64 { return 1 / w.ValidFraction / (1 - w.PruningRate) }

// StreamedVectors is the closed form of Traffic.Streamed for a buffer of b keys and b values, Tm, T0 and the Pruning loads of
// the reference sheet (4.2, 4.4) without their first loads. SPRINT has none: its traffic depends on the mask.
func (w Shape) StreamedVectors(m Mode, b float64) float64 {
	n := w.Tokens
	streamed := n * max(n-b, 0)
	switch m {
	case Baseline:
		return 2 * streamed
	case MaskOnly:
		return 2 * streamed * w.ValidFraction * w.ValidFraction
	case Pruning:
		return streamed * (1 + w.Kept())
	}
	return math.NaN()
}

// FirstVectors is what is loaded once a head at the given factor; SPRINT's first keys and values are in its streamed traffic.
func (w Shape) FirstVectors(m Mode, factor float64) float64 {
	switch m {
	case MaskOnly:
		return factor * w.valid()
	case SPRINT:
		return (factor - 2) * w.valid()
	}
	return factor * w.Tokens
}

// Events are the counts of the reference sheet (4.4), given the vectors loaded.
func (w Shape) Events(m Mode, loads float64) energy.Counts {
	n, k := w.Tokens, w.Kept()
	scored, used, stored := n*n, n*n, 3*n
	switch m {
	case MaskOnly:
		scored, used, stored = w.valid()*w.valid(), w.valid()*w.valid(), 3*w.valid()
	case Pruning:
		used = k * n * n
	case SPRINT:
		scored, used, stored = k*n*n, k*n*n, 3*w.valid()
	}
	bits := 8 * w.Dim
	var c energy.Counts
	c[energy.ReRAMRead] = bits * loads
	c[energy.ReRAMWrite] = bits * stored
	if m == SPRINT {
		c[energy.InReRAMPruning] = w.valid() * w.valid() * w.Dim
	}
	c[energy.OnChipRead] = bits * (scored + used)
	c[energy.OnChipWrite] = bits * loads
	c[energy.QKPU] = w.Dim * scored
	c[energy.VPU] = w.Dim * used
	c[energy.Softmax] = used
	return c
}

// expectedMaximum is the mean of the largest of n standard normal draws, for the numbers of CORELETs that are built.
var expectedMaximum = map[int]float64{1: 0, 2: 0.5642, 4: 1.0294}

// Efficiency is the share of the CORELETs' cycles that do work when the mask is random: mu / (mu + c_n sigma) over windows of
// the given number of queries (reference sheet, 4.3). It is NaN for a number of CORELETs other than 1, 2 or 4.
func (w Shape) Efficiency(corelets, window int) float64 {
	c, ok := expectedMaximum[corelets]
	if !ok {
		return math.NaN()
	}
	queries, keys := float64(window), w.valid()/float64(corelets)
	mu := queries * keys * (1 - w.PruningRate)
	sigma := math.Sqrt(queries * keys * w.PruningRate * (1 - w.PruningRate))
	return mu / (mu + c*sigma)
}

// ComputeCycles is the closed form of Cycles.Compute for a head whose vectors take one cycle each.
func (w Shape) ComputeCycles(m Mode, corelets, window int) float64 {
	n := float64(corelets)
	switch m {
	case MaskOnly:
		return w.valid() * math.Ceil(w.valid()/n)
	case SPRINT:
		return w.valid() * w.valid() * (1 - w.PruningRate) / n / w.Efficiency(corelets, window)
	}
	return w.valid() * math.Ceil(w.Tokens/n)
}
