package rebert_test

import (
	"context"
	"fmt"

	"github.com/sparse-attention/workbench/lib/accelerator/rebert"
	"github.com/sparse-attention/workbench/lib/energy"
)

func ExampleReport() {
	w := example(16, 3, 3)
	operations, _, _ := rebert.Basic().Timeline(context.Background(), w)
	fmt.Println(operations[16])
	r, _ := rebert.Basic().Simulate(context.Background(), w)
	fmt.Printf("%.0f sentences a second, %v\n", r.Throughput(), r.Lifetime)
	b := r.Energy.Components()
	for _, c := range []energy.CrossbarComponent{energy.CrossbarADC, energy.CrossbarWrite} {
		fmt.Printf("%v %.1f %%, ", c, 100*float64(b[c]/b.Total()))
	}
	fmt.Println(rebert.Single, rebert.Ring, rebert.Writing, rebert.InnerProduct, rebert.BasicPort, rebert.Part(99))
	// Output:
	// layer 0, word 0: write key 800ns..1.6µs
	// 21930 sentences a second, 0.000722 years at 2 writes a sentence
	// ADC 80.4 %, cell write 0.7 %, single ring writing inner product basic Part(99)
}
