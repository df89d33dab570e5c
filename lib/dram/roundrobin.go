package dram

import "math/bits"

// roundRobin starts the commands of clock t under RoundRobin and returns the first clock at which another may follow.
func (c *channel) roundRobin(t int64) int64 {
	next := far
	rowBus := false // the first command took the row bus
	first := false
	if len(c.refreshes) > 0 {
		op, b, at := c.refreshStep()
		if at <= t {
			c.issueRefresh(op, b, t)
			first, rowBus = true, true
		} else {
			next = at
		}
	}
	if !first {
		ready, n := c.scan(t)
		if ready == 0 {
			return min(next, n)
		}
		b := c.after(ready)
		op := c.choose(b, t)
		c.serve(b, op, t)
		rowBus = !op.Column()
	}
	if !c.spec.DualCommandBus {
		return t + 1
	}
	ready, n := c.scan(t)
	if ready == 0 {
		return min(next, n, c.refreshFrom(t))
	}
	b := c.after(ready)
	if op := c.choose(b, t); op.Column() == rowBus {
		c.serve(b, op, t)
	}
	return t + 1
}

// after picks the next ready bank in turn and makes it the one last served.
func (c *channel) after(ready uint64) int {
	above := ready &^ (1<<(c.turn+1) - 1)
	if above == 0 {
		above = ready
	}
	c.turn = bits.TrailingZeros64(above)
	return c.turn
}

// scan finds the banks with a legal command at t, and the first clock after t at which one of the others has one.
func (c *channel) scan(t int64) (ready uint64, next int64) {
	next = far
	var hits uint64
	if at := c.bound[wantAct]; at > t {
		next = at
	} else {
		ready = c.gather(wantAct, t, &next)
	}
	if at := c.bound[wantPre]; at > t {
		next = min(next, at)
	} else {
		ready |= c.gather(wantPre, t, &next)
	}
	for w := wantHit; w < wantHit+2; w++ {
		if at := c.bound[w]; at > t {
			next = min(next, at)
		} else {
			hits |= c.gather(w, t, &next)
		}
	}
	for m := hits & c.behind; m != 0; m &= m - 1 {
		if b := lowest(m); c.overdue(b, qRead, t) {
			hits &^= 1 << b
			if at := c.dev.earliest(PRE, b); at <= t {
				ready |= 1 << b
			} else {
				next = min(next, at)
			}
		}
	}
	return ready | hits, next
}

// gather returns the banks that can have what they want at t, and lowers next to the first clock for the others. Clocks
// only ever rise as commands are booked, so the earliest of a mask stays a bound until a bank joins it. A channel or rank
// that holds the command back as a whole needs no look at its banks.
func (c *channel) gather(w int, t int64, next *int64) (ready uint64) {
	if at := c.bound[w]; at > t {
		*next = min(*next, at)
		return 0
	}
	d, op := c.dev, c.wantOp[w]
	if x := d.channel[op]; x > t {
		c.bound[w] = x
		*next = min(*next, x)
		return 0
	}
	m := c.want[w]
	first := far
	local := &d.local[op]
	for r := range d.rank {
		rm := m & c.rankMask[r] &^ c.blocked
		if rm == 0 {
			continue
		}
		if x := d.rank[r][op]; x > t {
			first = min(first, x)
			continue
		}
		for ; rm != 0; rm &= rm - 1 {
			b := bits.TrailingZeros64(rm) & (maxBanks - 1)
			x := local[b]
			now := (x - t - 1) >> 63 // all ones when x <= t: no branch, as it would be a coin toss
			ready |= uint64(now) & (1 << b)
			first = min(first, x|now&far)
		}
	}
	*next = min(*next, first)
	if ready == 0 && m&c.blocked == 0 {
		c.bound[w] = first
	}
	return ready
}

// choose is the command of a ready bank at t: that of the first request in its queue that can have one.
func (c *channel) choose(b int, t int64) Op {
	k := &c.banks[b]
	bit := uint64(1) << b
	if k.row == none {
		return ACT
	}
	if c.want[wantPre]&bit != 0 && c.dev.earliest(PRE, b) <= t {
		return PRE
	}
	l := &k.queues[qRead]
	read := c.want[wantHit]&bit != 0 && c.dev.earliest(c.readOp, b) <= t
	write := c.want[wantHit+1]&bit != 0 && c.dev.earliest(c.writeOp, b) <= t
	if read && (!write || c.earlier(l, l.hit[0], l.hit[1])) {
		return c.readOp
	}
	return c.writeOp
}

