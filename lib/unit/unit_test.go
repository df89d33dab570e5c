package unit_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/sparse-attention/workbench/lib/unit"
)

func TestStrings(t *testing.T) {
	for _, c := range []struct {
		got  fmt.Stringer
		want string
	}{
		{unit.Cycles(7), "7 cycles"},
		{unit.Cycles(1000), "1 kcycles"},
		{unit.Cycles(-2_500_000), "-2.5 Mcycles"},
		{unit.Bytes(1023), "1023 B"},
		{unit.KiB, "1 KiB"},
		{3 * unit.MiB / 2, "1.5 MiB"},
		{-2 * unit.GiB, "-2 GiB"},
		{unit.Picojoules(0), "0 J"},
		{unit.Picojoules(1), "1 pJ"},
		{unit.Picojoules(1e6), "1 µJ"},
		{unit.Picojoules(-3.5e12), "-3.5 J"},
		{unit.Picojoules(1e15), "1 kJ"}, // Log10(1000) is below 3 in floating point
		{unit.GHz, "1 GHz"},
		{800 * unit.MHz, "800 MHz"},
		{unit.Watts(0.0175), "17.5 mW"},
		{unit.Watts(999.99), "1000 W"},
		{unit.Watts(math.Inf(1)), "+Inf W"},
		{unit.Watts(math.NaN()), "NaN W"},
		{unit.SquareMillimetres(1.9), "1.9 mm²"},
	} {
		if got := c.got.String(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestRatio(t *testing.T) {
	if got := unit.Ratio(unit.Cycles(30), unit.Cycles(4)); got != 7.5 {
		t.Errorf("30/4 = %v", got)
	}
	if got := unit.Ratio(unit.Picojoules(0), unit.Picojoules(0)); !math.IsNaN(got) {
		t.Errorf("0/0 = %v, want NaN: a missing run is no speedup", got)
	}
}

func ExamplePicojoules_Power() {
	// 2000 pJ over 1000 cycles of a 1 GHz clock.
	fmt.Println(unit.Picojoules(2000).Power(1000, unit.GHz))
	// Output: 2 mW
}
