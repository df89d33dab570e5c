package ownstudy

import (
	"context"
	"errors"
	"fmt"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/accelerator/a3"
	"github.com/sparse-attention/workbench/lib/accelerator/elsa"
	"github.com/sparse-attention/workbench/lib/accelerator/leopard"
	"github.com/sparse-attention/workbench/lib/accelerator/mnnfast"
	"github.com/sparse-attention/workbench/lib/accelerator/sprint"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/unit"
)

// Cost is what attention takes.
type Cost struct{ Seconds, Joules float64 }

func (c *Cost) add(seconds float64, energy unit.Picojoules) {
	c.Seconds += seconds
	c.Joules += energy.Joules()
}

// Work is a model's attention over examples, as a method at one setting prunes it.
type Work struct {
	*Own
	Knob     float64
	Examples []datasets.Example
	Heads    []experiment.Captured // of the examples, in their order; unpadded
	Keep     choice                // nil where pruning is no mask a head
}

// Machine prices the work pruned and on the same hardware unpruned.
type Machine struct {
	Name   string
	Method string // that it prunes by
	Bits   int    // of Q, K and V
	Timed  string // what the time is of
	Price  func(ctx context.Context, w Work) (without, with Cost, err error)
}

// Machines lists the machines. A new one is one line; perHead serves those that run a head at a time.
func Machines() []Machine {
	const attend, encoder = "attention", "whole encoder"
	return []Machine{
		{"SPRINT-M", Thresholds, 8, attend, perHead(onSPRINT)},
		{"LeOPArd", Thresholds, 12, attend, perHead(onLeOPArd)},
		{"A3", Greedy, 8, attend, perHead(onA3)},
		{"ELSA", Hashing, 8, attend, perHead(onELSA)},
		{"MNNFast", Skipping, 8, attend, perHead(onMNNFast)},
		{"SpAtten", Cascading, 12, attend, onSpAtten},
		{"DOTA, masks of an oracle", Oracle, 8, "attention and detection", onDOTA},
		{"ReBERT-advanced", Windows, 8, encoder, onReBERT},
	}
}

// perHead prices head after head.
func perHead(one func(ctx context.Context, w Work, c experiment.Captured, mask *attention.Mask, without, with *Cost) error) func(context.Context, Work) (Cost, Cost, error) {
	return func(ctx context.Context, w Work) (without, with Cost, err error) {
		for _, c := range w.Heads {
			if err := one(ctx, w, c, w.Keep(c.Site, c.Head), &without, &with); err != nil {
				return without, with, fmt.Errorf("ownstudy: example %d, layer %d, head %d: %w", c.Site.Example, c.Site.Layer, c.Site.Head, err)
			}
		}
		return without, with, nil
	}
}

func onSPRINT(ctx context.Context, _ Work, c experiment.Captured, mask *attention.Mask, without, with *Cost) error {
	run := func(mode sprint.Mode, cost *Cost) error {
		r, err := sprint.M().In(mode).Simulate(ctx, sprint.Workload{Head: c.Head, Mask: mask})
		cost.add(r.Seconds(), r.Energy.Total())
		return err
	}
	return errors.Join(run(sprint.Baseline, without), run(sprint.SPRINT, with))
}

func onLeOPArd(ctx context.Context, w Work, c experiment.Captured, _ *attention.Mask, without, with *Cost) error {
	threshold := w.shifted(w.Knob).Layers[c.Site.Layer]
	run := func(mode leopard.Mode, cost *Cost) error {
		r, err := leopard.AreaEfficient().In(mode).Simulate(ctx, leopard.Workload{Head: c.Head, Threshold: threshold})
		cost.add(r.Seconds(), r.Energy.Total())
		return err
	}
	return errors.Join(run(leopard.Baseline, without), run(leopard.EarlyTermination, with))
}

func onA3(ctx context.Context, w Work, c experiment.Captured, _ *attention.Mask, without, with *Cost) error {
	approximate := a3.Conservative()
	approximate.Candidates.Iterations = w.Knob
	run := func(s a3.Spec, cost *Cost) error {
		r, err := s.Simulate(ctx, a3.Workload{Head: c.Head})
		cost.add(r.Seconds(), r.Energy.Total())
		return err
	}
	return errors.Join(run(a3.Base(), without), run(approximate, with))
}

func onELSA(ctx context.Context, _ Work, c experiment.Captured, mask *attention.Mask, without, with *Cost) error {
	run := func(s elsa.Spec, mask *attention.Mask, cost *Cost) error {
		r, err := s.Simulate(ctx, elsa.Workload{Head: c.Head, Mask: mask})
		cost.add(r.Seconds(), r.Energy.Total())
		return err
	}
	return errors.Join(run(elsa.Base(), attention.Full(c.Head), without), run(elsa.ELSA(), mask, with))
}

func onMNNFast(ctx context.Context, w Work, c experiment.Captured, _ *attention.Mask, without, with *Cost) error {
	run := func(theta float64, cost *Cost) error {
		s := mnnfast.Projected()
		s.Skip.Theta, s.Stabilise = theta, true // real scores of a trained model may pass 709
		r, err := s.Simulate(ctx, mnnfast.Workload{Head: c.Head})
		cost.add(r.Seconds(), r.Energy)
		return err
	}
	return errors.Join(run(0, without), run(w.Knob, with))
}
