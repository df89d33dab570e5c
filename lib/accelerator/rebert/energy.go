package rebert

import (
	"github.com/sparse-attention/workbench/lib/energy"
	"github.com/sparse-attention/workbench/lib/unit"
)

// multiply is the events of one in-situ product of rows inputs with columns columns (slices counted, one sign): all input
// bits, both signs. It is linear in rows and in rowBlocks, and in columns and columnBlocks, either of which may be sums over
// words.
func (c Circuit) multiply(rows, columns float64, rowBlocks, columnBlocks float64) energy.CrossbarCounts {
	cycles := 2 * float64(c.InputCycles())
	arrays := rows / float64(c.Rows) * columnBlocks
	if c.WholeArrays {
		arrays = rowBlocks * columnBlocks
	}
	conversions := cycles * columns * rowBlocks
	var n energy.CrossbarCounts
	n[energy.CrossbarADC] = conversions
	n[energy.CrossbarShiftAdd] = conversions
	n[energy.CrossbarDAC] = cycles * rows * columnBlocks
	n[energy.CrossbarArray] = cycles * arrays
	return n
}

// Product is the events of one word through a matrix of in x out weights, without the buffers.
func (c Circuit) Product(in, out int) energy.CrossbarCounts {
	columns := out * c.Slices()
	return c.multiply(float64(in), float64(columns), float64(ceil(in, c.Rows)), float64(ceil(columns, c.Cols)))
}

// count turns what the layers did into events.
func (s Spec) count(w Workload, layers []LayerReport) Counts {
	var c Counts
	m := w.Model
	bits := float64(s.InputBits)
	heads, dim := float64(m.Heads), float64(m.Dim())
	for _, y := range layers {
		words := float64(y.Words)
		for _, p := range m.Products() {
			n := s.Product(p.In, p.Out)
			n[energy.CrossbarBuffer] = bits * float64(p.In+p.Out)
			c[p.Part] = c[p.Part].Plus(n.Times(words))
		}

		// Keys and values: both signs, every copy, every verified write.
		written := float64(y.Writes)
		cells := 2 * float64(m.Attention*s.Slices()) * 2 * float64(s.copies()*s.Verify)
		c[Write][energy.CrossbarWrite] += written * cells
		c[Write][energy.CrossbarBuffer] += written * 2 * float64(m.Attention*s.WeightBits)

		// A head's keys are columns of Dim rows. All blocks of columns are driven with the query.
		scope, code := float64(y.Scope)*heads, float64(s.Softmax.Bits())
		rowBlocks := float64(ceil(m.Dim(), s.Rows))
		ip := s.multiply(dim, float64(y.Columns), rowBlocks, float64(y.Blocks)).Times(heads)
		ip[energy.CrossbarBuffer] = bits*dim*heads*words + code*scope
		c[InnerProduct] = c[InnerProduct].Plus(ip)

		soft := s.Softmax.Counts().Times(scope)
		soft[energy.CrossbarBuffer] = (code + bits) * scope
		c[Softmax] = c[Softmax].Plus(soft)

		// A head's values are rows of Dim x Slices columns; every block of rows is converted.
		columns := m.Dim() * s.Slices()
		ws := s.multiply(float64(y.Scope), float64(columns), float64(y.RowBlocks), float64(ceil(columns, s.Cols))).Times(heads)
		ws[energy.CrossbarBuffer] = bits*scope + bits*dim*heads*words
		c[WeightedSum] = c[WeightedSum].Plus(ws)
	}
	return c
}

func (s Spec) price(c Counts) Energy {
	var e Energy
	for i, n := range c {
		e[i] = s.Prices.Of(n)
	}
	return e
}

// SoftmaxElementFor is the energy of one score through the softmax unit at which the softmax would take the given share of the
// attention energy of r, everything else being equal. The published shares imply 13 % (reference sheet, 5).
func (r Report) SoftmaxElementFor(share float64, heads int) unit.Picojoules {
	rest := r.Energy[InnerProduct].Total() + r.Energy[WeightedSum].Total()
	elements := 0
	for _, y := range r.Layers {
		elements += y.Scope * heads
	}
	return unit.Picojoules(share / (1 - share) * float64(rest) / float64(elements))
}
