package reram

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// The reference sheet's check values (ReRAM, section 6).
func TestDeviationFixtures(t *testing.T) {
	for _, c := range []struct {
		model Variation
		g     []float64
		want  []float64
	}{
		{Milo, []float64{0, 50, 100, 150, 225}, []float64{4.7823, 4.3270, 3.8716, 3.4163, 2.7332}},
		{WanCrossSim, []float64{0, 10, 20, 30, 39.26}, []float64{1.0530, 2.4136, 2.3618, 1.8192, 1.6806}},
		{WanSecond, []float64{0, 10, 20, 30, 40}, []float64{.3480, 2.2583, 2.0229, 1.5330, 1.1030}},
		{WanDay, []float64{0, 10, 20, 30, 40}, []float64{.7010, 3.7208, 3.9090, 3.3665, 2.6510}},
		{WanTwoDays, []float64{0, 10, 20, 30, 40}, []float64{.7820, 3.6638, 3.9291, 3.3744, 2.6770}},
		{CMOFine, []float64{40}, []float64{0.04356}},
		{CMOCoarse, []float64{40}, []float64{0.46283}},
	} {
		for i, g := range c.g {
			near(t, c.model.String(), c.model.Deviation(g, 1, Cell{}), c.want[i], 6e-5)
		}
	}
}

// Every model leaves a cell near its target, with its own spread, and never below zero.
func TestProgrammedCellsSpreadAsTheModelSays(t *testing.T) {
	cells := map[Variation]Cell{Milo: MiloCell(), WanCrossSim: WanCell(), WanSecond: WanCell(), WanDay: WanCell(), WanTwoDays: WanCell(), CMOFine: CMOCell(), CMOCoarse: CMOCell()}
	for v := Proportional; v < variations; v++ {
		c, ok := cells[v]
		if !ok {
			c = NeuroSimCell()
		}
		a := Ideal()
		a.Cell, a.Noise = c, Noise{Cells: v, Sigma: 0.05}
		if err := a.Validate(); err != nil {
			t.Errorf("%v: %v", v, err)
			continue
		}
		r := a.random(streamCells)
		g := 0.75 * c.On()
		var sum, squares float64
		const n = 20000
		for range n {
			x := v.program(g, 0.05, c, r.NormFloat64())
			if x < 0 {
				t.Fatalf("%v: conductance %v", v, x)
			}
			sum, squares = sum+x-g, squares+(x-g)*(x-g)
		}
		sigma := v.Deviation(g, 0.05, c)
		near(t, v.String()+" spread", math.Sqrt(squares/n)/sigma, 1, 0.03)
		near(t, v.String()+" mean", sum/n/sigma, 0, 0.06)
	}
}

// The reference sheet's losses in percent (ReRAM, section 6).
func TestLineLossFixtures(t *testing.T) {
	for _, c := range []struct{ ohm, g, n64, n128, n256 float64 }{
		{1.563, 10, 3.25, 12.90, 51.4}, {1.563, 1, 0.325, 1.29, 5.14}, {1.044, 10, 2.17, 8.62, 34.3}, {4.69, 1, 0.98, 3.87, 15.4},
	} {
		near(t, "loss at 64", 100*LineLoss(c.ohm, c.g, 64), c.n64, 0.006)
		near(t, "loss at 128", 100*LineLoss(c.ohm, c.g, 128), c.n128, 0.006)
		near(t, "loss at 256", 100*LineLoss(c.ohm, c.g, 256), c.n256, 0.06)
	}
}

// The running sum is the double sum of its definition, and its far end is LineLoss when all cells are equal.
func TestLineLossIsItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := rapid.SliceOfN(rapid.Float64Range(0, 100), 1, 40).Draw(t, "g")
		loss := make([]float64, len(g))
		lineLoss(loss, g, 2)
		for i := range g {
			want := 0.0
			for s, x := range g {
				want += 2e-6 * float64(min(i, s)+1) * x
			}
			if math.Abs(loss[i]-want) > 1e-9 {
				t.Fatalf("cell %d loses %v, want %v", i, loss[i], want)
			}
		}
		for i := range g {
			g[i] = 7
		}
		lineLoss(loss, g, 2)
		if math.Abs(loss[len(g)-1]-LineLoss(2, 7, len(g))) > 1e-12 {
			t.Fatal("the far end of a line of equal cells is not LineLoss")
		}
	})
}

// Wires only ever take away, more at the far end, nothing without resistance.
func TestIRDropWeakensFarKeys(t *testing.T) {
	a := Ideal()
	a.Noise.IRDrop, a.Signed = true, Differential
	o := operands{keyBits: 4, levelUnits: 1, head: head(64, 64)}
	o.keys = o.head.K
	for i := range o.keys {
		o.keys[i] = 7
	}
	w := a.program(o)
	if !(w[0] < 7 && w[63] < w[0] && w[63*64+63] < w[63] && w[63*64+63] > 7*(1-firstOrder)) {
		t.Errorf("weights of 7 became %v (near), %v (far along the word line), %v (far on both)", w[0], w[63], w[63*64+63])
	}
	a.WireOhm = 0
	if w := a.program(o); w[63*64+63] < 6.9999 {
		t.Errorf("without resistance 7 became %v", w[63*64+63])
	}
}

// Keys of zero sit at the level of the reference column and lose what it loses: they stay zero wherever they are.
func TestReferenceColumnLosesAsItsKeys(t *testing.T) {
	a := Ideal()
	a.Noise.IRDrop = true
	h := head(64, 64)
	w := a.program(operands{keyBits: 4, levelUnits: 1, head: h, keys: h.K})
	for i, x := range w {
		if math.Abs(float64(x)) > 1e-5 {
			t.Fatalf("weight %d of a zero key is %v", i, x)
		}
	}
}
