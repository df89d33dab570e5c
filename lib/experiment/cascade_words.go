package experiment

import (
	"context"
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// SurvivingWords are the words of an example and which of them each layer keeps.
type SurvivingWords struct {
	Words  []string
	Layers [][]int
}

// Survive runs one example of a model through its fine-tuned cascade.
func Survive(ctx context.Context, backend compute.Backend, m *Model, tuned *transformer.Encoder, example int, tokens float64) (*SurvivingWords, error) {
	c, err := CascadeOf(tuned.Spec.Layers, tokens, 0, 1)
	if err != nil {
		return nil, err
	}
	if example < 0 || example >= len(m.Test) {
		return nil, fmt.Errorf("experiment: example is %d, must be in 0..%d", example, len(m.Test)-1)
	}
	score, err := Cascading(ctx, backend, tuned, m.Test[example:example+1], c, func(int) bool { return true })
	if err != nil {
		return nil, err
	}
	return &SurvivingWords{Words: m.Words(example), Layers: score.Survivors[0]}, nil
}

// Mask has a row a layer and a column a word.
func (s *SurvivingWords) Mask() *attention.Mask {
	m := attention.NewMask(len(s.Layers), len(s.Words))
	for l, alive := range s.Layers {
		for _, t := range alive {
			m.Keep(l, t)
		}
	}
	return m
}

// Names are those of the rows.
func (s *SurvivingWords) Names() (names []string) {
	for l := range s.Layers {
		names = append(names, fmt.Sprintf("layer %d", l+1))
	}
	return names
}

// Legible is the i-th test example of 10 to 24 tokens all of which the vocabulary knows: short enough to be written on a page.
func Legible(m *Model, i int) int {
	last := 0
	for e := range m.Test {
		words := m.Words(e)
		if len(words) < 10 || len(words) > 24 || slices.Contains(words, m.Vocabulary.Token(1)) {
			continue
		}
		if last = e; i == 0 {
			return e
		}
		i--
	}
	return last
}
