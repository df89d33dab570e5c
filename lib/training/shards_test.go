package training

import (
	"math"
	"slices"
	"testing"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// lastOfEpoch is a batch of every kind of target whose rows have other lengths, the last two being filling.
func lastOfEpoch() datasets.Batch {
	const size, count, tokens = 8, 6, 6
	b := datasets.Batch{Size: size, Tokens: tokens, Count: count, IDs: make([]int32, size*tokens), Lengths: make([]int32, size),
		Labels: make([]int32, size), Scores: make([]float32, size), Spans: make([][2]int32, size), Examples: make([]int, size),
		Inner: slices.Repeat([]int32{-1}, size*tokens)}
	for r := range size {
		b.IDs[r*tokens], b.Lengths[r], b.Labels[r], b.Examples[r] = datasets.CLS, 1, -1, -1
		if r >= count {
			continue
		}
		n := 3 + r%4
		for t := 1; t < n; t++ {
			b.IDs[r*tokens+t], b.Inner[r*tokens+t] = int32(11-t), int32((r+t)%3-1)
		}
		b.Lengths[r], b.Labels[r], b.Scores[r], b.Spans[r], b.Examples[r] = int32(n), int32(r%2), float32(r), [2]int32{1, int32(n - 1)}, r
	}
	return b
}

// The moments of AdamW after one step are multiples of the gradients, and the parameters follow from them.
func TestShardsMakeTheStepOfTheWholeBatch(t *testing.T) {
	b, err := transformer.OpenBackend("")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		objective Objective
		hook      Hook
		change    func(*transformer.Spec)
	}{
		{Classification{}, nil, func(*transformer.Spec) {}},
		{Classification{}, LeOPArd(2, 0.5), func(*transformer.Spec) {}},
		{Classification{}, &Cascade{Tokens: []float64{0, 0.5}, Heads: []float64{0, 0.5}}, func(*transformer.Spec) {}},
		{Nested{Weight: 0.3}, nil, func(*transformer.Spec) {}},
		{Regression{}, LeOPArd(2, 0.5), func(s *transformer.Spec) { s.Classes = 1 }},
		{Span{}, nil, func(s *transformer.Spec) { s.Head = transformer.EachToken }},
		{MaskedLanguage{}, nil, func(s *transformer.Spec) { s.Head = transformer.Language }},
		{CausalLanguage{}, LeOPArd(2, 0.5), func(s *transformer.Spec) { s.Head, s.Causal = transformer.Language, true }},
	} {
		spec := transformer.Spec{Layers: 2, Hidden: 8, Heads: 2, FFN: 16, Tokens: 6, Vocabulary: 12, Classes: 2}
		c.change(&spec)
		step := func(shards int) (task float64, moments map[string][]float32) {
			m, err := transformer.NewEncoder(spec, 3)
			if err != nil {
				t.Fatal(err)
			}
			s, err := newStepper(b, m, c.hook, Options{Objective: c.objective, Shards: shards}.withDefaults())
			if err != nil {
				t.Fatal(err)
			}
			defer s.close()
			for p := range s.prepare(slices.Values([]datasets.Batch{lastOfEpoch()}), 0, 0) {
				if len(p.shards) != min(shards, p.Size) {
					t.Fatalf("%d shards, want %d", len(p.shards), shards)
				}
				if task, err = s.step(p, 1e-3, 1e-3, 1); err != nil {
					t.Fatal(err)
				}
			}
			moments = map[string][]float32{}
			for _, g := range []group{s.weights, s.hooks} {
				for _, n := range g.names {
					if moments[n], err = m.Values(firstMoment(n)); err != nil {
						t.Fatal(err)
					}
				}
			}
			return task, moments
		}
		task, want := step(1)
		for _, shards := range []int{2, 3, 9} {
			got, moments := step(shards)
			if math.Abs(got-task) > 1e-5*math.Abs(task) {
				t.Errorf("%s: the loss of %d shards is %v, want %v", c.objective.Name(), shards, got, task)
			}
			for n, values := range want {
				for i, v := range values {
					if math.Abs(float64(moments[n][i]-v)) > 1e-7+1e-4*math.Abs(float64(v)) {
						t.Fatalf("%s, %T, %d shards: the gradient of %s has %v at %d, want %v", c.objective.Name(), c.hook, shards, n, 10*moments[n][i], i, 10*v)
					}
				}
			}
		}
	}
}

func TestHookThatNeedsTheWholeBatchGetsIt(t *testing.T) {
	b, err := transformer.OpenBackend("")
	if err != nil {
		t.Fatal(err)
	}
	pressed := LeOPArd(2, 1)
	pressed.Target = 0.5
	for _, h := range []Hook{pressed, DOTA(0.5, 1), &Cascade{Vary: true}} {
		if n := (Options{Shards: 4}).shardsOn(b, h); n != 1 {
			t.Errorf("%T is given a batch in %d shards", h, n)
		}
	}
}
