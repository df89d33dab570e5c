package ownstudy

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sparse-attention/workbench/lib/accelerator/dota"
	"github.com/sparse-attention/workbench/lib/accelerator/rebert"
	"github.com/sparse-attention/workbench/lib/accelerator/spatten"
	"github.com/sparse-attention/workbench/lib/pruning"
)

// The machines that run more than a head at a time.

// onSpAtten runs each example's layers one after the other, with the tokens that the cascade leaves.
func onSpAtten(ctx context.Context, w Work) (without, with Cost, err error) {
	c, err := w.cascade(w.Knob)
	if err != nil {
		return without, with, err
	}
	for i, e := range w.Examples {
		run := func(dropped []float64, cost *Cost) error {
			r, err := spatten.Full().Simulate(ctx, w.spatten(len(e.IDs), dropped))
			cost.add(r.Seconds(), r.Energy.Total())
			return err
		}
		if err := errors.Join(run(make([]float64, len(c.Tokens)), &without), run(c.Tokens, &with)); err != nil {
			return without, with, fmt.Errorf("ownstudy: example %d: %w", i, err)
		}
	}
	return without, with, nil
}

// spatten is the work of one sentence in the machine's 12 bits, one plane.
func (w Work) spatten(tokens int, dropped []float64) spatten.Workload {
	s := w.Dense.Spec
	out := spatten.Workload{Name: w.Title(), Stage: spatten.Summarisation, Seed: 1}
	for l := range s.Layers {
		n := pruning.Keep(tokens, dropped[l])
		for h := range s.Heads {
			r := spatten.Row{Layer: l, Head: h, Dim: s.HeadDim(), Length: tokens, Queries: n, Keys: n, Values: n, KeyBits: 12, ValueBits: 12, QueryBits: 12,
				Threshold: spatten.Float, LSBBits: spatten.Float, Accumulate: true, Keep: spatten.Float}
			if l+1 < s.Layers && h == s.Heads-1 {
				if next := pruning.Keep(tokens, dropped[l+1]); next < n {
					r.Rank, r.Keep = true, next
				}
			}
			out.Rows = append(out.Rows, r)
		}
	}
	return out
}

// detectorSigma is the share of a head's width that DOTA's detector works in.
const detectorSigma = 0.25

// onDOTA runs each layer of each example with the masks of the method; what finding them costs is that of a detector in 4 bits.
func onDOTA(ctx context.Context, w Work) (without, with Cost, err error) {
	s := w.Dense.Spec
	width, err := pruning.DetectorWidth(detectorSigma, s.HeadDim())
	if err != nil {
		return without, with, err
	}
	for from := 0; from < len(w.Heads); from += s.Heads {
		layer := w.Heads[from : from+s.Heads]
		load := dota.Workload{Name: w.Title(), Layers: 1, Tokens: layer[0].Head.Tokens, Model: s.Hidden, Heads: s.Heads, Dim: s.HeadDim(), FFN: s.FFN}
		pruned := load
		pruned.Detector = &dota.Detector{Width: width, Precision: dota.INT4}
		for _, c := range layer {
			pruned.Masks = append(pruned.Masks, w.Keep(c.Site, c.Head))
		}
		run := func(load dota.Workload, cost *Cost) error {
			r, err := dota.DOTA().Simulate(ctx, load)
			cost.add(r.AttentionSeconds(), r.Energy.Total())
			return err
		}
		if err := errors.Join(run(load, &without), run(pruned, &with)); err != nil {
			return without, with, fmt.Errorf("ownstudy: example %d, layer %d: %w", layer[0].Site.Example, layer[0].Site.Layer, err)
		}
	}
	return without, with, nil
}

// onReBERT streams each example through the pipeline of all layers.
func onReBERT(ctx context.Context, w Work) (without, with Cost, err error) {
	s := w.Dense.Spec
	model := rebert.Encoder(w.Title(), s.Layers, s.Hidden, s.Heads, s.FFN)
	for i, e := range w.Examples {
		tokens := len(e.IDs)
		half := slices.Repeat([]int{min(int(w.Knob), tokens-1)}, s.Layers)
		run := func(s rebert.Spec, cost *Cost) error {
			r, err := s.Simulate(ctx, rebert.Workload{Name: w.Title(), Model: model, Tokens: tokens, Windows: half})
			cost.add(r.Latency.Seconds(), r.Energy.Total())
			return err
		}
		if err := errors.Join(run(rebert.Baseline(), &without), run(rebert.Advanced(), &with)); err != nil {
			return without, with, fmt.Errorf("ownstudy: example %d: %w", i, err)
		}
	}
	return without, with, nil
}
