package transformer

import (
	"fmt"
	"math"
)

// Spec is the shape of an encoder classifier.
type Spec struct {
	Layers     int // transformer blocks
	Hidden     int // width of the residual stream; Hidden/Heads is the head dimension d
	Heads      int
	FFN        int // width of the feed-forward layer
	Tokens     int // longest input, the first (CLS) token included
	Vocabulary int // token ids are 0..Vocabulary-1; 0 is padding
	Classes    int
	Dropout    float64 // share of activations dropped while training, in [0,1)
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
		{"Classes", s.Classes, 2, 1 << 16},
	} {
		if f.value < f.min || f.value > f.max {
			return fmt.Errorf("transformer: Spec.%s is %d, must be in %d..%d", f.name, f.value, f.min, f.max)
		}
	}
	if s.Hidden%s.Heads != 0 {
		return fmt.Errorf("transformer: Spec.Hidden is %d, must be a multiple of Spec.Heads (%d)", s.Hidden, s.Heads)
	}
	if !(s.Dropout >= 0 && s.Dropout < 1) {
		return fmt.Errorf("transformer: Spec.Dropout is %v, must be in [0,1)", s.Dropout)
	}
	return nil
}

// HeadDim is d, the length of a query, key or value vector.
func (s Spec) HeadDim() int { return s.Hidden / s.Heads }

// MultiplyAdds is the number of multiply-adds of one forward pass of one input of n tokens; a training step costs about
// three times as many.
func (s Spec) MultiplyAdds(n int) int64 {
	N, H, F := int64(n), int64(s.Hidden), int64(s.FFN)
	layer := 4*N*H*H + 2*N*N*H + 2*N*H*F
	return int64(s.Layers)*layer + H*H + H*int64(s.Classes)
}

func (s Spec) scoreScale() float64 { return 1 / math.Sqrt(float64(s.HeadDim())) }
