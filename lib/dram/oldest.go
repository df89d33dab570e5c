package dram

// oldestFirst starts the commands of clock t under OldestFirst and returns the first clock at which another may follow.
func (c *channel) oldestFirst(t int64) int64 {
	next := far
	col := c.oldestColumn(t, &next)
	if col && !c.spec.DualCommandBus {
		return t + 1
	}
	if row := c.oldestRow(t, &next); row || col {
		return t + 1
	}
	return next
}

// mode decides between reads and writes: writes once WriteHigh wait or while no read does, reads again when WriteLow or
// fewer writes are left and a read waits.
func (c *channel) mode() int {
	if !c.writeMode {
		c.writeMode = c.buffered[1] >= c.ctl.WriteHigh || c.buffered[0] == 0
	} else if c.buffered[1] <= c.ctl.WriteLow && c.buffered[0] != 0 {
		c.writeMode = false
	}
	if c.writeMode {
		return 1
	}
	return 0
}

// oldestColumn serves the oldest request whose row was opened for it, else the oldest row hit of the whole channel.
func (c *channel) oldestColumn(t int64, next *int64) bool {
	best, bestBank := none, 0
	for m := c.gather(wantActive, t, next) | c.gather(wantActive+1, t, next); m != 0; m &= m - 1 {
		b := lowest(m)
		i := c.banks[b].active
		if s := &c.slots[i]; best == none || s.arrive < c.slots[best].arrive || s.arrive == c.slots[best].arrive && s.seq < c.slots[best].seq {
			best, bestBank = i, b
		}
	}
	if best != none {
		c.banks[bestBank].active = none
		c.set(wantActive, bestBank, false)
		c.set(wantActive+1, bestBank, false)
		c.column(bestBank, best, c.opOf(best), t)
		c.classify(bestBank)
		return true
	}
	if len(c.refreshes) > 0 {
		return false
	}
	w := c.mode()
	first := ^uint64(0)
	q := w
	for ready := c.gather(wantHit+w, t, next); ready != 0; {
		b, order := c.foremost(wantHit+w, ready)
		if !c.overdue(b, w, t) {
			best, bestBank, first = c.banks[b].queues[w].hit[w], b, order
			break
		}
		ready &^= 1 << b
		*next = min(*next, t+1)
	}
	if c.direct != 0 && w == 0 {
		for m := c.direct; m != 0; m &= m - 1 {
			b := lowest(m)
			i := c.banks[b].queues[qDirect].head
			if x := c.dev.earliest(c.opOf(i), b); x > t {
				*next = min(*next, x)
			} else if c.slots[i].seq < first {
				best, bestBank, q, first = i, b, qDirect, c.slots[i].seq
			}
		}
	}
	if best == none {
		return false
	}
	c.dequeue(bestBank, q, best)
	c.buffered[w]--
	c.column(bestBank, best, c.opOf(best), t)
	c.classify(bestBank)
	return true
}

// opOf is the column command of a request.
func (c *channel) opOf(i int32) Op {
	switch c.slots[i].kind {
	case Write:
		return c.writeOp
	case Threshold:
		return CopyQ
	case ReadPruning:
		return ReadP
	}
	return c.readOp
}

// oldestRow makes progress with a refresh that is due, or opens or closes a row for the oldest request that can have it.
func (c *channel) oldestRow(t int64, next *int64) bool {
	if len(c.refreshes) > 0 {
		op, b, at := c.refreshStep()
		if at > t {
			*next = min(*next, at)
			return false
		}
		c.issueRefresh(op, b, t)
		return true
	}
	w := c.mode()
	bestBank, first, bestOp := 0, ^uint64(0), ACT
	if ready := c.gather(wantAct+w, t, next); ready != 0 {
		bestBank, first = c.foremost(wantAct+w, ready)
	}
	if ready := c.gather(wantPre+w, t, next); ready != 0 {
		if b, order := c.foremost(wantPre+w, ready); order < first {
			bestBank, first, bestOp = b, order, PRE
		}
	}
	if first == ^uint64(0) {
		return false
	}
	l := &c.banks[bestBank].queues[w]
	if bestOp == PRE {
		c.precharge(bestBank, l.miss, t)
	} else {
		best := l.head
		c.dequeue(bestBank, w, best)
		c.buffered[w]--
		c.slots[best].seq = c.seq // from here on the order of activates counts
		c.seq++
		c.banks[bestBank].active = best
		c.activate(bestBank, best, t)
		c.set(wantActive+w, bestBank, true)
	}
	c.classify(bestBank)
	return true
}
