package dram

import "slices"

// AppendState appends to dst all that the memory's future depends on, with clocks relative to now: two memories of one Spec
// with equal states answer equal later requests equally, so that a machine that repeats itself need not be run again. IDs
// are left out, and so is what only Stats holds. Requests that follow must not start before now; up to it the memory works
// ahead.
func (y *System) AppendState(dst []int64, now int64) []int64 {
	for i, t := range y.clock {
		handed := y.handed[i]
		if t < now { // the next request finds the front end idle
			t, handed = now-1, 0
		}
		dst = append(dst, t-now, int64(handed))
	}
	for _, c := range y.channels {
		c.advance(now)
		dst = c.appendState(dst, now)
	}
	return dst
}

func (c *channel) appendState(dst []int64, now int64) []int64 {
	dst = append(dst, c.now-now, flagWord(c.writeMode), int64(c.turn), int64(c.draining), int64(c.thresholded), int64(c.blocked))
	if c.ctl.Refresh != NoRefresh {
		dst = append(dst, c.refreshDue-now, int64(c.refreshNext), int64(len(c.refreshes)))
		for _, r := range c.refreshes {
			dst = append(dst, int64(r))
		}
	}
	for _, w := range [2][]entry{c.reads, c.writes} {
		dst = append(dst, int64(len(w)))
		for _, e := range w {
			dst = c.appendSlot(dst, e.slot, now)
		}
	}
	for b := range c.banks {
		k := &c.banks[b]
		dst = append(dst, int64(k.row), int64(min(int(k.hits), c.ctl.HitCap)), int64(c.late[0]>>b&1|c.late[1]>>b&1<<1), flagWord(k.active != none))
		if k.active != none {
			dst = c.appendSlot(dst, k.active, now)
		}
		for q := range k.queues {
			dst = append(dst, int64(k.queues[q].n))
			for i := k.queues[q].head; i != none; i = c.slots[i].next {
				dst = c.appendSlot(dst, i, now)
			}
		}
	}
	return c.dev.appendState(dst, c.now, now)
}

// appendSlot appends a waiting request, and how many share its burst.
func (c *channel) appendSlot(dst []int64, i int32, now int64) []int64 {
	s := &c.slots[i]
	twins := int64(0)
	for j := s.twin; j != none; j = c.slots[j].twin {
		twins++
	}
	return append(dst, int64(s.addr), int64(s.kind), s.arrive-now, int64(c.seq-s.seq), twins)
}

// appendState appends the clocks before which commands are not legal. What is legal in the clock after the last one worked
// on is legal, whenever it became so.
func (d *device) appendState(dst []int64, worked, now int64) []int64 {
	put := func(t int64) { dst = append(dst, max(t, worked+1)-now) }
	for op := range numOps {
		put(d.channel[op])
		for r := range d.rank {
			put(d.rank[r][op])
		}
		for _, t := range d.local[op][:d.banks] {
			put(t)
		}
	}
	for h := range d.hist {
		k := &d.hist[h]
		for n, at := range k.at {
			for _, t := range slices.Concat(k.starts[n*k.depth+at:(n+1)*k.depth], k.starts[n*k.depth:n*k.depth+at]) {
				dst = append(dst, max(t, worked-d.horizon())-now)
			}
		}
	}
	return dst
}

// horizon is the longest that a rule looks back, in clocks.
func (d *device) horizon() (longest int64) {
	for _, rules := range d.rules {
		for _, r := range rules {
			longest = max(longest, r.lat)
		}
	}
	return longest
}

func flagWord(on bool) int64 {
	if on {
		return 1
	}
	return 0
}
