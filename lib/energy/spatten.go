package energy

import "github.com/sparse-attention/workbench/lib/unit"

// Mean shares of clocks in which a module works, over the eight GPT-2 benchmarks on our machine (fitted once; see package
// spatten). Fig. 13's power is taken to be the mean over the same.
const (
	fetcherActive = 0.274
	qkActive      = 0.308
	softmaxActive = 0.308
	topkActive    = 0.694
	pvActive      = 0.074
)

// The two arrays of multipliers are alike (512 of 12 bits, 7.1 and 7.2 mm2), so both draw the same power at rest and the
// same in addition in a clock in which they work. Their two printed means, 1.13 and 0.53 W at different activity, give both.
const (
	arrayWorking = (1.13 - 0.53) / (qkActive - pvActive)
	arrayAtRest  = 1.13 - qkActive*arrayWorking
)

// SpAtten is Fig. 13 of SpAtten (HPCA 2021): area as printed, and power in a clock in which the module works. The figure
// prints mean power over the evaluation, from which power in a working clock is derived with the activities above; for
// the modules other than the arrays none is taken to be drawn at rest. The order is that of package spatten's modules.
func SpAtten() Modules {
	return Modules{Name: "SpAtten", Node: "40 nm", Source: "SpAtten Fig. 13, fitted to mean activity", Evidence: Fitted, Clock: unit.GHz, List: []Module{
		{"QKV fetcher", 2.649, 0.24 / fetcherActive, 0},
		{"Q x K", 7.123, arrayWorking, arrayAtRest},
		{"softmax", 0.791, 0.50 / softmaxActive, 0},
		{"top-k", 0.498, 0.08 / topkActive, 0},
		{"prob x V", 7.222, arrayWorking, arrayAtRest},
		{"others", 0.430, 0.12, 0},
	}}
}

// SpAttenEighth is SpAtten-1/8, with area and power of every module in proportion to the area of Table III. That is a
// twelfth, not an eighth, of Fig. 13's, so its parts were synthesised smaller than the number of multipliers says; power is
// assumed to follow the area, at one technology and clock.
func SpAttenEighth() Modules {
	m := SpAtten()
	m.Name = "SpAtten-1/8"
	scale := 1.55 / float64(m.Sum(0, len(m.List)).Area)
	for i := range m.List {
		x := &m.List[i]
		x.Area *= unit.SquareMillimetres(scale)
		x.Dynamic *= unit.Watts(scale)
		x.Static *= unit.Watts(scale)
	}
	return m
}
