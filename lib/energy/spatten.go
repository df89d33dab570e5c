package energy

import "github.com/sparse-attention/workbench/lib/unit"

// SpAtten is Fig. 13 of SpAtten (HPCA 2021): area as printed, and power in a clock in which the module works. The figure
// prints mean power over the evaluation, so each is that mean over the share of busy clocks that our machine finds for
// the eight GPT-2 benchmarks (fitted once; see package spatten). The order is that of package spatten's modules.
func SpAtten() Modules {
	return Modules{Name: "SpAtten", Node: "40 nm", Source: "SpAtten Fig. 13, fitted to mean activity", Evidence: Fitted, Clock: unit.GHz, List: []Module{
		{"QKV fetcher", 2.649, 0.24 / 0.274, 0},
		{"Q x K", 7.123, 1.13 / 0.308, 0},
		{"softmax", 0.791, 0.50 / 0.308, 0},
		{"top-k", 0.498, 0.08 / 0.694, 0},
		{"prob x V", 7.222, 0.53 / 0.074, 0},
		{"others", 0.430, 0.12, 0},
	}}
}

// SpAttenEighth is the same with an eighth of the multipliers, softmax and fetcher; the area is Table III's, which is less
// than an eighth would be, spread in proportion.
func SpAttenEighth() Modules {
	m := SpAtten()
	m.Name = "SpAtten-1/8"
	total := m.Sum(0, len(m.List)).Area
	for i := range m.List {
		m.List[i].Area *= 1.55 / total
		if m.List[i].Name != "top-k" && m.List[i].Name != "others" {
			m.List[i].Dynamic /= 8
		}
	}
	return m
}
