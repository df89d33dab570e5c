package runner

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sparse-attention/workbench/kernel/jupyter"
)

// RunAll runs the notebooks, at most limit at a time, and returns one error for each, in the order of jobs; nil where all
// went well. A failing notebook does not stop the others.
func RunAll(ctx context.Context, jobs []Job, spec jupyter.Spec, limit int, report Reporter) []error {
	results := make([]error, len(jobs))
	slots := make(chan struct{}, max(limit, 1))
	var wait sync.WaitGroup
	for i, job := range jobs {
		slots <- struct{}{}
		if ctx.Err() != nil {
			results[i] = ErrInterrupted
			<-slots
			continue
		}
		wait.Go(func() {
			defer func() { <-slots }()
			began := time.Now()
			results[i] = Run(ctx, job, spec, report)
			if !errors.Is(results[i], ErrInterrupted) {
				report.End(job.Name(), time.Since(began), results[i])
			}
		})
	}
	wait.Wait()
	return results
}
