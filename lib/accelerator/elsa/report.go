package elsa

import "github.com/sparse-attention/workbench/lib/unit"

// Report is what happened when an accelerator ran one head.
type Report struct {
	Machine  string // Spec.Name
	Mode     Mode
	Workload string
	Clock    unit.Hertz

	Tokens int // real ones
	Cycles Cycles

	Visible int64 // (query, key) pairs
	Kept    int64 // of them, those that reached the attention modules
	Banks   int
	Fullest int64 // sum over queries of the keys of the fullest bank
	Stalled int64 // module-cycles that a full queue held up
	Deepest int   // most keys that ever waited in one queue

	Operations int64 // multiplications and additions of QK and PV over all visible pairs
	Busy       [Modules]float64
	Energy     Energy
}

// Cycles are at the accelerator's clock.
type Cycles struct {
	Preprocessing unit.Cycles // hashes of the keys and of the first query
	Execution     unit.Cycles // all queries
	Drain         unit.Cycles // division of the last query
}

// Total is what the head takes.
func (c Cycles) Total() unit.Cycles { return c.Preprocessing + c.Execution + c.Drain }

// Energy is dynamic energy by module, and leakage of what is there.
type Energy struct{ Dynamic, Static [Modules]unit.Picojoules }

// Total sums everything.
func (e Energy) Total() unit.Picojoules {
	a, b, c := e.Stack()
	return a + b + c
}

// Stack is the energy as Fig. 13(b) stacks it: modules of the approximation, attention and division, external memories.
func (e Energy) Stack() (approximation, attention, external unit.Picojoules) {
	for i := range Modules {
		x := e.Dynamic[i] + e.Static[i]
		switch m := Module(i); {
		case m.approximation():
			approximation += x
		case m >= KeySRAM:
			external += x
		default:
			attention += x
		}
	}
	return approximation, attention, external
}

// energy turns busy cycles into picojoules. Base has no modules of the approximation, so they do not leak.
func (s Spec) energy(busy [Modules]float64, cycles float64) Energy {
	var e Energy
	copy(e.Dynamic[:], s.Modules.Of(busy[:]))
	for i := range Modules {
		if s.Mode == Approximate || !Module(i).approximation() {
			e.Static[i] = s.Modules.Leakage(i, cycles)
		}
	}
	return e
}

// Share is kept over visible pairs.
func (r Report) Share() float64 { return float64(r.Kept) / float64(r.Visible) }

// Imbalance is the fullest bank over the mean bank, query by query: 1 is even.
func (r Report) Imbalance() float64 {
	return float64(r.Fullest) * float64(r.Banks) / float64(r.Kept)
}

// Seconds is the time of the head.
func (r Report) Seconds() float64 { return r.Cycles.Total().Seconds(r.Clock) }

// Throughput is operations a second in 1e9, pruned ones included.
func (r Report) Throughput() float64 { return float64(r.Operations) / r.Seconds() / 1e9 }

// Power is the mean over the head, external memories included.
func (r Report) Power() unit.Watts { return r.Energy.Total().Power(r.Cycles.Total(), r.Clock) }

// Speedup is how many times faster r is than base.
func Speedup(base, r Report) float64 { return unit.Ratio(base.Cycles.Total(), r.Cycles.Total()) }
