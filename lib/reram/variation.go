package reram

import (
	"fmt"
	"math"
)

// Variation is a model of the programming error of a cell (reference sheet of ReRAM, 4.3).
type Variation uint8

const (
	NoVariation  Variation = iota
	Proportional           // Gaussian, Sigma x G: multiplicative
	OfRange                // Gaussian, Sigma x (highest - lowest conductance)
	Lognormal              // G exp(N(0, Sigma)); ReCAT uses 0.05
	Milo                   // CrossSim RRAM_Milo
	WanCrossSim            // CrossSim RRAM_Wan, 1 s after programming
	WanSecond              // aihwkit ReRamWan2022, 1 s
	WanDay                 // aihwkit ReRamWan2022, 1 day
	WanTwoDays             // aihwkit ReRamWan2022, 2 days
	CMOFine                // aihwkit CMO/HfOx, acceptance 0.2 %
	CMOCoarse              // aihwkit CMO/HfOx, acceptance 2 %

	variations
)

// model is one row of the sheet's table: the standard deviation in microsiemens of a cell of g microsiemens.
type model struct {
	name   string
	scaled bool      // Noise.Sigma is its strength
	limit  float64   // highest conductance that it is measured for, uS; 0 = any
	unit   float64   // conductance that polynomial is written in, uS
	poly   []float64 // coefficients of the standard deviation, constant first
}

var models = [variations]model{
	NoVariation:  {name: "none"},
	Proportional: {name: "proportional", scaled: true},
	OfRange:      {name: "of range", scaled: true},
	Lognormal:    {name: "lognormal", scaled: true},
	Milo:         {name: "Milo", limit: 225, unit: 1, poly: []float64{4.782321, -0.009107}},
	WanCrossSim:  {name: "Wan (CrossSim)", limit: 39.26, unit: 1, poly: []float64{1.053, 0.2374, -1.167e-2, 1.536e-4}},
	WanSecond:    {name: "Wan (aihwkit, 1 s)", limit: 40, unit: 40, poly: []float64{0.348, 16.030, -43.853, 45.393, -16.815}},
	WanDay:       {name: "Wan (aihwkit, 1 day)", limit: 40, unit: 40, poly: []float64{0.701, 22.086, -50.773, 47.095, -16.458}},
	WanTwoDays:   {name: "Wan (aihwkit, 2 days)", limit: 40, unit: 40, poly: []float64{0.782, 20.274, -43.507, 37.062, -11.934}},
	CMOFine:      {name: "CMO/HfOx, 0.2 %", limit: 40, unit: 1, poly: []float64{0.00081107, 0.00106879}},
	CMOCoarse:    {name: "CMO/HfOx, 2 %", limit: 40, unit: 1, poly: []float64{0.0112185, 0.0112903}},
}

func (v Variation) String() string {
	if v < variations {
		return models[v].name
	}
	return fmt.Sprintf("Variation(%d)", uint8(v))
}

// Deviation is the standard deviation, in microsiemens, of a cell programmed to g microsiemens. For Lognormal it is the
// first-order one. strength is Noise.Sigma, ignored by the measured models.
func (v Variation) Deviation(g, strength float64, c Cell) float64 {
	switch v {
	case NoVariation:
		return 0
	case Proportional, Lognormal:
		return strength * g
	case OfRange:
		return strength * (c.On() - c.Off())
	}
	m := models[v]
	sigma, x := 0.0, g/m.unit
	for i := len(m.poly) - 1; i >= 0; i-- {
		sigma = sigma*x + m.poly[i]
	}
	return max(sigma, 0)
}

// program returns the conductance that a cell meant to be g takes for the standard normal draw z.
func (v Variation) program(g, strength float64, c Cell, z float64) float64 {
	if v == Lognormal {
		return g * math.Exp(strength*z)
	}
	return max(g+v.Deviation(g, strength, c)*z, 0)
}
