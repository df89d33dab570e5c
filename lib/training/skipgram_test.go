package training_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/sparse-attention/workbench/lib/training"
)

// Tokens 5..9 occur among each other and 10..14 among each other: vectors of one kind must point the same way.
func TestSkipGramGroupsNeighbours(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var texts [][]int32
	for i := range 400 {
		text := make([]int32, 20)
		for j := range text {
			text[j] = int32(5 + 5*(i%2) + rng.IntN(5))
		}
		texts = append(texts, text)
	}
	o := training.SkipGram{Width: 8, Epochs: 4, Subsample: 1, Seed: 1}
	v, err := o.Learn(t.Context(), texts, 15, 5)
	if err != nil {
		t.Fatal(err)
	}
	cosine := func(a, b int) float64 {
		var ab, aa, bb float64
		for i := range 8 {
			x, y := float64(v[8*a+i]), float64(v[8*b+i])
			ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
		}
		return ab / math.Sqrt(aa*bb)
	}
	if same, other := cosine(5, 7), cosine(5, 12); same < 0.7 || same < other+0.5 {
		t.Errorf("cosine is %v within a kind and %v between kinds", same, other)
	}
	again, _ := o.Learn(t.Context(), texts, 15, 5)
	for i := range v {
		if v[i] != again[i] {
			t.Fatal("the same seed gives other vectors")
		}
	}
	if _, err := o.Learn(t.Context(), [][]int32{{5, 15}}, 15, 5); err == nil {
		t.Error("a token outside the vocabulary is accepted")
	}
}
