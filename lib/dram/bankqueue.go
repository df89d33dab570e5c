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
	c.late &^= 1 << b
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
	bit := uint64(1) << b
	c.act[0] &^= bit
	c.pre[0] &^= bit
	c.hit[0] &^= bit
	c.hit[1] &^= bit
	c.behind &^= bit
	c.full &^= bit
	if int(l.n) >= c.ctl.BankQueue {
		c.full |= bit
	}
	if l.n == 0 {
		return
	}
	if k.row == none {
		c.act[0] |= bit
		return
	}
	if l.hit[0] != none {
		c.hit[0] |= bit
	}
	if l.hit[1] != none {
		c.hit[1] |= bit
	}
	if l.miss != l.head {
		return
	}
	c.behind |= bit
	some := l.hit[0] != none || l.hit[1] != none
	if !some || c.ctl.HitCap > 0 && int(k.hits) >= c.ctl.HitCap || c.late&bit != 0 {
		c.pre[0] |= bit
	}
	if c.late&bit != 0 {
		c.hit[0] &^= bit
		c.hit[1] &^= bit
	}
}

func (c *channel) classifyOldest(b int) {
	k := &c.banks[b]
	bit := uint64(1) << b
	c.direct &^= bit
	if k.queues[qDirect].n > 0 {
		c.direct |= bit
	}
	c.behind &^= bit
	for q := range 2 {
		l := &k.queues[q]
		c.act[q] &^= bit
		c.pre[q] &^= bit
		c.hit[q] &^= bit
		if l.n == 0 {
			continue
		}
		if k.row == none {
			c.act[q] |= bit
			continue
		}
		h := l.hit[q]
		if h != none && c.late&bit == 0 {
			c.hit[q] |= bit
		}
		if l.miss == none {
			continue
		}
		c.behind |= bit
		if k.active == none && (h == none || c.late&bit != 0 || c.slots[h].arrive > c.slots[l.miss].arrive) {
			c.pre[q] |= bit
		}
	}
}

// overdue finds out whether a bank must stop serving hits, because a request for another row has waited too long, and
// remembers it.
func (c *channel) overdue(b int, t int64) bool {
	bit := uint64(1) << b
	if c.ctl.AgeLimit == 0 || c.behind&bit == 0 || c.late&bit != 0 {
		return false
	}
	for q := range 2 {
		if i := c.banks[b].queues[q].miss; i != none && t-c.slots[i].arrive > c.ctl.AgeLimit {
			c.late |= bit
			c.classify(b)
			return true
		}
	}
	return false
}
