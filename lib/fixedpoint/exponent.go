package fixedpoint

import (
	"fmt"
	"math"
)

// Exponent is the two-table exponential of the softmax units: exp(-u step) = high[u's upper bits] x low[u's lower bits], with
// one multiplier. Values are integers in units of 2^-Fraction, so that exp(0) = 1 << Fraction takes Fraction+1 bits.
type Exponent struct {
	Fraction int
	lowBits  int
	last     int
	high     []uint32
	low      []uint32
}

// NewExponent fills the tables for codes of highBits+lowBits bits, each step of which is the real number step.
func NewExponent(step float64, highBits, lowBits, fraction int) (*Exponent, error) {
	switch {
	case !(step > 0) || math.IsInf(step, 0):
		return nil, fmt.Errorf("fixedpoint: Exponent step is %v, must be positive and finite", step)
	case highBits < 0 || lowBits < 0 || highBits+lowBits < 1 || highBits+lowBits > 20:
		return nil, fmt.Errorf("fixedpoint: Exponent tables are indexed by %d + %d bits, must be 1..20 together", highBits, lowBits)
	case fraction < 1 || fraction > 30:
		return nil, fmt.Errorf("fixedpoint: Exponent.Fraction is %d, must be in 1..30", fraction)
	}
	e := &Exponent{Fraction: fraction, lowBits: lowBits, last: 1<<(highBits+lowBits) - 1,
		high: make([]uint32, 1<<highBits), low: make([]uint32, 1<<lowBits)}
	for i := range e.high {
		e.high[i] = uint32(math.Round(math.Ldexp(math.Exp(-step*float64(i<<lowBits)), fraction)))
	}
	for i := range e.low {
		e.low[i] = uint32(math.Round(math.Ldexp(math.Exp(-step*float64(i)), fraction)))
	}
	return e, nil
}

// Index splits u, at least 0 and clipped to the largest code, into its two table indices.
func (e *Exponent) Index(u int) (high, low int) {
	u = min(u, e.last)
	return u >> e.lowBits, u & (1<<e.lowBits - 1)
}

// At is exp(-u step), rounded to nearest; u must be at least 0 and is clipped to the largest code.
func (e *Exponent) At(u int) uint32 {
	high, low := e.Index(u)
	return uint32((uint64(e.high[high])*uint64(e.low[low]) + 1<<(e.Fraction-1)) >> e.Fraction)
}
