package a3

import "math"

// Rows is what one query asks of the modules. Fractions are means over queries.
type Rows struct {
	N          float64 // visible keys
	Iterations float64 // M
	Candidates float64 // C, rows through the dot product
	Selected   float64 // K, rows through softmax and values
}

// Interval is the cycles between two queries in steady state: the slowest module.
func (s Spec) Interval(r Rows) float64 {
	o := float64(s.ModuleOverhead)
	if s.Mode == Exact {
		return r.N + o
	}
	return max(r.Iterations+float64(s.SelectorOverhead), r.Candidates, r.Selected+o)
}

// Latency is the cycles of one query alone.
func (s Spec) Latency(r Rows) float64 {
	if s.Mode == Exact {
		return 3 * (r.N + float64(s.ModuleOverhead))
	}
	return r.Iterations + r.Candidates + 2*r.Selected + float64(s.Alpha)
}

// Time is the cycles of a number of equal queries, one after the other through the pipeline.
func (s Spec) Time(queries int, r Rows) float64 {
	return float64(queries-1)*s.Interval(r) + s.Latency(r)
}

// SortCycles is what sorting an n x d key matrix takes outside the unit, in its cycles.
func (s Spec) SortCycles(n, d int) float64 {
	if n < 2 {
		return 0
	}
	full := float64(s.Rows*s.Lanes) * math.Log2(float64(max(2, s.Rows)))
	return s.SortTime * float64(s.Clock) * float64(n*d) * math.Log2(float64(n)) / full
}

// Busy is the cycles in which each module works for one query: its events.
func (s Spec) Busy(r Rows) [Modules]float64 {
	var b [Modules]float64
	if s.Mode == Exact {
		for _, m := range []Module{DotProduct, Exponent, Output, KeySRAM, ValueSRAM} {
			b[m] = r.N
		}
		return b
	}
	b[Selector], b[SortedSRAM] = r.Iterations, r.Iterations
	b[DotProduct], b[KeySRAM] = r.Candidates, r.Candidates
	for _, m := range []Module{Exponent, PostScoring, Output, ValueSRAM} {
		b[m] = r.Selected
	}
	return b
}
