package sprint

import (
	"encoding/binary"
	"slices"

	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/reram"
	"github.com/sparse-attention/workbench/lib/unit"
)

// banked waits for every key as the memory controller delivers it. The controller works for the queries in order, at most one
// window ahead of the CORELETs: the request buffers hold the survivors of two windows.
type banked struct {
	lockstep
	clocks
	memory     *reram.Controller
	keys       int  // that are thresholded
	thresholds bool // CopyQ, tAxTh, ReadP before each query
	skipLate   bool
	n          int // CORELETs

	now      unit.Cycles     // start of this window, machine cycles
	previous unit.Cycles     // start of the window before
	vector   unit.Cycles     // arrival of the next query's pruning vector, memory cycles; 0 = not asked for
	at       []unit.Cycles   // each CORELET
	late     [][]unit.Cycles // arrivals of each CORELET's missing keys, this query
	held     []unit.Cycles   // earliest end of each CORELET if it takes keys in index order
}

func newBanked(s Spec, h *attention.Head, l lockstep) *banked {
	c, err := reram.NewController(s.Timing, s.Layout, unit.Bytes(h.Dim))
	if err != nil {
		panic("sprint: a valid Spec has no controller: " + err.Error())
	}
	return &banked{lockstep: l, clocks: s.clocks(), memory: c, keys: h.Valid, thresholds: s.Mode == SPRINT, skipLate: s.SkipLate,
		n: s.Corelets, at: make([]unit.Cycles, s.Corelets), late: make([][]unit.Cycles, s.Corelets), held: make([]unit.Cycles, s.Corelets)}
}

func (p *banked) open() {
	p.lockstep.open()
	for c := range p.at {
		p.at[c] = p.now
	}
}

func (p *banked) query(d *demand) {
	p.lockstep.query(d)
	asked, known := p.mem(p.previous), p.now
	if p.thresholds {
		if p.vector == 0 {
			p.vector = p.memory.Threshold(asked, p.keys)
		}
		// The next query is thresholded before this one's keys are read, so that its latency hides behind them.
		vector := p.vector
		p.vector = p.memory.Threshold(asked, p.keys)
		asked = max(asked, vector)
		known = p.core(vector) // even a resident key is known to be needed only then
	}
	for c := range p.late {
		p.late[c] = p.late[c][:0]
		p.held[c] = 0
	}
	for _, m := range d.missing {
		var arrived unit.Cycles
		if m.wantKey {
			arrived = p.memory.ReadKey(asked, int(m.key))
		}
		if m.wantValue {
			arrived = max(arrived, p.memory.ReadValue(asked, int(m.key)))
		}
		c := int(m.key) % p.n
		p.late[c] = append(p.late[c], p.core(arrived))
		p.held[c] = max(p.held[c], p.core(arrived)+unit.Cycles(m.behind+1)*p.step)
	}
	for c, keys := range d.share {
		if keys == 0 {
			continue
		}
		start := max(p.at[c], known)
		if !p.skipLate {
			// In index order, a late key holds up those behind it.
			p.at[c] = max(start+unit.Cycles(keys)*p.step, p.held[c])
			continue
		}
		// Keys on chip first, then the others as they come: no order of equal jobs ends earlier.
		late := p.late[c]
		slices.Sort(late)
		t := start + unit.Cycles(keys-len(late))*p.step
		for _, a := range late {
			t = max(t, a) + p.step
		}
		p.at[c] = t
	}
}

func (p *banked) close() (compute, span unit.Cycles) {
	compute, _ = p.lockstep.close()
	end := max(slices.Max(p.at), p.now)
	span = end - p.now
	p.previous, p.now = p.now, end
	return compute, span
}

func (p *banked) state() string {
	// The two clocks meet in the same phase.
	phase := int64(p.now) * p.clocks.memory % p.clocks.machine
	words := []int64{phase, int64(p.now - p.previous), int64(max(p.vector-p.mem(p.previous), 0))}
	words = p.memory.AppendState(words, p.mem(p.previous))
	out := make([]byte, 0, 8*len(words))
	for _, w := range words {
		out = binary.LittleEndian.AppendUint64(out, uint64(w))
	}
	return string(out)
}
