package training_test

import (
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// marked is one tiny data set with every kind of target: the word 5 or 6 at one place among others tells the class, the
// score and the span; the words count up, so that a hidden or a next one can be told.
func marked() *datasets.Dataset {
	d := &datasets.Dataset{Name: "marked", Classes: []string{"a", "b"}}
	raster := &datasets.Raster{Height: 1, Width: 6, Channels: 1, Patch: 1, Overlap: 1}
	for i := range 192 {
		at := 1 + (i/2)%6
		ids := []int32{datasets.CLS, 7, 8, 9, 10, 11, 7}
		ids[at] = int32(5 + i%2)
		pixels := make([]byte, 6)
		for t, id := range ids[1:] {
			pixels[t] = 127
			if id < 7 {
				pixels[t] = byte(255 * (id - 5))
			}
		}
		inner := []int32{-1, -1, -1, -1, -1, -1, -1}
		inner[at] = int32(i % 2)
		d.Train = append(d.Train, datasets.Example{IDs: ids, Inner: inner, Label: int32(i % 2), Score: float32(2*(i%2) - 1),
			Span: [2]int32{int32(at), int32(at)}, Image: &datasets.Image{Raster: raster, Pixels: pixels}})
	}
	d.Dev = d.Train[:24]
	return d
}

func TestEveryObjectiveIsLearned(t *testing.T) {
	for _, c := range []struct {
		objective training.Objective
		change    func(*transformer.Spec)
		metric    string
		reached   func(v float64) bool
	}{
		{training.Classification{}, func(*transformer.Spec) {}, "accuracy", func(v float64) bool { return v == 1 }},
		{training.Classification{}, func(s *transformer.Spec) { s.Patch = 9 }, "accuracy", func(v float64) bool { return v == 1 }},
		{training.Nested{Weight: 1}, func(*transformer.Spec) {}, "accuracy", func(v float64) bool { return v == 1 }},
		{training.Regression{}, func(s *transformer.Spec) { s.Classes = 1 }, "pearson", func(v float64) bool { return v > 0.9 }},
		{training.Span{}, func(s *transformer.Spec) { s.Head = transformer.EachToken }, "exact span", func(v float64) bool { return v > 0.9 }},
		// A guess among the words that occur has a perplexity of 7; the neighbours tell all but the marks themselves.
		{training.MaskedLanguage{}, func(s *transformer.Spec) { s.Head = transformer.Language }, "perplexity", func(v float64) bool { return v < 3 }},
		{training.CausalLanguage{}, func(s *transformer.Spec) { s.Head, s.Causal = transformer.Language, true }, "perplexity", func(v float64) bool { return v < 2.2 }},
	} {
		spec := tiny()
		spec.Hidden, spec.FFN, spec.Dropout = 16, 32, 0
		c.change(&spec)
		d := marked()
		for i := range d.Train {
			if spec.Patch == 0 {
				d.Train[i].Image = nil
			}
		}
		o := training.Options{Objective: c.objective, Epochs: 14, Batch: 16, LearningRate: 1e-2, Seed: 1, Multiple: 7, EvalBatch: 32}
		r, err := run(t, encoder(t, spec), d, nil, o)
		if err != nil {
			t.Errorf("%s: %v", c.objective.Name(), err)
			continue
		}
		if m := r.Best.Metrics[0]; m.Name != c.metric || !c.reached(m.Value) {
			t.Errorf("%s (patch %d) reaches %+v", c.objective.Name(), spec.Patch, m)
		}
	}
}

// The whole is always class a; the part's own label, which differs, is learned beside it.
func TestNestedLearnsTheParts(t *testing.T) {
	d := marked()
	for i := range d.Train {
		d.Train[i].Label, d.Train[i].Image = 0, nil
	}
	spec := tiny()
	spec.Hidden, spec.FFN, spec.Dropout = 16, 32, 0
	m := encoder(t, spec)
	o := training.Options{Objective: training.Nested{Weight: 1}, Epochs: 8, Batch: 16, LearningRate: 1e-2, Seed: 1, Multiple: 7}
	if _, err := run(t, m, d, nil, o); err != nil {
		t.Fatal(err)
	}
	b, err := transformer.OpenBackend("")
	if err != nil {
		t.Fatal(err)
	}
	logits, err := model.CallOnce(b, m.Store, func(_ *model.Scope, ids *graph.Node) *graph.Node {
		p := &transformer.Pass{Model: m, Graph: ids.Graph()}
		return p.ClassOfEach(p.States(nil, ids, graph.Const(ids.Graph(), []int32{7, 7})))
	}, [][]int32{d.Train[4].IDs, d.Train[5].IDs})
	if err != nil {
		t.Fatal(err)
	}
	for i, tokens := range logits.Value().([][][]float32) {
		if part := tokens[3]; part[i] < part[1-i] {
			t.Errorf("the logits of part %d are %v, must be highest for its own label", i, part)
		}
	}
	d.Train[3].Inner = nil
	if _, err := run(t, m, d, nil, o); err == nil || !strings.Contains(err.Error(), "Example.Inner") {
		t.Errorf("error is %v, must name Example.Inner where it is missing", err)
	}
}

func TestObjectiveRefusesAnotherHead(t *testing.T) {
	for _, o := range []training.Objective{training.Span{}, training.MaskedLanguage{}, training.CausalLanguage{}} {
		if err := o.Check(encoder(t, tiny()), marked()); err == nil {
			t.Errorf("%s accepts a model that classifies", o.Name())
		}
	}
}
