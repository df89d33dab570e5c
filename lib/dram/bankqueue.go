package dram

// enqueue puts a slot at the end of a queue of its bank.
func (c *channel) enqueue(b, q int, i int32) {
	k := &c.banks[b]
	l := &k.queues[q]
	s := &c.slots[i]
	s.prev, s.next = l.tail, none
	if l.tail == none {
		l.head = i
	} else {
		c.slots[l.tail].next = i
	}
	l.tail = i
	l.n++
	if q != qDirect && k.row != none {
		if s.row == k.row {
			if w := s.direction(); l.hit[w] == none {
				l.hit[w] = i
			}
		} else if l.miss == none {
			l.miss = i
		}
	}
	c.classify(b)
}

// direction is 0 for reads and 1 for writes.
func (s *slot) direction() int {
	if s.kind.writes() {
		return 1
	}
	return 0
}

// dequeue takes a slot out and finds the hit or miss that follows it.
func (c *channel) dequeue(b, q int, i int32) {
	k := &c.banks[b]
	l := &k.queues[q]
	s := &c.slots[i]
	if s.prev == none {
		l.head = s.next
	} else {
		c.slots[s.prev].next = s.next
	}
	if s.next == none {
		l.tail = s.prev
	} else {
		c.slots[s.next].prev = s.prev
	}
	l.n--
	if q == qDirect {
		return
	}
	if w := s.direction(); l.hit[w] == i {
		j := s.next
		for j != none && (c.slots[j].row != k.row || c.slots[j].direction() != w) {
			j = c.slots[j].next
		}
		l.hit[w] = j
	}
	if l.miss == i {
		j := s.next
		for j != none && c.slots[j].row == k.row {
			j = c.slots[j].next
		}
		l.miss = j
	}
}

// setRow opens a row, or closes the bank with none, and sorts its queues into hits and misses.
func (c *channel) setRow(b int, row int32, t int64) {
	k := &c.banks[b]
	r := c.dev.rankOf[b]
	if row == none {
		if c.openBanks[r]--; c.openBanks[r] == 0 {
			c.openUntil[r] += t - c.openSince[r]
		}
	} else {
		if c.openBanks[r]++; c.openBanks[r] == 1 {
			c.openSince[r] = t
		}
	}
	k.row, k.hits = row, 0
	c.late[0] &^= 1 << b
	c.late[1] &^= 1 << b
	for q := range k.queues[:qDirect] {
		l := &k.queues[q]
		l.hit, l.miss = [2]int32{none, none}, none
		if row == none {
			continue
		}
		for i := l.head; i != none; i = c.slots[i].next {
			s := &c.slots[i]
			if s.row != row {
				if l.miss == none {
					l.miss = i
				}
			} else if w := s.direction(); l.hit[w] == none {
				l.hit[w] = i
			}
		}
	}
}

// set puts a bank into a mask or takes it out.
func (c *channel) set(w, b int, on bool) {
	bit := uint64(1) << b
	if !on {
		if c.want[w] &^= bit; c.want[w] == 0 {
			c.bound[w] = far
		}
	} else if c.want[w]&bit == 0 {
		c.want[w] |= bit
		if at := c.dev.earliest(c.wantOp[w], b); at < c.bound[w] {
			c.bound[w] = at
		}
	}
}

// flag sets or clears the bit of a bank.
func flag(mask *uint64, b int, on bool) {
	if on {
		*mask |= 1 << b
	} else {
		*mask &^= 1 << b
	}
}

// classify sets the masks of a bank from its queues.
func (c *channel) classify(b int) {
	if c.ctl.Arbiter == RoundRobin {
		c.classifyRoundRobin(b)
	} else {
		c.classifyOldest(b)
	}
}

func (c *channel) classifyRoundRobin(b int) {
	k := &c.banks[b]
	l := &k.queues[qRead]
	flag(&c.full, b, int(l.n) >= c.ctl.BankQueue)
	open, late := k.row != none, c.late[0]>>b&1 != 0
	behind := open && l.head != none && l.miss == l.head
	flag(&c.behind, b, behind)
	read, write := l.hit[0] != none, l.hit[1] != none
	c.set(wantAct, b, !open && l.n > 0)
	c.set(wantPre, b, behind && (!read && !write || c.ctl.HitCap > 0 && int(k.hits) >= c.ctl.HitCap || late))
	c.set(wantHit, b, read && !late)
	c.set(wantHit+1, b, write && !late)
}

func (c *channel) classifyOldest(b int) {
	k := &c.banks[b]
	flag(&c.direct, b, k.queues[qDirect].n > 0)
	behind := false
	for q := range 2 {
		l := &k.queues[q]
		if k.row == none {
			c.set(wantHit+q, b, false)
			c.set(wantPre+q, b, false)
			c.line(wantAct+q, b, l.head)
			continue
		}
		hit, miss, late := l.hit[q], l.miss, c.late[q]>>b&1 != 0
		behind = behind || miss != none
		c.set(wantAct+q, b, false)
		if k.active != none || hit != none && !late && miss != none && c.slots[hit].arrive <= c.slots[miss].arrive {
			miss = none // the row stays open
		}
		if late || k.active != none && c.ctl.ClosedPage { // with auto-precharge a hit would close the row under the active request
			hit = none
		}
		c.line(wantHit+q, b, hit)
		c.line(wantPre+q, b, miss)
	}
	flag(&c.behind, b, behind)
}

// line puts a bank into a mask for a request, with its place in line, or takes it out for none.
func (c *channel) line(w, b int, i int32) {
	c.set(w, b, i != none)
	if i != none {
		c.order[w][b] = c.slots[i].seq
	}
}

// foremost is the bank of a mask whose request is first in line; the mask must not be empty.
func (c *channel) foremost(w int, ready uint64) (b int, order uint64) {
	line := &c.order[w]
	order = ^uint64(0)
	for m := ready; m != 0; m &= m - 1 {
		if k := lowest(m) & (maxBanks - 1); line[k] < order {
			b, order = k, line[k]
		}
	}
	return b, order
}

// overdue finds out whether a queue of a bank must have no more hits served, because a request for another row has waited
// there too long, and remembers it.
func (c *channel) overdue(b, q int, t int64) bool {
	bit := uint64(1) << b
	if c.ctl.AgeLimit == 0 || c.behind&bit == 0 || c.late[q]&bit != 0 {
		return false
	}
	i := c.banks[b].queues[q].miss
	if i == none || t-c.slots[i].arrive <= c.ctl.AgeLimit {
		return false
	}
	c.late[q] |= bit
	c.classify(b)
	return true
}
