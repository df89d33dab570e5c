package dram

// Until works, in the order of time over all channels, until met holds, which is asked after each clock in which something
// could be done; writes that wait go out as well. It reports false when nothing is left to do and met still does not hold.
// No channel is worked further than the clock at which met came to hold, so that requests handed over later may start from
// that clock on.
func (y *System) Until(met func() bool) bool {
	for !met() {
		if !y.step() {
			return false
		}
	}
	return true
}

// step works on the next clock of the channel that is furthest behind; false when none has anything to do.
func (y *System) step() bool {
	var c *channel
	for _, k := range y.channels {
		if k.inside > 0 && (c == nil || k.next < c.next) {
			c = k
		}
	}
	if c == nil {
		return false
	}
	c.flushing = true
	c.next = min(c.next, c.now+1)
	c.tick()
	c.flushing = false
	return true
}
