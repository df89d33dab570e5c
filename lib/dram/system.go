package dram

import (
	"fmt"
	"iter"

	"github.com/sparse-attention/workbench/lib/unit"
)

// System is a memory that takes a stream of requests and tells when their data have passed. It works ahead only as far
// as it must to accept what it is given, so that memory use does not depend on the length of the stream.
// A System is for one goroutine.
type System struct {
	spec     Spec
	mapping  *Mapping
	channels []*channel
	pushed   uint64
	lastAt   int64
	clock    []int64 // of the front end, or of each channel's own
	handed   []int   // requests handed over at that clock
	last     int64   // latest acceptance
	onDone   func(Completion)
	moves    []move
	scratch  Request
}

// New builds a memory, or says what is wrong with its Spec. onDone, which may be nil, is called once for every request
// as soon as the clock of its completion is known: per channel in the order of service, not sorted over channels.
func New(s Spec, onDone func(Completion)) (*System, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	m, err := ParseMapping(s)
	if err != nil {
		return nil, err
	}
	y := &System{spec: s, mapping: m, onDone: onDone}
	for i := range s.Channels {
		c := newChannel(&y.spec, i)
		c.done = onDone
		y.channels = append(y.channels, c)
	}
	fronts := 1
	if s.FrontEnd.PerChannel {
		fronts = s.Channels
	}
	y.clock, y.handed = make([]int64, fronts), make([]int, fronts)
	if f := s.FrontEnd.First; f > 0 {
		for i := range y.handed {
			y.handed[i] = s.FrontEnd.Width - f
		}
	}
	return y, nil
}

// Spec is the memory's description.
func (y *System) Spec() Spec { return y.spec }

// Mapping is the memory's address mapping.
func (y *System) Mapping() *Mapping { return y.mapping }

// Log has every command that starts from now on handed to record: per channel in order of time, not sorted over
// channels. A nil record ends it.
func (y *System) Log(record func(Command)) {
	for _, c := range y.channels {
		c.log = record
	}
}

func (c *channel) record(op Op, b int, row, col int32, t int64) {
	s := c.spec
	k := Command{At: t, Op: op, Channel: c.index, Rank: c.dev.rankOf[b], Group: c.dev.groupOf[b] % s.Groups, Bank: b % s.Banks, Row: int(row), Column: int(col)}
	if op.rankWide() {
		k.Group, k.Bank = -1, -1
	}
	if row != none && row&transposedRow != 0 {
		k.Row = int(row&^transposedRow) + s.Rows
	}
	c.log(k)
}

// Push hands over the next request of the stream and returns the clock at which the memory took it: its own At, or
// later when queues or the front end held it up. The times At of a stream must not go backwards.
func (y *System) Push(r Request) (int64, error) {
	if r.ID&moveID != 0 {
		return 0, fmt.Errorf("dram: request %d: ID is %#x, must be below %#x", y.pushed, r.ID, moveID)
	}
	y.scratch = r
	return y.push(&y.scratch)
}

func (y *System) push(r *Request) (int64, error) {
	access := uint64(y.spec.AccessBytes)
	if r.At < y.lastAt || r.Addr&(access-1) != 0 || r.Addr >= y.mapping.capacity || r.Bytes != 0 || r.Kind > Write {
		if err := y.check(r); err != nil {
			return 0, err
		}
	}
	y.lastAt = r.At
	f := y.mapping.decode(r.Addr &^ (access - 1))
	c := y.channels[f[FieldChannel]]
	k := 0
	if y.spec.FrontEnd.PerChannel {
		k = c.index
	}
	t := max(r.At, y.clock[k])
	if t == y.clock[k] && y.handed[k] >= y.spec.FrontEnd.Width {
		t++
	}
	if t > c.now {
		c.advance(t)
	} else {
		t = c.now
	}
	for !c.space(r.Kind) {
		if c.next == far {
			panic("dram: a full queue and nothing left to do")
		}
		c.tick()
		t = c.now
	}
	if t > y.clock[k] {
		y.clock[k], y.handed[k] = t, 0
	}
	y.handed[k]++
	y.last = max(y.last, t)
	c.accept(r, &f, t)
	y.pushed++
	return t, nil
}

