package experiment_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/fixedpoint"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// sentences are drawn word ids whose label is the class that a fresh model gives most often: nothing is learned here.
func sentences(n int) []datasets.Example {
	r := rand.New(rand.NewPCG(3, 0xca5))
	var out []datasets.Example
	for range n {
		ids := []int32{2}
		for range 5 + r.IntN(11) {
			ids = append(ids, int32(5+r.IntN(25)))
		}
		out = append(out, datasets.Example{IDs: ids, Label: int32(r.IntN(2))})
	}
	return out
}

func cascadeModel(t *testing.T) *transformer.Encoder {
	t.Helper()
	m, err := transformer.NewEncoder(transformer.Spec{Layers: 3, Hidden: 32, Heads: 4, FFN: 32, Tokens: 24, Vocabulary: 30, Classes: 2}, 5)
	if err != nil {
		t.Fatal(err)
	}
	// Fresh weights are small; larger ones make attention choose.
	for _, p := range m.Spec.Parameters() {
		if strings.Contains(p.Name, "qkv/weights") || strings.Contains(p.Name, "embedding/token") {
			v, err := m.Values(p.Name)
			if err != nil {
				t.Fatal(err)
			}
			for i := range v {
				v[i] *= 8
			}
			if err := m.SetValues(p.Name, p.Shape, v); err != nil {
				t.Fatal(err)
			}
		}
	}
	return m
}

// The hook inside the graph and the cascade in plain Go keep as many tokens, and answer alike but for what 12 bits round.
func TestCascadeInGraphIsTheOracle(t *testing.T) {
	m, examples := cascadeModel(t), sentences(100) // less than a batch: its filling must not count
	backend, err := transformer.OpenBackend("")
	if err != nil {
		t.Fatal(err)
	}
	for _, values := range []float64{1, 0.5} {
		inGraphIsTheOracle(t, backend, m, examples, values)
	}
}

func inGraphIsTheOracle(t *testing.T, backend compute.Backend, m *transformer.Encoder, examples []datasets.Example, values float64) {
	t.Helper()
	c, err := experiment.CascadeOf(3, 0.5, 0.4, values)
	if err != nil {
		t.Fatal(err)
	}
	inGraph, err := training.Evaluate(backend, m, examples, &training.Cascade{Tokens: c.Tokens, Heads: c.Heads, Values: values}, nil)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := experiment.Cascading(t.Context(), backend, m, examples, c, func(e int) bool { return e == 0 })
	if err != nil {
		t.Fatal(err)
	}
	if d := math.Abs(100*inGraph.Accuracy - plain.Accuracy()); d > 100*3.0/100 {
		t.Errorf("accuracy %v in the graph, %v outside", 100*inGraph.Accuracy, plain.Accuracy())
	}
	for l, r := range c.Tokens {
		kept, all := 0.0, 0.0
		for _, e := range examples {
			n := float64(len(e.IDs))
			queries := n
			if l == len(c.Tokens)-1 {
				queries = 1 // the classifier reads one
			}
			keys := float64(pruning.Keep(len(e.IDs), r))
			kept += min(queries, keys) * keys // a dropped token is no query either
			all += queries * n
		}
		if math.Abs(inGraph.Kept[l]-kept/all) > 1e-4 {
			t.Errorf("layer %d keeps %v in the graph, Keep says %v", l, inGraph.Kept[l], kept/all)
		}
	}
	n := len(examples[0].IDs)
	for l, alive := range plain.Survivors[0] {
		if len(alive) != pruning.Keep(n, c.Tokens[l]) || alive[0] != 0 {
			t.Errorf("layer %d keeps %v of %d tokens", l, alive, n)
		}
		for _, a := range alive {
			if l > 0 && !contains(plain.Survivors[0][l-1], a) {
				t.Errorf("token %d came back in layer %d", a, l)
			}
		}
	}
	if plain.HeadReduction() <= 1 || plain.TokenReduction() <= 1 {
		t.Errorf("reductions %v and %v", plain.HeadReduction(), plain.TokenReduction())
	}
}

func contains(list []int, x int) bool {
	for _, v := range list {
		if v == x {
			return true
		}
	}
	return false
}

