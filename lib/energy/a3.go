package energy

import "github.com/sparse-attention/workbench/lib/unit"

// A3 is Table I of A3 (HPCA 2020): 40 nm, 1 GHz, 320 rows of 64 values. The order is that of package a3's modules.
func A3() Modules {
	return Modules{Name: "A3", Node: "40 nm", Source: "A3 Table I", Evidence: Printed, Clock: unit.GHz, List: []Module{
		milliwatts("dot product", 0.098, 14.338, 1.265),
		milliwatts("exponent", 0.016, 0.224, 0.053),
		milliwatts("output", 0.062, 50.918, 0.070),
		milliwatts("candidate selection", 0.277, 19.48, 5.08),
		milliwatts("post-scoring", 0.010, 2.055, 0.147),
		milliwatts("key SRAM", 0.350, 2.901, 0.987),
		milliwatts("value SRAM", 0.350, 2.901, 0.987),
		milliwatts("sorted-key SRAM", 0.919, 6.100, 2.913),
	}}
}
