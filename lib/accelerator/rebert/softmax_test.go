package rebert_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/lib/accelerator/rebert"
	"pgregory.net/rapid"
)

// Fixture F7 of the reference sheet: tables, indices, exponents, probabilities.
func TestSoftmaxFixture(t *testing.T) {
	u := rebert.DefaultSoftmax()
	u.ProbabilityBits = 0
	tables := u.Tables()
	if want := []uint32{255, 94, 35, 13, 5, 2, 1, 0}; !slices.Equal(tables.High[:8], want) || slices.Max(tables.High[8:]) != 0 {
		t.Errorf("upper table %v", tables.High)
	}
	if want := []uint32{255, 240, 225, 211, 199, 187, 175, 165, 155, 145, 136, 128, 120, 113, 106, 100}; !slices.Equal(tables.Low, want) {
		t.Errorf("lower table %v", tables.Low)
	}
	scores := []float64{4, 3, 2.5, -1}
	for j, want := range []struct {
		index    int
		exponent uint32
	}{{0, 255}, {16, 94}, {24, 57}, {80, 2}} {
		if x := tables.Index(4, scores[j]); x != want.index || tables.Exponent(x) != want.exponent {
			t.Errorf("score %v: index %d, exponent %d, want %+v", scores[j], x, tables.Exponent(x), want)
		}
	}
	p := make([]float64, 4)
	tables.Row(p, scores)
	for j, want := range []float64{0.6250, 0.2304, 0.1397, 0.0049} {
		near(t, fmt.Sprintf("probability %d", j), p[j], want, 0.00005)
	}
	near(t, "worst error of 8 bits", tables.Error(), 0.00295, 0.000005)
	fine := rebert.SoftmaxUnit{IndexBits: 16, Fraction: 12, LowBits: 8, EntryBits: 16}
	near(t, "worst error of 16 bits", fine.Tables().Error(), 1.94e-5, 0.005e-5)
	if u.Entries() != 32 || fine.Entries() != 512 {
		t.Errorf("%d and %d entries", u.Entries(), fine.Entries())
	}
}

// Probabilities are as near to a softmax as the widths allow, keep the order of the scores and sum to one.
func TestSoftmaxRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		scores := rapid.SliceOfN(rapid.Float64Range(-20, 20), 1, 60).Draw(t, "scores")
		u := rebert.DefaultSoftmax()
		u.ProbabilityBits = rapid.SampledFrom([]int{0, 8, 16}).Draw(t, "bits")
		p := make([]float64, len(scores))
		u.Tables().Row(p, scores)
		top, sum, total := slices.Max(scores), 0.0, 0.0
		for _, s := range scores {
			sum += math.Exp(s - top)
		}
		for j, s := range scores {
			// Half an index step each way (3.2 %), the tables' 0.003 of the largest, and the quotient's rounding.
			exact := math.Exp(s-top) / sum
			slack := 0.04*exact + 0.004*float64(len(scores)+1)/max(1, sum) + 1./255
			if math.Abs(p[j]-exact) > slack {
				t.Fatalf("score %v of %v: %v, exact %v", s, scores, p[j], exact)
			}
			total += p[j]
			for i := range j {
				if scores[i] > s && p[i] < p[j] {
					t.Fatalf("scores %v, %v have probabilities %v, %v", scores[i], s, p[i], p[j])
				}
			}
		}
		if math.Abs(total-1) > 1e-9+0.5*float64(len(scores))/255 || u.ProbabilityBits == 0 && math.Abs(total-1) > 1e-9 {
			t.Fatalf("probabilities sum to %v", total)
		}
	})
}

func TestSoftmaxRefusals(t *testing.T) {
	for fragment, change := range map[string]func(*rebert.SoftmaxUnit){
		"IndexBits is 0, must be in 1..20":      func(u *rebert.SoftmaxUnit) { u.IndexBits = 0 },
		"LowBits is 9, must be in 0..8":         func(u *rebert.SoftmaxUnit) { u.LowBits = 9 },
		"EntryBits is 25, must be in 1..24":     func(u *rebert.SoftmaxUnit) { u.EntryBits = 25 },
		"ProbabilityBits is -1, must be in 0..": func(u *rebert.SoftmaxUnit) { u.ProbabilityBits = -1 },
		"Fraction is -1, must be in 0..24":      func(u *rebert.SoftmaxUnit) { u.Fraction = -1 },
	} {
		u := rebert.DefaultSoftmax()
		change(&u)
		if err := u.Validate(); err == nil || !strings.Contains(err.Error(), fragment) {
			t.Errorf("got %v, want %q", err, fragment)
		}
	}
}

func ExampleSoftmaxUnit() {
	p := make([]float64, 4)
	rebert.DefaultSoftmax().Tables().Row(p, []float64{4, 3, 2.5, -1})
	fmt.Printf("%.4f\n", p)
	// Output: [0.6235 0.2314 0.1412 0.0039]
}
