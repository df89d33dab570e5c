package jupyter

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/go-zeromq/zmq4"
)

// listenToHeart pings the kernel once a second. A kernel that is stopped or deadlocked keeps its sockets open but no
// longer answers.
func (c *Client) listenToHeart() {
	var last atomic.Int64
	start := time.Now()
	go func() {
		for {
			if c.beat.Send(zmq4.NewMsgString("ping")) != nil {
				return
			}
			if _, err := c.beat.Recv(); err != nil {
				c.lose(fmt.Errorf("%w: its heartbeat channel closed", ErrDied))
				return
			}
			last.Store(int64(time.Since(start)))
			select {
			case <-time.After(min(time.Second, c.options.Silence/4)):
			case <-c.life.Done():
				return
			}
		}
	}()
	tick := time.NewTicker(c.options.Silence / 4)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if time.Since(start)-time.Duration(last.Load()) > c.options.Silence {
				c.lose(fmt.Errorf("%w: no heartbeat for %v", ErrDied, c.options.Silence))
				return
			}
		case <-c.life.Done():
			return
		case <-c.lost:
			return
		}
	}
}
