package energy

import (
	"fmt"
	"math"

	"github.com/sparse-attention/workbench/lib/unit"
)

// Evidence grades a constant.
type Evidence string

const (
	Printed   Evidence = "printed"   // read in the paper or file that is named
	Secondary Evidence = "secondary" // restated by a third party
	Derived   Evidence = "derived"   // computed from other values
	Fitted    Evidence = "fitted"    // chosen so that a published figure comes out; that figure is no target any more
)

// Constant is the energy of one event of a component.
type Constant struct {
	Value    unit.Picojoules // per event
	Node     string          // technology
	Source   string
	Evidence Evidence
}

// Table is one constant for each component.
type Table struct {
	Name      string
	Constants [Components]Constant
}

// Validate reports the first constant that is no energy.
func (t Table) Validate() error {
	for i, c := range t.Constants {
		if v := float64(c.Value); !(v >= 0) || math.IsInf(v, 0) {
			return fmt.Errorf("energy: Table.Constants[%v] is %v pJ, must be at least 0 and finite", Component(i), v)
		}
	}
	return nil
}

// Declared lists the components whose constant was fitted.
func (t Table) Declared() []Component {
	var fitted []Component
	for i, c := range t.Constants {
		if c.Evidence == Fitted {
			fitted = append(fitted, Component(i))
		}
	}
	return fitted
}

const (
	summary = "public summary of SPRINT (RyoTTa/chamber-paper-wiki)"
	stacks  = "fitted once to the baseline stacks of SPRINT's energy figure, part a; those stacks are not counted as targets"
	nvmain  = "NVMain, RRAM_ISSCC_2012_4GB.config"
)

// SPRINT65 is the table of SPRINT (reference sheet, 4.4). The three ReRAM constants are restated by a public summary, and
// the baseline stacks agree with the read and write values; the five on-chip constants were fitted to those stacks.
func SPRINT65() Table {
	return Table{Name: "SPRINT, 65 nm", Constants: [Components]Constant{
		ReRAMRead:      {3.1, "65 nm", summary, Secondary},
		ReRAMWrite:     {24.4, "65 nm", summary, Secondary},
		InReRAMPruning: {0.10, "65 nm", summary + ", 4-bit MAC", Secondary},
		OnChipRead:     {0.515, "65 nm", stacks, Fitted},
		OnChipWrite:    {0.53, "65 nm", stacks, Fitted},
		QKPU:           {3.05, "65 nm", stacks + " (8x8 MAC with tree and registers)", Fitted},
		VPU:            {3.1, "65 nm", stacks + " (8x8 MAC)", Fitted},
		Softmax:        {90, "65 nm", stacks, Fitted},
	}}
}

// NVMain is the sensitivity case: NVMain's ReRAM, Erd 0.0812 nJ and Ewr 1.6848 nJ an access of 512 bits, which is another
// node and scale than SPRINT's; the other constants stay SPRINT's.
func NVMain() Table {
	t := SPRINT65()
	t.Name = "NVMain ReRAM, other components SPRINT 65 nm"
	const access = 512 // bits
	t.Constants[ReRAMRead] = Constant{81.2 / access, "not stated", nvmain + ", Erd over 512 bits", Derived}
	t.Constants[ReRAMWrite] = Constant{1684.8 / access, "not stated", nvmain + ", Ewr over 512 bits", Derived}
	return t
}
