package training

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// spy is the detector's hook, and keeps the nodes of the first layer.
type spy struct {
	*Detector
	x, estimate, kept, mismatch, pairwise *graph.Node
}

func (s *spy) Scores(p *transformer.Pass, layer int, scores, visible *graph.Node) *graph.Node {
	if layer == 0 {
		pairs := p.Pairs(visible, scores.Shape().Dimensions...)
		query, key, step := s.Detector.factors(p, layer, scores.Shape().Dimensions[2])
		s.x, s.estimate = p.X, graph.Einsum("bhqm,bhkm->bhqk", query, key)
		s.kept = graph.ConvertDType(best(s.Retention, query, key, step, p.Valid), scores.DType())
		s.mismatch, s.pairwise = s.Detector.mismatch(p, query, key), pairwise(scores, s.estimate, pairs)
	}
	return s.Detector.Scores(p, layer, scores, visible)
}

// pairwise is the mismatch pair by pair.
func pairwise(scores, estimate, pairs *graph.Node) *graph.Node {
	w := graph.ConvertDType(pairs, scores.DType())
	mean := func(x *graph.Node) *graph.Node {
		return graph.Div(graph.ReduceAllSum(graph.Mul(x, w)), graph.ReduceAllSum(w))
	}
	variance := graph.Sub(mean(graph.Square(scores)), graph.Square(mean(scores)))
	return graph.Div(mean(graph.Square(graph.Sub(scores, estimate))), graph.StopGradient(graph.AddScalar(variance, 1e-6)))
}

// The graph's detector is the plain one: its estimates, and a choice of the best keys of each row, as many as were asked for
// but for a few.
func TestDetectorMeetsOracle(t *testing.T) {
	b, err := transformer.OpenBackend("")
	if err != nil {
		t.Fatal(err)
	}
	for trial := range uint64(12) { // each compiles a graph, too slow for the usual hundred
		rng := rand.New(rand.NewPCG(trial, 3))
		heads, dim, n := 1+rng.IntN(3), 4+rng.IntN(9), 20+rng.IntN(50)
		hook := DOTA(0.05+0.55*rng.Float64(), trial)
		hook.Bits, hook.Sigma = []int{2, 4, 8, 32}[trial%4], 0.2+0.8*rng.Float64()
		r := check{t, fmt.Sprintf("trial %d: %d heads of %d, %d tokens, %+v", trial, heads, dim, n, *hook)}
		m, err := transformer.NewEncoder(transformer.Spec{Layers: 2, Hidden: heads * dim, Heads: heads, FFN: 8, Tokens: n, Vocabulary: 30, Classes: 2}, 1)
		if err != nil {
			r.Fatal(err)
		}
		if err := hook.Prepare(m); err != nil {
			r.Fatal(err)
		}
		plain, err := hook.Export(m)
		if err != nil {
			r.Fatal(err)
		}
		lengths := []int32{int32(n), int32(10 + rng.IntN(n-9))}
		ids := make([]int32, 2*n)
		for i := range ids {
			ids[i] = int32(1 + rng.IntN(29))
		}
		s := &spy{Detector: hook}
		exec, err := model.NewExec(b, m.Store, func(_ *model.Scope, in []*graph.Node) []*graph.Node {
			p := &transformer.Pass{Model: m, Graph: in[0].Graph()}
			logits := p.Logits(s, in[0], in[1])
			by := []*graph.Node{p.Parameter(detectorName(0, detectorQuery)), p.Parameter(detectorName(0, detectorKey)), p.Parameter("layer_0/qkv/weights")}
			return slices.Concat([]*graph.Node{logits, s.x, s.estimate, s.kept, s.mismatch, s.pairwise}, graph.Gradient(s.mismatch, by...), graph.Gradient(s.pairwise, by...))
		})
		if err != nil {
			r.Fatal(err)
		}
		out, err := exec.Call(tensors.FromFlatDataAndDimensions(ids, 2, n), tensors.FromFlatDataAndDimensions(lengths, 2))
		if err != nil {
			r.Fatal(err)
		}
		exec.Finalize()
		flat := func(i int) []float32 { return tensors.MustCopyFlatData[float32](out[i]) }
		x, estimates, kept := flat(1), flat(2), flat(3)
		if got, want := float64(flat(4)[0]), float64(flat(5)[0]); !(math.Abs(got-want) <= 1e-3*want) {
			r.Fatalf("mismatch by Gram matrices is %v, by pairs %v", got, want)
		}
		for i, of := range []string{"query", "key", "qkv"} {
			gram, pairs := flat(6+i), flat(9+i)
			most := 0.0
			for _, want := range pairs {
				most = max(most, math.Abs(float64(want)))
			}
			for j, want := range pairs {
				if d := math.Abs(float64(gram[j] - want)); !(d <= 1e-3*most) || most == 0 {
					r.Fatalf("gradient of the mismatch by %s[%d] is %v by Gram matrices, %v by pairs, the largest %v", of, j, gram[j], want, most)
				}
			}
		}
		rule := pruning.Detected{Detector: plain, Retention: hook.Retention}
		if err := rule.Validate(); err != nil {
			r.Fatal(err)
		}
		var wanted, got, pairs, other float64
		for e, valid := range lengths {
			h := &attention.Head{Tokens: int(valid), Valid: int(valid), Dim: dim}
			xp := plain.Project(x[e*n*heads*dim:(e+1)*n*heads*dim], int(valid), 0)
			for a := range heads {
				mask := rule.Mask(xp, h, 0, a)
				query, key, step := plain.Factors(xp, int(valid), 0, a)
				row := make([]float32, valid)
				for q := range int(valid) {
					pruning.Estimate(query, key, plain.Width, q, row)
					at := ((e*heads+a)*n + q) * n
					least, most := math.Inf(1), math.Inf(-1)
					for j, want := range row {
						pairs++
						if d := math.Abs(float64(estimates[at+j] - want)); d > 1e-5+1e-3*math.Abs(float64(want)) {
							other++
						}
						v := float64(estimates[at+j]) - float64(j)*step/float64(n+1)
						if kept[at+j] == 1 {
							least = min(least, v)
							got++
						} else {
							most = max(most, v)
						}
					}
					if least < most-1e-6 {
						r.Fatalf("example %d head %d query %d: keeps %v and not %v", e, a, q, least, most)
					}
					wanted += float64(mask.CountRow(q))
				}
			}
		}
		// A value halfway between two codes may round to either, and takes a row or a column of estimates with it.
		if hook.Bits == 32 && other > 0 || other > 0.1*pairs {
			r.Fatalf("%v of %v estimates differ", other, pairs)
		}
		if got < 0.9*wanted-float64(n) || got > 1.1*wanted+float64(n) {
			r.Fatalf("%v keys kept, must be about %v", got, wanted)
		}
	}
}

