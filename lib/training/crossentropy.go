package training

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
)

// crossEntropy gives -log p(target) along the last axis; negative targets count as class 0 and must be weighted away. Over
// a vocabulary it is a large part of a step, so the gradient, p minus 1 at the target, is written by hand: it is that of the
// surrogate sum(p x) - x[target] with p held fixed, whose value is never computed.
func crossEntropy(logits, targets *graph.Node) *graph.Node {
	g, dims := logits.Graph(), logits.Shape().Dimensions
	classes := dims[len(dims)-1]
	x := graph.Reshape(logits, -1, classes)
	rows := x.Shape().Dimensions[0]
	target := graph.Reshape(graph.Max(targets, graph.ZerosLike(targets)), rows, 1)
	row := graph.Iota(g, shapes.Make(dtypes.Int32, rows, 1), 0)
	at := graph.Gather(x, graph.Concatenate([]*graph.Node{row, target}, 1)) // the target's logit, [rows]

	highest := graph.StopGradient(graph.ReduceAndKeep(x, graph.ReduceMax, -1))
	exps := graph.Exp(graph.Sub(x, highest))
	sum := graph.ReduceAndKeep(exps, graph.ReduceSum, -1)
	value := func() *graph.Node {
		return graph.Sub(graph.Reshape(graph.Add(graph.Log(sum), highest), rows), at)
	}
	surrogate := func() *graph.Node {
		p := graph.StopGradient(graph.Mul(exps, graph.Reciprocal(sum)))
		return graph.Sub(graph.ReduceSum(graph.Mul(p, x), -1), at)
	}
	losses, replaced := graph.InternalFusedOpCaller(value, surrogate, true)
	if !replaced { // GOMLX_FUSION=0
		losses = value()
	}
	return graph.Reshape(losses, dims[:len(dims)-1]...)
}

// smoothed is crossEntropy of [rows, classes] with a share of each target spread over all classes alike: of the target's logit
// as much is exchanged for the mean logit.
func smoothed(logits, targets *graph.Node, share float64) *graph.Node {
	losses := crossEntropy(logits, targets)
	if share == 0 {
		return losses
	}
	target := graph.OneHot(targets, logits.Shape().Dimensions[1], logits.DType())
	above := graph.Sub(logits, graph.ReduceAndKeep(logits, graph.ReduceMean, -1))
	return graph.Add(losses, graph.MulScalar(graph.ReduceSum(graph.Mul(target, above), -1), share))
}