// check finds out what is wrong with a request.
func (y *System) check(r *Request) error {
	fail := func(format string, a ...any) error {
		return fmt.Errorf("dram: request %d: %s", y.pushed, fmt.Sprintf(format, a...))
	}
	access := uint64(y.spec.AccessBytes)
	switch {
	case r.At < 0:
		return fail("At is %d, must not be negative", r.At)
	case r.At < y.lastAt:
		return fail("At is %d, must not be before that of the request ahead of it, %d", r.At, y.lastAt)
	case r.Addr >= y.mapping.capacity:
		return fail("Addr is %#x, must be below the capacity %#x", r.Addr, y.mapping.capacity)
	case r.Bytes < 0:
		return fail("Bytes is %d, must not be negative", r.Bytes)
	case uint64(r.Bytes) > access || r.Addr%access+uint64(r.Bytes) > access:
		return fail("Addr %#x and Bytes %d reach across the end of an access of %d bytes; Transfer splits such moves", r.Addr, r.Bytes, access)
	case r.Bytes == 0 && r.Addr%access != 0:
		return fail("Addr is %#x, must be a multiple of %d bytes", r.Addr, access)
	case r.Kind >= numKinds:
		return fail("Kind is %d, must be below %d", r.Kind, numKinds)
	case r.Kind > Write && !y.spec.InMemory:
		return fail("Kind is %v, needs a memory with Spec.InMemory", r.Kind)
	}
	if r.Kind.direct() {
		f := y.mapping.decode(r.Addr)
		c := y.channels[f[FieldChannel]]
		bit := uint64(1) << ((f[FieldRank]*uint32(y.spec.Groups)+f[FieldGroup])*uint32(y.spec.Banks) + f[FieldBank])
		if r.Kind == ReadPruning && c.thresholded&bit == 0 {
			return fail("ReadP at %#x, must follow a CopyQ to its bank", r.Addr)
		}
		c.thresholded |= bit
	}
	return nil
}

// Drain works until everything accepted has been served and returns the state of the run. The stream may go on
// afterwards; the channels then stand at the end of the drain.
func (y *System) Drain() Stats {
	var end int64
	for _, c := range y.channels {
		c.flushing = true
		c.next = min(c.next, c.now+1)
		for c.inside > 0 {
			if c.next == far {
				panic("dram: requests left and nothing to do")
			}
			c.tick()
		}
		c.flushing = false
		end = max(end, c.stats.lastDone, c.now)
	}
	if y.pushed > 0 {
		end++ // clocks are counted from 0
	}
	for _, c := range y.channels {
		c.advance(end - 1) // refresh goes on where there is nothing else to do
	}
	return y.stats(end)
}

func (y *System) stats(cycles int64) Stats {
	s := Stats{Spec: y.spec, Cycles: unit.Cycles(cycles), LastAccept: y.last}
	var open, idle, stall, wait int64
	for _, c := range y.channels {
		st := c.stats
		cs := ChannelStats{}
		for o, n := range st.ops {
			s.Ops[o] += n
			if Op(o).reads() || Op(o).writes() {
				cs.Columns += n
			}
		}
		for k, n := range st.accepted {
			cs.Requests += n
			s.Completed += st.completed[k]
		}
		s.Requests += cs.Requests
		s.Reads += st.accepted[Read] + st.accepted[ReadTransposed]
		s.Writes += st.accepted[Write]
		s.Thresholds += st.accepted[Threshold]
		s.PruningReads += st.accepted[ReadPruning]
		s.Merged += st.merged
		s.Forwarded += st.forwarded
		s.Coalesced += st.coalesced
		s.RowHits += st.rowHits
		s.RowMisses += st.rowMisses
		s.RowConflicts += st.rowConflicts
		s.BankConflicts += st.conflicts
		stall += st.stall
		wait += st.wait
		s.Latency.merge(&st.latency)
		cs.Ops = st.ops
		cs.BusClocks = cs.Columns * int64(y.spec.Timing.Burst)
		for r := range c.openBanks {
			n := c.openUntil[r]
			if c.openBanks[r] > 0 {
				n += cycles - c.openSince[r]
			}
			cs.OpenClocks += n
			cs.IdleClocks += cycles - n
		}
		cs.Energy = y.spec.Energy.Of(cs.Ops, cs.OpenClocks, cs.IdleClocks)
		open += cs.OpenClocks
		idle += cs.IdleClocks
		s.Channels = append(s.Channels, cs)
	}
	s.Bytes = unit.Bytes(s.Reads+s.Writes) * unit.Bytes(y.spec.AccessBytes)
	if s.Requests > 0 {
		s.Stall = float64(stall) / float64(s.Requests)
	}
	if n := s.Requests - s.Forwarded - s.Coalesced; n > 0 {
		s.Wait = float64(wait) / float64(n)
	}
	s.Energy = y.spec.Energy.Of(s.Ops, open, idle)
	return s
}

// Run plays a whole stream on a fresh memory and checks the laws of Stats.Verify. done may be nil.
func Run(s Spec, stream iter.Seq[Request], done func(Completion)) (Stats, error) {
	y, err := New(s, done)
	if err != nil {
		return Stats{}, err
	}
	for r := range stream {
		if _, err := y.Push(r); err != nil {
			return Stats{}, err
		}
	}
	st := y.Drain()
	return st, st.Verify()
}
