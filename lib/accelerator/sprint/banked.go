package sprint

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/dram"
	"github.com/sparse-attention/workbench/lib/unit"
)

// banked waits for every key as the memory delivers it: package dram gets a stream of addressed requests with the clock from
// which each may start, and tells when the data are there. The stream runs one window ahead of the CORELETs, so that a window
// is closed only when the next has been asked for.
type banked struct {
	lockstep
	clocks
	*placement
	memory   *dram.System
	vectors  int // pruning vectors to ask for; none when the mode does not threshold
	skipLate bool
	n        int // CORELETs

	window  int         // that is being asked for
	flights [2]flight   // it and the one before, by parity
	now     unit.Cycles // start of the one before, machine cycles
	queries int         // whose keys have been asked for
	asked   int         // pruning vectors that have
	vector  [2]arrival  // the last two of them, by parity
	latest  int64       // memory clock of the last request: times of a stream do not go back

	at   []unit.Cycles   // each CORELET
	late [][]unit.Cycles // arrivals of each CORELET's missing keys, this query
	held []unit.Cycles   // earliest end of each CORELET if it takes keys in index order

	words []int64 // of the state
	text  []byte
}

// flight is a window of queries whose data are on their way.
type flight struct {
	compute unit.Cycles   // of the window, without waiting
	known   []unit.Cycles // machine cycle before which no key of a query is known to be needed
	share   []int         // keys of each CORELET, query by query
	missing []miss        // query by query
	until   []int         // missing keys up to and with each query
	arrived []int64       // memory clock at which the last part of each has passed
	left    int           // accesses that have not
}

// arrival is a pruning vector on its way.
type arrival struct {
	at   int64
	left int
}

// IDs of requests say what to do with the data.
const (
	vectorID = uint64(1) << 62 // of a pruning vector, else of a missing key
	queryID  = uint64(1) << 61 // a CopyQ: nothing
	oddID    = uint64(1) << 60 // of the odd flight or vector
)

func newBanked(s Spec, h *attention.Head, l lockstep) *banked {
	b := &banked{lockstep: l, clocks: s.clocks(), placement: s.place(h), skipLate: s.SkipLate, n: s.Corelets, at: make([]unit.Cycles, s.Corelets),
		late: make([][]unit.Cycles, s.Corelets), held: make([]unit.Cycles, s.Corelets)}
	if s.Mode == SPRINT {
		b.vectors = h.Valid
	}
	memory, err := dram.New(s.main(), b.deliver)
	if err != nil {
		panic("sprint: a valid Spec has no memory: " + err.Error())
	}
	b.memory = memory
	return b
}

func (p *banked) open() {
	p.lockstep.open()
	f := &p.flights[p.window&1]
	*f = flight{known: f.known[:0], share: f.share[:0], missing: f.missing[:0], until: f.until[:0], arrived: f.arrived[:0]}
}

func (p *banked) query(d *demand) {
	p.lockstep.query(d)
	f := &p.flights[p.window&1]
	at, known := int64(p.mem(p.now)), unit.Cycles(0)
	if p.vectors > 0 {
		// The next query is thresholded before this one's keys are read, so that its latency hides behind them.
		for p.asked < min(p.queries+2, p.vectors) {
			p.threshold(at)
		}
		v := &p.vector[p.queries&1]
		p.await(&v.left)
		at, known = max(at, v.at), p.core(unit.Cycles(v.at)) // even a resident key is known to be needed only then
	}
	p.queries++
	odd := uint64(p.window&1) * oddID
	for _, m := range d.missing {
		id, j := odd|uint64(len(f.arrived)), int(m.key)
		f.arrived = append(f.arrived, 0)
		lower := p.lower[j*(p.half+p.whole) : (j+1)*(p.half+p.whole)]
		if m.wantKey {
			p.read(f, id, dram.ReadTransposed, at, p.upper[j*p.half:(j+1)*p.half])
			p.read(f, id, dram.Read, at, lower[:p.half])
		}
		if m.wantValue {
			p.read(f, id, dram.Read, at, lower[p.half:])
		}
	}
	f.missing = append(f.missing, d.missing...)
	f.share = append(f.share, d.share...)
	f.known, f.until = append(f.known, known), append(f.until, len(f.missing))
}

