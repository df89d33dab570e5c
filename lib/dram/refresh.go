package dram

// startRefresh sets the first refresh: one interval after the start, as both reference simulators do.
func (c *channel) startRefresh() {
	t := c.spec.Timing
	c.refreshDue = far
	switch c.ctl.Refresh {
	case AllBankRefresh:
		c.refreshEvery = int64(t.TREFI)
		if c.ctl.StaggerRefresh {
			c.refreshEvery /= int64(c.spec.Ranks)
		}
	case PerBankRefresh:
		c.refreshEvery = int64(t.TREFIB)
	default:
		return
	}
	c.refreshDue = c.refreshEvery
	c.next = c.refreshDue
}

// dueRefresh queues the ranks or banks whose turn has come.
func (c *channel) dueRefresh(t int64) {
	c.refreshDue += c.refreshEvery
	switch {
	case c.ctl.Refresh == PerBankRefresh: // the same bank of every rank
		per := c.spec.Groups * c.spec.Banks
		for r := range c.spec.Ranks {
			c.refreshes = append(c.refreshes, r*per+c.refreshNext)
		}
		c.refreshNext = (c.refreshNext + 1) % per
	case c.ctl.StaggerRefresh:
		c.refreshes = append(c.refreshes, c.refreshNext)
		c.refreshNext = (c.refreshNext + 1) % c.spec.Ranks
	default:
		for r := range c.spec.Ranks {
			c.refreshes = append(c.refreshes, r)
		}
	}
}

// refreshStep is the next command towards the refresh that is first in line, a bank that it addresses, and the first
// clock at which it is legal; far when a request must be served before.
func (c *channel) refreshStep() (op Op, bank int, at int64) {
	if c.ctl.Refresh == PerBankRefresh {
		b := c.refreshes[0]
		c.block(1 << b)
		if c.banks[b].row == none {
			return REFB, b, c.dev.earliest(REFB, b)
		}
		if c.banks[b].active != none {
			return PRE, b, far
		}
		return PRE, b, c.dev.earliest(PRE, b)
	}
	r := c.refreshes[0]
	c.block(c.rankMask[r])
	first := lowest(c.rankMask[r])
	if c.openBanks[r] == 0 {
		return REF, first, c.dev.earliest(REF, first)
	}
	if c.ctl.Arbiter == OldestFirst {
		if (c.want[wantActive]|c.want[wantActive+1])&c.rankMask[r] != 0 {
			return PREA, first, far
		}
		return PREA, first, c.dev.earliest(PREA, first)
	}
	op, bank, at = PRE, first, far // the first open bank that can be closed
	for m := c.rankMask[r]; m != 0; m &= m - 1 {
		b := lowest(m)
		if c.banks[b].row == none {
			continue
		}
		x := c.dev.earliest(PRE, b)
		if x <= c.now {
			return PRE, b, x
		}
		if x < at {
			bank, at = b, x
		}
	}
	return op, bank, at
}

// block holds back the queues of banks that are about to be refreshed; OldestFirst holds back the whole channel instead.
func (c *channel) block(banks uint64) {
	if c.ctl.Arbiter == RoundRobin {
		c.blocked = banks
	}
}

// refreshFrom is the first clock after t at which a refresh that is due can go on.
func (c *channel) refreshFrom(t int64) int64 {
	if len(c.refreshes) == 0 {
		return far
	}
	_, _, at := c.refreshStep()
	return max(at, t+1)
}

// issueRefresh starts a command of refreshStep.
func (c *channel) issueRefresh(op Op, b int, t int64) {
	if op == PRE {
		c.closeBank(b, PRE, t)
		c.classify(b)
		return
	}
	c.dev.issue(op, b, t)
	c.stats.ops[op]++
	if c.log != nil {
		c.record(op, b, none, none, t)
	}
	if op == PREA {
		for m := c.rankMask[c.dev.rankOf[b]]; m != 0; m &= m - 1 {
			if k := lowest(m); c.banks[k].row != none {
				c.setRow(k, none, t)
				c.classify(k)
			}
		}
		return
	}
	n := copy(c.refreshes, c.refreshes[1:])
	c.refreshes = c.refreshes[:n]
	c.blocked = 0
}
