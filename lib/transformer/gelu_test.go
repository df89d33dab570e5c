package transformer

import (
	"math"
	"testing"
)

func TestGELUByTable(t *testing.T) {
	for i := range 400_000 {
		x := float32(i-200_000) / 20_011 // between the table's points, and beyond its ends
		want := float64(x) * 0.5 * math.Erfc(-float64(x)*math.Sqrt2/2)
		if got := float64(geluOf(x)); math.Abs(got-want) > 1e-6 {
			t.Fatalf("gelu(%v) is %v, must be %v to 1e-6", x, got, want)
		}
	}
	infinite := float32(math.Inf(1))
	if geluOf(infinite) != infinite || geluOf(0) != 0 || geluOf(1e30) != 1e30 || geluOf(-1e30) != 0 {
		t.Error("gelu far out is not x or 0")
	}
	if x := geluOf(float32(math.NaN())); x == x {
		t.Error("gelu of NaN is a number")
	}
}

func BenchmarkGELUByTable(b *testing.B) {
	x := make([]float32, 4096)
	for i := range x {
		x[i] = float32(i%600)/100 - 3
	}
	y := make([]float32, len(x))
	for b.Loop() {
		for i, v := range x {
			y[i] = geluOf(v)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(x)), "ns/element")
}
