package rebert

import (
	"fmt"
	"time"

	"github.com/sparse-attention/workbench/lib/unit"
)

// Arrays is how many arrays a machine needs, of both signs, over all layers.
type Arrays struct {
	Weights int // of the products
	Keys    int
	Values  int
	Copies  int // second copies of keys, values and key weights (dual arrays)
}

// Total sums them.
func (a Arrays) Total() int { return a.Weights + a.Keys + a.Values + a.Copies }

// Tiles is whole tiles of ISAAC: 12 units of 8 arrays.
func (a Arrays) Tiles() int { return ceil(a.Total(), arraysToTile) }

// Chips is chips of ISAAC, 168 tiles each, not rounded.
func (a Arrays) Chips() float64 { return float64(a.Total()) / arraysToTile / tilesToChip }

const (
	arraysToUnit = 8 // ISAAC (reference sheet of ReRAM, 3.1)
	unitsToTile  = 12
	arraysToTile = arraysToUnit * unitsToTile
	tilesToChip  = 168
)

// Matrix is the number of arrays, of both signs, that hold in x out weights.
func (c Circuit) Matrix(in, out int) int {
	return 2 * ceil(in, c.Rows) * ceil(out*c.Slices(), c.Cols)
}

// Arrays counts the arrays of a workload's model, keys and values.
func (s Spec) Arrays(w Workload) Arrays {
	var a Arrays
	m := w.Model
	keyWeights := 0
	for _, p := range m.Products() {
		n := s.Matrix(p.In, p.Out)
		a.Weights += n * m.Layers
		if p.Name == "key" {
			keyWeights += n
		}
	}
	for l := range m.Layers {
		slots := s.slots(w.Tokens, w.half(s, l))
		a.Keys += m.Heads * s.Matrix(m.Dim(), slots)
		a.Values += m.Heads * s.Matrix(slots, m.Dim())
	}
	if s.Port == Dual {
		a.Copies = a.Keys + a.Values + keyWeights*m.Layers
	}
	return a
}

// Area is the silicon of a number of arrays in ISAAC's tiles.
type Area struct {
	Arrays, ADC, DAC, SampleHold, ShiftAdd, Sigmoid, Buffer, Bus, Router unit.SquareMillimetres
}

// Total sums the components. Registers and output links are not among them.
func (a Area) Total() unit.SquareMillimetres {
	return a.Arrays + a.ADC + a.DAC + a.SampleHold + a.ShiftAdd + a.Sigmoid + a.Buffer + a.Bus + a.Router
}

// Area adds up ISAAC's components for whole tiles that hold the arrays. All sizes are ISAAC's at 32 nm as restated by the
// Accelergy/hwcomponents library (reference sheet of ReRAM, 3.1); arrays and DACs are scaled with their cells and rows.
func (c Circuit) Area(arrays int) Area {
	const um2 unit.SquareMillimetres = 1e-6
	tiles := unit.SquareMillimetres(ceil(arrays, arraysToTile))
	n := tiles * arraysToTile
	return Area{
		Arrays:     n * 25 * um2 * unit.SquareMillimetres(c.Rows*c.Cols) / (128 * 128),
		ADC:        n / unit.SquareMillimetres(c.ArraysToADC) * adcArea[c.priced()] * um2,
		DAC:        n * unit.SquareMillimetres(c.Rows) * 0.166 * um2,
		SampleHold: n * unit.SquareMillimetres(c.Cols) * 0.04 * um2,
		ShiftAdd:   tiles * unitsToTile * 4 * 60 * um2,
		Sigmoid:    tiles * 2 * 300 * um2, // two to a tile: assumed
		Buffer:     tiles * 83000 * um2,
		Bus:        tiles * unitsToTile * 7500 * um2,
		Router:     tiles * 0.15 / 4,
	}
}

// adcArea is the area of one converter by bits (Accelergy/hwcomponents isaac.py), in square micrometres.
var adcArea = map[int]unit.SquareMillimetres{4: 361, 5: 477, 6: 627, 7: 845, 8: 1200, 9: 1828, 10: 3002}

// priced is the resolution whose price and area a converter has: its own, or what the columns need when it is ideal; within
// the table's range.
func (c Circuit) priced() int {
	bits := c.ADCBits
	if bits == 0 {
		bits = ADCBits(c.Rows, c.CellBits, c.DACBits)
	}
	return max(4, min(10, bits))
}

// Lifetime is how long the most written cells last.
type Lifetime struct {
	Writes    float64 // of a cell of the key arrays for one sentence, in the layer that writes most
	Sentences float64 // until the cell has used up its endurance
	Duration  time.Duration
	Years     float64 // Duration, which ends at 292 years, as a number
}

func (l Lifetime) String() string {
	return fmt.Sprintf("%.3g years at %.3g writes a sentence", l.Years, l.Writes)
}

// lifetime is for sentences without pause, at the rate of the run. A cell is rewritten once a sentence when the arrays hold
// all keys, and N/slots times in a ring.
func (s Spec) lifetime(w Workload, r Report) Lifetime {
	var life Lifetime
	for l, y := range r.Layers {
		slots := s.slots(w.Tokens, w.half(s, l))
		life.Writes = max(life.Writes, float64(y.Writes)/float64(r.Batch)/float64(slots)*float64(s.Verify))
	}
	life.Sentences = s.Endurance / life.Writes
	seconds := life.Sentences * r.Latency.Seconds() / float64(r.Batch)
	life.Years = seconds / (365.25 * 24 * 3600)
	life.Duration = time.Duration(min(seconds*1e9, 1<<63-1025))
	return life
}
