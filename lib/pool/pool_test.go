package pool_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/sparse-attention/workbench/lib/pool"
)

func TestEachCallsAllOnce(t *testing.T) {
	for _, workers := range []int{1, 3, 100} {
		var calls [50]atomic.Int32
		var now, most atomic.Int32
		err := pool.On(context.Background(), workers, len(calls), func(i int) error {
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			calls[i].Add(1)
			now.Add(-1)
			return nil
		})
		if err != nil || int(most.Load()) > workers {
			t.Errorf("%d workers: %d at once, error %v", workers, most.Load(), err)
		}
		for i := range calls {
			if n := calls[i].Load(); n != 1 {
				t.Errorf("%d workers: piece %d ran %d times", workers, i, n)
			}
		}
	}
}

func TestEachStops(t *testing.T) {
	broken := errors.New("broken")
	ran := 0
	err := pool.On(context.Background(), 1, 10, func(i int) error {
		ran++
		if i == 2 {
			return broken
		}
		return nil
	})
	if err != broken || ran != 3 {
		t.Errorf("%d pieces ran, error %v; must be 3 and %v", ran, err, broken)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if err := pool.Each(ended, 5, func(int) error { t.Error("a piece ran after the end"); return nil }); err != context.Canceled {
		t.Errorf("error %v, must be %v", err, context.Canceled)
	}
}
