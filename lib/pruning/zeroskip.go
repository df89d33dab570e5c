package pruning

import (
	"fmt"
	"math"

	"github.com/sparse-attention/workbench/lib/attention"
)

// ZeroSkip is MNNFast's zero skipping (ISCA 2019) as SpAtten's comparison uses it: all scores are computed, and the value
// of a key is skipped when its probability is below Theta.
type ZeroSkip struct {
	Theta float64 // 0 <= Theta < 1; 0.1 is assumed where the sources give none
}

// Validate reports a threshold out of range.
func (p ZeroSkip) Validate() error {
	if !(p.Theta >= 0 && p.Theta < 1) {
		return fmt.Errorf("pruning: ZeroSkip.Theta is %v, must be in [0,1)", p.Theta)
	}
	return nil
}

// Mask returns the values that are read: those with a probability of at least Theta. A flat row may read none.
func (p ZeroSkip) Mask(h *attention.Head, _ int) *attention.Mask {
	m := attention.NewMask(h.Tokens, h.Tokens)
	scorer := attention.NewScorer(h)
	buffer := make([]float64, h.Valid)
	for t := range h.Valid {
		for j, x := range attention.Softmax(buffer, scorer.Row(t), h.ScoreScale()) {
			if x >= p.Theta {
				m.Keep(t, j)
			}
		}
	}
	return m
}

// Deferred is MNNFast's streaming attention of one query: keys and values arrive in any number of chunks, and one division
// at the end replaces the stored probabilities. Without Stabilise it is the published form, which overflows on scores
// above 709; with it the sums are rescaled whenever the running maximum grows.
type Deferred struct {
	Stabilise   bool
	numerator   []float64
	denominator float64
	top         float64
}

// Add takes one key's real score and its value.
func (d *Deferred) Add(score float64, value []float64) { d.add(score, value, false) }

// Skip takes the score of a key whose value is not read: it counts in the divisor only, which is not renormalised.
func (d *Deferred) Skip(score float64) { d.add(score, nil, true) }

func (d *Deferred) add(score float64, value []float64, skip bool) {
	if d.Stabilise {
		if d.denominator == 0 {
			d.top = score
		}
		if score > d.top {
			shrink := math.Exp(d.top - score)
			d.denominator *= shrink
			for i := range d.numerator {
				d.numerator[i] *= shrink
			}
			d.top = score
		}
		score -= d.top
	}
	e := math.Exp(score)
	d.denominator += e
	if skip {
		return
	}
	if d.numerator == nil {
		d.numerator = make([]float64, len(value))
	}
	for i, v := range value {
		d.numerator[i] += e * v
	}
}

// Sums returns the running numerator and denominator.
func (d *Deferred) Sums() (numerator []float64, denominator float64) {
	return d.numerator, d.denominator
}

// Result is the attention output so far; nil before the first value.
func (d *Deferred) Result() []float64 {
	out := make([]float64, len(d.numerator))
	for i, n := range d.numerator {
		out[i] = n / d.denominator
	}
	return out
}
