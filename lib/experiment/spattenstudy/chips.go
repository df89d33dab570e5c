package spattenstudy

import (
	"fmt"
	"math"

	"github.com/sparse-attention/workbench/lib/accelerator/a3"
	"github.com/sparse-attention/workbench/lib/accelerator/elsa"
	"github.com/sparse-attention/workbench/lib/accelerator/spatten"
	"github.com/sparse-attention/workbench/lib/energy"
	"github.com/sparse-attention/workbench/lib/unit"
)

// Chip is another machine of 40 nm as a source of constants: what its paper prints for multipliers and for the memory of keys.
type Chip struct {
	Name        string
	Multiplier  unit.Picojoules // a clock of one multiplier, with its share of trees, exponent and registers
	Width       int             // bits of an element
	KeyBit      unit.Picojoules // a bit read from a bank of keys
	Bank        unit.Bytes
	Logic, SRAM unit.Watts // of SpAtten at these constants
}

// Chips prices the clocks in which SpAtten's multipliers and buffers work, mean over GPT-2, with constants that neither SpAtten nor
// anything fitted to it had a part in: a check of the fitted split of Table II by chips of the same node. A multiplier is taken to
// grow with the product of its widths, and a bit that is read with the square root of its bank (both assumed). Every line of a
// buffer is written once and read once. SpAtten's floating-point softmax, crossbars, ranking and FIFOs have no counterpart there,
// and are left out.
func (r *Results) Chips() []Chip {
	m := r.Options.Machine
	busy := func(x spatten.Module) float64 {
		return Mean(r.Runs, GPT2, func(run Run) float64 { return run.Report.Utilisation(x) })
	}
	multiplying := busy(spatten.QK)*float64(m.QKMultipliers) + busy(spatten.PV)*float64(m.PVMultipliers)
	bits := 2 * multiplying * float64(m.Width) // a line holds an element a multiplier
	bank := m.KeySRAM / 2

	const width = 9 // bits of an element of both
	base, full := a3.Base(), elsa.Base()
	on := func(t energy.Modules, i int, units int) unit.Picojoules { return t.Working(i) / unit.Picojoules(units) }
	chips := []Chip{
		{Name: "A3, Table I", Width: width, Bank: 20 << 10,
			Multiplier: on(base.Modules, int(a3.DotProduct), 2*base.Lanes) + on(base.Modules, int(a3.Output), 2*base.Lanes),
			KeyBit:     on(base.Modules, int(a3.KeySRAM), width*base.Lanes)},
		{Name: "ELSA, Table 1", Width: width, Bank: full.Memory(elsa.KeySRAM) / unit.Bytes(full.AttentionModules),
			Multiplier: on(full.Modules, int(elsa.AttentionComputation), 2*full.Dim*full.AttentionModules),
			KeyBit:     on(full.Modules, int(elsa.KeySRAM), width*full.Dim*full.AttentionModules)},
	}
	for i := range chips {
		c := &chips[i]
		wider := float64(m.Width) / float64(c.Width)
		larger := math.Sqrt(float64(bank) / float64(c.Bank))
		c.Logic = (unit.Picojoules(multiplying*wider*wider) * c.Multiplier).Power(1, m.Clock)
		c.SRAM = (unit.Picojoules(bits*larger) * c.KeyBit).Power(1, m.Clock)
	}
	return chips
}

// ChipTable shows them beside the split that is fitted.
func (r *Results) ChipTable() (headings []string, rows [][]string) {
	headings = []string{"constants of", "pJ a multiplier and clock", "fJ a bit of key read", "SpAtten's logic, W", "SpAtten's SRAM, W"}
	for _, c := range r.Chips() {
		rows = append(rows, []string{c.Name, fmt.Sprintf("%.2f at %d bits", float64(c.Multiplier), c.Width), fmt.Sprintf("%.0f from %.0f KB", 1e3*float64(c.KeyBit), float64(c.Bank)/1024),
			fmt.Sprintf("%.2f", float64(c.Logic)), fmt.Sprintf("%.2f", float64(c.SRAM))})
	}
	p := r.Power()
	return headings, append(rows, []string{"SpAtten, Fig. 13 (fitted)", "", "", fmt.Sprintf("%.2f", p.Logic), fmt.Sprintf("%.2f", p.SRAM)})
}
