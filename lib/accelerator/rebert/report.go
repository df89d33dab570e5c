package rebert

import (
	"context"
	"fmt"
	"time"

	"github.com/sparse-attention/workbench/lib/energy"
	"github.com/sparse-attention/workbench/lib/unit"
)

// Report is what a machine did with a workload.
type Report struct {
	Machine, Workload string
	Tokens, Batch     int

	Latency time.Duration // from the first word's entry to the last word's exit, over the whole batch
	Step    time.Duration
	Steps   float64 // Latency / Step: T of the recurrences when there is one sentence
	Layers  []LayerReport
	Peak    int // layers that worked at the same time, over all sentences
	Events  int // of the simulation

	Counts   Counts
	Energy   Energy
	Arrays   Arrays
	Area     Area
	Lifetime Lifetime
	Warnings []string
}

// LayerReport is one layer's share. Times are steps; the four sums are over all words.
type LayerReport struct {
	Half       int     // half-window
	FirstStart float64 // start of the first inner product since the first word entered the machine
	LastStart  float64
	DataStall  float64 // waiting for keys that did not exist yet
	PortStall  float64 // waiting although the keys existed, for the port (structural hazard)
	WriteBusy  float64 // port time of writes, and
	ReadBusy   float64 // of inner products
	Backlog    int     // most keys that waited to be written

	Words     int // inner products
	Writes    int // keys written
	Scope     int // sum over the words of the keys multiplied with
	Columns   int // the same in columns converted, in one head, of either sign and one block of rows
	Blocks    int // the same in arrays
	RowBlocks int // sum over the words of the value arrays, in one head, along the keys
}

// Simulate runs the workload event by event.
func (s Spec) Simulate(ctx context.Context, w Workload) (Report, error) {
	return s.simulate(ctx, w, nil)
}

func (s Spec) simulate(ctx context.Context, w Workload, observe func(Operation)) (Report, error) {
	if err := s.check(w); err != nil {
		return Report{}, err
	}
	p := newPipeline(s, &w)
	if observe != nil {
		p.onOperation = func(o Operation, start, end int64) {
			o.Start, o.End = p.duration(start), p.duration(end)
			observe(o)
		}
	}
	end, err := p.run(ctx)
	if err != nil {
		return Report{}, err
	}
	r := Report{Machine: s.Name, Workload: w.Name, Tokens: w.Tokens, Batch: w.batch(), Latency: p.duration(end), Step: s.Step(),
		Steps: p.steps(end), Peak: p.peak, Events: p.eventsRun, Warnings: s.Warnings()}
	r.Layers = make([]LayerReport, len(p.layers))
	for l := range p.layers {
		y := &p.layers[l]
		o := &r.Layers[l]
		*o = y.LayerReport
		o.Half, o.FirstStart, o.LastStart = y.half, p.steps(y.firstStart), p.steps(y.lastStart)
		o.DataStall, o.PortStall = p.steps(y.dataStall), p.steps(y.portStall)
		o.WriteBusy, o.ReadBusy = p.steps(y.writeBusy), p.steps(y.multiplyBusy)
	}
	r.Counts = s.count(w, r.Layers)
	r.Energy = s.price(r.Counts)
	r.Arrays = s.Arrays(w)
	r.Area = s.Circuit.Area(r.Arrays.Total())
	r.Lifetime = s.lifetime(w, r)
	return r, nil
}

func (p *pipeline) steps(ticks int64) float64 { return float64(ticks) / float64(p.step) }

// check reports why the machine cannot run the workload.
func (s Spec) check(w Workload) error {
	if err := s.Validate(); err != nil {
		return err
	}
	if err := w.Validate(); err != nil {
		return err
	}
	if s.Windowed && w.Windows == nil {
		return fmt.Errorf("rebert: Workload.Windows is nil, must hold %d half-windows for %s, which is windowed", w.Model.Layers, s.Name)
	}
	if words := w.Tokens * w.batch(); words > maxWords {
		return fmt.Errorf("rebert: Workload has %d words, must have at most %d (Tokens x Batch)", words, maxWords)
	}
	return nil
}

// Speedup is how many times as fast r is as base, sentence by sentence.
func (r Report) Speedup(base Report) float64 {
	return base.Latency.Seconds() / float64(base.Batch) / (r.Latency.Seconds() / float64(r.Batch))
}

// Throughput is in sentences a second, over the whole batch.
func (r Report) Throughput() float64 { return float64(r.Batch) / r.Latency.Seconds() }

// Power is the mean power over the run.
func (r Report) Power() unit.Watts {
	return unit.Watts(r.Energy.Total().Joules() / r.Latency.Seconds())
}

// Counts is what each part of the machine did.
type Counts [Parts]energy.CrossbarCounts

// Energy is what each part of the machine took, by component.
type Energy [Parts]energy.CrossbarBreakdown

// Total sums the parts.
func (e Energy) Total() unit.Picojoules {
	var sum unit.Picojoules
	for _, b := range e {
		sum += b.Total()
	}
	return sum
}

// Attention is the part that windows can save: inner product, softmax and weighted sum, without the writes.
func (e Energy) Attention() unit.Picojoules {
	return e[InnerProduct].Total() + e[Softmax].Total() + e[WeightedSum].Total()
}

// Components sums the parts, component by component.
func (e Energy) Components() energy.CrossbarBreakdown {
	var b energy.CrossbarBreakdown
	for _, p := range e {
		b = b.Plus(p)
	}
	return b
}

// Reductions is the share of the base's energy that is saved.
type Reductions struct {
	InnerProduct, Softmax, WeightedSum, Attention, Total float64
}

// Reductions compares r with the machine of full attention on the same workload.
func (r Report) Reductions(base Report) Reductions {
	saved := func(of func(Energy) unit.Picojoules) float64 {
		return 1 - float64(of(r.Energy))/float64(r.Batch)/(float64(of(base.Energy))/float64(base.Batch))
	}
	part := func(p Part) float64 { return saved(func(e Energy) unit.Picojoules { return e[p].Total() }) }
	return Reductions{part(InnerProduct), part(Softmax), part(WeightedSum), saved(Energy.Attention), saved(Energy.Total)}
}