// check says in front of each failure what was being checked.
type check struct {
	*testing.T
	what string
}

func (c check) Fatalf(format string, args ...any) {
	c.Helper()
	c.T.Fatalf(c.what+": "+format, args...)
}

// Joint training lowers the estimate's error, moves the detector's variables and leaves the projection alone.
func TestDetectorLearns(t *testing.T) {
	b, err := transformer.OpenBackend("")
	if err != nil {
		t.Fatal(err)
	}
	data, err := datasets.Open("listops-short", datasets.Options{Train: 256, Dev: 32, Test: 8, MaxTokens: 64, MaxLength: 60})
	if err != nil {
		t.Fatal(err)
	}
	m, err := transformer.NewEncoder(transformer.Spec{Layers: 2, Hidden: 16, Heads: 2, FFN: 16, Tokens: 64, Vocabulary: data.Vocabulary.Size(), Classes: 10}, 1)
	if err != nil {
		t.Fatal(err)
	}
	hook := DOTA(0.25, 1)
	if err := hook.Prepare(m); err != nil {
		t.Fatal(err)
	}
	before, _ := hook.Export(m)
	result, err := Run(context.Background(), b, m, data, hook, Options{Epochs: 1, Batch: 16, Seed: 1, LearningRate: 1e-3})
	if err != nil {
		t.Fatal(err)
	}
	after, err := hook.Export(m)
	if err != nil {
		t.Fatal(err)
	}
	moved := false
	for l := range before.Layers {
		for i, v := range before.Layers[l].P {
			if after.Layers[l].P[i] != v {
				t.Fatalf("layer %d: the projection was trained", l)
			}
		}
		for h := range before.Layers[l].Heads {
			moved = moved || before.Layers[l].Heads[h].Query[0] != after.Layers[l].Heads[h].Query[0]
		}
	}
	if !moved {
		t.Error("the detector was not trained")
	}
	if kept := result.Best.MeanKept(); kept < 0.2 || kept > 0.32 {
		t.Errorf("%.3f of the pairs are kept, must be about 0.25 and what rounding up adds", kept)
	}
	// A checkpoint carries the detector.
	ts, err := hook.Tensors(m)
	if err != nil || len(ts) != 6 {
		t.Fatalf("%d tensors, %v, must be 3 a layer", len(ts), err)
	}
}

func TestDetectorRefuses(t *testing.T) {
	m, err := transformer.NewEncoder(transformer.Spec{Layers: 1, Hidden: 16, Heads: 2, FFN: 16, Tokens: 8, Vocabulary: 9, Classes: 2}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for field, change := range map[string]func(*Detector){
		"Sigma":     func(d *Detector) { d.Sigma = 0 },
		"Sigma is":  func(d *Detector) { d.Sigma = 1.5 },
		"Bits":      func(d *Detector) { d.Bits = 3 },
		"Lambda":    func(d *Detector) { d.Lambda = -1 },
		"Retention": func(d *Detector) { d.Retention = 0 },
	} {
		d := DOTA(0.1, 1)
		change(d)
		if err := d.Prepare(m); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	if err := DOTA(0.1, 1).Prepare(m); err != nil {
		t.Fatal(err)
	}
	other := DOTA(0.1, 1)
	other.Sigma = 1
	if err := other.Prepare(m); err == nil || !strings.Contains(err.Error(), "detector projects") {
		t.Errorf("a detector trained for other shapes: %v", err)
	}
	causal, err := transformer.NewEncoder(transformer.Spec{Layers: 1, Hidden: 16, Heads: 2, FFN: 16, Tokens: 8, Vocabulary: 9, Classes: 2, Causal: true}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := DOTA(0.1, 1).Prepare(causal); err == nil || !strings.Contains(err.Error(), "Causal") {
		t.Errorf("a causal model: %v", err)
	}
}
