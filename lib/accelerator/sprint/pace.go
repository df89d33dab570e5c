package sprint

import (
	"slices"

	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/unit"
)

// pace is the time side of a machine: how long windows of queries take.
type pace interface {
	open()                               // a window starts; all CORELETs are free
	query(d *demand)                     // the next query of the window
	close() (compute, span unit.Cycles)  // the window ends: cycles without, and with, waiting for memory
	finish() (compute, span unit.Cycles) // of windows that have ended and not been told, as a pace may lag one behind
	state() string                       // all that the future depends on, between two windows
}

func (s Spec) pace(h *attention.Head) pace {
	l := lockstep{done: make([]unit.Cycles, s.Corelets), step: keyCycles(h.Dim, s.Lanes)}
	switch s.MemoryBound {
	case Bandwidth:
		return &streamed{lockstep: l, Spec: s, dim: h.Dim, bound: make([]unit.Cycles, s.Corelets)}
	case Banks:
		return newBanked(s, h, l)
	}
	return &l
}

// lockstep is the hidden memory: every key is on chip when its turn comes.
type lockstep struct {
	done []unit.Cycles // work of each CORELET in this window
	step unit.Cycles   // of one key
}

func (p *lockstep) open() { clear(p.done) }

func (p *lockstep) query(d *demand) {
	for c, n := range d.share {
		p.done[c] += unit.Cycles(n) * p.step
	}
}

func (p *lockstep) close() (compute, span unit.Cycles) {
	busiest := slices.Max(p.done)
	return busiest, busiest
}

func (p *lockstep) finish() (compute, span unit.Cycles) { return 0, 0 }

func (p *lockstep) state() string { return "" }

// streamed waits for the bytes of its window at the peak bandwidth: a query ends no earlier than the last byte that it, and
// the queries before it in the window, asked for. With a window of one query its time is max(compute, bytes / bandwidth).
type streamed struct {
	lockstep
	Spec
	dim     int
	vectors int64
	bound   []unit.Cycles
}

func (p *streamed) open() {
	p.lockstep.open()
	clear(p.bound)
	p.vectors = 0
}

func (p *streamed) query(d *demand) {
	p.lockstep.query(d)
	p.vectors += int64(d.loads)
	arrived := p.transferTime(p.vectors, p.dim)
	for c, n := range d.share {
		p.bound[c] = max(p.bound[c]+unit.Cycles(n)*p.step, arrived)
	}
}

func (p *streamed) close() (compute, span unit.Cycles) {
	compute, _ = p.lockstep.close()
	return compute, slices.Max(p.bound)
}

// transferTime is the time of vectors of dim bytes at the peak bandwidth, in whole cycles.
func (s Spec) transferTime(vectors int64, dim int) unit.Cycles {
	return unit.Cycles(mulDivUp(vectors*int64(dim), int64(s.Clock), int64(s.Bandwidth())))
}

func (m *machine) transfer(vectors int64) unit.Cycles { return m.transferTime(vectors, m.Head.Dim) }

// memoryCycles is the sum over queries of t_mem = tCL + tAxTh + t_ReadP + bytes / bandwidth (reference sheet, 4.3): what the
// memory does, whether or not it was hidden. Only SPRINT thresholds.
func (m *machine) memoryCycles() unit.Cycles {
	bytes := m.transfer(m.streamed)
	if m.Mode != SPRINT {
		return bytes
	}
	return bytes + unit.Cycles(m.queries)*m.clocks().core(m.thresholding(m.Head.Valid))
}
