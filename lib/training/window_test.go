package training_test

import (
	"math"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

func window(first bool, half ...int) training.Window {
	return training.Window{Window: pruning.Window{Half: half, FirstKey: first}}
}

// The hook computes what plain Go computes under the masks of pruning.Window, and reports the share that they keep.
func TestWindowMatchesItsMask(t *testing.T) {
	b, err := transformer.OpenBackend("")
	if err != nil {
		t.Fatal(err)
	}
	for _, first := range []bool{false, true} {
		w := window(first, 1, 3)
		m := encoder(t, tiny())
		if err := w.Prepare(m); err != nil {
			t.Fatal(err)
		}
		const tokens = 12
		ids, lengths := make([]int32, 2*tokens), []int32{12, 7}
		for i := range ids {
			if i%tokens < int(lengths[i/tokens]) {
				ids[i] = int32(2 + i%9)
			}
		}
		exec, err := model.NewExec(b, m.Store, func(_ *model.Scope, in []*graph.Node) []*graph.Node {
			p := &transformer.Pass{Model: m, Graph: in[0].Graph()}
			return append([]*graph.Node{p.Logits(w, in[0], in[1])}, p.Kept...)
		})
		if err != nil {
			t.Fatal(err)
		}
		out, err := exec.Call(tensors.FromFlatDataAndDimensions(ids, 2, tokens), tensors.FromFlatDataAndDimensions(lengths, 2))
		if err != nil {
			t.Fatal(err)
		}
		staged, err := transformer.NewStaged(b, m)
		if err != nil {
			t.Fatal(err)
		}
		kept, visible := make([]float64, 2), make([]float64, 2)
		for l := range kept {
			for _, n := range lengths {
				h := &attention.Head{Tokens: tokens, Valid: int(n), Dim: 4}
				kept[l] += float64(w.Mask(h, l).Count())
				visible[l] += float64(n) * float64(n)
			}
		}
		want, err := staged.Logits(transformer.Inputs{IDs: ids}, lengths, tokens, masked(w))
		if err != nil {
			t.Fatal(err)
		}
		for i, x := range tensors.MustCopyFlatData[float32](out[0]) {
			if math.Abs(float64(x-want[i])) > 1e-4 {
				t.Errorf("first key %v, logit %d: graph %v, plain Go %v", first, i, x, want[i])
			}
		}
		for l := range kept {
			if got, want := float64(tensors.ToScalar[float32](out[1+l])), kept[l]/visible[l]; math.Abs(got-want) > 1e-6 {
				t.Errorf("first key %v, layer %d: keeps %v, the mask %v", first, l, got, want)
			}
		}
		staged.Close()
		exec.Finalize()
	}
}

// masked is attention in floating point under the masks of the windows.
func masked(w training.Window) transformer.Attend {
	return func(p transformer.Projection, context []float32) error {
		mask := w.Mask(&attention.Head{Tokens: p.Tokens, Valid: p.Valid, Dim: p.Dim}, p.Layer)
		for t := range p.Valid {
			keys := mask.KeptKeys(t, nil)
			sum, weights := 0.0, make([]float64, len(keys))
			for i, j := range keys {
				dot := 0.0
				for c := range p.Dim {
					dot += float64(p.Q[t*p.Dim+c]) * float64(p.K[int(j)*p.Dim+c])
				}
				weights[i] = math.Exp(dot / math.Sqrt(float64(p.Dim)))
				sum += weights[i]
			}
			for i, j := range keys {
				for c := range p.Dim {
					context[t*p.Dim+c] += float32(weights[i] / sum * float64(p.V[int(j)*p.Dim+c]))
				}
			}
		}
		return nil
	}
}

// A window as wide as the sentence is full attention.
func TestWideWindowIsFullAttention(t *testing.T) {
	b, err := transformer.OpenBackend("")
	if err != nil {
		t.Fatal(err)
	}
	m, d := encoder(t, tiny()), firstToken(40)
	full, err := training.Evaluate(b, m, d.Train, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	wide, err := training.Evaluate(b, m, d.Train, window(false, training.FullWindows(2, 16)...), nil)
	if err != nil {
		t.Fatal(err)
	}
	if wide.Accuracy != full.Accuracy || wide.MeanKept() != 1 {
		t.Errorf("accuracy %v and %v, kept %v", wide.Accuracy, full.Accuracy, wide.MeanKept())
	}
}

func TestWindowRefusals(t *testing.T) {
	for _, c := range []struct {
		half []int
		want string
	}{
		{[]int{1}, "Window.Half is for 1 layers, must be for the 2 of the model"},
		{[]int{1, 16}, "Window.Half[1] is 16, must be in 0..15"},
		{[]int{-1, 2}, "Window.Half[0] is -1, must be at least 0"},
		{nil, "Window.Half is empty"},
	} {
		if err := window(false, c.half...).Prepare(encoder(t, tiny())); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %s", c.half, err, c.want)
		}
	}
}

// A predictor follows the windows without a new graph, and agrees with Evaluate.
func TestPredictorFollowsTheWindows(t *testing.T) {
	b, err := transformer.OpenBackend("")
	if err != nil {
		t.Fatal(err)
	}
	m, d := encoder(t, tiny()), firstToken(60)
	p, err := training.NewPredictor(b, m, window(false, 15, 15))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, half := range [][]int{{15, 15}, {0, 0}, {1, 2}} {
		w := window(false, half...)
		if err := w.Prepare(m); err != nil {
			t.Fatal(err)
		}
		answers, err := p.Predict(d.Train)
		if err != nil {
			t.Fatal(err)
		}
		score, err := training.Evaluate(b, m, d.Train, w, nil)
		if err != nil {
			t.Fatal(err)
		}
		var labels []int32
		for _, e := range d.Train {
			labels = append(labels, e.Label)
		}
		if got := training.Accuracy.Of(answers, labels); math.Abs(got-score.Accuracy) > 1e-9 {
			t.Errorf("%v: %v predicted, %v evaluated", half, got, score.Accuracy)
		}
	}
}
