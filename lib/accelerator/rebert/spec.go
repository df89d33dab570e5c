package rebert

import (
	"fmt"
	"math"
	"time"

	"github.com/sparse-attention/workbench/lib/energy"
	"github.com/sparse-attention/workbench/lib/legal"
	"github.com/sparse-attention/workbench/lib/unit"
)

// Spec is one machine. It is a plain value: copy it, change a field, simulate.
type Spec struct {
	Name     string
	Windowed bool // a word waits for the keys of its window only; otherwise for all keys of the sentence
	Port     Port
	Scope    Scope
	ExtraKey ExtraKey

	Circuit
	Stages     []Stage // from the inner product to the next layer's key
	WriteAhead bool    // keys of the next sentence are written while the port would idle, as far as slots are free
	InFlight   int     // layers that may work at once, over all sentences; 0 = all, each layer having arrays of its own
	Softmax    SoftmaxUnit

	Endurance float64 // writes that a cell survives
	Prices    energy.CrossbarPrices
}

// Circuit is the geometry and timing of the arrays.
type Circuit struct {
	Rows, Cols  int // cells of an array
	CellBits    int // bits of a weight in one cell
	WeightBits  int // bits of weights, keys and values; each sign has an array of its own
	InputBits   int // bits of the inputs, fed in turn
	DACBits     int // input bits fed in one array cycle
	ADCBits     int // resolution of the converters; 0 is an ideal converter
	StrictADC   bool
	ReadCycle   time.Duration // of an array, unless its converter is slower
	ADCRate     unit.Hertz    // conversions a second
	ArraysToADC int           // arrays that share a converter
	ColumnGroup int           // columns that are converted together: a partly used group costs a whole one
	WholeArrays bool          // an array whose rows are driven in part takes the energy of a whole cycle

	Pulse         time.Duration // one write pulse; all rows of a column, and all heads, are written at once
	PulsesToSlice int           // pulses for one slice of a key
	Verify        int           // times that a write is repeated until it verifies
	Unslotted     bool          // the port is free again when the pulses end, not at the next slot
}

// Advanced is ReBERT-advanced: windows, and two copies of each key array, which remove the structural hazard.
func Advanced() Spec {
	prices, err := energy.ISAAC32(8)
	if err != nil {
		panic(err) // 8 is in the table
	}
	return Spec{
		Name:     "advanced",
		Windowed: true,
		Port:     Dual,    // public summary of ReBERT, Fig. 13c
		Scope:    Ring,    // public summary: the scope of attention is 2W+2
		ExtraKey: Writing, // assumed: the summary does not explain the second extra slot (reference sheet, 2.1)
		Circuit:  DefaultCircuit(),
		Stages:   Chain(8), // assumed: about ten physical stations, calibrated once (reference sheet, 4.3); shown for 6..10

		WriteAhead: true, // assumed: matters for batches only, where the alternative leaves the port idle
		Softmax:    DefaultSoftmax(),
		Endurance:  1e9, // assumed: between the 1e6 and 1e12 of the literature (reference sheet of ReRAM, 7)
		Prices:     prices,
	}
}

// Basic is ReBERT-basic: windows, one array for each operand.
func Basic() Spec {
	s := Advanced()
	s.Name, s.Port = "basic", Single
	return s
}

// Baseline is full attention on the arrays of Advanced: the paper's abstract calls it provisioned.
func Baseline() Spec {
	s := Advanced()
	s.Name, s.Windowed = "baseline", false
	return s
}

// Ideal is windows without structural hazard: the pipeline that the timelines of Fig. 9 and 13 start from.
func Ideal() Spec {
	s := Advanced()
	s.Name, s.Port = "ideal", Free
	return s
}

// DefaultCircuit is the circuit set that the paper's first authors used in the same year (ICCAD 2021); ReBERT's own table is unknown.
func DefaultCircuit() Circuit {
	return Circuit{
		Rows: 128, Cols: 128, // literature note on Kang et al., ICCAD 2021
		CellBits:    1,                     // same
		WeightBits:  8,                     // same
		InputBits:   8,                     // same
		DACBits:     1,                     // same
		ADCBits:     8,                     // same; what 128 rows of one-bit cells need
		ReadCycle:   100 * time.Nanosecond, // ISAAC
		ADCRate:     1280 * unit.MHz,       // ISAAC: 128 columns in a cycle
		ArraysToADC: 1,                     // ISAAC
		ColumnGroup: 1,                     // assumed: idle columns are skipped; 128 converts whole arrays (16 keys)
		// WholeArrays: assumed off: half of the rows take half of the cycle's 30 pJ; the sheet's range is 15..30 pJ (4.4).
		Pulse: 10 * time.Nanosecond, // NVSim, sample_RRAM.cell
		// assumed: a pulse a slice; the sheet's range is 8..16 pulses of 10..50 ns (4.4)
		PulsesToSlice: 1,
		Verify:        1, // assumed: 1..10 (reference sheet of ReRAM, 7)
	}
}

// Slices is the number of cells that hold one weight of either sign.
func (c Circuit) Slices() int { return ceil(c.WeightBits, c.CellBits) }

