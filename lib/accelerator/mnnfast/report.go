package mnnfast

import (
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/unit"
)

// Report is what happened when a machine ran one head.
type Report struct {
	Machine  string // Spec.Name
	Workload string
	Clock    unit.Hertz

	Cycles               unit.Cycles // of the head
	Memory, Score, Value unit.Cycles // in which each works

	Pairs  int64 // (query, key) pairs scored
	Kept   int64 // of them, those whose value was used
	Mask   *attention.Mask
	Loaded unit.Bytes // keys, values and spilled scores, both ways

	Operations int64 // multiplications of QK and PV over all pairs, one a multiply-accumulate: what SpAtten's Table III counts
	Energy     unit.Picojoules
}

// Seconds is the time of the head.
func (r Report) Seconds() float64 { return r.Cycles.Seconds(r.Clock) }

// Throughput is operations a second in 1e9, skipped ones included.
func (r Report) Throughput() float64 { return float64(r.Operations) / r.Seconds() / 1e9 }

// Efficiency is operations a joule in 1e9.
func (r Report) Efficiency() float64 { return float64(r.Operations) / r.Energy.Joules() / 1e9 }

// SkipRate is the share of values that were not used.
func (r Report) SkipRate() float64 { return 1 - float64(r.Kept)/float64(r.Pairs) }

// Speedup is how many times faster r is than base.
func Speedup(base, r Report) float64 { return unit.Ratio(base.Cycles, r.Cycles) }
