package pruning_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/attention/attentiontest"
	"github.com/sparse-attention/workbench/lib/pruning"
	"pgregory.net/rapid"
)

// The band gives what the mask gives, for any head, window, padding and extra key.
func TestBandEqualsTheMaskedForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 50).Draw(t, "valid")
		h := attentiontest.Gaussian(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)), n+rapid.IntRange(0, 9).Draw(t, "padding"), n,
			rapid.IntRange(1, 9).Draw(t, "dim"), 8, 40, 0.05)
		h.Causal = rapid.Bool().Draw(t, "causal")
		p := pruning.Window{Half: []int{rapid.IntRange(0, 60).Draw(t, "half")}, FirstKey: rapid.Bool().Draw(t, "first")}
		want, got := attention.Attend(h, p.Mask(h, 0)), p.Attend(h, 0)
		if len(got) != len(want) {
			t.Fatalf("%d numbers, want %d", len(got), len(want))
		}
		for i := range want {
			if math.Abs(got[i]-want[i]) > 1e-12*(1+math.Abs(want[i])) {
				t.Fatalf("number %d is %v, want %v", i, got[i], want[i])
			}
		}
	})
}

// The band's time grows with N x W, the masked form's with N x N: ns/cell is the time divided by the cells of the band, and stays.
func BenchmarkWindow(b *testing.B) {
	const dim = 64
	for _, n := range []int{256, 1024, 4096} {
		h := attentiontest.Gaussian(rand.New(rand.NewPCG(1, 0)), n, n, dim, 8, 40, 0.05)
		for _, half := range []int{8, 32} {
			p := pruning.Window{Half: []int{half}}
			cells := float64(n) * pruning.MeanWindow(n, half)
			b.Run(fmt.Sprintf("band/N=%d/W=%d", n, half), func(b *testing.B) {
				for b.Loop() {
					p.Attend(h, 0)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/cells, "ns/cell")
			})
		}
		p := pruning.Window{Half: []int{32}}
		mask := p.Mask(h, 0)
		b.Run(fmt.Sprintf("masked/N=%d/W=32", n), func(b *testing.B) {
			for b.Loop() {
				attention.Attend(h, mask)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(float64(n)*pruning.MeanWindow(n, 32)), "ns/cell")
		})
	}
}
