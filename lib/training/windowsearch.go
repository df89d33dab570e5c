package training

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/sparse-attention/workbench/lib/legal"
)

// WindowSearch is ReBERT's search for the half-windows of a task (TCAD 2022; reference sheet, 2.2). Phase 1 shrinks one window of
// all layers while the score stays within the budget; phase 2 goes layer by layer and shrinks each as far as it will go. That
// there are two phases is published; the candidates, the order and the steps are assumed, and options here.
type WindowSearch struct {
	Layers     int
	Tokens     int     // N; half-windows are 0..N-1
	Budget     float64 // points of the score that may be lost, at least 0
	Candidates []int   // phase 1, descending; nil = N/2, 3N/8, N/4, 3N/16, N/8 ... 1
	Order      WindowOrder
	Step       WindowStep
	Misses     int  // candidates of phase 1 out of budget that are passed over before it ends; the sheet's search has 0
	GlobalOnly bool // phase 1 only
	Observer   Observer
}

// WindowOrder says which layer phase 2 takes first.
type WindowOrder uint8

const (
	FirstToLast WindowOrder = iota
	LastToFirst
	ByCost // in each round the layer that loses least of the score for a word of window saved; a step saves the same time in all layers

	windowOrders
)

func (o WindowOrder) String() string {
	return legal.Name(o, "WindowOrder", "first to last", "last to first", "by cost")
}

// WindowStep says how phase 2 shrinks a window.
type WindowStep uint8

const (
	HalveThenOne WindowStep = iota // halves while it can, then one word less at a time
	Halve                          // halves
	One                            // one word less at a time
	Bisect                         // halves while it can, then bisects between the last window within the budget and the first out of it

	windowSteps
)

func (s WindowStep) String() string {
	return legal.Name(s, "WindowStep", "halve, then one less", "halve", "one less", "halve, then bisect")
}

// WindowModel is what a search asks for the scores of windows: a model with weights that it holds.
type WindowModel interface {
	// Try scores the held model under the half-windows, in points, higher is better. When that is below the floor it may score a
	// copy that was fine-tuned under them.
	Try(ctx context.Context, half []int, floor float64) (float64, error)
	// Keep holds on to the weights of the last Try.
	Keep() error
}

// WindowTrial is one candidate.
type WindowTrial struct {
	Phase string
	Half  []int
	Score float64 // points
	Kept  bool    // within the budget, and taken
}

// FoundWindows is the result of a search.
type FoundWindows struct {
	Half   []int
	Full   float64 // score with full attention
	Global int     // half-window of phase 1
	Score  float64 // with Half, before any last fine-tuning
	Trials []WindowTrial
}

// Validate names the first field that no search can have.
func (s WindowSearch) Validate() error {
	bad := legal.Complaint("training: WindowSearch")
	switch {
	case s.Layers < 1:
		return bad("Layers", s.Layers, "at least 1")
	case s.Layers < 2 && !s.GlobalOnly:
		return bad("Layers", s.Layers, "at least 2 for phase 2 (GlobalOnly leaves it out)")
	case s.Tokens < 2:
		return bad("Tokens", s.Tokens, "at least 2")
	case !(s.Budget >= 0) || math.IsInf(s.Budget, 0):
		return bad("Budget", s.Budget, "at least 0 and finite")
	case s.Order >= windowOrders:
		return bad("Order", s.Order, "in 0..%d", windowOrders-1)
	case s.Step >= windowSteps:
		return bad("Step", s.Step, "in 0..%d", windowSteps-1)
	case s.Misses < 0:
		return bad("Misses", s.Misses, "at least 0")
	}
	for i, w := range s.Candidates {
		if w < 0 || w >= s.Tokens {
			return bad(fmt.Sprintf("Candidates[%d]", i), w, "in 0..%d (Tokens-1)", s.Tokens-1)
		}
		if i > 0 && w >= s.Candidates[i-1] {
			return bad(fmt.Sprintf("Candidates[%d]", i), w, "below %d, the one before", s.Candidates[i-1])
		}
	}
	return nil
}

// candidates of phase 1.
func (s WindowSearch) candidates() []int {
	if s.Candidates != nil {
		return s.Candidates
	}
	var c []int
	for w := s.Tokens / 2; w >= 1; w /= 2 {
		c = append(c, w)
		if quarter := w * 3 / 4; quarter < w && quarter > w/2 {
			c = append(c, quarter)
		}
	}
	return c
}

// Run searches. It ends with the context's error when ctx ends; a WindowLog lets the next call go on from there.
func (s WindowSearch) Run(ctx context.Context, m WindowModel) (FoundWindows, error) {
	if err := s.Validate(); err != nil {
		return FoundWindows{}, err
	}
	r := &windowRun{WindowSearch: s, model: m, began: time.Now()}
	r.floor = math.Inf(1) // it is fine-tuned too: longer training is no merit of windows
	full := FullWindows(s.Layers, s.Tokens)
	score, err := r.measure(ctx, "full attention", full)
	if err == nil {
		err = r.take(full, score)
	}
	if err != nil {
		return FoundWindows{}, err
	}
	r.Full, r.floor = score, score-s.Budget
	if err := r.global(ctx); err != nil {
		return FoundWindows{}, err
	}
	if s.GlobalOnly {
		return r.FoundWindows, nil
	}
	switch s.Order {
	case FirstToLast:
		err = r.layers(ctx, func(l int) int { return l })
	case LastToFirst:
		err = r.layers(ctx, func(l int) int { return s.Layers - 1 - l })
	case ByCost:
		err = r.rounds(ctx)
	}
	return r.FoundWindows, err
}

