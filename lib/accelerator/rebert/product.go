package rebert

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/sparse-attention/workbench/lib/reram"
	"gonum.org/v1/gonum/blas/blas32"
)

// Datapath is the arithmetic of the machine, bit for bit: what the arrays, their converters and the softmax unit do to numbers.
type Datapath struct {
	Circuit
	Softmax SoftmaxUnit
	Cell    reram.Cell
	Noise   reram.Noise // of Cells and Read only; the zero value is an array without noise
	Seed    uint64
}

// Datapath is the arithmetic of the machine without noise.
func (s Spec) Datapath() Datapath {
	return Datapath{Circuit: s.Circuit, Softmax: s.Softmax, Cell: reram.NeuroSimCell()}
}

// Validate reports the first field that no datapath can have.
func (d Datapath) Validate() error {
	a := reram.Ideal()
	a.Cell, a.Noise = d.Cell, d.Noise
	switch {
	case d.Noise.Comparator != 0:
		return fmt.Errorf("rebert: Datapath.Noise.Comparator is %v, must be 0: the arrays have converters", d.Noise.Comparator)
	case d.Noise.IRDrop:
		return fmt.Errorf("rebert: Datapath.Noise.IRDrop is true, must be false: wires are not modelled here")
	}
	if err := d.Circuit.Validate(); err != nil {
		return err
	}
	if err := d.Softmax.Validate(); err != nil {
		return err
	}
	return a.Validate()
}

// Exact says whether every product equals that of the integers: no noise, and converters that hold every sum.
func (d Datapath) Exact() bool {
	quiet := d.Noise.Read == 0 && (d.Noise.Cells == reram.NoVariation || d.Noise.Sigma == 0 && d.scaled())
	return quiet && d.CheckADC() == nil
}

func (d Datapath) scaled() bool {
	switch d.Noise.Cells {
	case reram.Proportional, reram.OfRange, reram.Lognormal:
		return true
	}
	return false
}

// Matrix is weights that have been written to arrays: a positive and a negative array for each block of rows. It is not safe for
// concurrent use, because read noise is drawn in turn.
type Matrix struct {
	Datapath
	In, Out int
	signs   [2][]float32 // cells of either sign, in levels, In x (Out x Slices), least significant slice first
	sums    []float64    // of each column's weights
	random  *rand.Rand
}

// Write programs in x out weights, row-major, each of at most WeightBits bits and a sign. The identifiers say which write it is,
// so that each meets errors of its own.
func (d Datapath) Write(weights []int16, in, out int, ids ...uint64) (*Matrix, error) {
	if len(weights) != in*out || in < 1 || out < 1 {
		return nil, fmt.Errorf("rebert: Write of %d weights, must be in x out = %d x %d, both at least 1", len(weights), in, out)
	}
	seed := d.Seed
	for _, id := range ids {
		seed = seed*0x9e3779b97f4a7c15 + id + 1
	}
	m := &Matrix{Datapath: d, In: in, Out: out, sums: make([]float64, out), random: rand.New(rand.NewPCG(seed, 0x5265424552540000))}
	slices := d.Slices()
	levels := d.levels()
	for sign := range m.signs {
		m.signs[sign] = make([]float32, in*out*slices)
	}
	limit := 1<<d.WeightBits - 1
	for i, w := range weights {
		magnitudes := [2]int{max(int(w), 0), max(-int(w), 0)}
		if magnitudes[0] > limit || magnitudes[1] > limit {
			return nil, fmt.Errorf("rebert: weight %d is %d, must be in -%d..%d (WeightBits is %d)", i, w, limit, limit, d.WeightBits)
		}
		m.sums[i%out] += float64(w)
		for sign, magnitude := range magnitudes {
			for k := range slices {
				level := magnitude >> (k * d.CellBits) & (1<<d.CellBits - 1)
				m.signs[sign][i*slices+k] = levels[level].draw(m.random)
			}
		}
	}
	return m, nil
}

// cellLevel is what a cell becomes that is meant to have one level, in levels: a reference column takes off the current of level 0.
type cellLevel struct {
	level, deviation float64 // of a Gaussian error
	none             float64 // the level of a cell without conductance: none is lower
	lognormal        float64 // where not 0: the deviation of the logarithm of the conductance
}

