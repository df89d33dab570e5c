package energy

import "github.com/sparse-attention/workbench/lib/unit"

// ELSA is Table 1 of ELSA (ISCA 2021): TSMC 40 nm, 1 GHz, after layout, one accelerator and its external memories. The
// external memories are printed a pair at a time: one row for key or value, one for query or output, each there twice.
// The order is that of package elsa's modules.
func ELSA() Modules {
	return Modules{Name: "ELSA", Node: "40 nm", Source: "ELSA Table 1", Evidence: Printed, Clock: unit.GHz, List: []Module{
		milliwatts("hash computation", 0.202, 115.08, 2.23),
		milliwatts("norm computation", 0.006, 9.91, 0.07),
		milliwatts("candidate selection", 0.180, 78.41, 1.95),
		milliwatts("attention computation", 0.666, 566.42, 7.53),
		milliwatts("output division", 0.022, 11.42, 0.19),
		milliwatts("key-hash SRAM", 0.141, 139.91, 1.05),
		milliwatts("key-norm SRAM", 0.038, 34.9, 0.29),
		milliwatts("key SRAM", 0.253, 167.39, 2.29),
		milliwatts("value SRAM", 0.253, 167.39, 2.29),
		milliwatts("query SRAM", 0.193, 91.03, 1.72),
		milliwatts("output SRAM", 0.193, 91.03, 1.72),
	}}
}
