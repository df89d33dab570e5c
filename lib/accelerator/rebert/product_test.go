package rebert_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/lib/accelerator/rebert"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/attention/attentiontest"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/reram"
	"pgregory.net/rapid"
)

// Reference sheet of ReRAM, 6: the levels that a converter must tell apart.
func TestADCRule(t *testing.T) {
	for _, c := range []struct{ rows, cell, dac, bits int }{
		{128, 1, 1, 8}, {128, 2, 1, 9}, {128, 4, 1, 11}, {128, 1, 2, 9}, {64, 1, 1, 7}, {64, 2, 2, 10}, {32, 1, 2, 7},
		{256, 2, 1, 10}, {255, 1, 1, 8}, {256, 1, 1, 9}, {8, 1, 1, 4},
	} {
		if got := rebert.ADCBits(c.rows, c.cell, c.dac); got != c.bits {
			t.Errorf("%d rows, %d-bit cells, %d-bit DAC: %d bits, want %d", c.rows, c.cell, c.dac, got, c.bits)
		}
	}
	s, err := rebert.Advanced().WithADC(7)
	if err != nil || len(s.Warnings()) != 1 || !strings.Contains(s.Warnings()[0], "must be at least 8: 128 rows x 1 (cell of 1 bits) x 1") {
		t.Errorf("7 bits: %v, %q", err, s.Warnings())
	}
	if err := s.Validate(); err != nil {
		t.Errorf("without StrictADC: %v", err)
	}
	if _, err := rebert.Advanced().WithADC(11); err == nil {
		t.Error("11 bits have a price")
	}
	s.ADCBits = 0
	if w := s.Warnings(); len(w) != 0 {
		t.Errorf("an ideal converter: %q", w)
	}
}

func datapath(input, weight, cell, dac, adc int) rebert.Datapath {
	d := rebert.Advanced().Datapath()
	d.InputBits, d.WeightBits, d.CellBits, d.DACBits, d.ADCBits = input, weight, cell, dac, adc
	return d
}

// Reference sheet of ReRAM, 6: the worked example, 7.
func TestWorkedProduct(t *testing.T) {
	m, err := datapath(2, 2, 1, 1, 8).Write([]int16{1, -2, 3, -1}, 4, 1)
	if err != nil {
		t.Fatal(err)
	}
	y, err := m.Multiply([]int32{3, 1, 2, 0}, false)
	if err != nil || y[0] != 7 {
		t.Errorf("%v, %v, want 7", y, err)
	}
}

// Without noise, and with converters that hold every sum, the array computes the product of the integers.
func TestProductsAreExact(t *testing.T) {
	widths := []int{1, 2, 4, 8}
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) int { return rapid.SampledFrom(widths).Draw(t, name) }
		input, weight := draw("input"), draw("weight")
		cell, dac := min(draw("cell"), weight), min(draw("dac"), input)
		d := datapath(input, weight, cell, dac, rapid.SampledFrom([]int{0, rebert.ADCBits(128, cell, dac)}).Draw(t, "adc"))
		d.ADCBits = min(d.ADCBits, 16)
		if d.CheckADC() != nil {
			d.ADCBits = 0
		}
		in, out := rapid.IntRange(1, 300).Draw(t, "in"), rapid.IntRange(1, 5).Draw(t, "out")
		signed := rapid.Bool().Draw(t, "signed")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		weights, inputs := make([]int16, in*out), make([]int32, 2*in)
		for i := range weights {
			weights[i] = int16(r.IntN(2<<weight-1) - 1<<weight + 1)
		}
		for i := range inputs {
			inputs[i] = int32(r.IntN(1 << input))
			if signed {
				inputs[i] -= 1 << (input - 1)
			}
		}
		m, err := d.Write(weights, in, out)
		if err != nil {
			t.Fatal(err)
		}
		y, err := m.Multiply(inputs, signed)
		if err != nil {
			t.Fatal(err)
		}
		for n := range 2 {
			for c := range out {
				want := 0
				for i := range in {
					want += int(inputs[n*in+i]) * int(weights[i*out+c])
				}
				if y[n*out+c] != float64(want) {
					t.Fatalf("input %d, column %d: %v, want %d", n, c, y[n*out+c], want)
				}
			}
		}
	})
}

