package reram_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/fixedpoint"
	"github.com/sparse-attention/workbench/lib/reram"
	"pgregory.net/rapid"
)

// random makes a head of Gaussian integers, about as a symmetric quantiser leaves them.
func random(tokens, valid, dim int, seed uint64) *attention.Head {
	h := &attention.Head{Tokens: tokens, Valid: valid, Dim: dim, Bits: 8, ScaleQ: 0.02, ScaleK: 0.02, ScaleV: 0.02}
	r := rand.New(rand.NewPCG(seed, 7))
	for _, m := range []*[]int16{&h.Q, &h.K, &h.V} {
		*m = make([]int16, tokens*dim)
		for i := range *m {
			(*m)[i] = int16(max(-128, min(127, math.Round(40*r.NormFloat64()))))
		}
	}
	return h
}

func draw(t *rapid.T) *attention.Head {
	h := random(rapid.IntRange(1, 90).Draw(t, "tokens"), 1, rapid.IntRange(1, 70).Draw(t, "dim"), rapid.Uint64().Draw(t, "seed"))
	h.Valid = rapid.IntRange(1, h.Tokens).Draw(t, "valid")
	h.Causal = rapid.Bool().Draw(t, "causal")
	return h
}

// want is the mask by the published rule, cell by cell.
func want(h *attention.Head, a reram.Array, th float64) *attention.Mask {
	m := attention.NewMask(h.Tokens, h.Tokens)
	limit := int64(h.IntegerThreshold(th))
	for t := range h.Valid {
		best, at := int64(math.MinInt64), 0
		for j := range h.Keys(t) {
			var sum int64
			for i := range h.Dim {
				q, _ := fixedpoint.Split(h.Query(t)[i], h.Bits-a.QueryBits)
				k, _ := fixedpoint.Split(h.Key(j)[i], h.Bits-a.KeyBits)
				// Twice the value of each operand, so that half a step is an integer.
				x, y := int64(q)<<(h.Bits-a.QueryBits+1), int64(k)<<(h.Bits-a.KeyBits+1)
				if a.Rounding == reram.HalfLSB && a.QueryBits < h.Bits {
					x += 1 << (h.Bits - a.QueryBits)
				}
				if a.Rounding == reram.HalfLSB && a.KeyBits < h.Bits {
					y += 1 << (h.Bits - a.KeyBits)
				}
				sum += x * y
			}
			if sum > best {
				best, at = sum, j
			}
			if sum >= 4*limit {
				m.Keep(t, j)
			}
		}
		if a.KeepMaximum && m.CountRow(t) == 0 {
			m.Keep(t, at)
		}
	}
	return m
}

func equal(a, b *attention.Mask) bool {
	for t := range a.Queries() {
		if !cmp.Equal(a.Row(t), b.Row(t)) {
			return false
		}
	}
	return a.Queries() == b.Queries() && a.Keys() == b.Keys()
}

// An array without noise is the integer rule, bit for bit, whatever its formats.
func TestIdealArrayIsTheIntegerRule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := draw(t)
		a := reram.Ideal()
		a.QueryBits, a.KeyBits = rapid.IntRange(1, 8).Draw(t, "queryBits"), rapid.IntRange(1, 8).Draw(t, "keyBits")
		a.Rounding = reram.Rounding(rapid.IntRange(0, 1).Draw(t, "rounding"))
		a.KeepMaximum = rapid.Bool().Draw(t, "keepMaximum")
		th := rapid.Float64Range(-3, 3).Draw(t, "threshold")
		got, err := a.Mask(h, th)
		if err != nil {
			t.Fatal(err)
		}
		if !equal(got, want(h, a, th)) {
			t.Fatal("the ideal mask is not the integer one")
		}
		// The other way to the same mask also reads the sums.
		again, scores, err := a.Threshold(h, th)
		if err != nil || !equal(again, got) {
			t.Fatalf("Threshold and Mask differ (%v)", err)
		}
		for q := range h.Valid {
			for j, x := range scores.Row(q) {
				if a.QueryBits == 8 && a.KeyBits == 8 && x != float32(attention.Dot(h.Query(q), h.Key(j))) {
					t.Fatalf("score %d,%d is %v, want the exact one", q, j, x)
				}
			}
		}
	})
}

