package dota

import (
	"github.com/sparse-attention/workbench/lib/dram"
	"github.com/sparse-attention/workbench/lib/legal"
	"github.com/sparse-attention/workbench/lib/unit"
)

// Phase is a stretch of a layer's time.
type Phase uint8

const (
	Linear     Phase = iota // Q, K and V
	Projection              // X.P
	Detection
	Attention
	Output
	FFN
	Stall // waiting for main memory or the accumulator

	Phases int = iota // how many there are
)

func (p Phase) String() string {
	return legal.Name(p, "Phase", "linear", "projection", "detection", "attention", "output", "FFN", "stall")
}

// Report is what happened when the machine ran a model. Spent, Busy, Waiting, Memory and Energy are one layer's.
type Report struct {
	Machine  string
	Workload string
	Clock    unit.Hertz
	Layers   int
	Tokens   int
	Lanes    int

	Cycles  unit.Cycles     // of all layers
	Spent   [Phases]float64 // cycles, along the slowest lane
	Waiting float64         // cycles that a lane's matrix unit waited for softmax or scheduler, at most
	Busy    [Modules]float64

	Flow    Group // all heads
	Visible int64 // (query, key) pairs

	Operations Operations
	Memory     dram.Stats
	Energy     Energy
}

// Operations are multiplications and additions of a layer, a product counted as two, dense.
type Operations struct{ Linear, Attention, FFN float64 }

// Total sums them.
func (o Operations) Total() float64 { return o.Linear + o.Attention + o.FFN }

// Operations counts those of a layer without pruning.
func (w Workload) Operations() Operations {
	n, d, wide := float64(w.Tokens), float64(w.Model), float64(w.Heads*w.Dim)
	return Operations{Linear: 2 * 4 * n * d * wide, Attention: 2 * 2 * n * n * wide, FFN: 2 * 2 * n * d * float64(w.FFN)}
}

// Energy is a layer's.
type Energy struct {
	Dynamic, Static [Modules]unit.Picojoules
	DRAM            unit.Picojoules
}

// Total sums everything.
func (e Energy) Total() unit.Picojoules {
	sum := e.DRAM
	for i := range Modules {
		sum += e.Dynamic[i] + e.Static[i]
	}
	return sum
}

// energy is the busy cycles of each module times its power, leakage over the layer, and main memory by its own table.
func (l *layer) energy(cycles float64, m dram.Stats) Energy {
	e := Energy{DRAM: m.Energy.Total()}
	copy(e.Dynamic[:], l.Modules.Of(l.busy[:]))
	for i := range Modules {
		e.Static[i] = l.Modules.Leakage(i, cycles)
	}
	return e
}

// Seconds is the time of the model.
func (r Report) Seconds() float64 { return r.Cycles.Seconds(r.Clock) }

// LayerCycles is the time of a layer.
func (r Report) LayerCycles() float64 {
	sum := 0.0
	for _, c := range r.Spent {
		sum += c
	}
	return sum
}

// AttentionBlock is the cycles of a layer that pruning acts on, detection included.
func (r Report) AttentionBlock() float64 {
	return r.Spent[Projection] + r.Spent[Detection] + r.Spent[Attention]
}

// AttentionSeconds is the time of attention and detection in all layers.
func (r Report) AttentionSeconds() float64 {
	return float64(r.Layers) * r.AttentionBlock() / float64(r.Clock)
}

// Bound is Amdahl's law for this run: how much faster the model is when attention and detection take no time.
func (r Report) Bound() float64 { return r.LayerCycles() / (r.LayerCycles() - r.AttentionBlock()) }

// Retention is kept over visible pairs.
func (r Report) Retention() float64 { return float64(r.Flow.Connections) / float64(r.Visible) }

// Joules is the energy of the model.
func (r Report) Joules() float64 { return float64(r.Layers) * r.Energy.Total().Joules() }

// Intensity is operations of a layer, pruned ones included, a byte of main memory.
func (r Report) Intensity() float64 { return r.Operations.Total() / float64(r.Memory.Bytes) }

// Throughput is operations a second, pruned ones included.
func (r Report) Throughput() float64 {
	return float64(r.Layers) * r.Operations.Total() / r.Seconds()
}
