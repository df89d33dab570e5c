package experiment

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/transformer"
)

func smallLanguage(t *testing.T) *TrainedLanguage {
	t.Helper()
	model := func(seed uint64) *transformer.Encoder {
		m, err := transformer.NewEncoder(transformer.LlamaSpec(2, 16, 2, 0, 24, 24, 19), seed)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	return &TrainedLanguage{Recipe: LanguageRecipe{Name: "small"}, Dense: model(1), Pruned: model(2), Cascaded: model(3),
		Thresholds: &pruning.Threshold{Model: "small", Layers: []float64{0.1, -0.2}}, Card: LanguageCard{Recipe: "small", Unit: "byte", Steps: 7}}
}

func TestLanguageCheckpoint(t *testing.T) {
	want := smallLanguage(t)
	root := t.TempDir()
	if err := want.Save(root); err != nil {
		t.Fatal(err)
	}
	got, err := want.Recipe.Load(root)
	if err != nil {
		t.Fatal(err)
	}
	if got.Card.Steps != 7 || got.Thresholds.Layers[1] != -0.2 {
		t.Errorf("card %+v and thresholds %v came back", got.Card, got.Thresholds.Layers)
	}
	for _, m := range [][2]*transformer.Encoder{{want.Dense, got.Dense}, {want.Pruned, got.Pruned}, {want.Cascaded, got.Cascaded}} {
		a, _ := m[0].Values("layer_1/gate/weights")
		b, err := m[1].Values("layer_1/gate/weights")
		if err != nil || math.Abs(float64(a[5]-b[5])) > 1e-4 {
			t.Errorf("weight %v came back as %v (%v)", a[5], b[5], err)
		}
	}
	if err := os.Truncate(filepath.Join(root, "small", cascadedFile), 100); err != nil {
		t.Fatal(err)
	}
	if _, err := want.Recipe.Load(root); err == nil || !strings.Contains(err.Error(), cascadedFile) {
		t.Errorf("error is %v, must name the damaged file", err)
	}
}

// A machine that attends exactly gives the perplexity of the decoder itself, up to 8-bit Q, K and V.
func TestMachinePerplexityOfExactAttention(t *testing.T) {
	l := smallLanguage(t)
	backend, err := transformer.OpenBackend("")
	if err != nil {
		t.Fatal(err)
	}
	d, err := transformer.NewDecoder(l.Dense)
	if err != nil {
		t.Fatal(err)
	}
	var texts []datasets.Example
	want := make([]float64, 3)
	for i := range int32(3) {
		e := datasets.Example{}
		for j := range 18 + i {
			e.IDs = append(e.IDs, 1+(j*j+5*i)%18)
		}
		session := d.NewSession(nil)
		for j, id := range e.IDs[:len(e.IDs)-1] {
			logits, err := session.Step(id)
			if err != nil {
				t.Fatal(err)
			}
			want[i] += surprise(logits, e.IDs[j+1])
		}
		texts = append(texts, e)
	}
	got, err := MachinePerplexity(t.Context(), backend, l.Dense, texts, func(_ Site, h *attention.Head, context []float32) error {
		for i, v := range attention.Attend(h, attention.Full(h)) {
			context[i] = float32(v)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.Tokens != 17+18+19 {
		t.Errorf("%d tokens were predicted, must be 54", got.Tokens)
	}
	for i := range want {
		if math.Abs(got.Loss[i]-want[i]) > 0.02*want[i] {
			t.Errorf("text %d: loss is %v, must be %v", i, got.Loss[i], want[i])
		}
	}
	if _, err := MachinePerplexity(t.Context(), backend, classifier(t), texts, nil); err == nil {
		t.Error("a classifier was accepted")
	}
}

func classifier(t *testing.T) *transformer.Encoder {
	t.Helper()
	m, err := transformer.NewEncoder(transformer.Tiny(24, 19, 2), 1)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
