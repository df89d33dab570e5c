package taskstudy

import (
	"errors"
	"fmt"
	"math"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/pruning"
)

// ErrOutOfReach is the error of a method that cannot keep as little as it is asked for.
var ErrOutOfReach = errors.New("out of reach")

// lengths counts the tokens of the training examples. What detector, cascade and window keep of an input follows from its length
// alone, so that their settings are found without a model.
//
// The kept share of a layer is pairs of a query and a key that are computed over those that are visible. The last layer counts the
// query of the first token alone: a classifier reads no other, and a method shall not gain by leaving out what nobody reads. Layers
// weigh the same; inputs weigh as many pairs as they have, which is how training.Score counts.
type lengths map[int]int

func lengthsOf(examples []datasets.Example) lengths {
	l := lengths{}
	for _, e := range examples {
		l[len(e.IDs)]++
	}
	return l
}

// share is the mean over layers and inputs of what of says of a layer and a length.
func (l lengths) share(layers int, of func(layer, n int) float64) float64 {
	var sum, all float64
	for n, inputs := range l {
		pairs := float64(inputs) * float64(n) * float64(n)
		for layer := range layers {
			sum += pairs * of(layer, n) / float64(layers)
		}
		all += pairs
	}
	return sum / all
}

// balanced is the share of visible keys to ask for, so that rows which keep a whole number of keys, rounded up, keep this share.
func (l lengths) balanced(keep float64) float64 {
	return bisect(0, 1, func(r float64) bool {
		return l.share(1, func(_, n int) float64 { return max(1, math.Ceil(r*float64(n)-1e-4)) / float64(n) }) > keep
	})
}

// cascade is the tokens' ratios of a cascade that keeps this share, spread over the layers by the paper's rule. A token that is
// dropped is no key and no query.
func (l lengths) cascade(layers int, keep float64) ([]float64, error) {
	ratios := func(mean float64) []float64 {
		c, err := experiment.CascadeOf(layers, mean, 0, 1)
		if err != nil {
			return nil
		}
		return c.Tokens
	}
	kept := func(mean float64) float64 {
		r := ratios(mean)
		if r == nil {
			return 0 // more than the rule can spread
		}
		return l.share(layers, func(layer, n int) float64 {
			alive := float64(pruning.Keep(n, r[layer])) / float64(n)
			if layer < layers-1 {
				alive *= alive
			}
			return alive
		})
	}
	mean := bisect(0, steepest, func(mean float64) bool { return kept(mean) < keep })
	if r := ratios(mean); r != nil && kept(mean)-keep < reached {
		return r, nil
	}
	return nil, fmt.Errorf("taskstudy: a cascade of %d layers, the first of which keeps all: %.3g of the pairs is %w", layers, keep, ErrOutOfReach)
}

// steepest is the largest mean ratio of a cascade, so that something is left of the tokens.
const steepest = 0.95

// reached is how far from the share that is asked for a setting may stay.
const reached = 0.03

// window is the half-windows with the share nearest to keep. Layers differ by one at most, the later ones are the wider ones; every
// query sees the first token too, which the classifier reads.
func (l lengths) window(layers int, keep float64) []int {
	longest := 1
	for n := range l {
		longest = max(longest, n)
	}
	half := func(setting int) []int {
		out := make([]int, layers)
		for layer := range out {
			out[layer] = (setting + layer) / layers
		}
		return out
	}
	best, miss := 0, math.Inf(1)
	for setting := range layers*(longest-1) + 1 {
		h := half(setting)
		kept := l.share(layers, func(layer, n int) float64 {
			if layer == layers-1 {
				return float64(min(n, h[layer]+1)) / float64(n)
			}
			return float64(windowed(n, h[layer])) / float64(n*n)
		})
		if d := math.Abs(kept - keep); d < miss {
			best, miss = setting, d
		}
	}
	return half(best)
}

// windowed counts the pairs of n tokens under a half-window, the first key always seen.
func windowed(n, half int) int {
	h := min(half, n-1)
	pairs := n*(2*h+1) - h*(h+1)
	return pairs + max(0, n-1-half)
}

// bisect is the largest x in [low,high] at which over is still false; over is false, then true.
func bisect(low, high float64, over func(float64) bool) float64 {
	for range 40 {
		if x := (low + high) / 2; over(x) {
			high = x
		} else {
			low = x
		}
	}
	return low
}
