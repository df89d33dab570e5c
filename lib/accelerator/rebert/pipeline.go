package rebert

import (
	"context"
	"fmt"
	"math/bits"
	"time"
)

// The kinds of events. Whatever happens at one time has happened before any port decides what to do next.
const (
	generated  uint8 = iota // the key, value and query of a word exist at a layer
	written                 // the port has written a key
	multiplied              // the port has finished a word's inner product
	passed                  // a word leaves a stage
	ready                   // a stage takes words again
	due                     // the next inner product may start
)

// pipeline is a run: L layers, each with a port and a chain of stages, and the words of all sentences one after another.
type pipeline struct {
	Spec
	*Workload
	wheel
	total                   int   // words of the batch
	tick                    int64 // nanoseconds
	step, write, read       int64 // in ticks; one inner product a step
	layers                  []layer
	stages                  []station // layers x chain
	arrived                 []int64   // layers x total: when the key of a word came
	dirty                   []uint64  // layers whose port has to decide
	blocked                 []uint64  // layers that wait until another one has finished (InFlight)
	active, peak, eventsRun int
	finished                int                           // words that have left the last layer
	onOperation             func(Operation, int64, int64) // nil, or called for every operation with its ticks
}

// layer is the state of one layer's key arrays.
type layer struct {
	half, slots int
	generated   int // words of the stream whose key exists
	written     int // keys in the arrays
	started     int // inner products
	busy        bool
	waking      bool
	next        int64 // earliest start of the next inner product
	sentence    int   // of the next word, and
	position    int   // its place there
	LayerReport
	firstStart, lastStart   int64
	dataStall, portStall    int64
	writeBusy, multiplyBusy int64
}

// station is the state of one stage of one layer.
type station struct {
	free     int64
	queued   int
	next     int32
	arranged bool
}

func newPipeline(s Spec, w *Workload) *pipeline {
	write, read := s.Occupancy()
	step := s.Step()
	tick := gcd(gcd(int64(step), int64(read)), int64(write))
	p := &pipeline{Spec: s, Workload: w, total: w.Tokens * w.batch(), tick: tick, step: int64(step) / tick,
		write: int64(write) / tick, read: int64(read) / tick}
	n := w.Model.Layers
	p.layers = make([]layer, n)
	for l := range p.layers {
		half := w.half(s, l)
		p.layers[l].half, p.layers[l].slots = half, s.slots(w.Tokens, half)
	}
	p.stages = make([]station, n*len(s.Stages))
	p.arrived = make([]int64, n*p.total)
	p.dirty, p.blocked = make([]uint64, (n+63)/64), make([]uint64, (n+63)/64)
	reach := max(p.step, p.write, p.read)
	for _, g := range s.Stages {
		reach = max(reach, p.step*int64(max(g.Steps, g.Interval)))
	}
	p.wheel.reset(reach)
	return p
}

// run simulates until the last word has left the last layer and returns that time in ticks.
func (p *pipeline) run(ctx context.Context) (int64, error) {
	p.after(p.step, event{kind: generated})
	var batch []event
	for ticks := 0; p.finished < p.total; ticks++ {
		if ticks&0xfff == 0 {
			if err := ctx.Err(); err != nil {
				return 0, fmt.Errorf("rebert: %w", err)
			}
		}
		if p.pending == 0 {
			panic(fmt.Sprintf("rebert: pipeline stands still with %d of %d words done", p.finished, p.total))
		}
		batch = p.wheel.next(batch[:0])
		p.eventsRun += len(batch)
		for _, e := range batch {
			p.happen(e)
		}
		// Deep layers first: they hold the older words, which matters when layers wait for each other.
		for i := len(p.dirty) - 1; i >= 0; i-- {
			for p.dirty[i] != 0 {
				b := bits.Len64(p.dirty[i]) - 1
				p.dirty[i] &^= 1 << b
				p.decide(i<<6 + b)
			}
		}
	}
	return p.now, nil
}

func (p *pipeline) happen(e event) {
	l := int(e.layer)
	switch e.kind {
	case generated:
		if l == 0 && int(e.word)+1 < p.total { // the embedded words enter one a step
			p.after(p.step, event{kind: generated, word: e.word + 1})
		}
		p.observe(Generated, l, e.word, p.now-p.step, p.now)
		p.arrive(l, e.word)
	case written:
		p.layers[l].busy = false
		p.mark(l)
	case multiplied:
		y := &p.layers[l]
		y.busy = false
		p.mark(l)
		if (int(e.word)+1)%p.Tokens == 0 {
			p.release()
		}
		p.enter(l, 0, e.word)
	case passed:
		p.enter(l, int(e.stage)+1, e.word)
	case ready:
		p.stages[l*len(p.Stages)+int(e.stage)].arranged = false
		p.take(l, int(e.stage))
	case due:
		p.layers[l].waking = false
		p.mark(l)
	}
}

// arrive counts a key that exists at layer l; behind the last layer it is the result.
func (p *pipeline) arrive(l int, word int32) {
	if l == len(p.layers) {
		p.finished++
		return
	}
	y := &p.layers[l]
	p.arrived[l*p.total+int(word)] = p.now
	y.generated++
	y.Backlog = max(y.Backlog, y.generated-y.written)
	p.mark(l)
}

