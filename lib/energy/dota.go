package energy

import "github.com/sparse-attention/workbench/lib/unit"

// DOTA is the module table of DOTA (ASPLOS 2022) as it is believed to be: 22 nm, 1 GHz, four lanes, one accumulator. No
// source of it was read; RMMU, MFU, accumulator and totals agree with one another, and detector and scheduler are what is left
// of the lane. The power of the memories is leakage. Each row is the whole machine's: four lanes. The order is that of package
// dota's modules.
func DOTA() Modules {
	return Modules{Name: "DOTA", Node: "22 nm", Source: "DOTA reference sheet, section 3, unverified", Evidence: Secondary, Clock: unit.GHz, List: []Module{
		milliwatts("RMMU", 4*0.609, 4*645.98, 0),
		milliwatts("multi-function unit", 4*0.060, 4*60.73, 0),
		milliwatts("detector and scheduler", 4*0.006, 4*13, 0),
		milliwatts("accumulator", 0.045, 139.21, 0),
		milliwatts("SRAM", 1.690, 0, 510),
	}}
}
