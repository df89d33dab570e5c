package a3

import (
	"github.com/sparse-attention/workbench/lib/energy"
	"github.com/sparse-attention/workbench/lib/legal"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/unit"
)

// Mode is what the unit does with a query.
type Mode uint8

const (
	Exact       Mode = iota // all rows through all modules: A3's base
	Approximate             // candidates only

	modes
)

func (m Mode) String() string { return legal.Name(m, "Mode", "Exact", "Approximate") }

// Module indexes the rows of energy.A3.
type Module uint8

const (
	DotProduct Module = iota
	Exponent
	Output
	Selector
	PostScoring
	KeySRAM
	ValueSRAM
	SortedSRAM

	Modules int = iota // how many there are
)

// Spec is one unit.
type Spec struct {
	Name       string
	Mode       Mode
	Candidates pruning.Candidates // M and T of the approximation

	Rows             int     // keys and values on chip
	Lanes            int     // d, products at once; shorter vectors are padded with zeros
	ModuleOverhead   int     // cycles that a base module adds to its rows
	SelectorOverhead int     // cycles before the first iteration
	ScanWidth        int     // greedy scores looked at in a cycle
	Alpha            int     // cycles of the approximate latency that no row causes
	SortTime         float64 // seconds to sort a full on-chip key matrix, Rows x Lanes, outside the unit
	CountStatic      bool    // charge leakage too
	Format           Format

	Clock   unit.Hertz
	Modules energy.Modules
}

// Base computes every row.
func Base() Spec {
	return Spec{
		Name:             "A3 base",
		Mode:             Exact,
		Candidates:       pruning.A3Conservative(), // not used in this mode
		Rows:             320,                      // section III-C
		Lanes:            64,                       // section III-C
		ModuleOverhead:   9,                        // section III-A: divider 7, multiply-accumulate 2; latency 3n+27
		SelectorOverhead: 4,                        // sheet: 8d products on the base module's 2d multipliers
		ScanWidth:        16,                       // section V-A
		Alpha:            30,                       // assumed: between the 21 to 39 that Fig. 14b implies
		SortTime:         4.2e-6,                   // fitted once to the printed 7 % and 24 % losses of section VI-C
		CountStatic:      false,                    // sheet: Fig. 15 leaves it out
		Format:           Format{Integer: 4, Fraction: 4},
		Clock:            unit.GHz, // section VI-C
		Modules:          energy.A3(),
	}
}

// Conservative is M = n/2, T = 5 %.
func Conservative() Spec {
	s := Base()
	s.Name, s.Mode, s.Candidates = "A3 conservative", Approximate, pruning.A3Conservative()
	return s
}

// Aggressive is M = n/8, T = 10 %.
func Aggressive() Spec {
	s := Base()
	s.Name, s.Mode, s.Candidates = "A3 aggressive", Approximate, pruning.A3Aggressive()
	return s
}

// Area is what Table I adds up to, without the modules that the mode does not need.
func (s Spec) Area() unit.SquareMillimetres {
	area := s.Modules.Sum(0, Modules).Area
	if s.Mode == Exact {
		for _, m := range []Module{Selector, PostScoring, SortedSRAM} {
			area -= s.Modules.List[m].Area
		}
	}
	return area
}

// Validate reports the first field that no unit can have.
func (s Spec) Validate() error {
	f := legal.Of("a3: Spec")
	legal.One(f, "Mode", s.Mode, modes)
	f.Parts(s.Candidates, s.Format)
	f.AtLeast("Rows", s.Rows, 1)
	f.AtLeast("Lanes", s.Lanes, 1)
	f.AtLeast("ModuleOverhead", s.ModuleOverhead, 0)
	f.AtLeast("SelectorOverhead", s.SelectorOverhead, 0)
	f.AtLeast("ScanWidth", s.ScanWidth, 1)
	least := s.SelectorOverhead + s.ModuleOverhead
	f.Require(s.Alpha >= least, "Alpha", s.Alpha, "at least %d (SelectorOverhead + ModuleOverhead)", least)
	f.NotNegative("SortTime", s.SortTime)
	f.Clock("Clock", float64(s.Clock))
	if err := f.Err(); err != nil {
		return err
	}
	return s.Modules.Validate(Modules)
}
