package dram

import "math/bits"

// none marks the end of a list of slots.
const none = int32(-1)

// transposedRow sets the rows of a transposable array that are read along the other axis apart from its word lines: to
// change the axis is to change the row.
const transposedRow = int32(1) << 30

// slot is a request inside the controller.
type slot struct {
	addr, id   uint64
	arrive     int64  // clock of acceptance
	seq        uint64 // order of acceptance in the channel
	row, col   int32
	next, prev int32 // neighbours in the queue of the bank
	twin       int32 // a read of the same address that shares the burst
	bank       uint8
	kind       Kind
	opened     bool // an ACT was spent on it
	closed     bool // a PRE was spent on it
}

// queue is what waits at one bank, in order, with the first row hit of either direction and the first row miss at hand.
type queue struct {
	head, tail, n int32
	hit           [2]int32 // first read and first write to the open row
	miss          int32    // first request to another row
}

// The queues of a bank: requests for rows (RoundRobin has reads and writes in one), writes, and commands that need no row.
const (
	qRead = iota
	qWrite
	qDirect
	numQueues
)

// What a queue may want. Under RoundRobin both kinds of request wait in the first queue, and the second of each pair of
// wants serves its writes.
const (
	wantAct    = iota // open a row, for the first queue or the second
	wantPre    = iota + 1
	wantHit    = iota + 2
	wantActive = 6 // the column for which the row was opened: read or write
	numWants   = 8
)

type bank struct {
	row    int32 // open row, or none
	hits   int32 // columns since the row was opened
	active int32 // the request for which the row was opened and which is still to be served (OldestFirst)
	queues [numQueues]queue
}

// channel is one controller with its banks.
type channel struct {
	spec  *Spec
	dev   *device
	index int
	ctl   Controller

	now  int64 // last clock worked on
	next int64 // no clock before it can change anything

	slots []slot
	free  []int32
	banks []bank
	seq   uint64

	// Masks of banks.
	want            [numWants]uint64 // banks by what a queue of theirs wants next
	bound           [numWants]int64  // no bank of the mask can have it before
	wantOp          [numWants]Op
	order           [numWants][maxBanks]uint64 // OldestFirst: the place in line of the request that wants it
	direct          uint64
	behind          uint64    // the head of the queue waits for another row than the open one
	late            [2]uint64 // per queue: a request waits beyond AgeLimit for another row, so no more hits
	full            uint64    // RoundRobin: no room at the bank
	rankMask        []uint64
	turn            int        // RoundRobin: the bank last served
	reads, writes   []entry    // RoundRobin: accepted and not yet at their bank
	waiting         [2][]int32 // RoundRobin: of those, how many per bank
	waitMask        [2]uint64
	staged          int    // RoundRobin: at the banks
	draining        int    // RoundRobin: writes still to go in this drain
	buffered        [2]int // OldestFirst: requests in the read and write buffers
	writeMode       bool
	flushing        bool
	inside          int // requests accepted and not yet served, twins apart
	pendingReads    addressFilter
	pendingWrites   addressFilter
	thresholded     uint64 // banks that have seen CopyQ
	readOp, writeOp Op
	readLat, wrtLat int64

	refreshDue   int64
	refreshEvery int64
	refreshNext  int
	refreshes    []int // ranks, or banks, that are due
	blocked      uint64

	openBanks []int32 // per rank
	openSince []int64
	openUntil []int64 // clocks counted so far
	stats     *channelStats
	done      func(Completion)
	log       func(Command)
}

func newChannel(s *Spec, index int) *channel {
	c := &channel{spec: s, dev: newDevice(*s, s.used()), index: index, ctl: s.Controller, now: -1, next: far}
	n := s.BanksPerChannel()
	c.banks = make([]bank, n)
	for b := range c.banks {
		c.banks[b].row, c.banks[b].active = none, none
		for q := range c.banks[b].queues {
			c.banks[b].queues[q] = queue{none, none, 0, [2]int32{none, none}, none}
		}
	}
	c.rankMask = make([]uint64, s.Ranks)
	for b := range n {
		c.rankMask[c.dev.rankOf[b]] |= 1 << b
	}
	c.turn = 0
	c.waiting = [2][]int32{make([]int32, n), make([]int32, n)}
	c.reads = make([]entry, 0, s.Controller.ReadQueue)
	c.writes = make([]entry, 0, s.Controller.WriteQueue)
	c.readOp, c.writeOp = RD, WR
	if c.ctl.ClosedPage {
		c.readOp, c.writeOp = RDA, WRA
	}
	c.wantOp = [numWants]Op{ACT, ACT, PRE, PRE, c.readOp, c.writeOp, c.readOp, c.writeOp}
	c.bound = [numWants]int64{far, far, far, far, far, far, far, far}
	c.readLat, c.wrtLat = int64(s.Timing.readLatency()), int64(s.Timing.writeLatency())
	c.openBanks, c.openSince, c.openUntil = make([]int32, s.Ranks), make([]int64, s.Ranks), make([]int64, s.Ranks)
	c.stats = &channelStats{}
	c.startRefresh()
	if c.ctl.Arbiter == OldestFirst {
		c.next = 1 // without a read in the first clock, writes come first
	}
	return c
}

// take gets a free slot.
func (c *channel) take() int32 {
	if n := len(c.free); n > 0 {
		i := c.free[n-1]
		c.free = c.free[:n-1]
		return i
	}
	c.slots = append(c.slots, slot{})
	return int32(len(c.slots) - 1)
}

// advance works on all clocks up to t.
func (c *channel) advance(t int64) {
	for c.next <= t {
		c.tick()
	}
	c.now = max(c.now, t)
}

