package joint

import (
	"context"
	"testing"

	"github.com/sparse-attention/workbench/lib/transformer"
)

// A retention sweep of one task from its checkpoint is wanted in at most a minute: what a recipe's own sweeps take on few of
// their examples, in seconds for all of them.
func BenchmarkSweep(b *testing.B) {
	const few = 64
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
	for _, method := range []string{"all", DenseMethod, DOTAMethod, ELSAMethod, OracleMethod, RandomMethod} {
		b.Run(method, func(b *testing.B) {
			all := 0.0
			for _, o := range r.Sweeps(data) {
				all += float64(len(o.Examples)) / few
			}
			o := r.Sweeps(data)[1]
			o.Examples = o.Examples[:few]
			if method != "all" {
				o.Methods = []string{method}
			}
			for b.Loop() {
				if _, err := j.Sweep(context.Background(), backend, o); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(all*b.Elapsed().Seconds()/float64(b.N), "s/sweep")
		})
	}
}
