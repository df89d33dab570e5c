package spatten

import (
	"github.com/sparse-attention/workbench/lib/dram"
	"github.com/sparse-attention/workbench/lib/unit"
)

// Report is what happened when a machine ran a workload.
type Report struct {
	Machine  string // Spec.Name
	Workload string
	Clock    unit.Hertz

	Cycles   unit.Cycles      // until the last output
	Busy     [Modules]float64 // clocks in which a module worked
	Totals   Totals
	Streamed int64 // items that the top-k engines compared with pivots

	Memory dram.Stats
	Energy Energy
}

// Energy is that of each module, and of the memory by cause.
type Energy struct {
	OnChip [Modules]unit.Picojoules
	Memory dram.EnergyReport
}

// Chip sums the modules.
func (e Energy) Chip() unit.Picojoules {
	var sum unit.Picojoules
	for _, x := range e.OnChip {
		sum += x
	}
	return sum
}

// Total is the chip and its memory.
func (e Energy) Total() unit.Picojoules { return e.Chip() + e.Memory.Total() }

func (m *machine) conclude() (Report, error) {
	r := &m.report
	r.Machine, r.Workload, r.Clock = m.Name, m.w.Name, m.Clock
	r.Cycles = unit.Cycles(m.last)
	r.Totals = m.w.Totals()
	r.Memory = m.fetcher.memory.Drain()
	if err := r.Memory.Verify(); err != nil {
		return Report{}, err
	}
	r.Busy[Fetcher] = float64(m.fetcher.busy)
	r.Busy[Others] = float64(m.last)
	copy(r.Energy.OnChip[:], m.Modules.Of(r.Busy[:]))
	for i := range r.Energy.OnChip {
		r.Energy.OnChip[i] += m.Modules.Leakage(i, float64(m.last))
	}
	r.Energy.Memory = r.Memory.Energy
	return *r, nil
}

// Seconds is the time of the workload.
func (r Report) Seconds() float64 { return r.Cycles.Seconds(r.Clock) }

// Throughput is operations a second that are done, pruned ones left out: the measure of Fig. 18 and Fig. 19.
func (r Report) Throughput() float64 { return r.Totals.Operations / r.Seconds() }

// Effective is operations a second with the pruned ones counted: the measure of Table III.
func (r Report) Effective() float64 { return r.Totals.DenseOperations / r.Seconds() }

// Bandwidth is bytes a second from and to the memory.
func (r Report) Bandwidth() float64 { return float64(r.Memory.Bytes) / r.Seconds() }

// Intensity is operations done a byte moved.
func (r Report) Intensity() float64 { return r.Totals.Operations / float64(r.Memory.Bytes) }

// Utilisation is the share of clocks in which a module works.
func (r Report) Utilisation(m Module) float64 { return r.Busy[m] / float64(r.Cycles) }

// Power is mean watts of chip and memory.
func (r Report) Power() (chip, memory unit.Watts) {
	return r.Energy.Chip().Power(r.Cycles, r.Clock), r.Energy.Memory.Total().Power(r.Cycles, r.Clock)
}
