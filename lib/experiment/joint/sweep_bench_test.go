package joint

import (
	"context"
	"testing"

	"github.com/sparse-attention/workbench/lib/transformer"
)

// A retention sweep of one task from its checkpoint is wanted in at most a minute: all retentions, seeds and examples of the split
// that judges, one method at a time, the dense model beside it.
func BenchmarkSweep(b *testing.B) {
	backend, err := transformer.OpenBackend("")
	if err != nil {
		b.Fatal(err)
	}
	r, err := FindRecipe("dota-listops")
	if err != nil {
		b.Fatal(err)
	}
	j, err := r.Load("../../../datasets/checkpoints")
	if err != nil {
		b.Fatal(err)
	}
	data, err := r.Open("", j.Vocabulary)
	if err != nil {
		b.Fatal(err)
	}
	for _, method := range []string{DOTAMethod, ELSAMethod, OracleMethod, RandomMethod} {
		b.Run(method, func(b *testing.B) {
			o := r.Sweeps(data)[1]
			o.Methods = []string{method}
			points := 0
			for b.Loop() {
				all, err := j.Sweep(context.Background(), backend, o)
				if err != nil {
					b.Fatal(err)
				}
				points = len(all)
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/sweep")
			b.ReportMetric(float64(points*len(o.Examples)), "answers/sweep")
		})
	}
}
