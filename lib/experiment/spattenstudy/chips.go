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

	base, full := a3.Base(), elsa.Base()
	chips := []Chip{
		{Name: "A3, Table I", Width: 9, Bank: 20 << 10,
			Multiplier: (working(base.Modules, a3.DotProduct) + working(base.Modules, a3.Output)) / unit.Picojoules(2*base.Lanes),
			KeyBit:     working(base.Modules, a3.KeySRAM) / unit.Picojoules(9*base.Lanes)},
		{Name: "ELSA, Table 1", Width: 9, Bank: 36 << 10 / unit.Bytes(full.AttentionModules),
			Multiplier: working(full.Modules, elsa.AttentionComputation) / unit.Picojoules(2*full.Dim*full.AttentionModules),
			KeyBit:     working(full.Modules, elsa.KeySRAM) / unit.Picojoules(9*full.Dim*full.AttentionModules)},
	}
	for i := range chips {
		c := &chips[i]
		wider := float64(m.Width) / float64(c.Width)
		larger := math.Sqrt(float64(bank) / float64(c.Bank))
		watts := 1e-12 * float64(m.Clock)
		c.Logic = unit.Watts(multiplying * float64(c.Multiplier) * wider * wider * watts)
		c.SRAM = unit.Watts(bits * float64(c.KeyBit) * larger * watts)
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

// working is the energy of a clock in which a module works.
func working[M ~uint8](t energy.Modules, module M) unit.Picojoules {
	return unit.Picojoules(float64(t.List[module].Dynamic) * 1e12 / float64(t.Clock))
}