// tick works on the clock next: at most one command per bus, then, under RoundRobin, one request moves to its bank.
func (c *channel) tick() {
	t := c.next
	c.now = t
	if t >= c.refreshDue {
		c.dueRefresh(t)
	}
	var n int64
	if c.ctl.Arbiter == RoundRobin {
		n = c.roundRobin(t)
		if c.stage() {
			n = t + 1
		}
	} else {
		n = c.oldestFirst(t)
	}
	c.next = min(n, c.refreshDue)
}

// space says whether the controller can take a request.
func (c *channel) space(k Kind) bool {
	if c.ctl.Arbiter == RoundRobin {
		if k.writes() {
			return len(c.writes) < c.ctl.WriteQueue
		}
		return len(c.reads) < c.ctl.ReadQueue
	}
	if k.writes() {
		return c.buffered[1] < c.ctl.WriteQueue
	}
	return c.buffered[0] < c.ctl.ReadQueue
}

// accept takes a request in after the work of the clock t; there must be space.
func (c *channel) accept(r *Request, f *[numFields]uint32, t int64) {
	b := uint8((f[FieldRank]*uint32(c.spec.Groups)+f[FieldGroup])*uint32(c.spec.Banks) + f[FieldBank])
	c.stats.accepted[r.Kind]++
	c.stats.stall += t - r.At
	if c.shortcut(r, b, t) {
		return
	}
	i := c.take()
	s := &c.slots[i]
	*s = slot{addr: r.Addr, id: r.ID, arrive: t, seq: c.seq, row: int32(f[FieldRow]), col: int32(f[FieldColumn]),
		next: none, prev: none, twin: none, bank: b, kind: r.Kind}
	if r.Kind == ReadTransposed {
		s.row |= transposedRow
	}
	c.seq++
	c.inside++
	w := 0
	if r.Kind.writes() {
		w = 1
		c.pendingWrites.add(r.Addr)
	} else {
		c.pendingReads.add(r.Addr)
	}
	if c.ctl.Arbiter == RoundRobin {
		if w == 1 {
			c.writes = append(c.writes, entry{i, b})
		} else {
			c.reads = append(c.reads, entry{i, b})
		}
		c.waiting[w][b]++
		c.waitMask[w] |= 1 << b
	} else {
		c.buffered[w]++
		q := w
		if r.Kind.direct() {
			q = qDirect
		}
		c.enqueue(int(b), q, i)
	}
	c.next = min(c.next, t+1)
}

// shortcut serves what needs no command of its own: a read of data that still waits to be written, a write over one
// that still waits, and, with Merge, a read of an address that is being read.
func (c *channel) shortcut(r *Request, b uint8, t int64) bool {
	if r.Kind.direct() {
		return false
	}
	if c.pendingWrites.may(r.Addr) && c.findWrite(r.Addr, b) != none {
		if r.Kind.writes() {
			c.stats.coalesced++
		} else {
			c.stats.forwarded++
		}
		c.finish(r.ID, r.Kind, t, t+1)
		return true
	}
	if c.ctl.Merge && !r.Kind.writes() && c.pendingReads.may(r.Addr) {
		if p := c.findRead(r.Addr, b, r.Kind); p != none {
			i := c.take()
			c.slots[i] = slot{id: r.ID, arrive: t, kind: r.Kind, twin: c.slots[p].twin}
			c.slots[p].twin = i
			c.stats.merged++
			return true
		}
	}
	return false
}

// findRead is the pending read of an address, or none.
func (c *channel) findRead(addr uint64, b uint8, k Kind) int32 {
	for i := c.banks[b].queues[qRead].head; i != none; i = c.slots[i].next {
		if s := &c.slots[i]; s.addr == addr && s.kind == k {
			return i
		}
	}
	for _, e := range c.reads {
		if s := &c.slots[e.slot]; e.bank == b && s.addr == addr && s.kind == k {
			return e.slot
		}
	}
	return none
}

// findWrite is the pending write of an address, or none.
func (c *channel) findWrite(addr uint64, b uint8) int32 {
	for _, q := range [2]int{qRead, qWrite} {
		for i := c.banks[b].queues[q].head; i != none; i = c.slots[i].next {
			if s := &c.slots[i]; s.addr == addr && s.kind.writes() {
				return i
			}
		}
	}
	for _, e := range c.writes {
		if e.bank == b && c.slots[e.slot].addr == addr {
			return e.slot
		}
	}
	return none
}

// finish reports a request and books its latency.
func (c *channel) finish(id uint64, k Kind, arrive, done int64) {
	st := c.stats
	st.completed[k]++
	st.latency.add(done - arrive)
	st.lastDone = max(st.lastDone, done)
	if c.done != nil {
		c.done(Completion{id, arrive, done, k})
	}
}

// entry is a request that waits to move to its bank.
type entry struct {
	slot int32
	bank uint8
}

// addressFilter counts pending addresses by hash, so that a search is made only when there may be something to find.
type addressFilter struct{ count [1024]uint16 }

func (f *addressFilter) cell(addr uint64) *uint16 {
	return &f.count[addr*0x9E3779B97F4A7C15>>54]
}
func (f *addressFilter) add(addr uint64)      { *f.cell(addr)++ }
func (f *addressFilter) remove(addr uint64)   { *f.cell(addr)-- }
func (f *addressFilter) may(addr uint64) bool { return *f.cell(addr) > 0 }

// lowest is the index of the lowest bit of a mask that is not 0.
func lowest(m uint64) int { return bits.TrailingZeros64(m) }