// threshold has the arrays compare the next query with their keys, all at once, and asks for the result.
func (p *banked) threshold(at int64) {
	odd := uint64(p.asked&1) * oddID
	p.asked++
	for _, a := range p.arrays {
		p.push(queryID, a.addr, dram.Threshold, at)
	}
	v := &p.vector[(p.asked-1)&1]
	*v = arrival{}
	for _, a := range p.arrays {
		for range a.reads {
			v.left++
			p.push(vectorID|odd, a.addr, dram.ReadPruning, at)
		}
	}
}

func (p *banked) read(f *flight, id uint64, kind dram.Kind, at int64, addresses []uint64) {
	for _, a := range addresses {
		f.left++
		p.push(id, a, kind, at)
	}
}

// push asks for one access, no earlier than the request before it.
func (p *banked) push(id, addr uint64, kind dram.Kind, at int64) {
	p.latest = max(p.latest, at)
	if _, err := p.memory.Push(dram.Request{ID: id, Addr: addr, At: p.latest, Kind: kind}); err != nil {
		panic("sprint: a request of the machine is not legal: " + err.Error())
	}
}

// await has the memory work until nothing is left.
func (p *banked) await(left *int) {
	if !p.memory.Until(func() bool { return *left == 0 }) {
		panic("sprint: the memory lost a request")
	}
}

// deliver books what the memory has read.
func (p *banked) deliver(c dram.Completion) {
	parity := c.ID & oddID / oddID
	switch {
	case c.ID&queryID != 0:
	case c.ID&vectorID != 0:
		v := &p.vector[parity]
		v.at, v.left = max(v.at, c.Done), v.left-1
	default:
		f := &p.flights[parity]
		key := c.ID &^ oddID
		f.arrived[key], f.left = max(f.arrived[key], c.Done), f.left-1
	}
}

// close ends the window that is being asked for, and has the CORELETs do the one before, of which it tells the cycles.
func (p *banked) close() (compute, span unit.Cycles) {
	p.flights[p.window&1].compute, _ = p.lockstep.close()
	p.window++
	if p.window < 2 {
		return 0, 0
	}
	return p.land(&p.flights[p.window&1])
}

// finish has the CORELETs do the last window.
func (p *banked) finish() (compute, span unit.Cycles) {
	if p.window == 0 {
		return 0, 0
	}
	p.window++
	return p.land(&p.flights[p.window&1])
}

// land waits for the data of a window and runs the CORELETs over it, from now on.
func (p *banked) land(f *flight) (compute, span unit.Cycles) {
	p.await(&f.left)
	for c := range p.at {
		p.at[c] = p.now
	}
	first := 0
	for q, known := range f.known {
		p.run(f.share[q*p.n:(q+1)*p.n], known, f.missing[first:f.until[q]], f.arrived[first:f.until[q]])
		first = f.until[q]
	}
	end := max(slices.Max(p.at), p.now)
	span = end - p.now
	p.now = end
	return f.compute, span
}

// run has each CORELET take its keys of one query.
func (p *banked) run(share []int, known unit.Cycles, missing []miss, arrived []int64) {
	for c := range p.late {
		p.late[c] = p.late[c][:0]
		p.held[c] = 0
	}
	for i, m := range missing {
		c, t := int(m.key)%p.n, p.core(unit.Cycles(arrived[i]))
		p.late[c] = append(p.late[c], t)
		p.held[c] = max(p.held[c], t+unit.Cycles(m.behind+1)*p.step)
	}
	for c, keys := range share {
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

// state is the hash of what the memory holds and of the arrivals of the window that the CORELETs have still to do, seen from
// its start. It is asked for only of sources whose queries are all alike.
func (p *banked) state() string {
	now := int64(p.mem(p.now))
	words := append(p.words[:0], p.phase(p.now), int64(p.window))
	if p.window > 0 {
		words[1] = 1
		f := &p.flights[p.window&1^1]
		for _, t := range f.arrived {
			words = append(words, max(t, now)-now) // 0 also where nothing has arrived: what is then left tells
		}
		words = append(words, int64(f.left))
	}
	p.words = p.memory.AppendState(words, now)
	p.text = p.text[:0]
	for _, w := range p.words {
		p.text = binary.LittleEndian.AppendUint64(p.text, uint64(w))
	}
	sum := sha256.Sum256(p.text)
	return string(sum[:])
}
