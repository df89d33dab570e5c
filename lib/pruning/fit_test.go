package pruning

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/lib/attention"
)

// Scores that are a bilinear form of the projected input are found exactly, and the best keys with them; a narrower detector finds
// fewer.
func TestFitHead(t *testing.T) {
	const n, d, dim = 60, 24, 8
	r := rand.New(rand.NewPCG(1, 1))
	wq, wk := make([]float64, d*dim), make([]float64, d*dim)
	for i := range wq {
		wq[i], wk[i] = r.NormFloat64(), r.NormFloat64()
	}
	draw := func(seed uint64) ([]float32, *attention.Head) {
		x := inputs(n, d, seed)
		h := &attention.Head{Tokens: n, Valid: n, Dim: dim, Bits: 12, ScaleQ: 0.01, ScaleK: 0.01, ScaleV: 1, V: make([]int16, n*dim)}
		project := func(w []float64) (out []int16) {
			for t := range n {
				for c := range dim {
					s := 0.0
					for i := range d {
						s += float64(x[t*d+i]) * w[i*dim+c]
					}
					out = append(out, int16(max(-2000, min(2000, s*60))))
				}
			}
			return out
		}
		h.Q, h.K = project(wq), project(wk)
		return x, h
	}
	recall := map[int]float64{}
	for _, k := range []int{2, 8, d} {
		det := &Detector{Model: d, Width: k, Bits: 32, Layers: []DetectorLayer{{P: SparseProjection(d, k, 1)}}}
		var samples []FitSample
		for seed := range uint64(6) {
			x, h := draw(seed)
			samples = append(samples, FitSample{h, det.Project(x, n, 0)})
		}
		head, err := FitHead(samples, k)
		if err != nil {
			t.Fatal(err)
		}
		det.Layers[0].Heads = []DetectorHead{head}
		x, h := draw(99)
		recall[k] = Judge(h, Detected{Detector: det, Retention: 0.2}.Mask(det.Project(x, n, 0), h, 0, 0)).Recall
	}
	if !(recall[d] > 0.95 && recall[d] > recall[8] && recall[8] > recall[2]) {
		t.Errorf("recall by width %v, must rise to nearly all", recall)
	}
	if _, err := FitHead(nil, 4); err == nil || !strings.Contains(err.Error(), "samples") {
		t.Errorf("no samples: %v", err)
	}
	if _, err := FitHead([]FitSample{{&attention.Head{Valid: 9}, nil}}, 4); err == nil || !strings.Contains(err.Error(), "projected") {
		t.Errorf("no input: %v", err)
	}
}
