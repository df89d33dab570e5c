package legal_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/sparse-attention/workbench/lib/legal"
)

type part struct{ err error }

func (p part) Validate() error { return p.err }

func TestEveryRule(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	wrong := errors.New("part: wrong")
	for _, c := range []struct {
		check func(*legal.Fields)
		want  string // "" = legal
	}{
		{func(f *legal.Fields) { f.In("N", 1, 1, 3); f.In("N", 3, 1, 3) }, ""},
		{func(f *legal.Fields) { f.In("N", 0, 1, 3) }, "machine: Spec.N is 0, must be in 1..3"},
		{func(f *legal.Fields) { f.In("N", 4, 1, 3) }, "machine: Spec.N is 4, must be in 1..3"},
		{func(f *legal.Fields) { f.AtLeast("N", 2, 2) }, ""},
		{func(f *legal.Fields) { f.AtLeast("N", 1, 2) }, "machine: Spec.N is 1, must be at least 2"},
		{func(f *legal.Fields) { legal.One(f, "Mode", uint8(2), 3) }, ""},
		{func(f *legal.Fields) { legal.One(f, "Mode", uint8(3), 3) }, "machine: Spec.Mode is 3, must be in 0..2"},
		{func(f *legal.Fields) { f.Positive("Area", 1e-9) }, ""},
		{func(f *legal.Fields) { f.Positive("Area", 0) }, "machine: Spec.Area is 0, must be positive and finite"},
		{func(f *legal.Fields) { f.Positive("Area", nan) }, "machine: Spec.Area is NaN, must be positive and finite"},
		{func(f *legal.Fields) { f.Positive("Area", inf) }, "machine: Spec.Area is +Inf, must be positive and finite"},
		{func(f *legal.Fields) { f.NotNegative("Sigma", 0) }, ""},
		{func(f *legal.Fields) { f.NotNegative("Sigma", -1) }, "machine: Spec.Sigma is -1, must be at least 0 and finite"},
		{func(f *legal.Fields) { f.NotNegative("Sigma", nan) }, "machine: Spec.Sigma is NaN, must be at least 0 and finite"},
		{func(f *legal.Fields) { f.Share("Use", 1) }, ""},
		{func(f *legal.Fields) { f.Share("Use", 0) }, "machine: Spec.Use is 0, must be in (0,1]"},
		{func(f *legal.Fields) { f.Clock("Clock", 1e9) }, ""},
		{func(f *legal.Fields) { f.Clock("Clock", nan) }, "machine: Spec.Clock is NaN, must be in 1..1e12 Hz"},
		{func(f *legal.Fields) { f.Parts(part{}, part{wrong}, part{errors.New("later")}) }, "part: wrong"},
		{func(f *legal.Fields) { f.In("A", 0, 1, 2); f.In("B", 0, 1, 2); f.Parts(part{wrong}) }, "machine: Spec.A is 0, must be in 1..2"},
	} {
		f := legal.Of("machine: Spec")
		c.check(f)
		got := ""
		if err := f.Err(); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

type colour uint8

func (c colour) String() string { return legal.Name(c, "colour", "red", "green") }

func ExampleName() {
	fmt.Println(colour(0), colour(1), colour(2))
	// Output: red green colour(2)
}

func ExampleFields() {
	f := legal.Of("machine: Spec")
	f.In("Lanes", 64, 1, 1024)
	f.Require(128 <= 64, "RowsUsed", 128, "in 1..%d (Rows)", 64)
	fmt.Println(f.Err())
	// Output: machine: Spec.RowsUsed is 128, must be in 1..64 (Rows)
}
