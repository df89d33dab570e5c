package fixedpoint_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/lib/fixedpoint"
	"pgregory.net/rapid"
)

func tables(t testing.TB, e fixedpoint.Exponent) *fixedpoint.ExponentTables {
	t.Helper()
	x, err := e.Tables()
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// SPRINT's check value: u = 200 at a step of 1/64 splits in 3 and 8, and is 0.0439369.
func TestSPRINTExponent(t *testing.T) {
	x := tables(t, fixedpoint.SPRINTExponent())
	if got := x.Value(200); math.Abs(got-0.0439369) > 1.0/(1<<17) {
		t.Errorf("exp(-200/64) is %v, want 0.0439369", got)
	}
	if x.Entries() != 128 || x.At(0) != 1<<17-1 {
		t.Errorf("%d entries, one is %d; want 128 and %d", x.Entries(), x.At(0), 1<<17-1)
	}
}

// ReBERT's formula, with its own rounding, for every argument.
func TestReBERTExponent(t *testing.T) {
	x := tables(t, fixedpoint.ReBERTExponent())
	entry := func(v float64) int { return int(math.Round(255 * math.Exp(-v))) }
	for u := range 256 {
		want := (entry(float64(u>>4)) * entry(float64(u&15)/16)) + 127
		if got := int(x.At(u)); got != want/255 {
			t.Fatalf("u %d: %d, want %d", u, got, want/255)
		}
	}
	wide := fixedpoint.Exponent{Bits: 16, LowBits: 8, Step: 1.0 / 256, EntryBits: 16, ProductBits: 16}
	if got := tables(t, wide).Entries(); got != 512 {
		t.Errorf("a 16-bit argument needs %d entries, want 512", got)
	}
}

// The tables never rise with u, stay near the exponential, and clip beyond the last argument.
func TestExponentIsMonotoneAndClose(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := fixedpoint.Exponent{Bits: rapid.IntRange(2, 12).Draw(t, "bits"), EntryBits: rapid.IntRange(8, 18).Draw(t, "entry"),
			ProductBits: rapid.IntRange(4, 18).Draw(t, "product"), Step: rapid.Float64Range(1e-3, 0.5).Draw(t, "step")}
		e.LowBits = rapid.IntRange(0, e.Bits).Draw(t, "low")
		x, err := e.Tables()
		if err != nil {
			t.Fatal(err)
		}
		// Each entry is off by half a step, so the product by one, and its own rounding adds half a step.
		limit := 1/float64(int(1)<<e.EntryBits-1)*1.01 + 0.51/float64(int(1)<<e.ProductBits-1)
		for u := range 1 << e.Bits {
			if d := math.Abs(x.Value(u) - math.Exp(-float64(u)*e.Step)); d > limit {
				t.Fatalf("u %d is off by %v, limit %v", u, d, limit)
			}
		}
		if x.At(1<<e.Bits) != x.At(1<<e.Bits-1) {
			t.Fatal("arguments beyond the width are not clipped")
		}
	})
	x := tables(t, fixedpoint.SPRINTExponent())
	for u := 1; u < 4096; u++ {
		if x.At(u) > x.At(u-1) {
			t.Fatalf("the table rises at %d", u)
		}
	}
}

func TestExponentRefusals(t *testing.T) {
	for want, spoil := range map[string]func(*fixedpoint.Exponent){
		"Bits is 25, must be in 1..24":        func(e *fixedpoint.Exponent) { e.Bits = 25 },
		"LowBits is 13, must be in 0..12":     func(e *fixedpoint.Exponent) { e.LowBits = 13 },
		"Step is 0, must be positive":         func(e *fixedpoint.Exponent) { e.Step = 0 },
		"EntryBits is 0, must be in 1..20":    func(e *fixedpoint.Exponent) { e.EntryBits = 0 },
		"ProductBits is 21, must be in 1..20": func(e *fixedpoint.Exponent) { e.ProductBits = 21 },
	} {
		e := fixedpoint.SPRINTExponent()
		spoil(&e)
		if _, err := e.Tables(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func ExampleExponentTables_Value() {
	x, _ := fixedpoint.SPRINTExponent().Tables()
	fmt.Printf("%.4f\n", x.Value(200))
	// Output: 0.0439
}
