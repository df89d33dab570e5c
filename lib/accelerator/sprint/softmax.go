package sprint

import (
	"fmt"
	"math/bits"

	"github.com/sparse-attention/workbench/lib/fixedpoint"
)

// Datapath is the widths of a CORELET. All arithmetic between the 8-bit operands and the 16-bit outputs is done in integers
// of these widths.
//
//   - A score is cut to ScoreBits by an arithmetic shift, the smallest at which every score of the head fits. The shift stands
//     for the calibration of a layer; a code step is then 2^shift real score steps.
//   - u = row maximum - code is split over two exponent tables that are loaded with exp(-u x step) for the layer's step.
//   - The divider takes the exponent and the sum of exponents, both brought to OperandBits, and gives ProbabilityBits. The sum
//     is normalised, and its shift is the row's exponent: either kept beside the probabilities (RowExponent) or shifted
//     out of them.
type Datapath struct {
	ScoreBits       int // out of the adder tree
	HighBits        int // of u, into the first exponent table
	LowBits         int // of u, into the second
	ExponentBits    int // out of the multiplier; one is 2^(ExponentBits-1)
	OperandBits     int // into the dividers
	ProbabilityBits int // out of the dividers; one is 2^ProbabilityBits - 1
	OutputBits      int // out of the V-PU
	RowExponent     bool
}

// Published is the datapath of Fig. 7.
func Published() Datapath {
	return Datapath{
		ScoreBits:       12,   // printed
		HighBits:        6,    // assumed: the halves of the score (reference sheet, 2.4)
		LowBits:         6,    // same
		ExponentBits:    17,   // printed
		OperandBits:     16,   // printed
		ProbabilityBits: 8,    // printed
		OutputBits:      16,   // printed
		RowExponent:     true, // assumed: with 8 bits and no exponent a row of 512 equal scores would come out as zero
	}
}

// Validate reports the first width that no datapath can have.
func (d Datapath) Validate() error {
	for _, f := range []struct {
		name             string
		value, low, high int
	}{
		{"ScoreBits", d.ScoreBits, 2, 24}, {"HighBits", d.HighBits, 0, 12}, {"LowBits", d.LowBits, 0, 12},
		{"ExponentBits", d.ExponentBits, 2, 31}, {"OperandBits", d.OperandBits, 2, 31},
		{"ProbabilityBits", d.ProbabilityBits, 1, 10}, {"OutputBits", d.OutputBits, 2, 32},
	} {
		if f.value < f.low || f.value > f.high {
			return fmt.Errorf("sprint: Datapath.%s is %d, must be in %d..%d", f.name, f.value, f.low, f.high)
		}
	}
	if d.HighBits+d.LowBits < 1 {
		return fmt.Errorf("sprint: Datapath.HighBits + LowBits is 0, must be at least 1")
	}
	return nil
}

// softmax is the unit of one head: tables loaded, buffers allocated.
type softmax struct {
	Datapath
	exponent *fixedpoint.Exponent
	values   []uint32 // exponents of the row, the FIFO
	prob     []int32
}

func (d Datapath) softmax(step float64) (*softmax, error) {
	e, err := fixedpoint.NewExponent(step, d.HighBits, d.LowBits, d.ExponentBits-1)
	if err != nil {
		return nil, err
	}
	return &softmax{Datapath: d, exponent: e}, nil
}

// row turns the codes of one query's survivors into probabilities. The real probability of code i is
// prob[i] / (2^ProbabilityBits - 1) / 2^shift. The slice is reused by the next call; there must be at least one code.
func (s *softmax) row(codes []int32) (prob []int32, shift int) {
	top := codes[0]
	for _, c := range codes {
		top = max(top, c)
	}
	s.values = s.values[:0]
	var sum uint64
	for _, c := range codes {
		e := s.exponent.At(int(top - c))
		s.values = append(s.values, e)
		sum += uint64(e)
	}
	// Both operands lose what does not fit; the sum, at least one, is the wider.
	lose := max(s.ExponentBits-s.OperandBits, 0)
	normalise := max(bits.Len64(sum)-s.OperandBits, lose)
	divisor := sum >> normalise
	shift = normalise - lose
	one := uint64(1)<<s.ProbabilityBits - 1
	out := 0
	if !s.RowExponent {
		out, shift = shift, 0
	}
	s.prob = s.prob[:0]
	for _, e := range s.values {
		p := (uint64(e>>lose)*one + (divisor<<out)>>1) / (divisor << out)
		s.prob = append(s.prob, int32(min(p, one)))
	}
	return s.prob, shift
}
