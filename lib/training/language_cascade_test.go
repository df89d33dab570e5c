package training

import (
	"math/rand/v2"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// The frozen decoder marks what the cascade leaves: the first half sees everything before it, the rest what the ratios say,
// itself included, and a layer no more than the one before.
func TestCascadedLanguageMarksWhatTheCascadeLeaves(t *testing.T) {
	m, err := transformer.NewEncoder(transformer.LlamaSpec(3, 16, 2, 0, 24, 20, 9), 1)
	if err != nil {
		t.Fatal(err)
	}
	cascade := pruning.GenerationOptions{Tokens: []float64{0, 0.5, 0.8}, Heads: []float64{0, 0, 0}, Rescale: 0.9, Recent: 1}
	o, err := NewCascadedLanguage(m, cascade)
	if err != nil {
		t.Fatal(err)
	}
	const n = 20
	b := datasets.Batch{Size: 2, Tokens: n, Count: 1, IDs: make([]int32, 2*n), Lengths: []int32{n, 1}, Labels: make([]int32, 2), Examples: []int{0, -1}}
	for i := range n {
		b.IDs[i] = int32(1 + (i*i)%8)
	}
	in := o.Inputs(b, rand.New(rand.NewPCG(1, 1)))
	seen := tensors.MustCopyFlatData[float32](in[3])
	at := func(layer, query, key int) bool { return seen[(layer*n+query)*n+key] == 1 }
	for l, ratio := range cascade.Tokens {
		for q := range n {
			count := 0
			for k := range n {
				if !at(l, q, k) {
					continue
				}
				count++
				if k > q || l > 0 && !at(l-1, q, k) {
					t.Fatalf("layer %d: token %d sees %d", l, q, k)
				}
			}
			want := q + 1
			if q >= n/2 {
				want = pruning.Keep(q+1, ratio)
			}
			if !at(l, q, q) || count > want || q < n/2 && count != want {
				t.Errorf("layer %d: token %d sees %d tokens, must see %d with itself", l, q, count, want)
			}
		}
	}
	for _, bad := range []pruning.GenerationOptions{{}, {Tokens: []float64{0}, Heads: []float64{0}, Rescale: 1, Recent: 1}} {
		if _, err := NewCascadedLanguage(m, bad); err == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
}

// With nothing to prune it is CausalLanguage; with the cascade it is another model.
func TestCascadedLanguageWithoutRatiosIsCausal(t *testing.T) {
	backend, err := transformer.OpenBackend("")
	if err != nil {
		t.Fatal(err)
	}
	m, err := transformer.NewEncoder(transformer.LlamaSpec(2, 16, 2, 0, 24, 16, 12), 1)
	if err != nil {
		t.Fatal(err)
	}
	v, err := m.Values("layer_1/qkv/weights")
	if err != nil {
		t.Fatal(err)
	}
	for i := range v {
		v[i] *= 40
	}
	if err := m.SetValues("layer_1/qkv/weights", []int{16, 48}, v); err != nil {
		t.Fatal(err)
	}
	var texts []datasets.Example
	for i := range int32(4) {
		e := datasets.Example{}
		for j := range int32(16) {
			e.IDs = append(e.IDs, 1+(i+3*j+j*j)%11)
		}
		texts = append(texts, e)
	}
	perplexity := func(o Objective) float64 {
		s, err := Evaluate(backend, m, texts, nil, o)
		if err != nil {
			t.Fatal(err)
		}
		return s.Metrics[0].Value
	}
	with := func(last float64) Objective {
		o, err := NewCascadedLanguage(m, pruning.GenerationOptions{Tokens: []float64{0, last}, Heads: []float64{0, 0}, Rescale: 0.9, Recent: 1})
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	dense := perplexity(CausalLanguage{})
	if got := perplexity(with(0)); got != dense {
		t.Errorf("perplexity without pruning is %v, must be %v", got, dense)
	}
	if got := perplexity(with(0.8)); got == dense {
		t.Error("pruning changed nothing")
	}
}
