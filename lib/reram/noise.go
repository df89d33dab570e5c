package reram

import (
	"fmt"
	"math"
)

// Noise switches on what an array does not do exactly. The zero value is an ideal array.
//
// Read and Comparator are given against the full scale, Array.Range or the span of the head's bit-line sums before read noise:
// the paper's circuits are sized for the signal, and neither is published in volts.
type Noise struct {
	Cells      Variation // programming error of every cell
	Sigma      float64   // its strength, for the models that have one (Proportional, OfRange, Lognormal)
	Read       float64   // standard deviation of each read of a bit line, as a share of the full scale
	Comparator float64   // standard deviation of each comparator's offset, in steps of a 5-bit score (full scale / 32)
	IRDrop     bool      // wires take voltage
}

// comparatorSteps is the scale of Noise.Comparator: the paper weighs its comparator against a 5-bit converter.
const comparatorSteps = 1 << 5

func (n Noise) validate(c Cell) error {
	for _, f := range []struct {
		name  string
		value float64
	}{{"Sigma", n.Sigma}, {"Read", n.Read}, {"Comparator", n.Comparator}} {
		if !(f.value >= 0) || math.IsInf(f.value, 0) {
			return fmt.Errorf("reram: Noise.%s is %v, must be at least 0 and finite", f.name, f.value)
		}
	}
	if n.Cells >= variations {
		return fmt.Errorf("reram: Noise.Cells is %d, must be in 0..%d", n.Cells, variations-1)
	}
	if limit := models[n.Cells].limit; limit > 0 && c.On() > limit {
		return fmt.Errorf("reram: Noise.Cells is %v, which is measured up to %v uS; Cell has %.4g uS", n.Cells, limit, c.On())
	}
	return nil
}

// analogue says whether the weights differ from the integers that were written.
func (n Noise) analogue() bool { return n.IRDrop || n.Cells != NoVariation && n.deviates() }

// deviates is false for a scaled model of strength zero.
func (n Noise) deviates() bool { return !models[n.Cells].scaled || n.Sigma > 0 }

// silent says whether the array is exact.
func (n Noise) silent() bool { return !n.analogue() && n.Read == 0 && n.Comparator == 0 }