// enter moves a word to a stage, or behind the last one to the next layer.
func (p *pipeline) enter(l, stage int, word int32) {
	if stage == len(p.Stages) {
		p.arrive(l+1, word)
		return
	}
	g := &p.stages[l*len(p.Stages)+stage]
	if g.queued == 0 {
		g.next = word
	}
	g.queued++
	p.take(l, stage)
}

// take lets the stage accept the next waiting word, or arranges that it will.
func (p *pipeline) take(l, stage int) {
	g := &p.stages[l*len(p.Stages)+stage]
	if g.queued == 0 || g.arranged {
		return
	}
	if p.now < g.free {
		g.arranged = true
		p.after(g.free-p.now, event{ready, uint8(stage), uint16(l), 0})
		return
	}
	s := p.Stages[stage]
	p.observe(Passed+Kind(stage), l, g.next, p.now, p.now+p.step*int64(s.Steps))
	p.after(p.step*int64(s.Steps), event{passed, uint8(stage), uint16(l), g.next})
	g.free = p.now + p.step*int64(s.Interval)
	g.next++
	g.queued--
	p.take(l, stage)
}

// decide lets the port of layer l do what its program says: for each word, write the keys of its window that are missing and
// multiply. A port that would wait for the pace of the pipeline may write a key early.
func (p *pipeline) decide(l int) {
	y := &p.layers[l]
	for !y.busy && y.started < p.total {
		need := y.sentence*p.Tokens + min(y.position+y.half, p.Tokens-1)
		switch {
		case y.written <= need:
			if y.written == y.generated || !p.admit(l) {
				return
			}
			p.writeKey(l)
		case p.now < y.next:
			early := p.WriteAhead && y.written < y.generated && p.now+p.write <= y.next && p.vacant(y)
			if early && p.admit(l) {
				p.writeKey(l)
				continue
			}
			if !y.waking {
				y.waking = true
				p.after(y.next-p.now, event{kind: due, layer: uint16(l)})
			}
			return
		default:
			p.multiply(l, need)
		}
	}
}

// vacant says whether the slot of the next key is free: the key there is of no use to a word that is still to come.
func (p *pipeline) vacant(y *layer) bool {
	old := y.written - y.slots
	if old < 0 {
		return true
	}
	start := old / p.Tokens * p.Tokens
	return start+min(old-start+y.half, p.Tokens-1) < y.started
}

// admit says whether layer l may begin its next sentence, and counts it among the active ones if so.
func (p *pipeline) admit(l int) bool {
	if p.layers[l].written%p.Tokens != 0 {
		return true // under way
	}
	if p.InFlight > 0 && p.active >= p.InFlight {
		p.blocked[l>>6] |= 1 << (l & 63)
		return false
	}
	p.active++
	p.peak = max(p.peak, p.active)
	return true
}

// release ends a sentence at a layer.
func (p *pipeline) release() {
	p.active--
	for i, b := range p.blocked {
		p.dirty[i] |= b
		p.blocked[i] = 0
	}
}

func (p *pipeline) mark(l int) { p.dirty[l>>6] |= 1 << (l & 63) }

func (p *pipeline) writeKey(l int) {
	y := &p.layers[l]
	word := int32(y.written)
	y.written++
	y.Writes++
	y.writeBusy += p.write
	p.observe(KeyWritten, l, word, p.now, p.now+p.write)
	if p.write > 0 {
		y.busy = true
		p.after(p.write, event{kind: written, layer: uint16(l), word: word})
	}
}

func (p *pipeline) multiply(l, need int) {
	y := &p.layers[l]
	// The word could have started when its last key came, at the pace of the pipeline; later is the port's doing.
	came := p.arrived[l*p.total+need]
	if y.started == 0 {
		y.firstStart = p.now
		y.dataStall = came - p.arrived[l*p.total]
		y.portStall = p.now - came
	} else {
		y.dataStall += max(0, came-y.next)
		y.portStall += p.now - max(came, y.next)
	}
	y.lastStart = p.now
	y.next = p.now + p.step
	scope := p.scope(p.Tokens, y.half, y.position)
	y.Scope += scope
	y.Blocks += ceil(scope*p.Slices(), p.Cols)
	y.Columns += ceil(scope*p.Slices(), p.ColumnGroup) * p.ColumnGroup
	y.RowBlocks += ceil(scope, p.Rows)
	y.Words++
	y.multiplyBusy += p.read
	y.busy = true
	p.observe(Multiplied, l, int32(y.started), p.now, p.now+p.read)
	p.after(p.read, event{kind: multiplied, layer: uint16(l), word: int32(y.started)})
	y.started++
	if y.position++; y.position == p.Tokens {
		y.position = 0
		y.sentence++
	}
}

func (p *pipeline) observe(k Kind, l int, word int32, start, end int64) {
	if p.onOperation != nil {
		p.onOperation(Operation{Kind: k, Layer: l, Word: int(word)}, start, end)
	}
}

func (p *pipeline) duration(ticks int64) time.Duration { return time.Duration(ticks * p.tick) }

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
