package training

import (
	"runtime"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/sparse-attention/workbench/lib/transformer"
	"golang.org/x/sync/errgroup"
)

// The pure Go backend runs one operation after the other, most of them on one core. There a batch is cut into shards whose
// losses and gradients are computed side by side; their sums, taken in the order of the shards, make the step. Because every
// mean is over the whole batch (Pass.Mean), it is the step of the whole batch, to rounding.

// goShards is the default on the pure Go backend. It is a constant, and not the number of cores, because the rounding of the
// sums and the dropout masks follow from it: a run has the same numbers on every machine.
const goShards = 4

// shardsOn is how many shards a run cuts its batches into.
func (o Options) shardsOn(backend compute.Backend, hook Hook) int {
	switch {
	case hook != nil && !hook.Separable():
		return 1
	case o.Shards > 0:
		return o.Shards
	case transformer.PureGo(backend):
		return goShards
	}
	return 1
}

// weighGraph takes a shard; it returns the weights of its means. They follow from the inputs, so the model need not be computed.
func (s *stepper) weighGraph(_ *model.Scope, in []*graph.Node) []*graph.Node {
	p := s.trainingPass(in[0].Graph())
	p.Noise = in[0]
	s.objective.Loss(p, s.transformerHook(), in[1:])
	return []*graph.Node{graph.Stack(p.Weights, 0)}
}

// shardGraph takes the weights of the whole batch and a shard; it returns the shard's parts of the task loss, the loss and the
// gradients.
func (s *stepper) shardGraph(_ *model.Scope, in []*graph.Node) []*graph.Node {
	p := s.trainingPass(in[0].Graph())
	p.Whole, p.Noise = in[0], in[1]
	task, loss, gradients := s.gradients(p, in[2:])
	return append([]*graph.Node{task, loss}, gradients...)
}

// addGraph takes rates and step, then what shardGraph gave for every shard; it returns what trainGraph does.
func (s *stepper) addGraph(_ *model.Scope, in []*graph.Node) []*graph.Node {
	var sums []*graph.Node
	for part := range slices.Chunk(in[3:], 2+len(s.weights.names)+len(s.hooks.names)) {
		if sums == nil {
			sums = slices.Clone(part)
			continue
		}
		for i, x := range part {
			sums[i] = graph.Add(sums[i], x)
		}
	}
	return s.update(s.trainingPass(in[0].Graph()), in[:3], sums[0], sums[1], sums[2:])
}

// addShards trains on the shards of a batch; it returns what trainGraph does.
func (s *stepper) addShards(rates []any, shards []shard) ([]*tensors.Tensor, error) {
	var whole []float32
	for _, b := range shards {
		out, err := s.weigh.Call1(b.arguments()...)
		if err != nil {
			return nil, err
		}
		weights := tensors.MustCopyFlatData[float32](out)
		out.FinalizeAll()
		if whole == nil {
			whole = make([]float32, len(weights))
		}
		for i, w := range weights {
			whole[i] += w
		}
	}
	parts := make([][]*tensors.Tensor, len(shards))
	var pool errgroup.Group
	pool.SetLimit(1)
	if transformer.PureGo(s.backend) {
		pool.SetLimit(runtime.GOMAXPROCS(0))
	}
	for i, b := range shards {
		pool.Go(func() (err error) {
			parts[i], err = s.part.Call(append([]any{whole}, b.arguments()...)...)
			return err
		})
	}
	if err := pool.Wait(); err != nil {
		return nil, err
	}
	arguments := slices.Clone(rates)
	for _, part := range parts {
		for _, t := range part {
			arguments = append(arguments, t)
			defer t.FinalizeAll()
		}
	}
	return s.add.Call(arguments...)
}
