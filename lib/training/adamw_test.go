package training

import (
	"math"
	"slices"
	"testing"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// TestMomentsFollowTheRule trains three steps and recomputes AdamW in plain Go from the first moments: the gradient of a step
// is (m_t - 0.9 m_t-1)/0.1, and the second moment and the parameter follow from it.
func TestMomentsFollowTheRule(t *testing.T) {
	b, err := transformer.OpenBackend("")
	if err != nil {
		t.Fatal(err)
	}
	spec := transformer.Spec{Layers: 1, Hidden: 8, Heads: 2, FFN: 8, Tokens: 4, Vocabulary: 8, Classes: 2}
	m, err := transformer.NewEncoder(spec, 1)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newStepper(b, m, nil, Options{}.withDefaults())
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	const name, rate, decay = "pooler/weights", 1e-2, 0.01
	get := func(n string) []float32 {
		v, err := m.Values(n)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for step := 1; step <= 3; step++ {
		value, first, second := get(name), get(firstMoment(name)), get(secondMoment(name))
		batch := datasets.Batch{Size: 2, Tokens: 4, Count: 2, IDs: []int32{2, 5, 6, int32(4 + step), 2, 7, 5, 0}, Lengths: []int32{4, 3}, Labels: []int32{0, 1}}
		for b := range s.prepare(slices.Values([]datasets.Batch{batch}), 0, 0) {
			if _, err := s.step(b, rate, 0, step); err != nil {
				t.Fatal(err)
			}
		}
		value2, first2, second2 := get(name), get(firstMoment(name)), get(secondMoment(name))
		moved := false
		for i := range value {
			g := (float64(first2[i]) - beta1*float64(first[i])) / (1 - beta1)
			v := beta2*float64(second[i]) + (1-beta2)*g*g
			if math.Abs(v-float64(second2[i])) > 1e-3*v+1e-12 {
				t.Fatalf("step %d: second moment %d is %v, want %v", step, i, second2[i], v)
			}
			c1, c2 := 1-math.Pow(beta1, float64(step)), 1-math.Pow(beta2, float64(step))
			direction := float64(first2[i]) / c1 / (math.Sqrt(v/c2) + adamEpsilon)
			want := float64(value[i]) - rate*(direction+decay*float64(value[i]))
			if math.Abs(want-float64(value2[i])) > 2e-4 {
				t.Fatalf("step %d: parameter %d is %v, want %v", step, i, value2[i], want)
			}
			moved = moved || value[i] != value2[i]
		}
		if !moved {
			t.Fatalf("step %d moved nothing", step)
		}
	}
}
