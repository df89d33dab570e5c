package sprint

import (
	"math/bits"

	"github.com/sparse-attention/workbench/lib/unit"
)

// clocks converts between the machine's cycles and those of its memory, always to the next whole cycle.
type clocks struct{ machine, memory int64 } // hertz

func (s Spec) clocks() clocks { return clocks{int64(s.Clock), int64(s.Memory.Clock)} }

// core is the first machine cycle at or after memory cycle t.
func (c clocks) core(t unit.Cycles) unit.Cycles { return scaleUp(t, c.machine, c.memory) }

// mem is the first memory cycle at or after machine cycle t.
func (c clocks) mem(t unit.Cycles) unit.Cycles { return scaleUp(t, c.memory, c.machine) }

// phase is where machine cycle t lies within a memory cycle.
func (c clocks) phase(t unit.Cycles) int64 {
	hi, lo := bits.Mul64(uint64(t), uint64(c.memory))
	return int64(bits.Rem64(hi, lo, uint64(c.machine)))
}

func scaleUp(t unit.Cycles, num, den int64) unit.Cycles {
	return unit.Cycles(mulDivUp(int64(t), num, den))
}

// mulDivUp is a x b / c rounded up, through 128 bits; none is negative, and the result must fit.
func mulDivUp(a, b, c int64) int64 {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	lo, carry := bits.Add64(lo, uint64(c-1), 0)
	q, _ := bits.Div64(hi+carry, lo, uint64(c))
	return int64(q)
}
