package rebert_test

import (
	"context"
	"testing"
	"time"

	"github.com/sparse-attention/workbench/lib/accelerator/rebert"
	"pgregory.net/rapid"
)

// Sentence after sentence: without structural hazard the words stream through without a gap, a step each.
func TestBatchStreams(t *testing.T) {
	for _, s := range []rebert.Spec{rebert.Ideal(), rebert.Advanced()} {
		w := example(24, 3, 7, 0, 5)
		one := simulate(t, s, w)
		w.Batch = 5
		if got := simulate(t, s, w); got.Steps != one.Steps+4*24 || got.Batch != 5 {
			t.Errorf("%s: five sentences take %v steps, one %v", s.Name, got.Steps, one.Steps)
		}
	}
	patient := rebert.Advanced()
	patient.WriteAhead = false
	w := example(24, 7, 7)
	w.Batch = 5
	if eager, late := simulate(t, rebert.Advanced(), w), simulate(t, patient, w); late.Steps <= eager.Steps {
		t.Errorf("writing ahead takes %v steps, waiting %v", eager.Steps, late.Steps)
	}
}

// Full attention needs all keys of a sentence until its last word, so that the next one's are written between the sentences:
// a half step each.
func TestBatchOfFullAttention(t *testing.T) {
	w := example(20, 0)
	one := simulate(t, rebert.Baseline(), w)
	w.Batch = 7
	if got := simulate(t, rebert.Baseline(), w); got.Steps != one.Steps+6*(1.5*20-0.5) {
		t.Errorf("seven sentences take %v steps, one %v", got.Steps, one.Steps)
	}
}

// One layer at a time: a layer begins when the one before has multiplied its last word.
func TestOneLayerInFlight(t *testing.T) {
	s := rebert.Ideal().WithDepth(3)
	s.InFlight = 1
	rapid.Check(t, func(t *rapid.T) {
		tokens := rapid.IntRange(1, 30).Draw(t, "tokens")
		half := rapid.SliceOfN(rapid.IntRange(0, tokens-1), 1, 5).Draw(t, "half")
		r, err := s.Simulate(context.Background(), example(tokens, half...))
		if err != nil {
			t.Fatal(err)
		}
		keys, free := make([]int, tokens), 0
		for j := range keys {
			keys[j] = j + 1
		}
		for _, w := range half {
			next, earliest := make([]int, tokens), free
			for i := range next {
				start := max(earliest, keys[min(i+w, tokens-1)])
				earliest = start + 1
				next[i] = start + 3 + 1
			}
			keys, free = next, earliest
		}
		if r.Steps != float64(keys[tokens-1]) || r.Peak != 1 {
			t.Fatalf("%v steps with at most %d layers at once, want %d and 1", r.Steps, r.Peak, keys[tokens-1])
		}
	})
}

// Whatever the machine and the batch, no operation breaks a rule.
func TestOperationsKeepTheRules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tokens := rapid.IntRange(1, 12).Draw(t, "tokens")
		half := rapid.SliceOfN(rapid.IntRange(0, tokens-1), 1, 4).Draw(t, "half")
		s := rapid.SampledFrom([]rebert.Spec{rebert.Baseline(), rebert.Basic(), rebert.Advanced(), rebert.Ideal()}).Draw(t, "machine")
		s = s.WithDepth(rapid.IntRange(0, 4).Draw(t, "depth"))
		for i := range s.Stages {
			s.Stages[i].Interval = rapid.IntRange(1, 3).Draw(t, "interval")
		}
		s.InFlight = rapid.IntRange(0, 3).Draw(t, "in flight")
		s.WriteAhead = rapid.Bool().Draw(t, "write ahead")
		s.Unslotted = rapid.Bool().Draw(t, "unslotted")
		s.Verify = rapid.IntRange(1, 30).Draw(t, "verify")
		s.ExtraKey = rebert.ExtraKey(rapid.IntRange(0, 2).Draw(t, "extra key"))
		w := example(tokens, half...)
		w.Batch = rapid.IntRange(1, 4).Draw(t, "batch")
		operations, r, err := s.Timeline(context.Background(), w)
		if err != nil {
			t.Fatal(err)
		}
		if s.InFlight > 0 && r.Peak > s.InFlight {
			t.Fatalf("%d layers at once, at most %d allowed", r.Peak, s.InFlight)
		}
		rules(t, s, w, operations)
	})
}

// rules checks the operations against the definition of the hazards.
func rules(t *rapid.T, s rebert.Spec, w rebert.Workload, operations []rebert.Operation) {
	total := w.Tokens * w.Batch
	made := make([]time.Duration, total) // keys of the layer
	by := func(layer int, kind rebert.Kind) []rebert.Operation {
		var of []rebert.Operation
		for _, o := range operations {
			if o.Layer == layer && o.Kind == kind {
				of = append(of, o)
			}
		}
		if len(of) != total {
			t.Fatalf("layer %d has %d operations of kind %d, want %d", layer, len(of), kind, total)
		}
		return of
	}
	for i, o := range by(0, rebert.Generated) {
		made[i] = o.End
	}
	for l, half := range w.Windows {
		slots := 2*half + 2
		if s.ExtraKey == rebert.NoExtra {
			slots--
		}
		if !s.Windowed {
			half, slots = w.Tokens-1, w.Tokens
		}
		slots = min(slots, w.Tokens)
		writes, products := by(l, rebert.KeyWritten), by(l, rebert.Multiplied)
		lastUser := func(key int) int {
			from := key / w.Tokens * w.Tokens
			return from + min(key-from+half, w.Tokens-1)
		}
		for i, o := range products {
			from := i / w.Tokens * w.Tokens
			if need := from + min(i-from+half, w.Tokens-1); o.Start < writes[need].End {
				t.Fatalf("%v, before key %d is written: %v", o, need, writes[need])
			}
			if i > 0 && o.Start < products[i-1].Start+s.Step() {
				t.Fatalf("%v, faster than the pipeline", o)
			}
			if writes[i].Start < made[i] {
				t.Fatalf("%v, before the key exists at %v", writes[i], made[i])
			}
			if old := i - slots; old >= 0 && writes[i].Start < products[lastUser(old)].End {
				t.Fatalf("%v, over key %d, which word %d still needs", writes[i], old, lastUser(old))
			}
		}
		if s.Port != rebert.Free {
			for _, a := range products {
				for _, b := range writes {
					if a.Start < b.End && b.Start < a.End {
						t.Fatalf("%v and %v share the port", a, b)
					}
				}
			}
		}
		for i, o := range products {
			made[i] = o.End
		}
		for g, stage := range s.Stages {
			passed := by(l, rebert.Passed+rebert.Kind(g))
			for i, o := range passed {
				if o.Start < made[i] || o.End-o.Start != s.Step()*time.Duration(stage.Steps) ||
					i > 0 && o.Start < passed[i-1].Start+s.Step()*time.Duration(stage.Interval) {
					t.Fatalf("%v, against stage %+v after %v", o, stage, made[i])
				}
				made[i] = o.End
			}
		}
	}
}
