package fixedpoint_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/lib/fixedpoint"
	"pgregory.net/rapid"
)

// Two rounded tables and one rounded product are within two steps of the exponential, and never rise.
func TestExponentIsClose(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		step := rapid.Float64Range(1e-4, 0.2).Draw(t, "step")
		e, err := fixedpoint.NewExponent(step, 6, 6, 16)
		if err != nil {
			t.Fatal(err)
		}
		last := uint32(1 << 16)
		for u := range 1 << 12 {
			got := e.At(u)
			if d := math.Abs(float64(got) - 65536*math.Exp(-step*float64(u))); d > 2 {
				t.Fatalf("exp(-%d x %v) is off by %v steps", u, step, d)
			}
			if got > last+1 {
				t.Fatalf("rises from %d to %d at %d", last, got, u)
			}
			last = got
		}
		if e.At(0) != 1<<16 || e.At(1<<12) != e.At(1<<12-1) {
			t.Fatal("exp(0) is not one, or codes beyond the tables are not clipped")
		}
	})
}

func TestExponentRefuses(t *testing.T) {
	for _, c := range []struct {
		step     float64
		h, l, f  int
		fragment string
	}{{0, 6, 6, 16, "step is 0, must be positive"}, {math.NaN(), 6, 6, 16, "step is NaN"}, {1, 0, 0, 16, "must be 1..20"}, {1, 11, 10, 16, "11 + 10 bits"}, {1, 6, 6, 31, "Fraction is 31, must be in 1..30"}} {
		if _, err := fixedpoint.NewExponent(c.step, c.h, c.l, c.f); err == nil || !strings.Contains(err.Error(), c.fragment) {
			t.Errorf("got %v, want %q", err, c.fragment)
		}
	}
}

func ExampleExponent() {
	// The reference sheet's check value: u = 200 in steps of 1/64 is table entries 3 and 8, e^-3 x e^-0.125.
	e, _ := fixedpoint.NewExponent(1./64, 6, 6, 24)
	high, low := e.Index(200)
	fmt.Printf("%d %d %.6f\n", high, low, math.Ldexp(float64(e.At(200)), -24))
	// Output: 3 8 0.043937
}
