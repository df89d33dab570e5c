package mnnfast

import (
	"context"
	"fmt"
	"math/bits"

	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/unit"
)

// Workload is one head of one input.
type Workload struct {
	Name string
	Head *attention.Head
}

// Simulate runs one head and reports what was skipped, cycles, traffic and energy. It fails when the Spec or the workload
// is not legal, and when ctx ends.
func (s Spec) Simulate(ctx context.Context, w Workload) (Report, error) {
	if err := s.Validate(); err != nil {
		return Report{}, err
	}
	if err := w.Head.Validate(); err != nil {
		return Report{}, fmt.Errorf("mnnfast: Workload: %w", err)
	}
	m := &machine{Spec: s, head: w.Head, mask: s.Mask(w.Head)}
	pass := s.QueriesPerPass
	if pass == 0 {
		pass = w.Head.Valid
	}
	for from := 0; from < w.Head.Valid; from += pass {
		if err := ctx.Err(); err != nil {
			return Report{}, err
		}
		m.pass(from, min(from+pass, w.Head.Valid))
	}
	return m.report(w.Name), nil
}

// machine is a Spec in the course of one head. Times are cycles since the start.
type machine struct {
	Spec
	head *attention.Head
	mask *attention.Mask

	memory, score, value module
	bytes                int64
	pairs, kept          int64
}

// module is one resource: when it is free, when its last two chunks were done with, and how long it has worked.
type module struct {
	free, busy int64
	done       [2]int64
}

// work takes a module for some cycles, not before a time, and returns when it is free again.
func (m *module) work(after, cycles int64) int64 {
	m.free = max(m.free, after) + cycles
	m.busy += cycles
	m.done[0], m.done[1] = m.done[1], m.free
	return m.free
}

// chunk is the work of some rows for the queries of a pass.
type chunk struct{ rows, pairs, kept int64 }

// pass streams keys and values once for queries from..to-1.
func (m *machine) pass(from, to int) {
	chunks := m.chunks(from, to)
	if !m.Streaming {
		m.serial(chunks)
		return
	}
	scored := make([]int64, len(chunks))
	if m.Rule == Running {
		for i, c := range chunks {
			scored[i] = m.scoreChunk(c)
			m.valueChunk(c, scored[i])
		}
		return
	}
	for i, c := range chunks {
		scored[i] = m.scoreChunk(c)
	}
	for _, c := range chunks {
		m.valueChunk(c, scored[len(scored)-1])
	}
}

// scoreChunk loads keys into the buffer that the scores of two chunks ago left, and scores them.
func (m *machine) scoreChunk(c chunk) int64 {
	return m.score.work(m.load(c.rows, m.score.done[0]), m.time(c.pairs))
}

// valueChunk does the same with values; scores must be there.
func (m *machine) valueChunk(c chunk, scored int64) {
	m.value.work(max(scored, m.load(c.rows, m.value.done[0])), m.time(c.kept))
}

// serial does everything one after the other; every score goes to memory and comes back.
func (m *machine) serial(chunks []chunk) {
	var at int64
	step := func(on *module, cycles int64) { at = on.work(at, cycles) }
	at = max(m.memory.free, m.value.free)
	for _, c := range chunks {
		at = m.load(c.rows, at)
		step(&m.score, m.time(c.pairs))
	}
	spill := int64(0)
	for _, c := range chunks {
		spill += 2 * c.pairs * int64(m.SpillBytes)
	}
	m.bytes += spill
	step(&m.memory, up(float64(spill)/m.bytesPerCycle()))
	for _, c := range chunks {
		at = m.load(c.rows, at)
		step(&m.value, m.time(c.kept))
	}
}

// load brings rows of keys, or of values, into a buffer that is free from a time on.
func (m *machine) load(rows, free int64) int64 {
	bytes := (rows*int64(m.head.Dim*m.Bits) + 7) / 8
	m.bytes += bytes
	return m.memory.work(free, up(float64(bytes)/m.bytesPerCycle()))
}

// time is how long one module takes for a number of rows.
func (m *machine) time(rows int64) int64 {
	return up(float64(rows) * float64(m.head.Dim) / float64(m.Lanes))
}

// chunks cuts the rows that any query of the pass sees.
func (m *machine) chunks(from, to int) []chunk {
	n := m.head.Keys(to - 1)
	var all []chunk
	for low := 0; low < n; low += m.ChunkRows {
		high := min(low+m.ChunkRows, n)
		c := chunk{rows: int64(high - low)}
		for t := from; t < to; t++ {
			c.pairs += int64(max(0, min(high, m.head.Keys(t))-low))
			c.kept += int64(between(m.mask.Row(t), low, high))
		}
		m.pairs += c.pairs
		m.kept += c.kept
		all = append(all, c)
	}
	return all
}

// between counts the bits low..high-1 of a row.
func between(row []uint64, low, high int) int {
	n := 0
	for i := low >> 6; i<<6 < high; i++ {
		w := row[i]
		if i == low>>6 {
			w &= ^uint64(0) << (low & 63)
		}
		if high-i<<6 < 64 {
			w &= 1<<(high&63) - 1
		}
		n += bits.OnesCount64(w)
	}
	return n
}

func (m *machine) report(workload string) Report {
	r := Report{Machine: m.Name, Workload: workload, Clock: m.Clock, Mask: m.mask, Pairs: m.pairs, Kept: m.kept,
		Cycles: unit.Cycles(max(m.memory.free, m.score.free, m.value.free)),
		Memory: unit.Cycles(m.memory.busy), Score: unit.Cycles(m.score.busy), Value: unit.Cycles(m.value.busy),
		Loaded: unit.Bytes(m.bytes), Operations: 2 * int64(m.head.Dim) * m.pairs}
	r.Energy = unit.Picojoules(float64(m.Power) * r.Seconds() * 1e12)
	return r
}
