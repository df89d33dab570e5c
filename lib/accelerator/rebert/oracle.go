package rebert

import (
	"fmt"

	"github.com/sparse-attention/workbench/lib/legal"
)

// Mode names a recurrence.
type Mode uint8

const (
	FullAttention Mode = iota // every word waits for the last key
	Window                    // a word waits for its window; no structural hazard (ideal, advanced)
	BasicPort                 // a write and an inner product take turns, a step each

	modes
)

func (m Mode) String() string { return legal.Name(m, "Mode", "full", "window", "basic") }

// Recurrence computes the start times of one sentence, in steps, from the definition of the hazards (reference sheet, 4.1), and
// the total. half holds the half-window of each layer, depth is D. It is the oracle of the event simulation.
func Recurrence(mode Mode, tokens int, half []int, depth int) (starts [][]int, total int) {
	a := make([]int, tokens) // when each key of the layer exists
	for j := range a {
		a[j] = j + 1
	}
	for _, w := range half {
		s := make([]int, tokens)
		if mode == BasicPort {
			t, wr := 0, 0
			for i := range s {
				need := min(i+w, tokens-1)
				for ; wr <= need; wr++ {
					t = max(t, a[wr]) + 1
				}
				s[i] = max(t, a[need])
				t = s[i] + 1
			}
		} else {
			for i := range s {
				need := tokens - 1
				if mode == Window {
					need = min(i+w, tokens-1)
				}
				s[i] = a[need]
				if i > 0 {
					s[i] = max(s[i], s[i-1]+1)
				}
			}
		}
		for i := range a {
			a[i] = s[i] + depth + 1
		}
		starts = append(starts, s)
	}
	return starts, a[tokens-1]
}

// ClosedForm is the total in steps without simulating (reference sheet, 4.2). Full attention and windows are exact for
// half-windows of at most tokens-1; basic is exact for half-windows of at most tokens/2-1, and for uniform ones of any size,
// and refused otherwise.
func ClosedForm(mode Mode, tokens int, half []int, depth int) (int, error) {
	if mode >= modes {
		return 0, fmt.Errorf("rebert: mode is %v, must be in 0..%d", mode, modes-1)
	}
	if len(half) == 0 {
		return 0, fmt.Errorf("rebert: half is empty, must hold at least 1 half-window")
	}
	layers, uniform, small, sum := len(half), true, true, 0
	for l, w := range half {
		if w < 0 || w >= tokens {
			return 0, fmt.Errorf("rebert: half[%d] is %d, must be in 0..%d", l, w, tokens-1)
		}
		uniform = uniform && w == half[0]
		small = small && w <= tokens/2-1
		sum += w
	}
	switch first, last := half[0], half[layers-1]; {
	case mode == FullAttention:
		return layers*(tokens+depth) + tokens, nil
	case mode == Window:
		return sum + layers*(1+depth) + tokens, nil
	case uniform:
		w := first
		return min(layers*(2*w+2+depth)+2*tokens-2*w-1, layers*(tokens+depth+1)+tokens), nil
	case small:
		return 2*sum + layers*(2+depth) + 2*tokens - first - last - 1, nil
	default:
		return 0, fmt.Errorf("rebert: half-windows of basic are unequal and beyond %d (tokens/2-1), where no closed form is exact", tokens/2-1)
	}
}

// BasicBound is an upper bound of basic's total for any windows.
func BasicBound(tokens int, half []int, depth int) int {
	sum := 2 * tokens
	for _, w := range half {
		sum += 2*(w+1) + depth
	}
	return sum
}

// BreakEven is the largest uniform half-window at which basic is still faster than full attention, or -1: about where the ring,
// 2(W+1), holds the sentence.
func BreakEven(tokens, layers, depth int) int {
	full := layers*(tokens+depth) + tokens
	for w := tokens - 1; w >= 0; w-- {
		if basic, err := ClosedForm(BasicPort, tokens, uniform(layers, w), depth); err == nil && basic < full {
			return w
		}
	}
	return -1
}

func uniform(layers, half int) []int {
	h := make([]int, layers)
	for i := range h {
		h[i] = half
	}
	return h
}

// WindowFor is the uniform half-window whose 2W+2 keys cut a cost that is linear in the keys by the given share, 0..1: what a
// published saving of the softmax implies.
func WindowFor(tokens int, saved float64) float64 { return ((1-saved)*float64(tokens) - 2) / 2 }