// All eight bits leave nothing out: the array is the exact threshold.
func TestEightBitsAreExact(t *testing.T) {
	h := random(70, 64, 64, 1)
	got, err := reram.Ideal().Bits(8).Mask(h, 0.7)
	if err != nil {
		t.Fatal(err)
	}
	if !equal(got, attention.AtLeast(h, h.IntegerThreshold(0.7), true)) {
		t.Error("eight bits of both operands do not give the exact mask")
	}
}

// The analogue path, driven with a noise too small to matter, is the ideal array: every encoding, slicing and array split
// returns the weights that were written.
func TestEncodingsReturnWhatWasWritten(t *testing.T) {
	h := random(40, 33, 64, 2)
	for _, signed := range []reram.Signed{reram.OffsetColumn, reram.Differential} {
		for _, rounding := range []reram.Rounding{reram.Floor, reram.HalfLSB} {
			for _, bits := range []struct{ key, cell int }{{4, 4}, {8, 4}, {8, 2}, {4, 1}, {5, 4}, {1, 4}} {
				a := reram.Ideal()
				a.Signed, a.Rounding, a.KeyBits, a.CellBits, a.RowsUsed, a.Cols = signed, rounding, bits.key, bits.cell, 24, 40
				_, ideal, err := a.Threshold(h, 0)
				if err != nil {
					t.Fatal(err)
				}
				a.Noise = reram.Noise{Cells: reram.Proportional, Sigma: 1e-9}
				_, got, err := a.Threshold(h, 0)
				if err != nil {
					t.Fatal(err)
				}
				for q := range h.Valid {
					for j, x := range got.Row(q) {
						if e := math.Abs(float64(x - ideal.Row(q)[j])); e > 0.5 {
							t.Fatalf("signed %d, rounding %d, %+v: sum %d,%d is %v, want %v", signed, rounding, bits, q, j, x, ideal.Row(q)[j])
						}
					}
				}
			}
		}
	}
}

// The error of a sum is what the model says: sigma times the root of the sum of squares of query times conductance.
func TestCellErrorsHaveTheirDeviation(t *testing.T) {
	h := random(1500, 1500, 64, 3)
	for i := range h.Q {
		h.Q[i] = 16 * 4 // every word line at 4
	}
	a := reram.Ideal()
	a.Noise = reram.Noise{Cells: reram.OfRange, Sigma: 0.02}
	_, ideal, _ := reram.Ideal().Threshold(h, 0)
	_, got, err := a.Threshold(h, 0)
	if err != nil {
		t.Fatal(err)
	}
	var sum, squares float64
	for j, x := range got.Row(0) {
		e := float64(x-ideal.Row(0)[j]) / 256
		sum, squares = sum+e, squares+e*e
	}
	mean, sd := sum/1500, math.Sqrt(squares/1500)
	expected := 0.02 * 15 * 4 * math.Sqrt(64) // 15 levels of range, 4 on 64 lines
	if math.Abs(sd/expected-1) > 0.1 || math.Abs(mean) > 4*expected/math.Sqrt(1500) {
		t.Errorf("mean %.3f, deviation %.3f, want 0 and %.3f", mean, sd, expected)
	}
}

// wrong is the share of the cells that differ from the exact 8-bit mask.
func wrong(t *testing.T, h *attention.Head, a reram.Array, th float64) float64 {
	t.Helper()
	m, err := a.Mask(h, th)
	if err != nil {
		t.Fatal(err)
	}
	n, exact := 0, attention.AtLeast(h, h.IntegerThreshold(th), true)
	for q := range h.Valid {
		for j := range h.Keys(q) {
			if m.Kept(q, j) != exact.Kept(q, j) {
				n++
			}
		}
	}
	return float64(n) / float64(h.Valid*h.Valid)
}

