package elsa_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/lib/accelerator/elsa"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/attention/attentiontest"
	"pgregory.net/rapid"
)

// The datapath follows the reference, and one key gives its own value back within the reciprocal's table.
func TestDatapath(t *testing.T) {
	h := attentiontest.Gaussian(rand.New(rand.NewPCG(8, 8)), 80, 80, 64, 8, 32, 0.0625)
	m := elsa.Draw(80, 0.3, elsa.Scattered, 1)
	want := attention.Attend(h, m)
	off := func(f elsa.Format) float64 {
		got, err := f.Attend(h, m)
		if err != nil {
			t.Fatal(err)
		}
		var square, size float64
		for i, x := range got {
			square += (x - want[i]) * (x - want[i])
			size += want[i] * want[i]
		}
		return math.Sqrt(square / size)
	}
	paper, fine := elsa.PaperFormat(), elsa.PaperFormat()
	fine.Fixed, fine.Fraction = 8, 12
	if e, f := off(paper), off(fine); e > 0.08 || f > e/10 {
		t.Errorf("off by %v of the output, with more bits by %v", e, f)
	}
	one := attention.NewMask(80, 80)
	one.Keep(3, 7)
	got, err := paper.Attend(h, one)
	if err != nil {
		t.Fatal(err)
	}
	for c, v := range h.Value(7) {
		real := float64(v) * 0.0625
		if x := got[3*64+c]; math.Abs(x-real) > 0.0625+0.033*math.Abs(real) || got[c] != 0 {
			t.Errorf("value %v comes out as %v, an empty row as %v", real, x, got[c])
		}
	}
}

// The tables stay within half an entry, over the whole range of the exponent.
func TestDatapathTables(t *testing.T) {
	f := elsa.PaperFormat()
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Float64Range(-500, 500).Draw(t, "x")
		if e := f.Exp(x)/math.Exp2(x) - 1; math.Abs(e) > math.Ln2/64+1.0/64 {
			t.Fatalf("2^%v is off by %v", x, e)
		}
		y := math.Exp2(rapid.Float64Range(-500, 500).Draw(t, "log2 y"))
		if e := f.Reciprocal(y)*y - 1; math.Abs(e) > 1.0/64+1e-9 {
			t.Fatalf("1/%v is off by %v", y, e)
		}
	})
	if a, b := f.Exp(600), f.Exp(9000); a != b || f.Exp(-600) != f.Exp(-9000) {
		t.Errorf("the exponent does not saturate: %v, %v", a, b)
	}
	for want, g := range map[string]elsa.Format{"Integer is 16": {Integer: 16, Fraction: 5, Exponent: 10}, "Fraction is 0": {Exponent: 10},
		"Exponent is 12, must be in 2..11": {Fraction: 5, Exponent: 12}, "Fixed is 11, must be in 0..10": {Integer: 5, Fixed: 11, Fraction: 5, Exponent: 10}} {
		if err := g.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
