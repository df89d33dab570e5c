package reram

import (
	"github.com/sparse-attention/workbench/lib/legal"
)

// Rounding says what the dropped bits of an operand become.
type Rounding uint8

const (
	Floor   Rounding = iota // nothing: the split of the paper, MSB = value >> bits
	HalfLSB                 // half a step is added to both operands: the DAC and the reference column are shifted by it
)

// Signed says how a cell, whose conductance is positive, holds a signed weight.
type Signed uint8

const (
	OffsetColumn Signed = iota // weight + 2^(bits-1) against a common reference column: one key per column
	Differential               // positive and negative part in two adjacent columns
)

// Array is the in-memory thresholding array: its geometry, its formats and what is not ideal about it. The zero Noise is an
// exact array. An Array is a plain value; its methods are safe for concurrent use.
type Array struct {
	Rows     int // cells along a bit line
	Cols     int // cells along a word line
	RowsUsed int // word lines driven at once, 1..Rows; a longer vector is split over arrays whose sums are joined

	QueryBits int // bits of the query copy and of the DAC that drives it, 1..8
	KeyBits   int // bits of K held in the array, 1..8
	CellBits  int // bits per cell, 1..KeyBits or more; a key wider than a cell takes adjacent columns
	Rounding  Rounding
	Signed    Signed
	Cell      Cell
	WireOhm   float64 // resistance of one cell pitch of wire, used by Noise.IRDrop

	KeepMaximum bool // a query that no key passes keeps the key of its highest sum
	// Range is what comparators and converters are built for, and the full scale of their errors. Its zero is the span of each
	// head's own sums: circuits that adapt to every head. See Span.
	Range     Range
	ScoreBits int // converter of the sums that leave the array as numbers (SPRINT without recompute); 0 = ideal converter

	Noise Noise
	Seed  uint64 // of the chip: comparator offsets
	Write uint64 // of the write: programming errors and read noise of one head; see ForWrite
}

// Ideal is SPRINT's array without noise: 4 bits of Q and K, one key per column.
func Ideal() Array {
	return Array{
		Rows: 128, Cols: 128, // assumed: DNN+NeuroSim V2.1 Param.cpp (reference sheet of SPRINT, 7)
		RowsUsed:  64,           // assumed: one word line per element of d = 64
		QueryBits: 4,            // assumed: the "low-precision copy" of the query has the width of the key (sheet, 7)
		KeyBits:   4,            // public summary of SPRINT; the knee of Fig. 5
		CellBits:  4,            // same
		Rounding:  Floor,        // assumed: the published nibble split (sheet, 7)
		Signed:    OffsetColumn, // assumed: Fig. 6 draws one column per key
		Cell:      NeuroSimCell(),
		WireOhm:   1.563, // NeuroSim, 22 nm, along 4F (reference sheet of ReRAM, 4.2)

		KeepMaximum: true, // assumed: a softmax over nothing is undefined (sheet, 7)
	}
}

// Typical is Ideal with the noise that the sheet assumes: the paper names its causes but not its size.
func Typical() Array {
	a := Ideal()
	a.Noise = Noise{
		Cells: OfRange, Sigma: 0.05, // assumed: the upper end of the 2 to 5 % of range of the reference sheet of SPRINT, 7
		Read:       0.01, // assumed: about 1 % (aihwkit, ReRamWan2022)
		Comparator: 1,    // assumed: one step of a 5-bit score (sheet, 7)
	}
	return a
}

// Bits returns the array with b bits in both operands: the horizontal axis of Fig. 5.
func (a Array) Bits(b int) Array {
	a.QueryBits, a.KeyBits = b, b
	return a
}

// ForWrite returns the array after another write, so that every head meets fresh programming errors and read noise while
// the comparators stay those of the chip. The identifiers say which head: sample, layer, head index.
func (a Array) ForWrite(ids ...uint64) Array {
	for _, id := range ids {
		a.Write = mix(a.Write ^ mix(id+0x9e3779b97f4a7c15))
	}
	return a
}

// mix is the finaliser of SplitMix64: a bijection that spreads every bit.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Slices is the number of cells, in adjacent columns, that hold one element of a key (one half of it when Differential).
func (a Array) Slices() int { return (a.KeyBits + a.CellBits - 1) / a.CellBits }

// Columns is the number of columns that one key takes.
func (a Array) Columns() int {
	if a.Signed == Differential {
		return 2 * a.Slices()
	}
	return a.Slices()
}

// Arrays is the number of arrays that hold keys of dimension dim.
func (a Array) Arrays(keys, dim int) int {
	perArray := a.Cols / a.Columns()
	return ((keys + perArray - 1) / perArray) * ((dim + a.RowsUsed - 1) / a.RowsUsed)
}

// Validate reports the first field that no array can have.
func (a Array) Validate() error {
	f := legal.Of("reram: Array")
	f.AtLeast("Rows", a.Rows, 1)
	f.AtLeast("Cols", a.Cols, 1)
	f.Require(a.RowsUsed >= 1 && a.RowsUsed <= a.Rows, "RowsUsed", a.RowsUsed, "in 1..%d (Rows)", a.Rows)
	f.In("QueryBits", a.QueryBits, 1, 8)
	f.In("KeyBits", a.KeyBits, 1, 8)
	f.In("CellBits", a.CellBits, 1, 8)
	f.Require(a.Rounding <= HalfLSB, "Rounding", a.Rounding, "0 (floor) or 1 (half LSB)")
	f.Require(a.Signed <= Differential, "Signed", a.Signed, "0 (offset column) or 1 (differential)")
	if f.Err() == nil {
		f.Require(a.Columns() <= a.Cols, "Cols", a.Cols, "at least %d, the columns of one key", a.Columns())
	}
	f.NotNegative("WireOhm", a.WireOhm)
	f.Require(a.Range == Range{} || a.Range.High > a.Range.Low, "Range", a.Range, "zero, or with High above Low")
	f.Require(a.ScoreBits >= 0 && a.ScoreBits <= 16, "ScoreBits", a.ScoreBits, "in 0..16 (0 is an ideal converter)")
	if err := f.Err(); err != nil {
		return err
	}
	if err := a.Cell.validate(); err != nil {
		return err
	}
	if err := a.Noise.validate(a.Cell); err != nil {
		return err
	}
	if loss := a.worstLoss(); a.Noise.IRDrop && loss > firstOrder {
		f.Require(false, "WireOhm", a.WireOhm, "at most %.3g with Noise.IRDrop (the wires would take %.3g of the voltage; first order holds to %.1f)",
			a.WireOhm*firstOrder/loss, loss, firstOrder)
	}
	return f.Err()
}