// levels are those of a cell.
func (d Datapath) levels() []cellLevel {
	off, top := d.Cell.Off(), float64(int(1)<<d.CellBits-1)
	span := d.Cell.On() - off
	all := make([]cellLevel, 1<<d.CellBits)
	for l := range all {
		c := &all[l]
		c.level, c.none = float64(l), -off/span*top
		switch v := d.Noise.Cells; v {
		case reram.NoVariation:
		case reram.Lognormal:
			c.lognormal = d.Noise.Sigma
		default:
			c.deviation = v.Deviation(off+float64(l)/top*span, d.Noise.Sigma, d.Cell) / span * top
		}
	}
	return all
}

// draw programs one cell.
func (c cellLevel) draw(random *rand.Rand) float32 {
	switch {
	case c.lognormal > 0:
		return float32((c.level-c.none)*math.Exp(c.lognormal*random.NormFloat64()) + c.none)
	case c.deviation > 0:
		return float32(max(c.level+c.deviation*random.NormFloat64(), c.none))
	}
	return float32(c.level)
}

// Multiply is the in-situ product of batches of inputs, n x In integers of InputBits bits, with the weights: n x Out. The bits
// go in DACBits at a time; every column is converted and shifted into place. Signed inputs are two's complement: their top bit
// counts negatively, or, when several bits enter at once, they are shifted to be positive and the sums of the columns are
// taken off again.
func (m *Matrix) Multiply(inputs []int32, signed bool) ([]float64, error) {
	n := len(inputs) / m.In
	if n*m.In != len(inputs) || n == 0 {
		return nil, fmt.Errorf("rebert: Multiply of %d inputs, must be a multiple of In, %d", len(inputs), m.In)
	}
	low, high := int32(0), int32(1)<<m.InputBits-1
	if signed {
		low, high = -1<<(m.InputBits-1), 1<<(m.InputBits-1)-1
	}
	for i, x := range inputs {
		if x < low || x > high {
			return nil, fmt.Errorf("rebert: input %d is %d, must be in %d..%d (InputBits is %d)", i, x, low, high, m.InputBits)
		}
	}
	y := make([]float64, n*m.Out)
	shifted := signed && m.DACBits > 1
	for from := 0; from < m.In; from += m.Rows {
		m.block(y, inputs, from, min(from+m.Rows, m.In), signed, shifted)
	}
	if shifted {
		for i := range y {
			y[i] -= math.Ldexp(m.sums[i%m.Out], m.InputBits-1)
		}
	}
	return y, nil
}

// block adds the product of the rows from..to, input by input: a column's sum is that of the cells whose row has a bit.
func (m *Matrix) block(y []float64, inputs []int32, from, to int, signed, shifted bool) {
	columns := m.Out * m.Slices()
	convert := m.Converter(m.Rows)
	noise := m.Noise.Read * float64(m.Rows*(1<<m.CellBits-1)*(1<<m.DACBits-1))
	sums := blas32.Vector{N: columns, Inc: 1, Data: make([]float32, columns)}
	mask, top := int32(1)<<m.DACBits-1, m.InputCycles()-1
	for t := range m.InputCycles() {
		place := math.Ldexp(1, t*m.DACBits)
		if signed && !shifted && t == top {
			place = -place
		}
		for sign, cells := range m.signs {
			if sign == 1 {
				place = -place
			}
			for i := range len(inputs) / m.In {
				clear(sums.Data)
				for r, x := range inputs[i*m.In+from : i*m.In+to] {
					if shifted {
						x += 1 << (m.InputBits - 1)
					}
					if x = x >> (t * m.DACBits) & mask; x != 0 {
						row := (from + r) * columns
						blas32.Axpy(float32(x), blas32.Vector{N: columns, Inc: 1, Data: cells[row : row+columns]}, sums)
					}
				}
				if noise > 0 {
					for c := range sums.Data {
						sums.Data[c] += float32(noise * m.random.NormFloat64())
					}
				}
				convert.add(y[i*m.Out:(i+1)*m.Out], sums.Data, place, m.CellBits)
			}
		}
	}
}
