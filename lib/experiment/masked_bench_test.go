package experiment

import (
	"context"
	"testing"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// A retention sweep of one task is wanted in at most a minute: what a thousand examples of 512 tokens take, by method.
func BenchmarkMaskedAccuracy(b *testing.B) {
	backend, err := transformer.OpenBackend("")
	if err != nil {
		b.Fatal(err)
	}
	r, err := FindJointRecipe("dota-listops")
	if err != nil {
		b.Fatal(err)
	}
	s := r.Model
	s.Vocabulary, s.Classes = 20, 10
	m, err := transformer.NewEncoder(s, 1)
	if err != nil {
		b.Fatal(err)
	}
	hook := r.hook(1)
	if err := hook.Prepare(m); err != nil {
		b.Fatal(err)
	}
	detector, err := hook.Export(m)
	if err != nil {
		b.Fatal(err)
	}
	examples := make([]datasets.Example, 16)
	for i := range examples {
		for j := range 512 {
			examples[i].IDs = append(examples[i].IDs, int32(1+(i*7+j*j)%19))
		}
	}
	for name, choose := range map[string]Chooser{
		"dense": func(int, transformer.Projection) (*attention.Mask, error) { return nil, nil },
		"DOTA":  Detecting{1, m, detector}.Chooser(0.1),
	} {
		b.Run(name, func(b *testing.B) {
			n := 0
			for b.Loop() {
				if _, err := MaskedAccuracy(context.Background(), backend, m, examples, choose); err != nil {
					b.Fatal(err)
				}
				n += len(examples)
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "examples/s")
		})
	}
}
