package pruning

import (
	"fmt"
	"math"
	"slices"
)

// Generation is cascade pruning of a decoder (SpAtten, HPCA 2021, section III): tokens and heads earn importance over the
// layers and over the tokens that are written one after the other, and those that fall out of a layer are out of it, and of
// all deeper ones, for every later token too.
//
// The prompt is read with nothing pruned, as in the authors' workload files, but earns importance. The token being written
// always sees itself. The files have a flag that rescales what was earned before a new token starts and do not say by how
// much; Rescale is that factor, 1 keeps everything (assumed).
type Generation struct {
	o          GenerationOptions
	tokens     []float64 // earned
	heads      []float64
	tokenGone  []int // first layer that a token is out of; Layers = none
	headGone   []int
	generating bool
}

// GenerationOptions of NewGeneration.
type GenerationOptions struct {
	Tokens  []float64 // pruned share of the text so far, one a layer, not falling
	Heads   []float64 // pruned share of the heads, one a layer, not falling
	Rescale float64   // of the earned importance of tokens, for each new token, in (0,1]
	Recent  int       // newest tokens that stay whatever they earned, the one being written included; at least 1
}

// Validate names the first field that no cascade can follow.
func (o GenerationOptions) Validate() error {
	for _, s := range []struct {
		name   string
		ratios []float64
	}{{"Tokens", o.Tokens}, {"Heads", o.Heads}} {
		for l, r := range s.ratios {
			switch {
			case !(r >= 0 && r < 1):
				return fmt.Errorf("pruning: GenerationOptions.%s[%d] is %v, must be in [0,1)", s.name, l, r)
			case l > 0 && r < s.ratios[l-1]:
				return fmt.Errorf("pruning: GenerationOptions.%s[%d] is %v after %v: what a cascade pruned does not come back", s.name, l, r, s.ratios[l-1])
			}
		}
	}
	switch {
	case len(o.Tokens) < 1 || len(o.Tokens) != len(o.Heads):
		return fmt.Errorf("pruning: GenerationOptions.Tokens, Heads have %d and %d layers, must have the same number, at least 1", len(o.Tokens), len(o.Heads))
	case !(o.Rescale > 0 && o.Rescale <= 1):
		return fmt.Errorf("pruning: GenerationOptions.Rescale is %v, must be in (0,1]", o.Rescale)
	case o.Recent < 1:
		return fmt.Errorf("pruning: GenerationOptions.Recent is %d, must be at least 1", o.Recent)
	}
	return nil
}

// NewGeneration starts an empty text for a model of the given number of heads.
func NewGeneration(o GenerationOptions, heads int) (*Generation, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	g := &Generation{o: o, heads: make([]float64, heads), headGone: make([]int, heads)}
	for h := range g.headGone {
		g.headGone[h] = len(o.Tokens)
	}
	return g, nil
}

// With continues the same text, with what it has earned, under other pruning ratios; its Rescale must be the same, because
// it is part of what was earned.
func (g *Generation) With(o GenerationOptions) (*Generation, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if o.Rescale != g.o.Rescale || len(o.Tokens) != len(g.o.Tokens) {
		return nil, fmt.Errorf("pruning: GenerationOptions of %d layers with Rescale %v, must be %d and %v as in the text so far", len(o.Tokens), o.Rescale, len(g.o.Tokens), g.o.Rescale)
	}
	return &Generation{o: o, tokens: slices.Clone(g.tokens), heads: slices.Clone(g.heads), tokenGone: slices.Clone(g.tokenGone),
		headGone: slices.Clone(g.headGone), generating: g.generating}, nil
}

// Generate ends the prompt: from the next token on, layers prune.
func (g *Generation) Generate() { g.generating = true }

// Begin adds the next token of the text, which starts with nothing earned.
func (g *Generation) Begin() {
	for i := range g.tokens {
		g.tokens[i] *= g.o.Rescale
	}
	g.tokens = append(g.tokens, 0)
	g.tokenGone = append(g.tokenGone, len(g.o.Tokens))
}

// Length is the number of tokens so far.
func (g *Generation) Length() int { return len(g.tokens) }

// Tokens appends the tokens that a layer still has, ascending, to dst.
func (g *Generation) Tokens(layer int, dst []int32) []int32 {
	for j, gone := range g.tokenGone {
		if gone > layer {
			dst = append(dst, int32(j))
		}
	}
	return dst
}

// HasHead reports whether a layer still has a head.
func (g *Generation) HasHead(layer, head int) bool { return g.headGone[head] > layer }

// AddProbabilities credits tokens with the attention that one head paid them: p[i] goes to token keys[i].
func (g *Generation) AddProbabilities(p []float32, keys []int32) {
	for i, x := range p {
		g.tokens[keys[i]] += float64(x)
	}
}

// AddOutput credits a head with the magnitude of what it put out.
func (g *Generation) AddOutput(head int, output []float32) {
	for _, x := range output {
		g.heads[head] += math.Abs(float64(x))
	}
}

// TokenImportance is what each token has earned so far; the slice is the generation's own.
func (g *Generation) TokenImportance() []float64 { return g.tokens }

// EndLayer prunes for the layer that comes next: the one after layer, or, after the last, layer 0 of the next token.
func (g *Generation) EndLayer(layer int) {
	if !g.generating {
		return
	}
	next := (layer + 1) % len(g.o.Tokens)
	n := len(g.tokens)
	old := max(0, n-g.o.Recent)
	recent := 0 // of those, what the layer still has; a token that is out stays out
	for _, gone := range g.tokenGone[old:] {
		if gone > next {
			recent++
		}
	}
	cut(g.tokens[:old], g.tokenGone[:old], next, max(0, Keep(n, g.o.Tokens[next])-recent))
	cut(g.heads, g.headGone, next, Keep(len(g.heads), g.o.Heads[next]))
}

// cut leaves the most important keep of those that a layer still has; among equals the first stay.
func cut(earned []float64, gone []int, layer, keep int) {
	var list []int
	var value []float64
	for j, at := range gone {
		if at > layer {
			list, value = append(list, j), append(value, earned[j])
		}
	}
	if keep >= len(list) {
		return
	}
	kept := make([]bool, len(list))
	if keep > 0 {
		for _, i := range QuickSelect(value, keep, nil).Filter(value) {
			kept[i] = true
		}
	}
	for i, j := range list {
		if !kept[i] {
			gone[j] = layer
		}
	}
}
