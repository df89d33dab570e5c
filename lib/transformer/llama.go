package transformer

import (
	"fmt"
	"math"
)

// LlamaSpec is a Llama-type decoder (Touvron et al., 2023) over a vocabulary; kvHeads 0 gives every head its own K and V.
func LlamaSpec(layers, hidden, heads, kvHeads, ffn, tokens, vocabulary int) Spec {
	return Spec{Family: Llama, Layers: layers, Hidden: hidden, Heads: heads, KVHeads: kvHeads, FFN: ffn, Tokens: tokens,
		Vocabulary: vocabulary, Classes: 1, Head: Language, Causal: true}
}

// validateFamily checks what depends on the family.
func (s Spec) validateFamily() error {
	switch s.Family {
	case BERT, PreNorm:
		if s.KVHeads != 0 {
			return fmt.Errorf("transformer: Spec.KVHeads is %d, must be 0 outside family %q", s.KVHeads, Llama)
		}
	case Llama:
		switch {
		case s.KVHeads < 0 || s.Heads%s.kvHeads() != 0:
			return fmt.Errorf("transformer: Spec.KVHeads is %d, must divide Spec.Heads (%d)", s.KVHeads, s.Heads)
		case s.HeadDim()%2 != 0:
			return fmt.Errorf("transformer: Spec.Hidden/Heads is %d, must be even: rotary positions turn pairs", s.HeadDim())
		case !s.Causal || s.Head != Language:
			return fmt.Errorf("transformer: Spec.Causal is %v and Spec.Head %q, must be true and %q in family %q", s.Causal, s.Head, Language, Llama)
		}
	default:
		return fmt.Errorf("transformer: Spec.Family is %q, must be %q (BERT), %q or %q", s.Family, BERT, PreNorm, Llama)
	}
	return nil
}

func (s Spec) kvHeads() int {
	if s.KVHeads == 0 {
		return s.Heads
	}
	return s.KVHeads
}

// kvWidth is the width of K, and of V, of one token.
func (s Spec) kvWidth() int { return s.kvHeads() * s.HeadDim() }

func (s Spec) llamaParameters() []Parameter {
	gain := func(name string) Parameter {
		return Parameter{Name: name + "/gain", Shape: []int{s.Hidden}, init: ones}
	}
	dense := func(name string, in, out int) Parameter {
		return Parameter{Name: name + "/weights", Shape: []int{in, out}, Decay: true, init: normal}
	}
	ps := []Parameter{{Name: "embedding/token", Shape: []int{s.Vocabulary, s.Hidden}, Decay: true, init: normal}}
	for l := range s.Layers {
		at := func(name string) string { return layerName(l, name) }
		ps = append(ps,
			gain(at("attention_norm")),
			dense(at("qkv"), s.Hidden, s.Hidden+2*s.kvWidth()),
			dense(at("output"), s.Hidden, s.Hidden),
			gain(at("ffn_norm")),
			dense(at("gate"), s.Hidden, s.FFN),
			dense(at("expand"), s.Hidden, s.FFN),
			dense(at("contract"), s.FFN, s.Hidden))
	}
	return append(ps, gain("norm"))
}

// Llama's constants.
const (
	rmsEpsilon = 1e-5
	ropeBase   = 10000
)

// rotation is the cosine and sine by which position turns pair i of a head's vector: angle position x base^(-2i/d).
func (s Spec) rotation(position, i int) (cos, sin float32) {
	angle := float64(position) * math.Pow(ropeBase, -float64(2*i)/float64(s.HeadDim()))
	return float32(math.Cos(angle)), float32(math.Sin(angle))
}

// CacheHeads is the number of heads of K and V that a decoder caches.
func (s Spec) CacheHeads() int { return s.kvHeads() }
