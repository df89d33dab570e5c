package fixedpoint_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/lib/fixedpoint"
	"pgregory.net/rapid"
)

// SpAtten's reference sheet, fixtures 8 and 9.
func TestProgressiveFixtures(t *testing.T) {
	p := fixedpoint.SpAttenProgressive()
	flat := func(n int) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = 1 / float64(n)
		}
		return x
	}
	if p.NeedsLSB(flat(4)) {
		t.Error("four equal scores, largest probability 0.25, ask for the low bits")
	}
	if !p.NeedsLSB(flat(16)) {
		t.Error("sixteen equal scores, largest probability 0.0625, do not ask for the low bits")
	}
	for p0, want := range map[float64]float64{0.5: 0.05, 0.9: 0.018} {
		if got := fixedpoint.SoftmaxError(0.1, p0); math.Abs(got-want) > 1e-15 {
			t.Errorf("p0 %v: %v, want %v", p0, got, want)
		}
	}
}

// The high plane never exceeds the code and lacks less than one of its own steps; the estimate is what a small change of
// one score of a softmax does.
func TestProgressiveBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := fixedpoint.Progressive{MSB: rapid.IntRange(2, 12).Draw(t, "msb"), LSB: 4}
		if err := p.Validate(); err != nil {
			t.Fatal(err)
		}
		code := int16(rapid.IntRange(-1<<(p.MSB+3), 1<<(p.MSB+3)-1).Draw(t, "code"))
		if d := code - p.First(code); d < 0 || d >= 16 {
			t.Fatalf("code %d reads as %d", code, p.First(code))
		}
		p0 := rapid.Float64Range(0.01, 0.99).Draw(t, "p0")
		const ds = 1e-4
		// One score moves by ds, the rest share what is left in fixed proportion: the sum of all changes is twice its own.
		moved := p0 * math.Exp(ds) / (p0*math.Exp(ds) + 1 - p0)
		if got, want := fixedpoint.SoftmaxError(ds, p0), 2*(moved-p0); math.Abs(got-want) > 1e-3*want || got > ds/2 {
			t.Fatalf("p0 %v: estimate %v, true %v", p0, got, want)
		}
	})
}

func TestProgressiveValidate(t *testing.T) {
	for want, p := range map[string]fixedpoint.Progressive{
		"MSB is 1, must be in 2..15":   {MSB: 1, LSB: 4},
		"LSB is 5, must be in 1..4":    {MSB: 12, LSB: 5},
		"Threshold is -1, must be in":  {MSB: 6, LSB: 4, Threshold: -1},
		"Threshold is NaN, must be in": {MSB: 6, LSB: 4, Threshold: math.NaN()},
	} {
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func ExampleProgressive_NeedsLSB() {
	p := fixedpoint.SpAttenProgressive()
	fmt.Println(p.NeedsLSB([]float64{0.95, 0.03, 0.02}), p.NeedsLSB(make([]float64, 20)))
	// Output: false true
}