// earlier says whether i stands before j in a queue.
func (c *channel) earlier(l *queue, i, j int32) bool {
	for k := l.head; k != none; k = c.slots[k].next {
		if k == i {
			return true
		}
		if k == j {
			return false
		}
	}
	return false
}

// serve starts a command on behalf of the request of a bank that wants it.
func (c *channel) serve(b int, op Op, t int64) {
	l := &c.banks[b].queues[qRead]
	switch op {
	case ACT:
		c.activate(b, l.head, t)
	case PRE:
		c.precharge(b, l.head, t)
	default:
		i := l.hit[0]
		if op.writes() {
			i = l.hit[1]
		}
		c.dequeue(b, qRead, i)
		c.staged--
		c.column(b, i, op, t)
	}
	c.classify(b)
}

// activate opens the row of a request.
func (c *channel) activate(b int, i int32, t int64) {
	s := &c.slots[i]
	s.opened = true
	c.dev.issue(ACT, b, t)
	c.stats.ops[ACT]++
	c.setRow(b, s.row, t)
	if c.log != nil {
		c.record(ACT, b, s.row, none, t)
	}
}

// precharge closes a bank because a request wants another row.
func (c *channel) precharge(b int, i int32, t int64) {
	c.slots[i].closed = true
	c.stats.conflicts++
	c.closeBank(b, PRE, t)
}

func (c *channel) closeBank(b int, op Op, t int64) {
	c.dev.issue(op, b, t)
	c.stats.ops[op]++
	c.setRow(b, none, t)
	if c.log != nil {
		c.record(op, b, none, none, t)
	}
}

// column starts the column command of a request that has left its queue, and completes it.
func (c *channel) column(b int, i int32, op Op, t int64) {
	k := &c.banks[b]
	s := &c.slots[i]
	c.dev.issue(op, b, t)
	st := c.stats
	st.ops[op]++
	k.hits++
	switch {
	case s.kind.direct():
	case !s.opened:
		st.rowHits++
	case s.closed:
		st.rowConflicts++
	default:
		st.rowMisses++
	}
	if c.log != nil {
		row := s.row
		if s.kind.direct() {
			row = none
		}
		c.record(op, b, row, s.col, t)
	}
	done := t + c.readLat
	switch {
	case op.writes():
		done = t + c.wrtLat
		c.pendingWrites.remove(s.addr)
	case op == CopyQ:
		done = t + int64(c.spec.Timing.CL)
		c.pendingReads.remove(s.addr)
	default:
		c.pendingReads.remove(s.addr)
	}
	c.inside--
	for i != none {
		s := &c.slots[i]
		st.wait += t - s.arrive
		c.finish(s.id, s.kind, s.arrive, done)
		c.free = append(c.free, i)
		i = s.twin
	}
	if op == RDA || op == WRA {
		c.setRow(b, none, t)
	}
}

// stage moves one accepted request to its bank: the first whose bank has room. Writes move while a drain goes on, and a
// write waits for an earlier read of its address.
func (c *channel) stage() bool {
	if c.draining == 0 {
		n := len(c.writes)
		if n >= c.ctl.WriteHigh || n > c.ctl.WriteLow && c.staged == 0 || c.flushing && n > 0 && len(c.reads) == 0 {
			c.draining = n
		}
	}
	if c.draining > 0 {
		if moved, held := c.stageFrom(1, &c.writes); moved || !held {
			return moved
		}
		c.draining = 0
	}
	moved, _ := c.stageFrom(0, &c.reads)
	return moved
}

// stageFrom moves the first request of a queue whose bank has room; held reports a write that a read holds up.
func (c *channel) stageFrom(w int, from *[]entry) (moved, held bool) {
	if c.waitMask[w]&^c.full == 0 {
		return false, false
	}
	for n, e := range *from {
		b := int(e.bank)
		if c.full>>b&1 != 0 {
			continue
		}
		i := e.slot
		if w == 1 {
			s := &c.slots[i]
			if c.pendingReads.may(s.addr) && c.findRead(s.addr, s.bank, Read) != none {
				return false, true
			}
			c.draining--
		}
		*from = append((*from)[:n], (*from)[n+1:]...)
		if c.waiting[w][b]--; c.waiting[w][b] == 0 {
			c.waitMask[w] &^= 1 << b
		}
		c.staged++
		c.enqueue(b, qRead, i)
		return true, false
	}
	return false, false
}
