package dram

import "fmt"

// WorkUntil works the channel that is furthest behind, again and again, until done reports true or nothing is left inside
// the memory. It is for streams made with Push whose owner counts completions; as with Await, requests handed over later
// start no sooner than the clock to which a channel had to be worked.
func (y *System) WorkUntil(done func() bool) {
	for !done() {
		var c *channel
		for _, k := range y.channels {
			if k.inside > 0 && (c == nil || k.next < c.next) {
				c = k
			}
		}
		if c == nil {
			return
		}
		c.flushing = true
		c.next = min(c.next, c.now+1)
		c.tick()
		c.flushing = false
	}
}

// PushApart is Push for a stream whose times are in order within each channel only, as behind a crossbar with a queue a
// channel. It needs FrontEnd.PerChannel.
func (y *System) PushApart(r Request) (int64, error) {
	if !y.spec.FrontEnd.PerChannel {
		return 0, fmt.Errorf("dram: Spec.FrontEnd.PerChannel is false, must be true for a stream in order by channel only")
	}
	latest := y.lastAt
	y.lastAt = min(latest, r.At) // a channel that is already past At takes the request when it can
	t, err := y.Push(r)
	y.lastAt = max(latest, r.At)
	return t, err
}
