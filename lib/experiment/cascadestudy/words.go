package cascadestudy

import (
	"context"
	"fmt"
	"slices"

	"github.com/gomlx/compute"

	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/experiment"
)

// SurvivingWords are the words of an example and which of them each layer keeps.
type SurvivingWords struct {
	Words  []string
	Layers [][]int
}

// Survive runs one held-out example through the model with the given mean pruned share of tokens.
func (c *Cascaded) Survive(ctx context.Context, backend compute.Backend, example int, tokens float64) (*SurvivingWords, error) {
	cascade, err := experiment.CascadeOf(c.Model.Spec.Layers, tokens, 0, 1)
	if err != nil {
		return nil, err
	}
	if example < 0 || example >= len(c.Held) {
		return nil, fmt.Errorf("cascadestudy: example is %d, must be in 0..%d", example, len(c.Held)-1)
	}
	score, err := experiment.Cascading(ctx, backend, c.Model, c.Held[example:example+1], cascade, func(int) bool { return true })
	if err != nil {
		return nil, err
	}
	return &SurvivingWords{Words: c.words(example), Layers: score.Survivors[0]}, nil
}

// words are the tokens of a held-out example, CLS first.
func (c *Cascaded) words(example int) (words []string) {
	for _, id := range c.Held[example].IDs {
		words = append(words, c.Data.Vocabulary.Token(id))
	}
	return words
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

// Legible is the i-th held-out example of 10 to 24 tokens all of which the vocabulary knows: short enough to be written on a page.
func (c *Cascaded) Legible(i int) int {
	last := 0
	for e := range c.Held {
		words := c.words(e)
		if len(words) < 10 || len(words) > 24 || slices.Contains(words, c.Data.Vocabulary.Token(1)) {
			continue
		}
		if last = e; i == 0 {
			return e
		}
		i--
	}
	return last
}
