package pruning_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/sparse-attention/workbench/lib/pruning"
	"pgregory.net/rapid"
)

func near(got, want, relative float64) bool {
	return math.Abs(got-want) <= relative*math.Max(math.Abs(want), 1e-300)
}

// The analytic points of the reference sheet, section 6, printed to seven digits.
func TestSoftThresholdPoints(t *testing.T) {
	s := pruning.LeOPArd()
	for _, c := range []struct{ x, th, y, dx, dth float64 }{
		{1.0, 0.5, 0.999909, 1.001725, -0.001815833},
		{0.6, 0.5, 0.4569565, 3.281440, -2.519846},
		{0.5, 0.5, 0, 5, -5},
		{0.4, 0.5, -761.5942, 4199.743, -4199.743},
		{0.3, 0.5, -964.0276, 706.508, -706.508},
		{0.0, 0.5, -999.9092, 1.815832, -1.815832},
		{-0.05, -0.1, -0.0231059, 0.0688933, +0.393224},
		{0.05, 0, 0.0231059, 0.855341, -0.393224},
	} {
		y := s.Apply(c.x, c.th)
		dx, dth := s.Gradient(c.x, c.th)
		if !near(y, c.y, 2e-6) || !near(dx, c.dx, 2e-6) || !near(dth, c.dth, 2e-6) {
			t.Errorf("x %v Th %v: %v %v %v, want %v %v %v", c.x, c.th, y, dx, dth, c.y, c.dx, c.dth)
		}
	}
}

// Away from the threshold the gradient is the slope of the function.
func TestSoftThresholdGradientIsTheSlope(t *testing.T) {
	s := pruning.LeOPArd()
	rapid.Check(t, func(t *rapid.T) {
		th := rapid.Float64Range(-1, 1).Draw(t, "th")
		x := th + rapid.Float64Range(0.01, 0.6).Draw(t, "distance")
		if rapid.Bool().Draw(t, "below") {
			x = 2*th - x
		}
		const e = 1e-6
		dx, dth := s.Gradient(x, th)
		if n := (s.Apply(x+e, th) - s.Apply(x-e, th)) / (2 * e); !near(n, dx, 1e-6) && math.Abs(n-dx) > 2e-7 {
			t.Fatalf("x %v Th %v: dy/dx %v, slope %v", x, th, dx, n)
		}
		if n := (s.Apply(x, th+e) - s.Apply(x, th-e)) / (2 * e); !near(n, dth, 1e-6) && math.Abs(n-dth) > 2e-7 {
			t.Fatalf("x %v Th %v: dy/dTh %v, slope %v", x, th, dth, n)
		}
	})
}

// The two branches meet at 0 and the function never falls as the score rises from far below.
func TestSoftThresholdIsContinuous(t *testing.T) {
	s := pruning.LeOPArd()
	rapid.Check(t, func(t *rapid.T) {
		th := rapid.Float64Range(0, 2).Draw(t, "th")
		if y := s.Apply(th, th); y != 0 {
			t.Fatalf("at the threshold y is %v", y)
		}
		if y := s.Apply(math.Nextafter(th, math.Inf(-1)), th); math.Abs(y) > 1e-9 {
			t.Fatalf("just below the threshold y is %v", y)
		}
		a := rapid.Float64Range(-3, 5).Draw(t, "a")
		b := a + rapid.Float64Range(0, 1).Draw(t, "step")
		if s.Apply(b, th) < s.Apply(a, th) {
			t.Fatalf("y falls from %v to %v", a, b)
		}
	})
}

func softmax(x []float64) []float64 {
	top := math.Inf(-1)
	for _, v := range x {
		top = max(top, v)
	}
	var sum float64
	p := make([]float64, len(x))
	for i, v := range x {
		p[i] = math.Exp(v - top)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

// The worked softmax row of the sheet, pruned hard and softly.
func TestSoftThresholdSoftmaxRow(t *testing.T) {
	x, th := []float64{2.0, 0.5, -1.0, 0.9}, 0.5
	hard, soft := make([]float64, 4), make([]float64, 4)
	for i, v := range x {
		soft[i] = pruning.LeOPArd().Apply(v, th)
		if hard[i] = v; v < th {
			hard[i] = math.Inf(-1)
		}
	}
	for i, want := range [][2]float64{{0.642673, 0.681196}, {0.143400, 0.092190}, {0, 0}, {0.213927, 0.226614}} {
		if h, s := softmax(hard)[i], softmax(soft)[i]; math.Abs(h-want[0]) > 1e-6 || math.Abs(s-want[1]) > 1e-6 {
			t.Errorf("key %d: %v and %v, want %v", i, h, s, want)
		}
	}
}

func TestRegulariserPoints(t *testing.T) {
	s := pruning.LeOPArd()
	for _, c := range []struct{ y, want float64 }{{0, 1}, {-998.99, 0.731059}, {-999, 0.5}, {-999.01, 0.268941}, {-1000, 3.72e-44}} {
		if got := s.Kept(c.y); !near(got, c.want, 1e-3) || c.want > 1e-9 && !near(got, c.want, 2e-6) {
			t.Errorf("y %v: %v, want %v", c.y, got, c.want)
		}
	}
	if got := s.Regulariser([]float64{0, -999, -1000}); !near(got, 0.5, 1e-9) {
		t.Errorf("mean is %v, want 0.5", got)
	}
	if got := s.Regulariser(nil); got != 0 {
		t.Errorf("no scores give %v", got)
	}
	for _, y := range []float64{-999.004, -999, -998.98} {
		const e = 1e-6
		if n, g := (s.Kept(y+e)-s.Kept(y-e))/(2*e), s.KeptGradient(y); !near(g, n, 1e-6) {
			t.Errorf("y %v: gradient %v, slope %v", y, g, n)
		}
	}
}

// Sections 2.3 and 2.4: where the two training-time counts lie below the inference rule.
func TestTrainingCountsLieBelowTheThreshold(t *testing.T) {
	s := pruning.LeOPArd()
	if got := s.KeptMargin(); math.Abs(got-0.380) > 5e-4 {
		t.Errorf("kept margin is %v, want 0.380", got)
	}
	if got := s.Kept(s.Apply(-s.KeptMargin(), 0)); math.Abs(got-0.5) > 1e-6 {
		t.Errorf("the regulariser is %v at its own margin, want 0.5", got)
	}
	if !s.CountedPruned(s.Apply(-0.0550, 0)) || s.CountedPruned(s.Apply(-0.0549, 0)) {
		t.Error("training counts a score as pruned from 0.0549 below the threshold")
	}
}

func ExampleSoftThreshold() {
	s := pruning.LeOPArd()
	for _, x := range []float64{0.4, 0.5, 0.6} {
		fmt.Printf("%.1f -> %.3f\n", x, s.Apply(x, 0.5))
	}
	// Output:
	// 0.4 -> -761.594
	// 0.5 -> 0.000
	// 0.6 -> 0.457
}
