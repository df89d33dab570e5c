package transformer

import (
	"fmt"
	"math"
)

// Head says what is read from the last layer.
type Head string

const (
	Pooled    Head = ""         // one row of Classes logits an input, from the first token through BERT's tanh pooler
	EachToken Head = "token"    // Classes logits at every token: answer spans, tags
	Language  Head = "language" // Vocabulary logits at every token, weights tied to the token embedding: language modelling
)

// Family says which blocks a model is made of.
type Family string

const (
	BERT    Family = ""        // norm behind each part, learned positions, GELU, biases
	PreNorm Family = "prenorm" // the same parts with the norm in front, as in ViT and GPT-2, and one norm at the end
	Llama   Family = "llama"   // RMS norm in front, rotary positions, SwiGLU, no biases; a causal language model
)

// Spec is the shape of a model.
type Spec struct {
	Family     Family `json:",omitempty"`
	Layers     int    // transformer blocks
	Hidden     int    // width of the residual stream; Hidden/Heads is the head dimension d
	Heads      int
	KVHeads    int     `json:",omitempty"` // Llama: heads of K and V, each shared by Heads/KVHeads query heads; 0 = Heads
	FFN        int     // width of the feed-forward layer
	Tokens     int     // longest input, the first (CLS) token included
	Vocabulary int     // token ids are 0..Vocabulary-1; 0 is padding
	Classes    int     // logits of the head; 1 in a regression, unused by the Language head
	Dropout    float64 // share of activations dropped while training, in [0,1)
	Head       Head    `json:",omitempty"`
	Patch      int     `json:",omitempty"` // values of one image patch when inputs are patches; 0 = inputs are token ids
	Causal     bool    `json:",omitempty"` // a token sees itself and what is before it

	// Deviation of the initial weights; 0 = BERT's 0.02, which fits its width of 768. A narrow model whose attention must become
	// sharp learns sooner from about 1/sqrt(Hidden).
	Deviation float64 `json:",omitempty"`
	// Sines lets learned positions start as sines and cosines of falling frequency, as the transformers of Long Range Arena
	// have them, instead of at random: distances can then be told from the first step.
	Sines bool `json:",omitempty"`
}

// Tiny is BERT-tiny's shape (L 2, H 128, A 2), the reference encoder of the workbench's benchmarks. Its head dimension is
// 64, the vector length of the machines.
func Tiny(tokens, vocabulary, classes int) Spec {
	return Spec{Layers: 2, Hidden: 128, Heads: 2, FFN: 512, Tokens: tokens, Vocabulary: vocabulary, Classes: classes, Dropout: 0.1}
}

// Mini is BERT-mini's shape (L 4, H 256, A 4).
func Mini(tokens, vocabulary, classes int) Spec {
	return Spec{Layers: 4, Hidden: 256, Heads: 4, FFN: 1024, Tokens: tokens, Vocabulary: vocabulary, Classes: classes, Dropout: 0.1}
}

// Validate names the first field that cannot be built.
func (s Spec) Validate() error {
	for _, f := range []struct {
		name     string
		value    int
		min, max int
	}{
		{"Layers", s.Layers, 1, 96},
		{"Hidden", s.Hidden, 1, 1 << 14},
		{"Heads", s.Heads, 1, max(1, s.Hidden)},
		{"FFN", s.FFN, 1, 1 << 16},
		{"Tokens", s.Tokens, 1, 1 << 16},
		{"Vocabulary", s.Vocabulary, 2, 1 << 20},
		{"Classes", s.Classes, 1, 1 << 16},
		{"Patch", s.Patch, 0, 1 << 16},
	} {
		if f.value < f.min || f.value > f.max {
			return fmt.Errorf("transformer: Spec.%s is %d, must be in %d..%d", f.name, f.value, f.min, f.max)
		}
	}
	if s.Hidden%s.Heads != 0 {
		return fmt.Errorf("transformer: Spec.Hidden is %d, must be a multiple of Spec.Heads (%d)", s.Hidden, s.Heads)
	}
	switch s.Head {
	case Pooled, EachToken, Language:
	default:
		return fmt.Errorf("transformer: Spec.Head is %q, must be %q, %q or %q", s.Head, Pooled, EachToken, Language)
	}
	if s.Head == Language && s.Patch > 0 {
		return fmt.Errorf("transformer: Spec.Patch is %d, must be 0 with the head %q", s.Patch, Language)
	}
	if !(s.Deviation >= 0 && s.Deviation <= 1) {
		return fmt.Errorf("transformer: Spec.Deviation is %v, must be in [0,1]", s.Deviation)
	}
	if s.Sines && s.Family == Llama {
		return fmt.Errorf("transformer: Spec.Sines is true, must be false with Spec.Family %q, whose positions are rotations", Llama)
	}
	if !(s.Dropout >= 0 && s.Dropout < 1) {
		return fmt.Errorf("transformer: Spec.Dropout is %v, must be in [0,1)", s.Dropout)
	}
	return s.validateFamily()
}

// HeadDim is d, the length of a query, key or value vector.
func (s Spec) HeadDim() int { return s.Hidden / s.Heads }

// MultiplyAdds is the number of multiply-adds of one forward pass of one input of n tokens, with logits at every token for
// the heads that have them; a training step costs about three times as many.
func (s Spec) MultiplyAdds(n int) int64 {
	N, H, F := int64(n), int64(s.Hidden), int64(s.FFN)
	layer := 4*N*H*H + 2*N*N*H + 2*N*H*F
	total := int64(s.Layers)*layer + N*H*int64(s.Patch)
	switch s.Head {
	case EachToken:
		return total + N*H*int64(s.Classes)
	case Language:
		return total + N*(H*H+H*int64(s.Vocabulary))
	}
	return total + H*H + H*int64(s.Classes)
}

func (s Spec) scoreScale() float64 { return 1 / math.Sqrt(float64(s.HeadDim())) }
