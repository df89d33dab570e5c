package fixedpoint

import (
	"fmt"
	"math"
)

// Exponent describes a two-table exponential exp(-u Step) for u = 0, 1, ... 1<<Bits - 1: the argument splits in a high and
// a low part, each looked up in a small table, and one multiplication joins them. SPRINT, A3 and ReBERT all build their
// softmax units this way; a 16-bit argument needs 2 x 256 entries instead of 65,536.
type Exponent struct {
	Bits        int     // of the argument u
	LowBits     int     // of its low part
	Step        float64 // of the exponent for one step of u
	EntryBits   int     // of a table entry; the largest code stands for 1
	ProductBits int     // of the result; the largest code stands for 1
}

// SPRINTExponent is the unit of SPRINT's softmax (reference sheet, 2.4): a 12-bit argument, two tables of 64 entries
// (assumed 6+6 split) and a 17-bit result (printed). The step is that of the sheet's check value; 16-bit entries are
// assumed, wide enough not to show in the result.
func SPRINTExponent() Exponent {
	return Exponent{Bits: 12, LowBits: 6, Step: 1.0 / 64, EntryBits: 16, ProductBits: 17}
}

// ReBERTExponent is the unit of ReBERT's LUT softmax with its sheet's assumed defaults: b = 8, f = 4, h = 4, q = 8.
func ReBERTExponent() Exponent {
	return Exponent{Bits: 8, LowBits: 4, Step: 1.0 / 16, EntryBits: 8, ProductBits: 8}
}

// ExponentTables is an Exponent with its tables filled.
type ExponentTables struct {
	shape     Exponent
	high, low []uint64
}

// Tables fills the tables.
func (e Exponent) Tables() (*ExponentTables, error) {
	switch {
	case e.Bits < 1 || e.Bits > 24:
		return nil, fmt.Errorf("fixedpoint: Exponent.Bits is %d, must be in 1..24", e.Bits)
	case e.LowBits < 0 || e.LowBits > e.Bits:
		return nil, fmt.Errorf("fixedpoint: Exponent.LowBits is %d, must be in 0..%d (Bits)", e.LowBits, e.Bits)
	case !(e.Step > 0) || math.IsInf(e.Step, 0):
		return nil, fmt.Errorf("fixedpoint: Exponent.Step is %v, must be positive and finite", e.Step)
	case e.EntryBits < 1 || e.EntryBits > 20:
		return nil, fmt.Errorf("fixedpoint: Exponent.EntryBits is %d, must be in 1..20", e.EntryBits)
	case e.ProductBits < 1 || e.ProductBits > 20:
		return nil, fmt.Errorf("fixedpoint: Exponent.ProductBits is %d, must be in 1..20", e.ProductBits)
	}
	one := float64(uint64(1)<<e.EntryBits - 1)
	fill := func(bits int, step float64) []uint64 {
		t := make([]uint64, 1<<bits)
		for i := range t {
			t[i] = uint64(math.Round(one * math.Exp(-float64(i)*step)))
		}
		return t
	}
	return &ExponentTables{e, fill(e.Bits-e.LowBits, e.Step*float64(int(1)<<e.LowBits)), fill(e.LowBits, e.Step)}, nil
}

// Entries is the number of table entries.
func (t *ExponentTables) Entries() int { return len(t.high) + len(t.low) }

// At returns the code of exp(-u Step). Arguments beyond the width are clipped to the largest; u must not be negative.
func (t *ExponentTables) At(u int) uint32 {
	u = min(u, 1<<t.shape.Bits-1)
	entry, product := uint64(1)<<t.shape.EntryBits-1, uint64(1)<<t.shape.ProductBits-1
	p := t.high[u>>t.shape.LowBits] * t.low[u&(1<<t.shape.LowBits-1)]
	return uint32((p*product + entry*entry/2) / (entry * entry))
}

// Value is At as a real number in 0..1.
func (t *ExponentTables) Value(u int) float64 {
	return float64(t.At(u)) / float64(uint64(1)<<t.shape.ProductBits-1)
}
