// Package pool runs pieces of work that do not depend on each other on several processors.
package pool

import (
	"context"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// Each calls f for 0..n-1, on all processors, until one call fails or ctx ends, and returns the first error. Calls begin in
// that order: give long ones low numbers.
func Each(ctx context.Context, n int, f func(i int) error) error {
	return On(ctx, runtime.GOMAXPROCS(0), n, f)
}

// On is Each on a number of workers, at least 1.
func On(ctx context.Context, workers, n int, f func(i int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for i := range n {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return f(i)
		})
	}
	return group.Wait()
}
