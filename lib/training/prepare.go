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
	number int     // of the batch, from 1
	shards []shard // one when not training
}

// shard is a part of a batch.
type shard struct {
	inputs []any
	noise  *tensors.Tensor // dropout masks; nil when not training
}

func newShard(inputs []*tensors.Tensor) (s shard) {
	for _, t := range inputs {
		s.inputs = append(s.inputs, t)
	}
	return s
}

// arguments are what a training graph takes of a shard.
func (s shard) arguments() []any { return append([]any{s.noise}, s.inputs...) }

// release frees the memory of tensors outside Go's heap now, not when the collector finds them.
func (b prepared) release() {
	for _, s := range b.shards {
		for _, t := range s.inputs {
			t.(*tensors.Tensor).FinalizeAll()
		}
		if s.noise != nil {
			s.noise.FinalizeAll()
		}
	}
}

// ahead is how many batches are made ready while one is computed.
const ahead = 2

// prepare makes the training batches after the first skip ready on a goroutine of its own. What an objective and dropout
// draw for batch i is a function of seed and i.
func (s *stepper) prepare(batches iter.Seq[datasets.Batch], skip int, seed uint64) iter.Seq[prepared] {
	return s.ready(batches, skip, func(p *prepared) {
		draw := rand.New(rand.NewPCG(seed, uint64(p.number)))
		parts := p.Split(s.shards)
		for _, b := range parts {
			p.shards = append(p.shards, newShard(s.objective.Inputs(b, draw)))
		}
		for i, b := range parts {
			noise := make([]float32, max(1, s.model.Spec.NoiseSize(b.Size, b.Tokens))) // one unused value without dropout
			s.model.Spec.Noise(noise, draw)
			p.shards[i].noise = tensors.FromFlatDataAndDimensions(noise, len(noise))
		}
	})
}

// prepareEval makes the batches of an evaluation ready.
func (s *stepper) prepareEval(batches iter.Seq[datasets.Batch]) iter.Seq[prepared] {
	return s.ready(batches, 0, func(p *prepared) {
		p.shards = []shard{newShard(s.objective.Inputs(p.Batch, rand.New(rand.NewPCG(0, uint64(p.number)))))}
	})
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
