package rebert

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
)

// Sweep simulates the workloads on the given number of workers (0 = one a processor). Reports come in the order of the
// workloads and do not depend on the workers; the first workload that fails, in that order, gives the error.
func (s Spec) Sweep(ctx context.Context, workers int, workloads []Workload) ([]Report, error) {
	if workers < 0 {
		return nil, fmt.Errorf("rebert: workers is %d, must be at least 0 (0 is one a processor)", workers)
	}
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	reports, errs := make([]Report, len(workloads)), make([]error, len(workloads))
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(workers, len(workloads)) {
		wait.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(workloads) {
					return
				}
				reports[i], errs[i] = s.Simulate(ctx, workloads[i])
			}
		})
	}
	wait.Wait()
	for i, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("workload %d: %w", i, err)
		}
	}
	return reports, nil
}
