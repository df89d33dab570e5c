package dram

import "fmt"

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