func head(seed uint64, tokens, valid, dim int) *attention.Head {
	h := attentiontest.Gaussian(rand.New(rand.NewPCG(seed, 2)), tokens, valid, dim, 8, 40, 0.02)
	h.ScaleV = 0.01
	return h
}

// distance is the root of the mean square of the difference, against that of the exact output.
func distance(t testing.TB, d rebert.Datapath, h *attention.Head, mask *attention.Mask) float64 {
	t.Helper()
	got := make([]float32, h.Valid*h.Dim)
	if err := d.Attend(h, mask, got, 1, 2, 3); err != nil {
		t.Fatal(err)
	}
	var off, size float64
	for i, want := range attention.Attend(h, mask) {
		off += (float64(got[i]) - want) * (float64(got[i]) - want)
		size += want * want
	}
	return math.Sqrt(off / size)
}

// The datapath without noise is as near to the exact attention as its widths; arrays and integers give the same numbers.
func TestAttendIsClose(t *testing.T) {
	h := head(1, 48, 40, 32)
	mask := pruning.Window{Half: []int{6}}.Mask(h, 0)
	d := rebert.Advanced().Datapath()
	if !d.Exact() {
		t.Fatal("the default datapath is not exact")
	}
	coarse := distance(t, d, h, mask)
	if coarse > 0.05 {
		t.Errorf("8-bit softmax is off by %.3f", coarse)
	}
	d.Softmax = rebert.SoftmaxUnit{IndexBits: 16, Fraction: 12, LowBits: 8, EntryBits: 16, ProbabilityBits: 8}
	if fine := distance(t, d, h, mask); fine >= coarse {
		t.Errorf("16-bit tables are off by %.4f, 8-bit tables by %.4f", fine, coarse)
	}
	plain, arrays := make([]float32, h.Valid*h.Dim), make([]float32, h.Valid*h.Dim)
	quiet := rebert.Advanced().Datapath()
	quiet.Noise.Read = 1e-12 // through the arrays, without changing a conversion
	if err := quiet.Attend(h, mask, arrays); err != nil || quiet.Exact() {
		t.Fatal(err)
	}
	quiet.Noise.Read = 0
	if err := quiet.Attend(h, mask, plain); err != nil {
		t.Fatal(err)
	}
	for i := range plain {
		if plain[i] != arrays[i] {
			t.Fatalf("output %d: integers %v, arrays %v", i, plain[i], arrays[i])
		}
	}
}

// More noise and fewer converter bits put the output further off; the same identifiers draw the same errors.
func TestNoiseAndConvertersDisturb(t *testing.T) {
	h := head(2, 32, 32, 128)
	mask := attention.Full(h)
	ideal := distance(t, rebert.Advanced().Datapath(), h, mask)
	last := ideal
	// Errors of a few per cent vanish in the converters' rounding to whole levels.
	small := rebert.Advanced().Datapath()
	small.Noise = reram.Noise{Cells: reram.Lognormal, Sigma: 0.02}
	if off := distance(t, small, h, mask); math.Abs(off-ideal) > 0.01*ideal {
		t.Errorf("lognormal 0.02: off by %v, without noise %v", off, ideal)
	}
	for _, sigma := range []float64{0.1, 0.3, 1} {
		d := rebert.Advanced().Datapath()
		d.Noise = reram.Noise{Cells: reram.Lognormal, Sigma: sigma}
		off := distance(t, d, h, mask)
		if off <= last || off != distance(t, d, h, mask) {
			t.Errorf("lognormal %v: off by %v after %v", sigma, off, last)
		}
		last = off
	}
	last = ideal
	for _, bits := range []int{6, 5, 4} {
		s, _ := rebert.Advanced().WithADC(bits)
		off := distance(t, s.Datapath(), h, mask)
		if off <= last {
			t.Errorf("%d-bit converters: off by %v after %v", bits, off, last)
		}
		last = off
	}
	d := rebert.Advanced().Datapath()
	d.Cell, d.Noise = reram.WanCell(), reram.Noise{Cells: reram.WanSecond}
	if off := distance(t, d, h, mask); off <= ideal {
		t.Errorf("a measured device: off by %v, without noise %v", off, ideal)
	}
}

