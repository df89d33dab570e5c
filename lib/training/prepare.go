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
	noise  *tensors.Tensor // dropout masks; one unused value when not training
}

// release frees the memory of tensors outside Go's heap now, not when the collector finds them.
func (b prepared) release() {
	for _, t := range b.inputs {
		t.(*tensors.Tensor).FinalizeAll()
	}
	if b.noise != nil {
		b.noise.FinalizeAll()
	}
}

// ahead is how many batches are made ready while one is computed.
const ahead = 2

// prepare makes the training batches after the first skip ready on a goroutine of its own. What an objective and dropout
// draw for batch i is a function of seed and i.
func (s *stepper) prepare(batches iter.Seq[datasets.Batch], skip int, seed uint64) iter.Seq[prepared] {
	return s.ready(batches, skip, func(p *prepared) {
		draw := rand.New(rand.NewPCG(seed, uint64(p.number)))
		p.take(s.objective.Inputs(p.Batch, draw))
		noise := make([]float32, max(1, s.model.Spec.NoiseSize(p.Size, p.Tokens)))
		s.model.Spec.Noise(noise, draw)
		p.noise = tensors.FromFlatDataAndDimensions(noise, len(noise))
	})
}

// prepareEval makes the batches of an evaluation ready.
func (s *stepper) prepareEval(batches iter.Seq[datasets.Batch]) iter.Seq[prepared] {
	return s.ready(batches, 0, func(p *prepared) {
		p.take(s.objective.Inputs(p.Batch, rand.New(rand.NewPCG(0, uint64(p.number)))))
	})
}

func (b *prepared) take(inputs []*tensors.Tensor) {
	for _, t := range inputs {
		b.inputs = append(b.inputs, t)
	}
}

func (s *stepper) ready(batches iter.Seq[datasets.Batch], skip int, fill func(*prepared)) iter.Seq[prepared] {
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
				fill(&p)
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
