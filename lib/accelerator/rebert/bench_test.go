package rebert_test

import (
	"fmt"
	"testing"

	"github.com/sparse-attention/workbench/lib/accelerator/rebert"
	"github.com/sparse-attention/workbench/lib/reram"
)

// 24 layers of 512 words, in each configuration; the issue asks for at most 20 ms.
func BenchmarkSimulate(b *testing.B) {
	w := rebert.Uniform(rebert.BERTLarge(), 512, 40)
	for _, s := range []rebert.Spec{rebert.Baseline(), rebert.Basic(), rebert.Advanced()} {
		b.Run(s.Name, func(b *testing.B) {
			events := 0
			for b.Loop() {
				events = simulate(b, s, w).Events
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(events), "ns/event")
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/run")
		})
	}
}

// 10,000 sets of windows for BERT-base, two workers; the issue asks for at most 10 s.
func BenchmarkSweep(b *testing.B) {
	var points []rebert.Workload
	for i := range 10000 {
		w := rebert.Uniform(rebert.BERTBase(), 128, 0)
		for l := range w.Windows {
			w.Windows[l] = (i*(l+3) + i/128) % 128
		}
		w.Name = fmt.Sprint("point ", i)
		points = append(points, w)
	}
	for b.Loop() {
		if _, err := rebert.Advanced().Sweep(b.Context(), 2, points); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/sweep")
}

// One head: integers only, errors of programming, and noise of every reading.
func BenchmarkAttend(b *testing.B) {
	h := head(9, 64, 64, 32)
	w := example(64, 8)
	mask := w.Policy(rebert.Advanced()).Mask(h, 0)
	out := make([]float32, 64*32)
	for _, c := range []struct {
		name  string
		noise reram.Noise
	}{{"exact", reram.Noise{}}, {"programming", reram.Noise{Cells: reram.Proportional, Sigma: 0.05}}, {"reading", reram.Noise{Read: 0.001}}} {
		b.Run(c.name, func(b *testing.B) {
			d := rebert.Advanced().Datapath()
			d.Noise = c.noise
			for b.Loop() {
				if err := d.Attend(h, mask, out); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
