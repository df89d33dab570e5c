package experiment

import (
	"context"
	"fmt"

	"github.com/sparse-attention/workbench/lib/transformer"
)

// Survivors is a text that a decoder wrote under a cascade, with what each layer still looked at.
type Survivors struct {
	Pieces  []string    // one a token, prompt and continuation, without the token that starts a text
	Prompt  int         // how many of them were given
	Looked  [][]float64 // layers x tokens: share of the written tokens behind a token that looked at it in the layer; NaN where none could
	At      [][]bool    // layers x tokens: still looked at by the last token
	Fetched Fetched
}

// Text is the whole text.
func (s *Survivors) Text() (given, written string) {
	for i, p := range s.Pieces {
		if i < s.Prompt {
			given += p
		} else {
			written += p
		}
	}
	return given, written
}

// Survive lets the model continue a prompt greedily until the text has total tokens, under a Decoding.
func (m *LanguageModel) Survive(ctx context.Context, prompt string, total int, o Decoding) (*Survivors, error) {
	ids := m.Encode(prompt)
	layers := m.Decoder.Spec.Layers
	if len(ids) < 2 || total <= len(ids) || total > m.Decoder.Spec.Tokens {
		return nil, fmt.Errorf("experiment: %d tokens with a prompt of %d, must be in %d..%d", total, len(ids), len(ids)+1, m.Decoder.Spec.Tokens)
	}
	prompted, err := Prompt(ctx, m.Decoder, []Passage{{Prompt: ids[:len(ids)-1]}}, o.Rescale)
	if err != nil {
		return nil, err
	}
	d, session, err := prompted.start(0, o.withDefaults())
	if err != nil {
		return nil, err
	}
	last := make([][]int32, layers)
	looks := make([][]int, layers) // how often a token was looked at
	for l := range looks {
		looks[l] = make([]int, total)
	}
	d.watch = func(layer int, tokens []int32) {
		last[layer] = append(last[layer][:0], tokens...)
		for _, j := range tokens {
			looks[layer][j]++
		}
	}
	for n := len(ids); ; n++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		logits, err := session.Step(ids[n-1])
		if err != nil {
			return nil, err
		}
		if n == total {
			break
		}
		ids = append(ids, transformer.Likeliest(logits))
	}
	s := &Survivors{Pieces: m.Pieces(ids[1:]), Prompt: len(m.Encode(prompt)) - 1, Fetched: d.fetched}
	for l := range layers {
		looked, at := make([]float64, total-1), make([]bool, total-1)
		for j := range looked {
			could := total - max(j+1, s.Prompt) // steps from the last of the prompt on, and from the token itself on
			looked[j] = float64(looks[l][j+1]) / float64(could)
		}
		for _, j := range last[l] {
			if j > 0 {
				at[j-1] = true
			}
		}
		s.Looked, s.At = append(s.Looked, looked), append(s.At, at)
	}
	return s, nil
}
