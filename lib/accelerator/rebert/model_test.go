package rebert_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/lib/accelerator/rebert"
	"github.com/sparse-attention/workbench/lib/published"
)

// The weights of the layers, in millions; MobileBERT has 25.3 with its embeddings (published, secondary).
func TestModelShapes(t *testing.T) {
	weights := map[string]float64{"BERT-base": 84.9, "BERT-large": 302.0, "RoBERTa-base": 84.9, "DistilBERT": 42.5, "MobileBERT": 20.1, "TinyBERT": 4.6}
	for _, m := range rebert.Models() {
		if err := m.Validate(); err != nil || m.Source == "" || m.Evidence == "" {
			t.Errorf("%s: %v, %q, %q", m.Name, err, m.Source, m.Evidence)
		}
		_, perWord := m.Operations(1, 0)
		near(t, m.Name, perWord*float64(m.Layers)*1e-6, weights[m.Name], 0.06)
	}
	row, err := published.Find("MobileBERT", "ref-accuracy", "MobileBERT", "", "", "parameters")
	if err != nil {
		t.Fatal(err)
	}
	m := rebert.MobileBERT()
	_, perWord := m.Operations(1, 0)
	embeddings := 30522*128 + 3*128*512 + 512*512 // vocabulary, trigrams projected to the hidden width, positions
	near(t, "MobileBERT with embeddings", (perWord*24+float64(embeddings))*1e-6, row.Value, 1)
	attention, _ := rebert.BERTBase().Operations(128, 128)
	if attention != 2*128*128*768 {
		t.Errorf("attention takes %v operations", attention)
	}
}

// Reference sheet, 5: what word-serial stalls make of the compared models at a depth of 8.
func TestComparedModels(t *testing.T) {
	for name, want := range map[string]float64{"BERT-base": 1760, "DistilBERT": 944, "MobileBERT": 3392} {
		for _, m := range rebert.Models() {
			if m.Name == name {
				if got := simulate(t, rebert.Baseline(), rebert.Uniform(m, 128, 0)).Steps; got != want {
					t.Errorf("%s: %v steps, want %v", name, got, want)
				}
			}
		}
	}
}

// A chain has as many steps as asked for and ends with the next layer's keys; MobileBERT's own is longer than BERT's.
func TestChains(t *testing.T) {
	for d := range 30 {
		s := rebert.Advanced().WithDepth(d)
		if s.Depth() != d || s.Validate() != nil {
			t.Errorf("depth %d: %d, %v", d, s.Depth(), s.Validate())
		}
		if n := len(s.Stages); n > 8 || d > 0 && !strings.Contains(s.Stages[n-1].Name, "query, key, value") || d > 0 && !strings.HasPrefix(s.Stages[0].Name, "softmax") {
			t.Errorf("depth %d: %+v", d, s.Stages)
		}
	}
	s := rebert.Baseline()
	if s.Depth() != 8 || len(rebert.BERTBase().Chain()) != 8 {
		t.Errorf("depth %d", s.Depth())
	}
	s.Stages = rebert.MobileBERT().Chain()
	if s.Depth() != 20 {
		t.Errorf("MobileBERT's chain has %d steps", s.Depth())
	}
}

func ExampleModel_Chain() {
	for _, g := range rebert.BERTBase().Chain() {
		fmt.Println(g.Name)
	}
	// Output:
	// softmax
	// weighted sum
	// output projection
	// add and norm
	// feed-forward 1
	// feed-forward 2
	// add and norm 2
	// query, key, value
}
