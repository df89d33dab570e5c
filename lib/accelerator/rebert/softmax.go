package rebert

import (
	"fmt"
	"math"

	"github.com/sparse-attention/workbench/lib/energy"
)

// SoftmaxUnit is the digital unit of ReBERT-basic: the row maximum is subtracted, so that the exponential lies in (0,1], and two
// small tables and a multiplier stand for one large table.
type SoftmaxUnit struct {
	IndexBits       int // b, bits of the table index (maximum - score) x 2^Fraction
	Fraction        int // f
	LowBits         int // h, index bits of the lower table; the upper one has the others
	EntryBits       int // q, bits of a table entry: exp(0) is 2^q-1
	ProbabilityBits int // bits of a probability as the weighted sum reads it; 0 = exact quotient
}

// DefaultSoftmax is the unit at the sheet's assumed widths: the paper's are unknown.
func DefaultSoftmax() SoftmaxUnit {
	return SoftmaxUnit{
		IndexBits: 8, Fraction: 4, LowBits: 4, EntryBits: 8, // assumed (reference sheet, 2.3): 16 + 16 entries
		ProbabilityBits: 8, // assumed: the width of the arrays' inputs
	}
}

// Validate reports the first field that no unit can have.
func (u SoftmaxUnit) Validate() error {
	for _, f := range []struct {
		name             string
		value, low, high int
	}{{"IndexBits", u.IndexBits, 1, 20}, {"Fraction", u.Fraction, 0, 24}, {"LowBits", u.LowBits, 0, u.IndexBits},
		{"EntryBits", u.EntryBits, 1, 24}, {"ProbabilityBits", u.ProbabilityBits, 0, 16}} {
		if f.value < f.low || f.value > f.high {
			return fmt.Errorf("rebert: SoftmaxUnit.%s is %d, must be in %d..%d", f.name, f.value, f.low, f.high)
		}
	}
	return nil
}

// Bits is the width of a score as it enters the unit.
func (u SoftmaxUnit) Bits() int { return u.IndexBits }

// Entries is the size of both tables together; one table would have 2^IndexBits.
func (u SoftmaxUnit) Entries() int { return 1<<(u.IndexBits-u.LowBits) + 1<<u.LowBits }

// Counts is what one score costs: a comparison and a subtraction together with the sum's addition count as two additions, two
// table reads, and the multiplications of the exponent and of the normalisation (reference sheet, 4.4).
func (u SoftmaxUnit) Counts() energy.CrossbarCounts {
	return energy.CrossbarCounts{energy.CrossbarTable: 2, energy.CrossbarMultiply: 2, energy.CrossbarAdd: 2}
}

// Tables is a SoftmaxUnit with its tables filled. It is safe for concurrent use.
type Tables struct {
	SoftmaxUnit
	High, Low []uint32
	one       uint64 // 2^q - 1
}

// Tables fills the tables of a valid unit.
func (u SoftmaxUnit) Tables() *Tables {
	t := &Tables{SoftmaxUnit: u, High: make([]uint32, 1<<(u.IndexBits-u.LowBits)), Low: make([]uint32, 1<<u.LowBits), one: 1<<u.EntryBits - 1}
	for i := range t.High {
		t.High[i] = t.entry(i << u.LowBits)
	}
	for i := range t.Low {
		t.Low[i] = t.entry(i)
	}
	return t
}

func (t *Tables) entry(x int) uint32 {
	return uint32(math.Round(float64(t.one) * math.Exp(-math.Ldexp(float64(x), -t.Fraction))))
}

// Index is the table index of a score under the row's maximum, clipped to IndexBits.
func (t *Tables) Index(maximum, score float64) int {
	x := math.Round(math.Ldexp(maximum-score, t.Fraction))
	return int(min(x, float64(int(1)<<t.IndexBits-1)))
}

// Exponent is exp(-x / 2^Fraction) in units of 1/(2^EntryBits-1), for an index x.
func (t *Tables) Exponent(x int) uint32 {
	high, low := uint64(t.High[x>>t.LowBits]), uint64(t.Low[x&(1<<t.LowBits-1)])
	return uint32((high*low + t.one/2) / t.one)
}

// Row writes the probabilities of one row of real scores to dst, which must be as long. Without scores it writes nothing.
func (t *Tables) Row(dst, scores []float64) {
	full := 0.0
	if t.ProbabilityBits > 0 {
		full = float64(int(1)<<t.ProbabilityBits - 1)
	}
	sum := t.exponents(dst, scores)
	for j, e := range dst {
		if full > 0 {
			dst[j] = float64(t.code(uint64(e), sum)) / full
		} else {
			dst[j] = e / float64(sum)
		}
	}
}

// Codes writes the probabilities of one row as the weighted sum reads them, in units of 1/(2^ProbabilityBits-1), which must not
// be 0. scratch and dst must be as long as scores.
func (t *Tables) Codes(dst []int32, scratch, scores []float64) {
	sum := t.exponents(scratch, scores)
	for j, e := range scratch {
		dst[j] = int32(t.code(uint64(e), sum))
	}
}

// exponents writes the integers e_j to dst and returns their sum, which is at least 2^EntryBits-1.
func (t *Tables) exponents(dst, scores []float64) uint64 {
	top := math.Inf(-1)
	for _, s := range scores {
		top = max(top, s)
	}
	var sum uint64
	for j, s := range scores {
		e := t.Exponent(t.Index(top, s))
		dst[j] = float64(e)
		sum += uint64(e)
	}
	return sum
}

// code is the quotient rounded to ProbabilityBits.
func (t *Tables) code(e, sum uint64) uint64 {
	return (e*(1<<t.ProbabilityBits-1) + sum/2) / sum
}

// Error is the largest difference of a table exponential from the exact one, over all indices.
func (t *Tables) Error() float64 {
	worst := 0.0
	for x := range 1 << t.IndexBits {
		worst = max(worst, math.Abs(float64(t.Exponent(x))/float64(t.one)-math.Exp(-math.Ldexp(float64(x), -t.Fraction))))
	}
	return worst
}
