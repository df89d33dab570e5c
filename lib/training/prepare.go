package training

import (
	"iter"
	"math/rand/v2"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/sparse-attention/workbench/datasets"
)

// prepared is a batch with the objective's tensors.
type prepared struct {
	datasets.Batch
	number int // of the batch, from 1
	inputs []any
}

// release frees the memory of tensors outside Go's heap now, not when the collector finds them.
func (b prepared) release() {
	for _, t := range b.inputs {
		t.(*tensors.Tensor).FinalizeAll()
	}
}

// ahead is how many batches are made ready while one is computed.
const ahead = 2

// prepare makes the batches after the first skip ready on a goroutine of its own. What an objective draws for batch i is a
// function of seed and i.
func (s *stepper) prepare(batches iter.Seq[datasets.Batch], skip int, seed uint64) iter.Seq[prepared] {
	return func(yield func(prepared) bool) {
		ready, done := make(chan prepared, ahead), make(chan struct{})
		go func() {
			defer close(ready)
			number := 0
			for b := range batches {
				if number++; number <= skip {
					continue
				}
				p := prepared{Batch: b, number: number}
				for _, t := range s.objective.Inputs(b, rand.New(rand.NewPCG(seed, uint64(number)))) {
					p.inputs = append(p.inputs, t)
				}
				select {
				case ready <- p:
				case <-done:
					p.release()
					return
				}
			}
		}()
		defer func() {
			close(done)
			for p := range ready {
				p.release()
			}
		}()
		for p := range ready {
			if !yield(p) {
				return
			}
		}
	}
}
