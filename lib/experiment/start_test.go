package experiment_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// A stacked start fills every layer of a deeper classifier, each with the weights of the layer that it repeats.
func TestStacked(t *testing.T) {
	spec := transformer.Spec{Layers: 2, Hidden: 8, Heads: 2, FFN: 16, Tokens: 6, Vocabulary: 9, Classes: 2}
	m, err := transformer.NewEncoder(spec, 3)
	if err != nil {
		t.Fatal(err)
	}
	s := &experiment.Start{Name: "tiny", Spec: spec}
	if s.Tensors, err = m.Tensors(); err != nil {
		t.Fatal(err)
	}
	deep, err := s.Stacked(3)
	if err != nil {
		t.Fatal(err)
	}
	c, err := deep.Classifier(6, 4, 0.1, 1)
	if err != nil {
		t.Fatal(err)
	}
	if c.Spec.Layers != 6 || s.Spec.Layers != 2 {
		t.Errorf("%d layers from %d, must be 6 from 2", c.Spec.Layers, s.Spec.Layers)
	}
	ts, err := c.Tensors()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string][]float32{}
	for _, x := range ts {
		values[x.Name] = x.Values
	}
	checked := 0
	for _, x := range s.Tensors {
		base, found := strings.CutPrefix(x.Name, "layer_1/")
		if !found {
			continue
		}
		checked++
		for _, layer := range []string{"layer_1/", "layer_3/", "layer_5/"} {
			if !slices.Equal(values[layer+base], x.Values) {
				t.Errorf("%s%s is not that of layer 1", layer, base)
			}
		}
	}
	if checked == 0 {
		t.Error("no tensor of a layer was compared")
	}
	if _, err := s.Stacked(0); err == nil || !strings.Contains(err.Error(), "0 times") {
		t.Errorf("no layer: %v", err)
	}
}
