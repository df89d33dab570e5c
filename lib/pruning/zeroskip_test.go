package pruning_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/pruning"
	"pgregory.net/rapid"
)

// MNNFast's reference sheet, fixtures 1 to 3.
func TestDeferredFixtures(t *testing.T) {
	scores, values := []float64{0, math.Ln2, math.Log(4)}, []float64{1, 2, 3}
	var d, skipping pruning.Deferred
	for i, s := range scores {
		d.Add(s, values[i:i+1])
		if i == 0 { // 1/7 is below 0.2
			skipping.Skip(s)
		} else {
			skipping.Add(s, values[i:i+1])
		}
	}
	num, den := d.Sums()
	if math.Abs(num[0]-17) > 1e-12 || math.Abs(den-7) > 1e-12 || math.Abs(d.Result()[0]-2.428571) > 1e-6 {
		t.Errorf("%v / %v = %v, want 17 / 7 = 2.428571", num, den, d.Result())
	}
	if got := skipping.Result()[0]; math.Abs(got-16.0/7) > 1e-12 {
		t.Errorf("skipping gives %v, want 2.285714", got)
	}
	var plain pruning.Deferred
	plain.Add(800, []float64{1})
	if got := plain.Result()[0]; !math.IsNaN(got) {
		t.Errorf("a score of 800 gives %v, although its exponential overflows", got)
	}
	stable := pruning.Deferred{Stabilise: true}
	stable.Add(800, []float64{1})
	stable.Add(801, []float64{2})
	if got, want := stable.Result()[0], (1+2*math.E)/(1+math.E); math.Abs(got-want) > 1e-12 {
		t.Errorf("stabilised: %v, want %v", got, want)
	}
}

// Deferred division is a softmax, stabilised or not.
func TestDeferredIsASoftmax(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		scores := rapid.SliceOfN(rapid.Float64Range(-30, 30), 1, 40).Draw(t, "scores")
		p := softmax(scores)
		for _, stabilise := range []bool{false, true} {
			d := pruning.Deferred{Stabilise: stabilise}
			want := 0.0
			for i, s := range scores {
				d.Add(s, []float64{float64(i)})
				want += p[i] * float64(i)
			}
			if got := d.Result()[0]; math.Abs(got-want) > 1e-9 {
				t.Fatalf("stabilise %v: %v, want %v", stabilise, got, want)
			}
		}
	})
}

// A higher threshold reads no value that a lower one skips, and what is read carries at least the threshold.
func TestZeroSkip(t *testing.T) {
	h := randomHead(rand.New(rand.NewPCG(1, 0)), 40, 32, 8, 8)
	h.ScaleQ, h.ScaleK = 0.01, 0.01
	last := pruning.ZeroSkip{}.Mask(h, 0)
	if last.Count() != 32*32 {
		t.Fatalf("a threshold of 0 skips %d", 32*32-last.Count())
	}
	for _, theta := range []float64{0.01, 0.03, 0.1, 0.5} {
		m := pruning.ZeroSkip{Theta: theta}.Mask(h, 0)
		for q := range 32 {
			scores := make([]int32, 32)
			h.Scores(q, scores)
			for j, x := range attention.Softmax(make([]float64, 32), scores, h.ScoreScale()) {
				if m.Kept(q, j) != (x >= theta) || m.Kept(q, j) && !last.Kept(q, j) {
					t.Fatalf("theta %v: probability %v kept is %v", theta, x, m.Kept(q, j))
				}
			}
		}
		last = m
	}
	for _, theta := range []float64{-0.1, 1, math.NaN()} {
		if err := (pruning.ZeroSkip{Theta: theta}).Validate(); err == nil || !strings.Contains(err.Error(), "must be in [0,1)") {
			t.Errorf("theta %v: %v", theta, err)
		}
	}
	if !slices.Equal((&pruning.Deferred{}).Result(), []float64{}) {
		t.Error("no values give an output")
	}
}

func ExampleDeferred() {
	var d pruning.Deferred
	for i, s := range []float64{0, math.Ln2, math.Log(4)} {
		d.Add(s, []float64{float64(1 + i)})
	}
	fmt.Printf("%.6f\n", d.Result())
	// Output: [2.428571]
}