// Cycle is the time of one array cycle: a read, or as long as the shared converter takes for all columns.
func (c Circuit) Cycle() time.Duration {
	convert := math.Ceil(float64(c.Cols*c.ArraysToADC)/float64(c.ADCRate)*1e9 - 1e-6)
	return max(c.ReadCycle, time.Duration(convert))
}

// InputCycles is how many array cycles the bits of one input take.
func (c Circuit) InputCycles() int { return ceil(c.InputBits, c.DACBits) }

// Step is the pace of the pipeline: one product of whole inputs.
func (c Circuit) Step() time.Duration { return time.Duration(c.InputCycles()) * c.Cycle() }

// KeyWrite is the time of the pulses that write one key, in all heads.
func (c Circuit) KeyWrite() time.Duration {
	return time.Duration(c.Slices()*c.PulsesToSlice*c.Verify) * c.Pulse
}

// Occupancy is how long the port of the key arrays is taken by writing a key and by an inner product.
func (s Spec) Occupancy() (write, read time.Duration) {
	read = s.Step()
	switch s.Port {
	case Free:
		return 0, read
	case Dual:
		read = time.Duration(ceil(ceil(s.InputBits, 2), s.DACBits)) * s.Cycle()
	}
	write = s.KeyWrite()
	if !s.Unslotted {
		write = (write + read - 1) / read * read
	}
	return write, read
}

// copies is how many copies of the arrays of keys, values and key weights there are.
func (s Spec) copies() int {
	if s.Port == Dual {
		return 2
	}
	return 1
}

const (
	maxLayers = 1024
	maxWords  = 1 << 16 // words of a sentence
	maxBatch  = 1 << 12
	maxTime   = 10 * time.Microsecond // of a cycle or a pulse
)

// Validate reports the first field that no machine can have. Converters that cannot hold the column sum are refused when
// StrictADC is set; otherwise Warnings tells.
func (s Spec) Validate() error {
	bad := legal.Complaint("rebert: Spec")
	switch {
	case s.Port >= ports:
		return bad("Port", s.Port, "0 (single), 1 (dual) or 2 (free)")
	case s.Scope >= scopes:
		return bad("Scope", s.Scope, "0 (ring) or 1 (kept)")
	case s.ExtraKey >= extraKeys:
		return bad("ExtraKey", s.ExtraKey, "0 (writing), 1 (first key) or 2 (none)")
	case s.InFlight < 0:
		return bad("InFlight", s.InFlight, "at least 0 (0 is all layers)")
	case !(s.Endurance >= 1) || math.IsInf(s.Endurance, 0):
		return bad("Endurance", s.Endurance, "at least 1 and finite")
	}
	for i, g := range s.Stages {
		if g.Steps < 1 || g.Steps > 64 {
			return bad(fmt.Sprintf("Stages[%d].Steps", i), g.Steps, "in 1..64")
		}
		if g.Interval < 1 || g.Interval > 64 {
			return bad(fmt.Sprintf("Stages[%d].Interval", i), g.Interval, "in 1..64")
		}
	}
	if len(s.Stages) > 64 {
		return bad("Stages", fmt.Sprintf("%d long", len(s.Stages)), "at most 64 long")
	}
	for _, part := range []interface{ Validate() error }{s.Circuit, s.Softmax, s.Prices} {
		if err := part.Validate(); err != nil {
			return err
		}
	}
	return nil
}

// Validate reports the first field that no array can have.
func (c Circuit) Validate() error {
	for _, f := range []struct {
		name             string
		value, low, high int
	}{
		{"Rows", c.Rows, 1, 4096}, {"Cols", c.Cols, 1, 4096}, {"WeightBits", c.WeightBits, 1, 16},
		{"CellBits", c.CellBits, 1, 8}, {"InputBits", c.InputBits, 1, 16}, {"DACBits", c.DACBits, 1, 8},
		{"ADCBits", c.ADCBits, 0, 16}, {"ArraysToADC", c.ArraysToADC, 1, 1024},
		{"ColumnGroup", c.ColumnGroup, 1, c.Cols}, {"PulsesToSlice", c.PulsesToSlice, 1, 64}, {"Verify", c.Verify, 1, 1000},
	} {
		if f.value < f.low || f.value > f.high {
			return fmt.Errorf("rebert: Circuit.%s is %d, must be in %d..%d", f.name, f.value, f.low, f.high)
		}
	}
	for _, f := range []struct {
		name  string
		value time.Duration
	}{{"ReadCycle", c.ReadCycle}, {"Pulse", c.Pulse}} {
		if f.value < 1 || f.value > maxTime {
			return fmt.Errorf("rebert: Circuit.%s is %v, must be in 1ns..%v", f.name, f.value, maxTime)
		}
	}
	if !(c.ADCRate >= 1e6 && c.ADCRate <= 1e12) {
		return fmt.Errorf("rebert: Circuit.ADCRate is %v Hz, must be in 1e6..1e12", float64(c.ADCRate))
	}
	if cycle := c.Cycle(); cycle > maxTime {
		return fmt.Errorf("rebert: Circuit.ArraysToADC is %d, must let a cycle end within %v (it takes %v)", c.ArraysToADC, maxTime, cycle)
	}
	if c.StrictADC {
		return c.CheckADC()
	}
	return nil
}

func ceil(a, b int) int { return (a + b - 1) / b }
