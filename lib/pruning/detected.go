package pruning

import (
	"fmt"
	"math"
	"slices"

	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/legal"
)

// Rule says how a mask follows from estimated scores.
type Rule uint8

const (
	BestOfRow       Rule = iota // the same share of every query's keys, the best first: as in training
	AboveThreshold              // what exceeds the layer's threshold: DOTA's comparator; at least the best key
	BalancedByScore             // the threshold, then trimmed or filled to the share of BestOfRow
	rules
)

func (r Rule) String() string {
	return legal.Name(r, "Rule", "best-of-row", "above-threshold", "balanced-by-score")
}

// Detected chooses keys by a Detector. It sees the input of the layer, so it is no Method.
type Detected struct {
	Detector   *Detector
	Rule       Rule
	Retention  float64   // share of the visible keys, 0 < Retention <= 1, rounded up to whole keys
	Thresholds []float64 // of each layer, for AboveThreshold
}

// Validate reports the first field out of range.
func (p Detected) Validate() error {
	if p.Detector == nil {
		return fmt.Errorf("pruning: Detected.Detector is nil, must be a detector")
	}
	if err := p.Detector.Validate(); err != nil {
		return err
	}
	switch {
	case p.Rule >= rules:
		return fmt.Errorf("pruning: Detected.Rule is %d, must be in 0..%d", p.Rule, rules-1)
	case p.Rule != AboveThreshold:
		return retention(p.Retention)
	case len(p.Thresholds) != len(p.Detector.Layers):
		return fmt.Errorf("pruning: Detected.Thresholds holds %d, must hold %d, one a layer", len(p.Thresholds), len(p.Detector.Layers))
	}
	return nil
}

// Fits reports why the detector was trained for other shapes.
func (d *Detector) Fits(layers, heads, model int) error {
	switch {
	case len(d.Layers) != layers:
		return fmt.Errorf("pruning: the detector was trained for %d layers, the model has %d", len(d.Layers), layers)
	case d.Model != model:
		return fmt.Errorf("pruning: the detector was trained for tokens of %d values, the model's have %d", d.Model, model)
	}
	for l, x := range d.Layers {
		if len(x.Heads) != heads {
			return fmt.Errorf("pruning: the detector was trained for %d heads in layer %d, the model has %d", len(x.Heads), l, heads)
		}
	}
	return nil
}

// Mask chooses the keys of a head from xp, what Project gave for the layer; h is looked at for its shape alone.
func (p Detected) Mask(xp []float32, h *attention.Head, layer, head int) *attention.Mask {
	estimates := p.Detector.Estimates(xp, h.Valid, layer, head, h.Valid)
	if p.Rule != AboveThreshold {
		return BestOfRows(h, estimates, p.Retention)
	}
	m := attention.NewMask(h.Tokens, h.Tokens)
	for t := range h.Valid {
		top := 0
		row := estimates[t*h.Valid:][:h.Keys(t)]
		for j, s := range row {
			if float64(s) > p.Thresholds[layer] {
				m.Keep(t, j)
			}
			if s > row[top] {
				top = j
			}
		}
		m.Keep(t, top)
	}
	return m
}

// Estimates are those of the first queries queries against all valid keys: queries x valid, row-major. xp is what Project gave.
func (d *Detector) Estimates(xp []float32, valid, layer, head, queries int) []float32 {
	query, key, _ := d.Factors(xp, valid, layer, head)
	estimates := make([]float32, queries*valid)
	for t := range queries {
		Estimate(query, key, d.Width, t, estimates[t*valid:(t+1)*valid])
	}
	return estimates
}

// BestOfRows keeps the best share of the keys that each query sees, rounded up. The scores are row-major, h.Valid a query, of the
// first queries of h.
func BestOfRows(h *attention.Head, scores []float32, keep float64) *attention.Mask {
	m := attention.NewMask(h.Tokens, h.Tokens)
	var best BestKeys
	for t := range len(scores) / max(1, h.Valid) {
		row := scores[t*h.Valid:][:h.Keys(t)]
		best.Keep(m, t, row, shareOf(keep, len(row)))
	}
	return m
}

// BestKeys keeps the best scores of a row; its scratch is used again.
type BestKeys struct{ scratch []float32 }

// Keep keeps the c best keys of query t; among equals the smaller index.
func (b *BestKeys) Keep(m *attention.Mask, t int, scores []float32, c int) {
	if c >= len(scores) {
		for j := range scores {
			m.Keep(t, j)
		}
		return
	}
	b.scratch = append(b.scratch[:0], scores...)
	least := nth(b.scratch, c-1)
	for j, s := range scores {
		if s > least {
			m.Keep(t, j)
			c--
		}
	}
	for j := 0; c > 0; j++ {
		if scores[j] == least {
			m.Keep(t, j)
			c--
		}
	}
}

// nth is the value that stands at place n when v falls from large to small (Hoare's selection); v is reordered.
func nth(v []float32, n int) float32 {
	lo, hi := 0, len(v)-1
	for lo < hi {
		pivot := v[(lo+hi)/2]
		i, j := lo, hi
		for i <= j {
			for v[i] > pivot {
				i++
			}
			for v[j] < pivot {
				j--
			}
			if i <= j {
				v[i], v[j] = v[j], v[i]
				i++
				j--
			}
		}
		switch {
		case n <= j:
			hi = j
		case n >= i:
			lo = i
		default:
			return v[n]
		}
	}
	return v[n]
}

// LearnDetected is the threshold above which the given share of a layer's estimates lies: the comparator's, from the estimates
// of training inputs.
func LearnDetected(estimates []float32, retention float64) float64 {
	v := slices.Clone(estimates)
	return float64(nth(v, min(len(v)-1, max(0, int(math.Ceil(retention*float64(len(v)))-1)))))
}

func retention(r float64) error {
	if !(r > 0 && r <= 1) {
		return fmt.Errorf("pruning: Detected.Retention is %v, must be in (0,1]", r)
	}
	return nil
}
