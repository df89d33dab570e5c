package a3

import (
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/unit"
)

// Report is what happened when a unit ran one head.
type Report struct {
	Machine  string // Spec.Name
	Mode     Mode
	Workload string
	Clock    unit.Hertz
	Area     unit.SquareMillimetres

	Queries int
	Cycles  unit.Cycles // sorting and all queries
	Sort    unit.Cycles // of them, sorting, in series
	Latency unit.Cycles // of the first query alone, sorting apart

	Rows     Rows // sums over the queries
	Busy     [Modules]float64
	Mask     *attention.Mask // keys that reached softmax and values
	Streamed unit.Bytes      // of rows that are not on chip

	Operations int64 // multiplications and additions of QK and PV over all visible pairs
	Energy     Energy
}

// Energy is dynamic energy by module, and leakage when it is counted.
type Energy struct {
	Modules [Modules]unit.Picojoules
	Static  unit.Picojoules
}

// Total sums everything.
func (e Energy) Total() unit.Picojoules {
	sum := e.Static
	for _, x := range e.Modules {
		sum += x
	}
	return sum
}

// Segment is one of the five parts of Fig. 15b's stacks, bottom to top.
type Segment uint8

const (
	Selection Segment = iota
	Scores
	Softmax // exponent and post-scoring
	Values
	SRAM // all three memories

	Segments int = iota // how many there are
)

func (s Segment) String() string {
	return [...]string{"candidate selection", "dot product", "exponent + post-scoring", "output", "SRAM"}[s]
}

// Stack is the dynamic energy as Fig. 15b stacks it.
func (e Energy) Stack() [Segments]unit.Picojoules {
	m := e.Modules
	return [Segments]unit.Picojoules{m[Selector], m[DotProduct], m[Exponent] + m[PostScoring], m[Output],
		m[KeySRAM] + m[ValueSRAM] + m[SortedSRAM]}
}

func (r *Report) add(rows Rows, busy [Modules]float64) {
	r.Rows.N += rows.N
	r.Rows.Iterations += rows.Iterations
	r.Rows.Candidates += rows.Candidates
	r.Rows.Selected += rows.Selected
	for m, b := range busy {
		r.Busy[m] += b
	}
}

// energy turns busy cycles into picojoules.
func (s Spec) energy(r Report) Energy {
	var e Energy
	copy(e.Modules[:], s.Modules.Of(r.Busy[:]))
	if s.CountStatic {
		for m := range Modules {
			if s.Mode == Exact && (Module(m) == Selector || Module(m) == PostScoring || Module(m) == SortedSRAM) {
				continue
			}
			e.Static += s.Modules.Leakage(m, float64(r.Cycles))
		}
	}
	return e
}

// Mean is Rows of one query, on average.
func (r Report) Mean() Rows {
	q := float64(r.Queries)
	return Rows{r.Rows.N / q, r.Rows.Iterations / q, r.Rows.Candidates / q, r.Rows.Selected / q}
}

// Interval is the cycles of a query in a long run of such heads: the pipeline's fill is left out, sorting is not.
func (r Report) Interval() float64 {
	if r.Queries < 2 {
		return float64(r.Cycles)
	}
	return float64(r.Cycles-r.Sort-r.Latency)/float64(r.Queries-1) + float64(r.Sort)/float64(r.Queries)
}

// Seconds is the time of the head.
func (r Report) Seconds() float64 { return r.Cycles.Seconds(r.Clock) }

// Throughput is operations a second in 1e9 over a long run of such heads, pruned ones included.
func (r Report) Throughput() float64 {
	return float64(r.Operations) / float64(r.Queries) / r.Interval() * float64(r.Clock) / 1e9
}

// Efficiency is operations a joule in 1e9.
func (r Report) Efficiency() float64 { return float64(r.Operations) / r.Energy.Total().Joules() / 1e9 }

// Power is the mean over the head.
func (r Report) Power() unit.Watts { return r.Energy.Total().Power(r.Cycles, r.Clock) }

// Speedup is how much shorter r's interval is than base's: Fig. 14a.
func Speedup(base, r Report) float64 { return base.Interval() / r.Interval() }

// EnergyReduction is how many times less energy r takes than base: Fig. 15a.
func EnergyReduction(base, r Report) float64 {
	return unit.Ratio(base.Energy.Total(), r.Energy.Total())
}
