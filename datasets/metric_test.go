package datasets_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/sparse-attention/workbench/datasets"
)

func TestMeasures(t *testing.T) {
	p, y := []int32{1, 1, 1, 0, 0, 0, 0, 1}, []int32{1, 1, 0, 0, 0, 1, 0, 0} // tp 2, fp 2, fn 1, tn 3
	near(t, "accuracy", datasets.Accuracy(p, y), 5.0/8, 1e-12)
	near(t, "F1", datasets.F1(p, y), 4.0/7, 1e-12)
	near(t, "Matthews", datasets.Matthews(p, y), (2*3-2*1)/math.Sqrt(4*3*5*4), 1e-12)
	near(t, "Matthews of a constant", datasets.Matthews([]int32{1, 1, 1}, []int32{1, 0, 1}), 0, 0)
	near(t, "F1 without a hit", datasets.F1([]int32{0, 0}, []int32{1, 0}), 0, 0)
	a, b := []float64{1, 2, 3, 4}, []float64{1, 4, 9, 16}
	near(t, "Pearson", datasets.Pearson(a, b), 0.984374, 1e-6)
	near(t, "Spearman", datasets.Spearman(a, b), 1, 1e-12)
	near(t, "Spearman with ties", datasets.Spearman([]float64{1, 2, 2, 3}, []float64{1, 3, 2, 4}), 0.948683, 1e-6)
	near(t, "Pearson of a constant", datasets.Pearson([]float64{1, 1}, []float64{1, 2}), 0, 0)
	near(t, "perplexity", datasets.Perplexity(3*math.Log(7), 3), 7, 1e-12)
	mean, half := datasets.MeanInterval([]float64{1, 2, 3})
	near(t, "mean", mean, 2, 1e-12)
	near(t, "half width", half, 4.302653/math.Sqrt(3), 1e-6) // Student's t of two degrees of freedom
	if _, half := datasets.MeanInterval([]float64{5}); half != 0 {
		t.Errorf("half width of one run is %v", half)
	}
}

// Renaming both classes keeps accuracy and Matthews; answering the opposite negates Matthews.
func TestMatthewsSymmetryProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 30).Draw(t, "n")
		bit := rapid.SliceOfN(rapid.Int32Range(0, 1), n, n)
		p, y := bit.Draw(t, "predicted"), bit.Draw(t, "targets")
		not := func(v []int32) []int32 {
			out := make([]int32, len(v))
			for i := range v {
				out[i] = 1 - v[i]
			}
			return out
		}
		m := datasets.Matthews(p, y)
		if math.Abs(datasets.Matthews(not(p), not(y))-m) > 1e-12 || math.Abs(datasets.Matthews(not(p), y)+m) > 1e-12 || m < -1-1e-12 || m > 1+1e-12 {
			t.Fatalf("Matthews %v", m)
		}
	})
}

// The examples of the official script's rules: case, punctuation and articles do not count, the best answer does.
func TestAnswerScores(t *testing.T) {
	for _, c := range []struct {
		predicted string
		right     []string
		exact, f1 float64
	}{
		{"The 308.", []string{"308"}, 1, 1},
		{"Kawann Short led", []string{"Kawann Short"}, 0, 0.8},
		{"1,000 men", []string{"1000 men", "a thousand"}, 1, 1},
		{"nothing", []string{"everything"}, 0, 0},
		{"", []string{""}, 1, 1},
		{"", []string{"x"}, 0, 0},
		{"x x", []string{"x y"}, 0, 0.5},
	} {
		exact, f1 := datasets.AnswerScores(c.predicted, c.right)
		if exact != c.exact || math.Abs(f1-c.f1) > 1e-12 {
			t.Errorf("%q for %q: %v and %v, want %v and %v", c.predicted, c.right, exact, f1, c.exact, c.f1)
		}
	}
}
