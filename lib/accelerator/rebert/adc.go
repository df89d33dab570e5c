package rebert

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/sparse-attention/workbench/lib/energy"
)

// ADCBits is the resolution that holds every sum of a column without loss (reference sheet of ReRAM, 2.1): rows cells of
// cellBits bits driven with dacBits bits each give rows x (2^cellBits-1) x (2^dacBits-1) + 1 levels.
func ADCBits(rows, cellBits, dacBits int) int {
	levels := rows*(1<<cellBits-1)*(1<<dacBits-1) + 1
	return bits.Len(uint(levels - 1))
}

// CheckADC reports converters that cannot hold the sum of a column, with the rule.
func (c Circuit) CheckADC() error {
	need := ADCBits(c.Rows, c.CellBits, c.DACBits)
	if c.ADCBits == 0 || c.ADCBits >= need {
		return nil
	}
	return fmt.Errorf("rebert: Circuit.ADCBits is %d, must be at least %d: %d rows x %d (cell of %d bits) x %d (DAC of %d bits) + 1 levels (or 0, an ideal converter)",
		c.ADCBits, need, c.Rows, 1<<c.CellBits-1, c.CellBits, 1<<c.DACBits-1, c.DACBits)
}

// Warnings says in words what is legal but loses something.
func (s Spec) Warnings() []string {
	var w []string
	if err := s.CheckADC(); err != nil {
		w = append(w, err.Error())
	}
	if write, read := s.Occupancy(); s.Port == Dual && write+read > s.Step() {
		w = append(w, fmt.Sprintf("rebert: writing a key takes %v and an inner product %v of the port, more than a step of %v: the structural hazard is back", write, read, s.Step()))
	}
	return w
}

// Converter turns the analogue sum of a column into an integer. Its full scale is the largest sum of the column.
type Converter struct {
	Bits  int // 0 is an ideal converter
	scale float64
	top   float64
	ideal bool
}

// Converter is the one that Circuit has for columns of which rows cells are driven.
func (c Circuit) Converter(rows int) Converter {
	full := float64(rows * (1<<c.CellBits - 1) * (1<<c.DACBits - 1))
	top := float64(int(1)<<c.ADCBits - 1)
	return Converter{Bits: c.ADCBits, scale: max(1, full/top), top: top, ideal: c.ADCBits == 0}
}

// Convert rounds a sum to the converter's steps and clips it to its range. An ideal converter leaves it alone.
func (a Converter) Convert(sum float64) float64 {
	if a.ideal {
		return sum
	}
	return max(0, min(a.top, math.Round(sum/a.scale))) * a.scale
}

// add converts the sums of one input, one column for each slice of cellBits bits of each of y, and adds place times the result. It is
// Convert in a loop, written out for the usual converter, whose step is a level: noisy runs spend most of their time here.
func (a Converter) add(y []float64, sums []float32, place float64, cellBits int) {
	slices := len(sums) / len(y)
	top := int32(a.top)
	for o := range y {
		columns := sums[o*slices : (o+1)*slices]
		if !a.ideal && a.scale == 1 && slices*cellBits <= 16 {
			total, shift := int32(0), 0
			for _, sum := range columns {
				total += max(0, min(top, int32(sum+0.5))) << shift
				shift += cellBits
			}
			y[o] += place * float64(total)
			continue
		}
		for k, sum := range columns {
			y[o] += place * math.Ldexp(a.Convert(float64(sum)), k*cellBits)
		}
	}
}

// WithADC returns the machine with converters of the given bits, 4..10, and their price.
func (s Spec) WithADC(bits int) (Spec, error) {
	adc, err := energy.ADC(bits)
	if err != nil {
		return Spec{}, fmt.Errorf("rebert: %w", err)
	}
	s.ADCBits = bits
	s.Prices.Constants[energy.CrossbarADC] = adc
	return s, nil
}