// Narrow converters round and clip one column at a time: the product of one bit by one-bit cells is what Convert makes of each sum.
func TestProductConvertsEveryColumn(t *testing.T) {
	for _, bits := range []int{0, 3, 5, 8} {
		d := datapath(1, 4, 1, 1, bits)
		m, err := d.Write([]int16{15, -9, 3, 7, 8, -1, 12, 5, 6, 10, 1, 2}, 12, 1)
		if err != nil {
			t.Fatal(err)
		}
		y, err := m.Multiply([]int32{1, 1, 0, 1, 1, 1, 1, 0, 1, 1, 0, 1}, false)
		if err != nil {
			t.Fatal(err)
		}
		// Cells that are set at each bit of the driven weights: of 15 7 8 12 6 10 2, and of 9 1 in the negative array.
		positive, negative := [4]float64{2, 5, 4, 4}, [4]float64{2, 0, 0, 1}
		c, want := d.Converter(128), 0.0
		for k := range positive {
			want += math.Ldexp(c.Convert(positive[k])-c.Convert(negative[k]), k)
		}
		if y[0] != want {
			t.Errorf("%d bits: %v, want %v", bits, y[0], want)
		}
	}
}

func TestDatapathRefusals(t *testing.T) {
	h := head(3, 8, 8, 4)
	mask := attention.Full(h)
	for fragment, change := range map[string]func(*rebert.Datapath, *attention.Head){
		"Noise.Comparator is 1":                        func(d *rebert.Datapath, _ *attention.Head) { d.Noise.Comparator = 1 },
		"Noise.IRDrop is true":                         func(d *rebert.Datapath, _ *attention.Head) { d.Noise.IRDrop = true },
		"Head.Bits is 8, must be at most 6":            func(d *rebert.Datapath, _ *attention.Head) { d.InputBits = 6 },
		"ProbabilityBits is 0, must be in 1..8":        func(d *rebert.Datapath, _ *attention.Head) { d.Softmax.ProbabilityBits = 0 },
		"mask is 8 x 8, must be at least 9 x 9":        func(_ *rebert.Datapath, h *attention.Head) { h.Tokens, h.Valid = 9, 9 },
		"Circuit.CellBits is 0, must be in 1..8":       func(d *rebert.Datapath, _ *attention.Head) { d.CellBits = 0 },
		"reram: Noise.Sigma is -1, must be at least 0": func(d *rebert.Datapath, _ *attention.Head) { d.Noise.Sigma = -1 },
	} {
		d, other := rebert.Advanced().Datapath(), *h
		change(&d, &other)
		if err := d.Attend(&other, mask, make([]float32, 64)); err == nil || !strings.Contains(err.Error(), fragment) {
			t.Errorf("got %v, want %q", err, fragment)
		}
	}
	d := rebert.Advanced().Datapath()
	if _, err := d.Write([]int16{256}, 1, 1); err == nil || !strings.Contains(err.Error(), "weight 0 is 256, must be in -255..255") {
		t.Errorf("got %v", err)
	}
	m, _ := d.Write([]int16{1}, 1, 1)
	if _, err := m.Multiply([]int32{128}, true); err == nil || !strings.Contains(err.Error(), "input 0 is 128, must be in -128..127") {
		t.Errorf("got %v", err)
	}
}

func ExampleDatapath_Write() {
	m, _ := rebert.Advanced().Datapath().Write([]int16{1, -2, 3, -1}, 4, 1)
	y, _ := m.Multiply([]int32{3, 1, 2, 0}, false)
	fmt.Println(y)
	// Output: [7]
}
