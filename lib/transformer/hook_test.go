package transformer_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// dropLater lets every layer after the first see only the key that drew most attention at the first, as a cascade does; it
// reads X to be sure that it is there.
type dropLater struct{}

func (dropLater) Scores(p *transformer.Pass, layer int, x, visible *graph.Node) *graph.Node {
	if p.X.Shape().Dimensions[1] != x.Shape().Dimensions[2] {
		panic("X is not the layer's input")
	}
	if layer == 0 {
		if p.State != nil {
			panic("state before the first layer")
		}
		return x
	}
	kept := graph.BroadcastToDims(p.State.(*graph.Node), x.Shape().Dimensions...)
	return transformer.Only(x, kept)
}

func (dropLater) Probabilities(p *transformer.Pass, layer int, probabilities, visible *graph.Node) *graph.Node {
	if layer == 0 {
		pairs := graph.ConvertDType(p.Pairs(visible, probabilities.Shape().Dimensions...), probabilities.DType())
		importance := graph.ReduceAndKeep(graph.Mul(probabilities, pairs), graph.ReduceSum, 1, 2) // [batch, 1, 1, keys]
		top := graph.ReduceAndKeep(importance, graph.ReduceMax, -1)
		p.State = graph.GreaterOrEqual(importance, graph.BroadcastToDims(top, importance.Shape().Dimensions...))
	}
	return probabilities
}

func TestHookCarriesImportanceToLaterLayers(t *testing.T) {
	m := newModel(t, small())
	ids, lengths := batch()
	dense, pruned := inGraph(t, m, nil, ids, lengths), inGraph(t, m, dropLater{}, ids, lengths)
	if dense[0] == pruned[0] {
		t.Error("the cascade changed nothing")
	}
}

func TestCausalSeesNothingLater(t *testing.T) {
	s := small()
	s.Head, s.Causal = transformer.Language, true
	m := newModel(t, s)
	ids, lengths := batch()
	want := inGraph(t, m, nil, ids, lengths)
	ids[4] = 11 // a later token of the first row
	got := inGraph(t, m, nil, ids, lengths)
	changed := 0
	for i := range want {
		if token := i / s.Vocabulary; want[i] != got[i] {
			changed++
			if token < 4 || token > 5 {
				t.Fatalf("the logits at token %d changed with token 4", token)
			}
		}
	}
	if changed == 0 {
		t.Error("no logit changed")
	}
}

func TestPatchesEnter(t *testing.T) {
	s := small()
	s.Patch = 3
	m := newModel(t, s)
	patches := make([]float32, 2*5*3)
	patches[3] = 1
	y := logits(t, m, nil, tensors.FromFlatDataAndDimensions(patches, 2, 5, 3), []int32{5, 5})
	if len(y) != 2*s.Classes || y[0] == y[s.Classes] {
		t.Errorf("logits of two different images are %v", y)
	}
}

func TestAdoptTakesWhatFits(t *testing.T) {
	s := small()
	s.Head = transformer.Language
	pretrained := newModel(t, s)
	ts, err := pretrained.Tensors()
	if err != nil {
		t.Fatal(err)
	}
	s.Head, s.Tokens = transformer.Pooled, s.Tokens-4
	m, err := transformer.NewEncoder(s, 99)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := m.Adopt(ts)
	if err != nil {
		t.Fatal(err)
	}
	if len(kept) != 4 { // pooler and classifier, weights and biases
		t.Errorf("not adopted: %v", kept)
	}
	for _, name := range []string{"embedding/token", "embedding/position", "layer_1/qkv/weights"} {
		want, _ := pretrained.Values(name)
		got, _ := m.Values(name)
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("%s[%d] is %v, want %v", name, i, got[i], want[i])
			}
		}
	}
}

// openHook sees everything and changes nothing.
type openHook struct{}

func (openHook) Scores(_ *transformer.Pass, _ int, scores, _ *graph.Node) *graph.Node { return scores }

// Without a hook the last layer computes the first token alone, and the answer is the same.
func TestLastLayerOfFirstToken(t *testing.T) {
	for _, family := range []transformer.Family{transformer.BERT, transformer.PreNorm} {
		s := small()
		s.Family = family
		m := newModel(t, s)
		ids, lengths := batch()
		got, want := inGraph(t, m, nil, ids, lengths), inGraph(t, m, openHook{}, ids, lengths)
		for i := range want {
			if d := got[i] - want[i]; d > 1e-5 || d < -1e-5 {
				t.Errorf("family %q: logit %d is %v, with all tokens %v", family, i, got[i], want[i])
			}
		}
	}
}

// A model made longer answers short inputs as before, and its positions begin anew where those of the short one end.
func TestLonger(t *testing.T) {
	m := newModel(t, small())
	long, err := m.Longer(29, 5)
	if err != nil {
		t.Fatal(err)
	}
	ids, lengths := batch()
	if a, b := inGraph(t, m, nil, ids, lengths), inGraph(t, long, nil, ids, lengths); !slices.Equal(a, b) {
		t.Errorf("logits of short inputs are %v, were %v", b, a)
	}
	position := func(m *transformer.Encoder, i int) []float32 {
		v, err := m.Values("embedding/position")
		if err != nil {
			t.Fatal(err)
		}
		return v[i*m.Spec.Hidden : (i+1)*m.Spec.Hidden]
	}
	for _, i := range []int{0, 11, 12, 24, 28} {
		if !slices.Equal(position(long, i), position(m, i%12)) {
			t.Errorf("position %d is not position %d of the short model", i, i%12)
		}
	}
	if _, err := m.Longer(11, 5); err == nil || !strings.Contains(err.Error(), "at least the 12") {
		t.Errorf("a shorter model: %v", err)
	}
}
