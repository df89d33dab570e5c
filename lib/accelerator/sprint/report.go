package sprint

import (
	"github.com/sparse-attention/workbench/lib/energy"
	"github.com/sparse-attention/workbench/lib/unit"
)

// Report is what happened when a machine ran one head.
type Report struct {
	Machine  string // Spec.Name
	Mode     Mode
	Workload string

	Tokens, Valid, Dim int
	Clock              unit.Hertz
	Area               unit.SquareMillimetres

	Cycles   Cycles
	Traffic  Traffic
	Locality Reuse
	Corelets []Corelet

	Scored int64 // keys through the QK-PUs, all queries
	Used   int64 // keys through softmax and V-PU

	Operations Operations
	Events     energy.Counts
	Energy     energy.Breakdown
}

// Cycles are at the machine's clock.
type Cycles struct {
	Compute unit.Cycles // the busiest CORELET of every window of queries
	Stall   unit.Cycles // waiting for memory; 0 when hidden
	Fill    unit.Cycles // V stage of the last query: QK and V stages overlap but for it
	Memory  unit.Cycles // thresholding and transfers of all queries one after the other, whether or not they were hidden
	Store   unit.Cycles // transfers that write Q, K and V before the head starts; in no total
}

// Total is what the head takes.
func (c Cycles) Total() unit.Cycles { return c.Compute + c.Stall + c.Fill }

// Traffic is counted in vectors of Dim bytes between memory and chip.
type Traffic struct {
	Streamed    int64   // read query by query
	First       float64 // read once a head, as Fig. 10 counts (FirstLoadFactor)
	EnergyFirst float64 // the same as the energy equations count (EnergyFirstLoadFactor)
	Stored      int64   // written
}

// Loads is the main-memory traffic of Fig. 10 in vectors.
func (t Traffic) Loads() float64 { return float64(t.Streamed) + t.First }

// Reuse is what the locality engine and the on-chip table found, in keys; zero outside mode SPRINT.
// Keys loaded = Requests - Spared + Reloaded.
type Reuse struct {
	Requests int64 // kept, and pruned by the query before (vector R)
	Reused   int64 // kept by both (vector L)
	Spared   int64 // of Requests, still on chip from an earlier query
	Reloaded int64 // of Reused, no longer on chip
}

// Corelet is one of the CORELETs over the head.
type Corelet struct {
	Busy unit.Cycles
	Idle unit.Cycles // for others, for memory, for the last V stage
}

// Operations are multiplications and additions of QK and PV, two a multiply-accumulate, that the head is worth, pruned ones
// included: what GOPs/s count.
type Operations struct {
	Padded int64 // Tokens x Tokens
	Valid  int64 // the cells that valid queries may see
}

// Bytes is Loads in bytes, rounded to whole ones.
func (r Report) Bytes() unit.Bytes { return unit.Bytes(r.Traffic.Loads()*float64(r.Dim) + 0.5) }

// Seconds is the time of the head.
func (r Report) Seconds() float64 { return r.Cycles.Total().Seconds(r.Clock) }

// Throughput is operations of the valid region per second, in 1e9.
func (r Report) Throughput() float64 { return float64(r.Operations.Valid) / r.Seconds() / 1e9 }

// Efficiency is operations of the valid region per joule, in 1e9.
func (r Report) Efficiency() float64 {
	return float64(r.Operations.Valid) / r.Energy.Total().Joules() / 1e9
}

// AreaThroughput is Throughput per square millimetre.
func (r Report) AreaThroughput() float64 { return r.Throughput() / float64(r.Area) }

// AreaEfficiency is Efficiency per square millimetre: the last row of Table III, whatever its printed unit.
func (r Report) AreaEfficiency() float64 { return r.Efficiency() / float64(r.Area) }

// Power is the mean over the head.
func (r Report) Power() unit.Watts { return r.Energy.Total().Power(r.Cycles.Total(), r.Clock) }

// Utilisation is the share of the CORELETs' cycles in which they score.
func (r Report) Utilisation() float64 {
	var busy, all unit.Cycles
	for _, c := range r.Corelets {
		busy, all = busy+c.Busy, all+c.Busy+c.Idle
	}
	return unit.Ratio(busy, all)
}

// Imbalance is the work of the busiest CORELET over the mean: 1 is even.
func (r Report) Imbalance() float64 {
	var most, sum unit.Cycles
	for _, c := range r.Corelets {
		most, sum = max(most, c.Busy), sum+c.Busy
	}
	return float64(most) * float64(len(r.Corelets)) / float64(sum)
}

// Speedup is how many times faster r is than base.
func Speedup(base, r Report) float64 { return unit.Ratio(base.Cycles.Total(), r.Cycles.Total()) }

// EnergyReduction is how many times less energy r takes than base.
func EnergyReduction(base, r Report) float64 {
	return unit.Ratio(base.Energy.Total(), r.Energy.Total())
}

// TrafficReduction is the share of base's loads that r does not make: Fig. 10 with base = S in mode Baseline.
func TrafficReduction(base, r Report) float64 { return 1 - r.Traffic.Loads()/base.Traffic.Loads() }
