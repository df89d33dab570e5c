package attention_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/sparse-attention/workbench/lib/attention"
	"pgregory.net/rapid"
)

func TestSoftmaxSumsToOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		scores := rapid.SliceOfN(rapid.Int32Range(-1<<30, 1<<30), 1, 40).Draw(t, "scores")
		scale := rapid.Float64Range(1e-9, 10).Draw(t, "scale")
		p := attention.Softmax(make([]float64, 50), scores, scale)
		var sum float64
		for j, x := range p {
			sum += x
			for i := range p {
				if scores[i] > scores[j] && p[i] < x {
					t.Fatalf("score %d has %v, lower score %d has %v", scores[i], p[i], scores[j], x)
				}
			}
		}
		if len(p) != len(scores) || math.Abs(sum-1) > 1e-12 {
			t.Fatalf("%d probabilities sum to %v", len(p), sum)
		}
	})
	if p := attention.Softmax(nil, nil, 1); len(p) != 0 {
		t.Error("no scores have probabilities")
	}
}

// The output lies between the least and the greatest kept value, and equals the value when one key is kept.
func TestAttendAverages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := head(t)
		m := attention.AtLeast(h, int32(rapid.IntRange(-1000, 1000).Draw(t, "threshold")), rapid.Bool().Draw(t, "fill"))
		out := attention.Attend(h, m)
		for q := range h.Valid {
			for c := range h.Dim {
				lo, hi := math.Inf(1), math.Inf(-1)
				for _, j := range m.KeptKeys(q, nil) {
					v := float64(h.Value(int(j))[c])
					lo, hi = min(lo, v), max(hi, v)
				}
				if m.CountRow(q) == 0 {
					lo, hi = 0, 0
				}
				if x := out[q*h.Dim+c]; x < lo-1e-9 || x > hi+1e-9 {
					t.Fatalf("query %d: %v is outside %v..%v", q, x, lo, hi)
				}
			}
		}
	})
}

func ExampleSoftmax() {
	fmt.Printf("%.3f\n", attention.Softmax(make([]float64, 3), []int32{0, 1, 2}, math.Ln2))
	// Output: [0.143 0.286 0.571]
}
