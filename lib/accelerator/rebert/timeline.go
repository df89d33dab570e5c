package rebert

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// Kind says what an operation does: the four below, or Passed plus the index of a stage.
type Kind uint8

const (
	Generated  Kind = iota // a key, value and query made for the first layer, one a step
	KeyWritten             // a key written to the arrays
	Multiplied             // the inner product of a word with its keys
	Passed                 // a stage of the chain; Passed+i is stage i
)

// Operation is one box of a timeline.
type Operation struct {
	Kind       Kind
	Layer      int
	Word       int // in the batch, from 0
	Start, End time.Duration
	Name       string // of the kind or the stage
}

// Slot is the number of the step in which the operation starts, from 1: T1 is the first step, as the paper's figures count.
func (o Operation) Slot(step time.Duration) int { return int(o.Start/step) + 1 }

func (o Operation) String() string {
	return fmt.Sprintf("layer %d, word %d: %s %v..%v", o.Layer, o.Word, o.Name, o.Start, o.End)
}

// Timeline is Simulate with every operation, sorted by layer, kind and word.
func (s Spec) Timeline(ctx context.Context, w Workload) ([]Operation, Report, error) {
	var operations []Operation
	r, err := s.simulate(ctx, w, func(o Operation) {
		switch o.Kind {
		case Generated:
			if o.Layer > 0 {
				return // that is the last stage of the layer before
			}
			o.Name = "generate key"
		case KeyWritten:
			o.Name = "write key"
		case Multiplied:
			o.Name = "inner product"
		default:
			o.Name = s.Stages[o.Kind-Passed].Name
		}
		operations = append(operations, o)
	})
	if err != nil {
		return nil, Report{}, err
	}
	slices.SortFunc(operations, func(a, b Operation) int {
		return cmp.Or(cmp.Compare(a.Layer, b.Layer), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Word, b.Word))
	})
	return operations, r, nil
}

// Starts is the slots, from 1, in which the inner products of one layer start, word by word.
func Starts(operations []Operation, layer int, step time.Duration) []int {
	var slots []int
	for _, o := range operations {
		if o.Kind == Multiplied && o.Layer == layer {
			slots = append(slots, o.Slot(step))
		}
	}
	return slots
}

// Hazard is one row of the paper's timelines (Fig. 9 and 13).
type Hazard struct {
	Name       string
	Slots      []int // of the inner products of the words
	Total      float64
	Step       time.Duration
	Operations []Operation
}

// Hazards runs the paper's example: six words, one layer, a window of one word to either side and nothing behind the inner
// product. It gives full attention, the window alone, basic and advanced.
func Hazards(ctx context.Context) ([]Hazard, error) {
	var hazards []Hazard
	full := Ideal()
	full.Name, full.Windowed = "full", false
	window := Ideal()
	window.Name = "window"
	for _, s := range []Spec{full, window, Basic(), Advanced()} {
		operations, r, err := s.WithDepth(0).Timeline(ctx, Uniform(Encoder("example", 1, 64, 1, 256), 6, 1))
		if err != nil {
			return nil, err
		}
		hazards = append(hazards, Hazard{s.Name, Starts(operations, 0, s.Step()), r.Steps, s.Step(), operations})
	}
	return hazards, nil
}
