package energy

import (
	"fmt"
	"math"

	"github.com/sparse-attention/workbench/lib/unit"
)

// CrossbarComponent is where the energy of an analogue in-situ multiplier goes (ISAAC, ISCA 2016, and the machines built on
// it, such as ReBERT, TCAD 2022).
type CrossbarComponent uint8

const (
	CrossbarADC      CrossbarComponent = iota // conversions of one column
	CrossbarDAC                               // drives of one row for one array cycle
	CrossbarArray                             // read cycles of one array, all of its rows driven
	CrossbarWrite                             // cells written once
	CrossbarTable                             // reads of a small lookup table
	CrossbarMultiply                          // 8-bit digital multiplications
	CrossbarAdd                               // 8-bit digital additions, subtractions and comparisons
	CrossbarShiftAdd                          // converted columns shifted and added up
	CrossbarBuffer                            // bits through the tile's buffer

	CrossbarComponents int = iota // how many there are
)

var crossbarComponents = [CrossbarComponents]struct{ name, event string }{
	{"ADC", "conversion"},
	{"DAC", "row drive"},
	{"array", "array cycle"},
	{"cell write", "cell"},
	{"lookup table", "read"},
	{"multiply", "operation"},
	{"add", "operation"},
	{"shift-add", "conversion"},
	{"buffer", "bit"},
}

func (c CrossbarComponent) String() string {
	if int(c) < CrossbarComponents {
		return crossbarComponents[c].name
	}
	return fmt.Sprintf("CrossbarComponent(%d)", uint8(c))
}

// Event names what is counted for the component.
func (c CrossbarComponent) Event() string { return crossbarComponents[c].event }

// CrossbarCounts is how often each component was used, in its own event. An array whose rows are driven in part may count a
// part of a cycle.
type CrossbarCounts [CrossbarComponents]float64

// Plus adds two counts, event by event.
func (c CrossbarCounts) Plus(d CrossbarCounts) CrossbarCounts {
	add(c[:], d[:])
	return c
}

// Times scales every count.
func (c CrossbarCounts) Times(n float64) CrossbarCounts {
	for i := range c {
		c[i] *= n
	}
	return c
}

// CrossbarBreakdown is the energy of each component.
type CrossbarBreakdown [CrossbarComponents]unit.Picojoules

// Total sums the components.
func (b CrossbarBreakdown) Total() unit.Picojoules { return total(b[:]) }

// Plus adds two breakdowns, component by component.
func (b CrossbarBreakdown) Plus(d CrossbarBreakdown) CrossbarBreakdown {
	add(b[:], d[:])
	return b
}

// CrossbarPrices is one constant for each component of an in-situ multiplier.
type CrossbarPrices struct {
	Name      string
	Constants [CrossbarComponents]Constant
}

// Of is the energy of the counted events.
func (t CrossbarPrices) Of(c CrossbarCounts) CrossbarBreakdown {
	var b CrossbarBreakdown
	for i, n := range c {
		b[i] = unit.Picojoules(n * float64(t.Constants[i].Value))
	}
	return b
}

// Validate reports the first constant that is no energy.
func (t CrossbarPrices) Validate() error {
	for i, c := range t.Constants {
		if v := float64(c.Value); !(v >= 0) || math.IsInf(v, 0) {
			return fmt.Errorf("energy: CrossbarPrices.Constants[%v] is %v pJ, must be at least 0 and finite", CrossbarComponent(i), v)
		}
	}
	return nil
}

const (
	isaac    = "ISAAC as restated by the Accelergy/hwcomponents library, isaac.py"
	nvsim    = "NVSim, sample_RRAM.cell: SET and RESET"
	horowitz = "Horowitz, ISSCC 2014, 45 nm, as restated in public energy tables"
)

// ADC is the energy of one conversion of an ISAAC-style converter of 4 to 10 bits at 1.2 GS/s, 32 nm.
func ADC(bits int) (Constant, error) {
	// Accelergy/hwcomponents isaac.py, by resolution from 4 bits up (reference sheet of ReRAM, 3.1); the 8-bit value to one
	// digit more, 2 mW over 1.2 GS/s.
	table := [...]unit.Picojoules{0.79, 0.99, 1.20, 1.42, 1.667, 1.97, 2.38}
	if bits < 4 || bits >= 4+len(table) {
		return Constant{}, fmt.Errorf("energy: ADC has %d bits, must be in 4..%d", bits, 3+len(table))
	}
	return Constant{table[bits-4], "32 nm", fmt.Sprintf("%s, %d-bit converter", isaac, bits), Secondary}, nil
}

// ISAAC32 is the table of ISAAC's circuits with converters of the given bits (4..10), NVSim's cell for writes and the digital
// operations of a softmax unit. Powers were divided by the library's time base, 1.2 GS/s, so no power may be added to them.
func ISAAC32(bits int) (CrossbarPrices, error) {
	adc, err := ADC(bits)
	if err != nil {
		return CrossbarPrices{}, err
	}
	return CrossbarPrices{Name: "ISAAC, 32 nm", Constants: [CrossbarComponents]Constant{
		CrossbarADC:      adc,
		CrossbarDAC:      {0.417, "32 nm", isaac + ": 4 mW over 1024 DACs, library time base", Derived},
		CrossbarArray:    {30, "32 nm", isaac + ": 0.3 mW for a read cycle of 100 ns", Derived},
		CrossbarWrite:    {0.6, "not stated", nvsim + ", 0.6 pJ", Printed},
		CrossbarTable:    {1.25, "45 nm", horowitz + ": a byte of an 8 KB SRAM, an upper bound for 16 entries", Derived},
		CrossbarMultiply: {0.2, "45 nm", horowitz + ": 8-bit integer multiplication", Secondary},
		CrossbarAdd:      {0.03, "45 nm", horowitz + ": 8-bit integer addition", Secondary},
		CrossbarShiftAdd: {0.021, "32 nm", isaac, Secondary},
		CrossbarBuffer:   {20.45 / 256, "32 nm", isaac + ": eDRAM of 64 KB, 20.45 pJ for 256 bits", Derived},
	}}, nil
}
