package reram

import (
	"fmt"

	"github.com/sparse-attention/workbench/lib/unit"
)

// Timing is a memory's timing as data, in cycles of its own clock; the names are JEDEC's and NVMain's, and TAxTh is SPRINT's.
type Timing struct {
	Name  string
	Clock unit.Hertz
	Bus   int // width of a channel in bits; data move on both edges

	TRCD   unit.Cycles // activate to column command, same bank
	TCAS   unit.Cycles // column command to data; tCL
	TRP    unit.Cycles // precharge to activate, same bank
	TBURST unit.Cycles // data of one burst of Bus x 2 x TBURST bits
	TCCD   unit.Cycles // column command to column command, same channel
	TWP    unit.Cycles // write pulse: end of write data to precharge
	TCWD   unit.Cycles // write command to data
	TWTR   unit.Cycles // end of write data to read command
	TRRDR  unit.Cycles // activate to activate, same channel
	TRAS   unit.Cycles // activate to precharge, same bank

	TAxTh      unit.Cycles // CopyQ to ReadP: the array's sum and comparison, in cycles of TAxThClock
	TAxThClock unit.Hertz  // 0 = Clock
}

// RRAMISSCC2012 is NVMain's RRAM_ISSCC_2012_4GB.config (400 MHz, double data rate, 64-bit bus; no refresh) with SPRINT's
// thresholding time added: its upper bound of 8 cycles (public summary; the clock is not stated, so the slower one is
// assumed).
func RRAMISSCC2012() Timing {
	return Timing{
		Name: "RRAM_ISSCC_2012", Clock: 400 * unit.MHz, Bus: 64,
		TRCD: 10, TCAS: 6, TRP: 1, TBURST: 4, TCCD: 2, TWP: 4, TCWD: 4, TWTR: 3, TRRDR: 4, TRAS: 0,
		TAxTh: 8,
	}
}

// BurstBytes is what one burst carries.
func (t Timing) BurstBytes() unit.Bytes { return unit.Bytes(t.Bus) * 2 * unit.Bytes(t.TBURST) / 8 }

// Bandwidth is the peak of one channel in bytes per second.
func (t Timing) Bandwidth() float64 { return float64(t.Bus) / 8 * 2 * float64(t.Clock) }

// thresholding is TAxTh in cycles of Clock, rounded up.
func (t Timing) thresholding() unit.Cycles {
	if t.TAxThClock == 0 || t.TAxThClock == t.Clock {
		return t.TAxTh
	}
	// Clocks are whole hertz, so that the division is exact.
	f, g := int64(t.Clock), int64(t.TAxThClock)
	return unit.Cycles((int64(t.TAxTh)*f + g - 1) / g)
}

// Validate reports the first field that no memory can have.
func (t Timing) Validate() error {
	if !(t.Clock >= 1 && t.Clock <= 1e12) {
		return fmt.Errorf("reram: Timing.Clock is %v Hz, must be in 1..1e12", float64(t.Clock))
	}
	if !(t.TAxThClock == 0 || t.TAxThClock >= 1 && t.TAxThClock <= 1e12) {
		return fmt.Errorf("reram: Timing.TAxThClock is %v Hz, must be 0 (that of Clock) or in 1..1e12", float64(t.TAxThClock))
	}
	if t.Bus < 8 || t.Bus%8 != 0 {
		return fmt.Errorf("reram: Timing.Bus is %d bits, must be a positive multiple of 8", t.Bus)
	}
	if t.TBURST < 1 {
		return fmt.Errorf("reram: Timing.TBURST is %d, must be at least 1", int64(t.TBURST))
	}
	for _, f := range []struct {
		name  string
		value unit.Cycles
	}{{"TRCD", t.TRCD}, {"TCAS", t.TCAS}, {"TRP", t.TRP}, {"TCCD", t.TCCD}, {"TWP", t.TWP}, {"TCWD", t.TCWD},
		{"TWTR", t.TWTR}, {"TRRDR", t.TRRDR}, {"TRAS", t.TRAS}, {"TAxTh", t.TAxTh}} {
		if f.value < 0 {
			return fmt.Errorf("reram: Timing.%s is %d, must be at least 0", f.name, int64(f.value))
		}
	}
	return nil
}

// Layout places keys: key j lives on channel j mod Channels, and adjacent keys of a channel in different banks. The
// transposable banks hold the upper half of every key, a key to a row, because a transposed read drives one word line along
// one key; the standard banks hold the lower half and the value of several keys in one row.
type Layout struct {
	Channels          int
	Banks             int // per channel, both kinds
	TransposableBanks int // of these, 1..Banks-1
	RowBytes          unit.Bytes
}

// SPRINTLayout is the assumed geometry: 4 channels of 4 banks, which with 64-bit DDR at 400 MHz give 25.6 GB/s (reference
// sheet of SPRINT, 7). Half of the banks transposable (assumed: neither kind then holds the bus up) and rows of 1 KiB
// (assumed).
func SPRINTLayout() Layout {
	return Layout{Channels: 4, Banks: 4, TransposableBanks: 2, RowBytes: unit.KiB}
}

// Validate reports the first field that no memory can have.
func (l Layout) Validate() error {
	switch {
	case l.Channels < 1:
		return fmt.Errorf("reram: Layout.Channels is %d, must be at least 1", l.Channels)
	case l.Banks < 2:
		return fmt.Errorf("reram: Layout.Banks is %d, must be at least 2 (one transposable, one standard)", l.Banks)
	case l.TransposableBanks < 1 || l.TransposableBanks >= l.Banks:
		return fmt.Errorf("reram: Layout.TransposableBanks is %d, must be in 1..%d (Banks-1)", l.TransposableBanks, l.Banks-1)
	case l.RowBytes < 1:
		return fmt.Errorf("reram: Layout.RowBytes is %d, must be at least 1", int64(l.RowBytes))
	}
	return nil
}