// windowRun is a search in progress.
type windowRun struct {
	WindowSearch
	FoundWindows
	model WindowModel
	floor float64 // least score within the budget
	began time.Time
}

// try scores a candidate and takes it when it is within the budget.
func (r *windowRun) try(ctx context.Context, phase string, half []int) (bool, error) {
	score, err := r.measure(ctx, phase, half)
	if err != nil || score < r.floor {
		return false, err
	}
	return true, r.take(half, score)
}

func (r *windowRun) measure(ctx context.Context, phase string, half []int) (float64, error) {
	if err := ctx.Err(); err != nil {
		return 0, fmt.Errorf("%w after %d candidates of the window search", ErrInterrupted, len(r.Trials))
	}
	score, err := r.model.Try(ctx, half, r.floor)
	if err != nil {
		return 0, err
	}
	r.Trials = append(r.Trials, WindowTrial{Phase: phase, Half: slices.Clone(half), Score: score})
	if r.Observer != nil {
		r.Observer(Event{Phase: "windows, " + phase, Step: len(r.Trials), Evaluated: true, Accuracy: score / 100,
			Kept: min(1, (2*MeanHalf(half)+1)/float64(r.Tokens)), Note: fmt.Sprint(half)})
	}
	return score, nil
}

func (r *windowRun) take(half []int, score float64) error {
	r.Half, r.Score = slices.Clone(half), score
	r.Trials[len(r.Trials)-1].Kept = true
	return r.model.Keep()
}

// global is phase 1.
func (r *windowRun) global(ctx context.Context) error {
	r.Global = r.Tokens - 1
	misses := 0
	for _, w := range r.candidates() {
		half := slices.Repeat([]int{w}, r.Layers)
		ok, err := r.try(ctx, "phase 1", half)
		switch {
		case err != nil:
			return err
		case ok:
			r.Global, misses = w, 0
		default:
			if misses++; misses > r.Misses {
				return nil
			}
		}
	}
	return nil
}

// layers is phase 2 in a fixed order.
func (r *windowRun) layers(ctx context.Context, at func(int) int) error {
	for i := range r.Layers {
		l := at(i)
		phase := fmt.Sprintf("phase 2, layer %d", l)
		halving, out := r.Step != One, -1 // widest half-window that was out of budget
		for r.Half[l]-out > 1 {
			half := slices.Clone(r.Half)
			switch {
			case out >= 0 && r.Step == Bisect:
				half[l] = (r.Half[l] + out) / 2
			default:
				half[l] = smaller(half[l], halving && out < 0)
			}
			ok, err := r.try(ctx, phase, half)
			if err != nil {
				return err
			}
			if ok {
				continue
			}
			if !halving || r.Step == Halve || r.Step == HalveThenOne && out >= 0 {
				break
			}
			out = half[l]
		}
	}
	return nil
}

func smaller(w int, halving bool) int {
	if halving {
		return w / 2
	}
	return w - 1
}

// rounds is phase 2 by cost: each round tries every layer's next smaller window and takes the one that loses least of the score
// for a word saved. A layer whose halving is out of budget goes on one word at a time unless the step is Halve, and one whose
// single word is out of budget no more.
func (r *windowRun) rounds(ctx context.Context) error {
	halving, done := make([]bool, r.Layers), make([]bool, r.Layers)
	for l := range halving {
		halving[l] = r.Step != One
	}
	for {
		best, bestLoss := -1, math.Inf(1)
		var bestHalf []int
		for l := range r.Layers {
			if done[l] || r.Half[l] == 0 {
				continue
			}
			half := slices.Clone(r.Half)
			half[l] = smaller(half[l], halving[l])
			score, err := r.measure(ctx, fmt.Sprintf("phase 2, layer %d", l), half)
			if err != nil {
				return err
			}
			if score < r.floor {
				done[l] = !(halving[l] && (r.Step == HalveThenOne || r.Step == Bisect) && r.Half[l]-half[l] > 1)
				halving[l] = false
				if !done[l] && best < 0 {
					best = -2 // another round, with smaller steps
				}
				continue
			}
			if loss := (r.Score - score) / float64(r.Half[l]-half[l]); loss < bestLoss {
				best, bestLoss, bestHalf = l, loss, half
			}
		}
		switch {
		case best == -1:
			return nil
		case best >= 0:
			// The model holds the weights of its last Try, which must be the one taken.
			score, err := r.measure(ctx, fmt.Sprintf("phase 2, layer %d", best), bestHalf)
			if err != nil {
				return err
			}
			if score < r.floor {
				done[best] = true // two measurements that differ: at the border
				continue
			}
			if err := r.take(bestHalf, score); err != nil {
				return err
			}
		}
	}
}
