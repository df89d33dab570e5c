package elsa

import (
	"fmt"

	"github.com/sparse-attention/workbench/lib/energy"
	"github.com/sparse-attention/workbench/lib/legal"
	"github.com/sparse-attention/workbench/lib/unit"
)

// Mode is what the accelerator does with a query.
type Mode uint8

const (
	Exact       Mode = iota // all keys through the attention modules: ELSA-Base
	Approximate             // the kept ones only

	modes
)

func (m Mode) String() string { return legal.Name(m, "Mode", "Exact", "Approximate") }

// Coupling says how far stages of different queries may drift apart.
type Coupling uint8

const (
	Lockstep  Coupling = iota // all stages move to their next query together
	Decoupled                 // selection runs up to one query ahead, attention takes keys as they are found

	couplings
)

func (c Coupling) String() string { return legal.Name(c, "Coupling", "lockstep", "decoupled") }

// BankMap says which bank holds a key.
type BankMap uint8

const (
	Interleave BankMap = iota // key y in bank y mod Pa
	Block                     // the first n/Pa keys in bank 0, and so on

	bankMaps
)

func (b BankMap) String() string { return legal.Name(b, "BankMap", "interleave", "block") }

// Module indexes the rows of energy.ELSA. The first seven are the accelerator, the others its external memory.
type Module uint8

const (
	HashComputation Module = iota
	NormComputation
	CandidateSelection
	AttentionComputation
	OutputDivision
	KeyHashSRAM
	KeyNormSRAM
	KeySRAM
	ValueSRAM
	QuerySRAM
	OutputSRAM

	Modules int = iota // how many there are
)

// approximation reports whether a module is there for the filter only.
func (m Module) approximation() bool {
	switch m {
	case HashComputation, NormComputation, CandidateSelection, KeyHashSRAM, KeyNormSRAM:
		return true
	}
	return false
}

// Spec is one accelerator.
type Spec struct {
	Name string
	Mode Mode

	Tokens int // n, keys that the memories hold
	Dim    int // d, multipliers of a dot product

	AttentionModules int   // Pa, and as many banks
	Selectors        int   // Pc, candidate-selection modules a bank
	HashMultipliers  int   // mh
	Dividers         int   // mo, multipliers of the output division
	HashFactors      []int // sizes of the Kronecker factors; they multiply to Dim

	Coupling   Coupling
	BankMap    BankMap
	QueueDepth int // entries of a selection module's queue; 0 is unbounded

	Clock   unit.Hertz
	Modules energy.Modules
}

// Base is ELSA-Base: no approximation.
func Base() Spec {
	s := ELSA()
	s.Name, s.Mode = "ELSA-Base", Exact
	return s
}

// ELSA is the approximating accelerator of the evaluation (sections IV-D, V-C).
func ELSA() Spec {
	return Spec{
		Name:             "ELSA",
		Mode:             Approximate,
		Tokens:           512,            // section V-C
		Dim:              64,             // section V-C
		AttentionModules: 4,              // section V-C
		Selectors:        8,              // section V-C: 32 in all
		HashMultipliers:  256,            // section V-C
		Dividers:         16,             // section V-C
		HashFactors:      []int{4, 4, 4}, // section III-C: 3 d^(4/3) products
		Coupling:         Lockstep,       // section IV-D: the time of a query is its slowest stage
		BankMap:          Interleave,     // assumed: not printed
		QueueDepth:       0,              // assumed: not printed
		Clock:            unit.GHz,       // section V-D
		Modules:          energy.ELSA(),
	}
}

// Accelerators is how many of them the paper sets against one GPU.
const Accelerators = 12

// HashMultiplications is the products of one hash of Dim bits.
func (s Spec) HashMultiplications() int {
	sum := 0
	for _, f := range s.HashFactors {
		sum += f
	}
	return s.Dim * sum
}

// Multipliers counts those of attention and division; hash multipliers are apart, as in the paper's peak.
func (s Spec) Multipliers() int { return 2*s.Dim*s.AttentionModules + s.Dividers }

// PeakOperations is additions and multiplications a cycle.
func (s Spec) PeakOperations() int {
	return s.AttentionModules*4*s.Dim + s.Dividers + (s.AttentionModules-1)*s.Dividers
}

// Memory is the size of a memory module: a bit a hash bit, a byte a norm, 9 bits an element; 0 for other modules.
func (s Spec) Memory(m Module) unit.Bytes {
	switch m {
	case KeyHashSRAM:
		return unit.Bytes(s.Tokens * s.Dim / 8)
	case KeyNormSRAM:
		return unit.Bytes(s.Tokens)
	case KeySRAM, ValueSRAM, QuerySRAM, OutputSRAM:
		return unit.Bytes(s.Tokens * s.Dim * 9 / 8)
	}
	return 0
}

// Area is what Table 1 adds up to, with the external memories or without. Base leaves out what the filter needs.
func (s Spec) Area(external bool) unit.SquareMillimetres {
	var area unit.SquareMillimetres
	for i, x := range s.Modules.List {
		m := Module(i)
		if (s.Mode == Approximate || !m.approximation()) && (external || m < KeySRAM) {
			area += x.Area
		}
	}
	return area
}

// Validate reports the first field that no accelerator can have.
func (s Spec) Validate() error {
	f := legal.Of("elsa: Spec")
	legal.One(f, "Mode", s.Mode, modes)
	for _, size := range []struct {
		name  string
		value int
	}{{"Tokens", s.Tokens}, {"Dim", s.Dim}, {"AttentionModules", s.AttentionModules}, {"Selectors", s.Selectors},
		{"HashMultipliers", s.HashMultipliers}, {"Dividers", s.Dividers}} {
		f.In(size.name, size.value, 1, 1<<20)
	}
	product := 1
	for i, factor := range s.HashFactors {
		f.Require(factor >= 1 && factor <= s.Dim, fmt.Sprintf("HashFactors[%d]", i), factor, "in 1..%d (Dim)", s.Dim)
		product *= factor
	}
	f.Require(product == s.Dim, "HashFactors", s.HashFactors, "sizes whose product is %d (Dim)", s.Dim)
	legal.One(f, "Coupling", s.Coupling, couplings)
	legal.One(f, "BankMap", s.BankMap, bankMaps)
	f.AtLeast("QueueDepth", s.QueueDepth, 0)
	f.Require(s.QueueDepth == 0 || s.Coupling != Lockstep, "QueueDepth", s.QueueDepth, "0 (unbounded) in lockstep, where a query's keys wait for the next step")
	f.Clock("Clock", float64(s.Clock))
	if err := f.Err(); err != nil {
		return err
	}
	return s.Modules.Validate(Modules)
}
