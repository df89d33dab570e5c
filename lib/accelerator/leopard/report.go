package leopard

import (
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/energy"
	"github.com/sparse-attention/workbench/lib/unit"
)

// Report is what happened when a tile ran one head.
type Report struct {
	Machine  string // Spec.Name
	Mode     Mode
	Workload string

	Clock                 unit.Hertz
	Area                  unit.SquareMillimetres
	KeyBits, BitsPerCycle int

	Cycles      unit.Cycles // of the head
	Front, Back unit.Cycles // busy cycles of all query-key units together, and of the value unit
	Blocks      int         // of keys that fit in the buffers

	Keys      int64   // (query, key) pairs scored
	Survivors int64   // of them, those that reached softmax and value unit
	Rescored  int64   // queries that kept nothing and were read again
	ByCycles  []int64 // keys by the cycles that their decision took; index 0 is empty
	BitsRead  int64   // key bits read, one element of a key each
	Mask      *attention.Mask

	Operations int64      // multiplications and additions of QK and PV over all scored pairs: what GOPs/s count
	Loaded     unit.Bytes // into the buffers; a key block is loaded once, queries once a block
	Events     energy.Counts
	Energy     energy.Breakdown
}

// MeanCycles is the mean of ByCycles: what a key takes before it is decided.
func (r Report) MeanCycles() float64 {
	var sum int64
	for c, n := range r.ByCycles {
		sum += int64(c) * n
	}
	return float64(sum) / float64(r.Keys)
}

// PruningRate is the share of pairs that did not survive.
func (r Report) PruningRate() float64 { return 1 - float64(r.Survivors)/float64(r.Keys) }

// Seconds is the time of the head.
func (r Report) Seconds() float64 { return r.Cycles.Seconds(r.Clock) }

// Throughput is operations a second in 1e9, pruned ones included.
func (r Report) Throughput() float64 { return float64(r.Operations) / r.Seconds() / 1e9 }

// Efficiency is operations a joule in 1e9.
func (r Report) Efficiency() float64 { return float64(r.Operations) / r.Energy.Total().Joules() / 1e9 }

// AreaThroughput is Throughput a square millimetre.
func (r Report) AreaThroughput() float64 { return r.Throughput() / float64(r.Area) }

// AreaEfficiency is Efficiency a square millimetre.
func (r Report) AreaEfficiency() float64 { return r.Efficiency() / float64(r.Area) }

// Power is the mean over the head, main memory apart.
func (r Report) Power() unit.Watts { return r.Energy.Total().Power(r.Cycles, r.Clock) }

// Speedup is how many times faster r is than base.
func Speedup(base, r Report) float64 { return unit.Ratio(base.Cycles, r.Cycles) }

// EnergyReduction is how many times less energy r takes than base.
func EnergyReduction(base, r Report) float64 {
	return unit.Ratio(base.Energy.Total(), r.Energy.Total())
}