// More noise of any kind decides more cells wrongly; more bits fewer (Fig. 5's axis).
func TestErrorsGrowWithNoiseAndShrinkWithBits(t *testing.T) {
	h := random(200, 200, 64, 4)
	const th = 0.8
	for name, set := range map[string]func(a *reram.Array, x float64){
		"cells":      func(a *reram.Array, x float64) { a.Noise.Cells, a.Noise.Sigma = reram.Proportional, x },
		"lognormal":  func(a *reram.Array, x float64) { a.Noise.Cells, a.Noise.Sigma = reram.Lognormal, x },
		"of range":   func(a *reram.Array, x float64) { a.Noise.Cells, a.Noise.Sigma = reram.OfRange, x },
		"read":       func(a *reram.Array, x float64) { a.Noise.Read = x },
		"comparator": func(a *reram.Array, x float64) { a.Noise.Comparator = 30 * x },
	} {
		last := -1.0
		for _, x := range []float64{0, 0.05, 0.2} {
			a := reram.Ideal().Bits(8)
			set(&a, x)
			w := wrong(t, h, a, th)
			if w <= last {
				t.Errorf("%s: %.4f of the cells wrong at %v, %.4f before", name, w, x, last)
			}
			if x == 0 && w != 0 {
				t.Errorf("%s: strength 0 decides %.4f of the cells wrongly", name, w)
			}
			last = w
		}
	}
	last := 2.0
	for b := 1; b <= 8; b++ {
		w := wrong(t, h, reram.Ideal().Bits(b), th)
		if w >= last {
			t.Errorf("%d bits: %.4f of the cells wrong, %.4f with one bit less", b, w, last)
		}
		last = w
	}
}

// Half a step added to both operands takes away the bias of the floor.
func TestHalfStepRemovesBias(t *testing.T) {
	h := random(150, 150, 64, 5)
	bias := func(r reram.Rounding) float64 {
		a := reram.Ideal()
		a.Rounding = r
		_, s, err := a.Threshold(h, 0)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for q := range h.Valid {
			for j, x := range s.Row(q) {
				sum += float64(x) - float64(attention.Dot(h.Query(q), h.Key(j)))
			}
		}
		return sum / float64(h.Valid*h.Valid)
	}
	// The floor loses 7.5 of each operand on average: 64 x 7.5 x 7.5 for zero-mean vectors.
	if f, c := bias(reram.Floor), bias(reram.HalfLSB); math.Abs(f-3600) > 900 || math.Abs(c) > 300 {
		t.Errorf("bias %.0f with the floor, want about 3600; %.0f with half a step, want about 0", f, c)
	}
}

