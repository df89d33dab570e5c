package sprint_test

import (
	"context"
	"testing"

	"github.com/sparse-attention/workbench/lib/accelerator/sprint"
	"github.com/sparse-attention/workbench/lib/trace"
)

// One head of 4096 tokens, 2048 valid, 75 % pruned, with a real bit mask.
func BenchmarkHead4096(b *testing.B) {
	w := trace.SPRINTWorkloads()[7]
	h := w.Head()
	work := sprint.Workload{Name: w.Name, Head: h, Mask: markov(h, 0.75, 0.7, 1)}
	kept := float64(work.Mask.Count())
	for _, mode := range []sprint.Mode{sprint.Baseline, sprint.MaskOnly, sprint.Pruning, sprint.SPRINT} {
		for _, bound := range []sprint.MemoryBound{sprint.Hidden, sprint.Bandwidth, sprint.Banks} {
			b.Run(mode.String()+"/"+bound.String(), func(b *testing.B) {
				s := sprint.S().In(mode)
				s.MemoryBound = bound
				for b.Loop() {
					if _, err := s.Simulate(context.Background(), work); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(b.Elapsed().Seconds()*1e3/float64(b.N), "ms/head")
				b.ReportMetric(kept*float64(b.N)/b.Elapsed().Seconds(), "kept-keys/s")
			})
		}
	}
}

// Eight workloads, three sizes, four modes; the masks are made beforehand.
func BenchmarkEvaluation(b *testing.B) {
	var works []sprint.Workload
	for i, w := range trace.SPRINTWorkloads() {
		h := w.Head()
		works = append(works, sprint.Workload{Name: w.Name, Head: h, Mask: random(h, w.PruningRate, uint64(i))})
	}
	for b.Loop() {
		for _, w := range works {
			for _, s := range sizes() {
				for _, mode := range []sprint.Mode{sprint.Baseline, sprint.MaskOnly, sprint.Pruning, sprint.SPRINT} {
					if _, err := s.In(mode).Simulate(context.Background(), w); err != nil {
						b.Fatal(err)
					}
				}
			}
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()*1e3/float64(b.N), "ms/evaluation")
}
