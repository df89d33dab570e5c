package joint

import (
	"context"
	"testing"

	"github.com/sparse-attention/workbench/lib/transformer"
)

// A retention sweep of one task from its checkpoint is wanted in at most a minute: all retentions and all examples of the split that
// judges, one method at a time, the dense model beside it. DOTA has a checkpoint a seed.
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
	first := *j
	first.Seeds = first.Seeds[:1]
	for _, c := range []struct {
		name, method string
		models       *Trained
	}{
		{"DOTA", DOTAMethod, &first}, {"DOTA-all-seeds", DOTAMethod, j}, {"ELSA", ELSAMethod, j}, {"oracle", OracleMethod, j}, {"random", RandomMethod, j},
	} {
		b.Run(c.name, func(b *testing.B) {
			o := r.Sweeps(data)[1]
			o.Methods = []string{c.method}
			points := 0
			for b.Loop() {
				all, err := c.models.Sweep(context.Background(), backend, o)
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