// One seed is one chip: the same run twice, fresh errors after a new write, the same comparators.
func TestSeedsAndWrites(t *testing.T) {
	h := random(120, 120, 64, 6)
	a := reram.Typical()
	mask := func(a reram.Array) *attention.Mask {
		m, err := a.Mask(h, 0.8)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	if !equal(mask(a), mask(a)) {
		t.Error("the same seed gives two masks")
	}
	if equal(mask(a), mask(a.ForWrite(1, 2, 3))) {
		t.Error("another write gives the same errors")
	}
	if a.ForWrite(1, 2).Write == a.ForWrite(2, 1).Write {
		t.Error("the order of the identifiers is lost")
	}
	chip := reram.Ideal()
	chip.Noise.Comparator = 1
	if !equal(mask(chip), mask(chip.ForWrite(9))) {
		t.Error("comparators changed with the write")
	}
	other := chip
	other.Seed = 1
	if equal(mask(chip), mask(other)) {
		t.Error("two chips have the same comparators")
	}
}

func TestScoreConverterHasItsLevels(t *testing.T) {
	h := random(100, 100, 64, 8)
	a := reram.Ideal()
	a.ScoreBits = 3
	_, s, err := a.Threshold(h, 0)
	if err != nil {
		t.Fatal(err)
	}
	levels := map[float32]bool{}
	for q := range h.Valid {
		for _, x := range s.Row(q) {
			levels[x] = true
		}
	}
	if len(levels) != 8 {
		t.Errorf("3 bits give %d levels", len(levels))
	}
	// Noise may push a sum beyond the full scale, but no code beyond the last.
	a.Noise.Read = 0.3
	_, noisy, err := a.Threshold(h, 0)
	if err != nil {
		t.Fatal(err)
	}
	for q := range h.Valid {
		for _, x := range noisy.Row(q) {
			if !levels[x] {
				t.Fatalf("%v is none of the eight levels", x)
			}
		}
	}
}

func TestValidateNamesFieldAndRange(t *testing.T) {
	for _, c := range []struct {
		want  string
		spoil func(*reram.Array)
	}{
		{"Array.Rows is 0, must be at least 1", func(a *reram.Array) { a.Rows = 0 }},
		{"Array.RowsUsed is 129, must be in 1..128", func(a *reram.Array) { a.RowsUsed = 129 }},
		{"Array.QueryBits is 0, must be in 1..8", func(a *reram.Array) { a.QueryBits = 0 }},
		{"Array.KeyBits is 9, must be in 1..8", func(a *reram.Array) { a.KeyBits = 9 }},
		{"Array.CellBits is 0", func(a *reram.Array) { a.CellBits = 0 }},
		{"Array.Cols is 1, must be at least 2", func(a *reram.Array) { a.Cols, a.Signed = 1, reram.Differential }},
		{"Array.ScoreBits is -1, must be in 0..16", func(a *reram.Array) { a.ScoreBits = -1 }},
		{"Array.Range is {1 1}, must be zero, or with High above Low", func(a *reram.Array) { a.Range = reram.Range{Low: 1, High: 1} }},
		{"Noise.Sigma is -0.1, must be at least 0", func(a *reram.Array) { a.Noise.Sigma = -0.1 }},
		{"Noise.Read is NaN, must be at least 0", func(a *reram.Array) { a.Noise.Read = math.NaN() }},
		{"Noise.Comparator is -1, must be at least 0", func(a *reram.Array) { a.Noise.Comparator = -1 }},
		{"Noise.Cells is 99", func(a *reram.Array) { a.Noise.Cells = 99 }},
		{"Noise.Cells is Milo, which is measured up to 225 uS; Cell has 750.2 uS", func(a *reram.Array) { a.Cell, a.Noise.Cells = reram.ISAACCell(), reram.Milo }},
		{"Cell.OffOhm is 1, must be above OnOhm", func(a *reram.Array) { a.Cell.OffOhm = 1 }},
		{"Array.WireOhm is 1.563, must be at most", func(a *reram.Array) { a.Cell, a.Noise.IRDrop = reram.ISAACCell(), true }},
	} {
		a := reram.Typical()
		c.spoil(&a)
		if err := a.Validate(); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v, want one line with %q", err, c.want)
		}
	}
	if _, err := reram.Ideal().Mask(random(2, 2, 2, 1), math.NaN()); err == nil {
		t.Error("a threshold that is no number was taken")
	}
	if _, err := reram.Ideal().Mask(&attention.Head{}, 0); err == nil {
		t.Error("an empty head was taken")
	}
}

func ExampleArray_Mask() {
	// Two queries, two keys; the exact scores are 256·[2 -2; -2 2]·… in units of the 8-bit product.
	h := &attention.Head{Tokens: 2, Valid: 2, Dim: 2, Bits: 8, ScaleQ: 1. / 16, ScaleK: 1. / 16, ScaleV: 1,
		Q: []int16{16, 32, -16, -32}, K: []int16{32, 16, -32, -16}, V: make([]int16, 4)}
	m, err := reram.Ideal().Mask(h, 1)
	fmt.Println(m.KeptKeys(0, nil), m.KeptKeys(1, nil), err)
	// Output: [0] [1] <nil>
}

func BenchmarkMask(b *testing.B) {
	for _, c := range []struct {
		name  string
		array reram.Array
		size  int
	}{{"ideal/64", reram.Ideal(), 64}, {"typical/64", reram.Typical(), 64}, {"ideal/2048", reram.Ideal(), 2048}, {"typical/2048", reram.Typical(), 2048}} {
		b.Run(c.name, func(b *testing.B) {
			h := random(c.size, c.size, 64, 1)
			for b.Loop() {
				if _, err := c.array.Mask(h, 0.8); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(b.Elapsed().Seconds()*1e3/float64(b.N), "ms/head")
			b.ReportMetric(float64(c.size*c.size*b.N)/b.Elapsed().Seconds(), "scores/s")
		})
	}
}
