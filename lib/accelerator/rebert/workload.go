package rebert

import (
	"fmt"

	"github.com/sparse-attention/workbench/lib/pruning"
)

// Workload is a batch of sentences of equal length.
type Workload struct {
	Name    string
	Model   Model
	Tokens  int   // N, words of a sentence, padding included
	Windows []int // half-window of each layer, 0..Tokens-1; may be nil for a machine without windows
	Batch   int   // sentences, word after word; 0 is 1
}

// Uniform is one sentence under the same half-window in every layer.
func Uniform(m Model, tokens, half int) Workload {
	w := Workload{Name: fmt.Sprintf("%s, N=%d, W=%d", m.Name, tokens, half), Model: m, Tokens: tokens, Windows: make([]int, m.Layers)}
	for l := range w.Windows {
		w.Windows[l] = half
	}
	return w
}

// Validate reports the first thing that no machine can run. Windows are checked when there are any.
func (w Workload) Validate() error {
	if err := w.Model.Validate(); err != nil {
		return err
	}
	switch {
	case w.Tokens < 1 || w.Tokens > maxWords:
		return fmt.Errorf("rebert: Workload.Tokens is %d, must be in 1..%d", w.Tokens, maxWords)
	case w.Batch < 0 || w.Batch > maxBatch:
		return fmt.Errorf("rebert: Workload.Batch is %d, must be in 0..%d (0 is 1)", w.Batch, maxBatch)
	case w.Windows != nil && len(w.Windows) != w.Model.Layers:
		return fmt.Errorf("rebert: Workload.Windows is for %d layers, must be for the %d of %s", len(w.Windows), w.Model.Layers, w.Model.Name)
	}
	for l, half := range w.Windows {
		if half < 0 || half >= w.Tokens {
			return fmt.Errorf("rebert: Workload.Windows[%d] is %d, must be in 0..%d (Tokens-1)", l, half, w.Tokens-1)
		}
	}
	return nil
}

// half is the half-window of a layer on machine s.
func (w Workload) half(s Spec, l int) int {
	if !s.Windowed {
		return w.Tokens - 1
	}
	return w.Windows[l]
}

func (w Workload) batch() int { return max(1, w.Batch) }

// slots is how many keys the arrays of a layer hold: a sentence, or the ring of a window.
func (s Spec) slots(tokens, half int) int {
	extra := 2
	if s.ExtraKey == NoExtra {
		extra = 1
	}
	return min(2*half+extra, tokens)
}

// scope is how many keys word i is multiplied with.
func (s Spec) scope(tokens, half, i int) int {
	slots := s.slots(tokens, half)
	if s.Scope == Ring {
		return slots
	}
	kept := min(i+half, tokens-1) - max(i-half, 0) + 1
	if s.ExtraKey == FirstKey && i > half {
		kept++
	}
	return kept
}

// Policy is the mask policy that machine s computes for the workload: the windows, and key 0 when that is the extra key. It is
// full attention on a machine without windows.
func (w Workload) Policy(s Spec) pruning.Window {
	p := pruning.Window{Half: make([]int, w.Model.Layers), FirstKey: s.ExtraKey == FirstKey}
	for l := range p.Half {
		p.Half[l] = w.half(s, l)
	}
	return p
}