// Nothing pruned changes nothing; a threshold of 1 reads the low bits always, 0 never; fewer values are fewer.
func TestCascadeCounts(t *testing.T) {
	m, examples := cascadeModel(t), sentences(16)
	backend, err := transformer.OpenBackend("")
	if err != nil {
		t.Fatal(err)
	}
	run := func(values, threshold float64) *experiment.CascadeScore {
		c, err := experiment.CascadeOf(3, 0, 0, values)
		if err != nil {
			t.Fatal(err)
		}
		c.Progressive = &fixedpoint.Progressive{MSB: 6, LSB: 4, Threshold: threshold}
		s, err := experiment.Cascading(t.Context(), backend, m, examples, c, nil)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	all, none := run(1, 1), run(0.5, 0)
	if all.LSB() != 1 || none.LSB() != 0 {
		t.Errorf("low bits: %v and %v of the queries", all.LSB(), none.LSB())
	}
	if all.Reduction() != 1 || all.MeanBits() != 8 || none.MeanBits() != 6 { // 10 for keys, 6 for values
		t.Errorf("reduction %v, bits %v and %v", all.Reduction(), all.MeanBits(), none.MeanBits())
	}
	if r := none.Reduction(); !(r > 1.33 && r < 1.5) {
		t.Errorf("half of the values: %v", r)
	}
}

// Sparing the last layer's other queries changes no answer and no count of keys, values and heads.
func TestFirstOnlyAnswersAlike(t *testing.T) {
	m, examples := cascadeModel(t), sentences(32)
	backend, err := transformer.OpenBackend("")
	if err != nil {
		t.Fatal(err)
	}
	c, err := experiment.CascadeOf(3, 0.5, 0.4, 0.5)
	if err != nil {
		t.Fatal(err)
	}
	all, err := experiment.Cascading(t.Context(), backend, m, examples, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.FirstOnly = true
	first, err := experiment.Cascading(t.Context(), backend, m, examples, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(all.Right, first.Right) || all.Reduction() != first.Reduction() || all.Heads != first.Heads || all.Queries != first.Queries {
		t.Errorf("%d right at %v and %v heads, all queries: %d at %v and %v", first.Correct, first.Reduction(), first.Heads, all.Correct, all.Reduction(), all.Heads)
	}
}

func TestCascadeIsRefusedByName(t *testing.T) {
	ok := experiment.Cascade{Tokens: []float64{0, 0.5}, Heads: []float64{0, 0}, Values: 1, Bits: 8}
	if err := ok.Validate(2); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*experiment.Cascade){
		"Cascade.Tokens[1] is 1,":       func(c *experiment.Cascade) { c.Tokens = []float64{0, 1} },
		"Cascade.Tokens[1] is NaN":      func(c *experiment.Cascade) { c.Tokens = []float64{0, math.NaN()} },
		"Cascade.Tokens[0] is 0.2":      func(c *experiment.Cascade) { c.Tokens = []float64{0.2, 0.5} },
		"Cascade.Tokens holds 1 ratios": func(c *experiment.Cascade) { c.Tokens = []float64{0} },
		"Cascade.Heads[1] is -0.1":      func(c *experiment.Cascade) { c.Heads = []float64{0, -0.1} },
		"Cascade.Values is 0,":          func(c *experiment.Cascade) { c.Values = 0 },
		"Cascade.Values is 1.5":         func(c *experiment.Cascade) { c.Values = 1.5 },
		"Cascade.Bits is 16":            func(c *experiment.Cascade) { c.Bits = 16 },
		"Progressive.MSB is 1":          func(c *experiment.Cascade) { c.Progressive = &fixedpoint.Progressive{MSB: 1, LSB: 4} },
	} {
		c := ok
		change(&c)
		if err := c.Validate(2); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, must say %q", err, want)
		}
	}
	back := experiment.Cascade{Tokens: []float64{0, 0.5, 0.2}, Heads: []float64{0, 0, 0}, Values: 1, Bits: 8}
	if err := back.Validate(3); err == nil || !strings.Contains(err.Error(), "does not come back") {
		t.Errorf("%v", err)
	}
	heads := training.Cascade{Tokens: []float64{0, 0, 0}, Heads: []float64{0, 0.5, 0.25}}
	if err := heads.Validate(3); err == nil || !strings.Contains(err.Error(), "Heads[2]") {
		t.Errorf("%v", err)
	}
}
