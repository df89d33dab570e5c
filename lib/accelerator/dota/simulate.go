package dota

import (
	"context"
	"fmt"
	"math"

	"github.com/sparse-attention/workbench/lib/dram"
	"github.com/sparse-attention/workbench/lib/unit"
)

// Simulate runs a layer of the workload and reports the model: cycles of every stage, key loads, traffic and energy. It fails
// when the Spec or the workload is not legal, and when ctx ends.
func (s Spec) Simulate(ctx context.Context, w Workload) (Report, error) {
	if err := s.Validate(); err != nil {
		return Report{}, err
	}
	if err := w.Validate(); err != nil {
		return Report{}, err
	}
	l, err := newLayer(s, w)
	if err != nil {
		return Report{}, fmt.Errorf("dota: %w", err)
	}
	if err := l.run(ctx); err != nil {
		return Report{}, err
	}
	return l.report(), nil
}

// buffers is how many tiles of weights are on chip at once.
const buffers = 2

// layer is one layer in the course of its run. Times are cycles since its start.
type layer struct {
	Spec
	Workload
	memory *stream

	now         float64
	spent       [Phases]float64
	busy        [Modules]float64
	accumulated float64 // when the accumulator is through
	lanes       []*lane
	spilt       unit.Bytes
}

func newLayer(s Spec, w Workload) (*layer, error) {
	m, err := newStream(s)
	return &layer{Spec: s, Workload: w, memory: m, spilt: s.spill(w)}, err
}

func (l *layer) run(ctx context.Context) error {
	flows, err := l.flows(l.Workload)
	if err != nil {
		return err
	}
	x, err := l.memory.start(dram.Read, l.streamBytes(), 0)
	if err != nil {
		return err
	}
	tiles := l.tiles(l.Workload)
	coming := make([]dram.Move, len(tiles))
	fetch := func(i int, at float64) error {
		if i < len(tiles) {
			coming[i], err = l.memory.start(dram.Read, tiles[i].bytes, at)
		}
		return err
	}
	for i := range buffers {
		if err := fetch(i, 0); err != nil {
			return err
		}
	}
	l.wait(float64(x.Await()))
	current := linear
	for i, t := range tiles {
		if err := ctx.Err(); err != nil {
			return err
		}
		if t.stage != current {
			if t.stage == output {
				if err := l.attend(ctx, flows); err != nil {
					return err
				}
			}
			l.settle() // the sums of the stage before must be complete
			current = t.stage
		}
		l.wait(float64(coming[i].Await()))
		l.product(t)
		if err := fetch(i+buffers, l.now); err != nil {
			return err
		}
	}
	l.settle()
	_, err = l.memory.start(dram.Write, l.streamBytes(), l.now) // goes on beside the next layer
	return err
}

// wait stands still until a time.
func (l *layer) wait(until float64) {
	if until > l.now {
		l.spent[Stall] += until - l.now
		l.now = until
	}
}

// settle waits for the accumulator.
func (l *layer) settle() { l.wait(l.accumulated) }

// product multiplies by a tile.
func (l *layer) product(t tile) {
	l.accumulated = max(l.accumulated, l.now) + t.accumulate
	l.busy[Accumulator] += t.accumulate
	l.now += t.cycles
	l.busy[RMMU] += t.busy
	switch t.stage {
	case linear:
		l.spent[Linear] += t.cycles
	case output:
		l.spent[Output] += t.cycles
	default:
		l.spent[FFN] += t.cycles
	}
}

// attend runs the attention of all lanes, which meet at its end, beside the traffic of keys and values that do not fit.
func (l *layer) attend(ctx context.Context, flows [][]Group) error {
	began := l.now
	var moves []dram.Move
	if l.spilt > 0 {
		for _, kind := range []dram.Kind{dram.Write, dram.Read} {
			m, err := l.memory.start(kind, l.spilt, l.now)
			if err != nil {
				return err
			}
			moves = append(moves, m)
		}
	}
	var slowest *lane
	for i := range l.Lanes {
		x := newLane(l.Spec, l.Workload)
		for h := i; h < l.Heads; h += l.Lanes {
			if err := ctx.Err(); err != nil {
				return err
			}
			x.head(flows[h%len(flows)])
		}
		l.lanes = append(l.lanes, x)
		if slowest == nil || x.matrix > slowest.matrix {
			slowest = x
		}
	}
	if l.Detector != nil {
		l.spent[Projection] += l.projection(l.Workload)
	}
	if l.Overlap == Serial {
		l.spent[Detection] += slowest.detection
	}
	l.spent[Attention] += slowest.matrix - l.spent[Projection] - l.spent[Detection]
	l.now = began + slowest.matrix
	for _, m := range moves {
		l.wait(float64(m.Await()))
	}
	return nil
}

// report turns the run into quantities; a model is its layers one after the other.
func (l *layer) report() Report {
	r := Report{Machine: l.Spec.Name, Workload: l.Workload.Name, Clock: l.Clock, Layers: l.Workload.Layers, Tokens: l.Tokens, Lanes: l.Lanes, Spent: l.spent}
	r.Cycles = unit.Cycles(math.Ceil(l.now)) * unit.Cycles(l.Workload.Layers)
	lanes := float64(l.Lanes)
	for _, x := range l.lanes {
		r.Flow = r.Flow.Plus(x.flow)
		projection := 0.0
		if l.Detector != nil {
			projection = l.projection(l.Workload)
		}
		l.busy[RMMU] += (x.products + x.detection + projection) / lanes
		l.busy[MFU] += x.softmax / lanes
		l.busy[DetectorScheduler] += (x.scans + x.detection) / lanes
		r.Waiting = max(r.Waiting, x.waiting)
	}
	r.Busy = l.busy
	r.Memory = l.memory.memory.Drain()
	r.Visible = int64(l.Heads) * int64(l.Tokens) * int64(l.Tokens)
	r.Operations = l.Workload.Operations()
	r.Energy = l.energy(l.now, r.Memory)
	return r
}
