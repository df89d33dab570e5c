package training

import (
	"math"

	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"

	"github.com/sparse-attention/workbench/lib/transformer"
)

// corrections is how often best moves the threshold of a row.
const corrections = 5

// best marks, for every query, the given share of its visible keys by estimate: row-balanced selection without a sort, which
// no backend of training offers. The threshold of a row starts where a normal distribution of the row's own mean and variance
// would put it, both of which follow from the factors, and is moved by the share that it really keeps; the rows come out
// balanced to within a key in a hundred or so, and pruning.Detected, which selects exactly, is what inference uses. What a row
// keeps are its best keys in any case.
func best(retention float64, query, key, step, valid *graph.Node) *graph.Node {
	query, key = graph.StopGradient(query), graph.StopGradient(key)
	b, heads, n := key.Shape().Dimensions[0], key.Shape().Dimensions[1], key.Shape().Dimensions[2]
	real := graph.ConvertDType(graph.Reshape(valid, b, 1, n, 1), key.DType())
	count := graph.ReduceAndKeep(real, graph.ReduceSum, 2) // [batch, 1, 1, 1]
	tieMean, tieVariance := graph.ZerosLike(count), graph.ZerosLike(count)
	// One more column of the factors takes out padding without a pass over the pairs.
	offset := graph.BroadcastToDims(graph.MulScalar(graph.OneMinus(real), transformer.Removed), b, heads, n, 1)
	if step != nil {
		// Codes tie. Among equals the smaller index is better, as in pruning: subtract less than a step over all keys.
		index := graph.Iota(key.Graph(), shapes.Make(key.DType(), 1, 1, n, 1), 2)
		offset = graph.Sub(offset, graph.Mul(index, graph.DivScalar(step, float64(n+1))))
		spread := graph.Mul(graph.DivScalar(step, float64(n+1)), count)
		tieMean, tieVariance = graph.DivScalar(spread, 2), graph.DivScalar(graph.Square(spread), 12)
	}
	estimate := graph.Einsum("bhqm,bhkm->bhqk", graph.Concatenate([]*graph.Node{query, graph.OnesLike(graph.Slice(query, graph.AxisRange(), graph.AxisRange(), graph.AxisRange(), graph.AxisRange(0, 1)))}, -1),
		graph.Concatenate([]*graph.Node{key, offset}, -1))
	key = graph.Mul(key, real)
	mean := graph.Div(graph.ReduceAndKeep(key, graph.ReduceSum, 2), count)      // [batch, heads, 1, k]
	second := graph.Div(graph.Einsum("bhnm,bhnl->bhml", key, key), count)       // [batch, heads, k, k]
	rowMean := graph.ReduceAndKeep(graph.Mul(query, mean), graph.ReduceSum, -1) // [batch, heads, queries, 1]
	rowSquare := graph.ReduceAndKeep(graph.Mul(graph.Einsum("bhqm,bhml->bhql", query, second), query), graph.ReduceSum, -1)
	deviation := graph.Sqrt(graph.Add(graph.MaxScalar(graph.Sub(rowSquare, graph.Square(rowMean)), 1e-12), tieVariance))
	// The share aimed at is a half key above the rounded count, so that the count itself is inside.
	want := graph.Div(graph.AddScalar(graph.Ceil(graph.AddScalar(graph.MulScalar(count, retention), -1e-4)), -0.5), count)
	return graph.GreaterOrEqual(estimate, balanced(estimate, count, want, graph.Sub(rowMean, tieMean), deviation))
}

// balanced looks for the threshold of every row of estimates above which the wanted share of its count lies. A row's mean and
// deviation say where to begin, and, by reach, within which bounds.
func balanced(estimate, count, want, mean, deviation *graph.Node) *graph.Node {
	n := estimate.Shape().Dimensions[3]
	target := logit(want, n)
	threshold := graph.Add(mean, graph.MulScalar(graph.Mul(deviation, target), -1/logistic))
	low := graph.Sub(threshold, graph.MulScalar(deviation, reach)) // keeps too many
	high := graph.Add(threshold, graph.MulScalar(deviation, reach))
	for range corrections {
		above := graph.GreaterOrEqual(estimate, threshold)
		got := graph.Div(graph.ReduceAndKeep(graph.ConvertDType(above, estimate.DType()), graph.ReduceSum, -1), count)
		many := graph.GreaterThan(got, want)
		low, high = graph.Where(many, threshold, low), graph.Where(many, high, threshold)
		next := graph.Add(threshold, graph.MulScalar(graph.Mul(deviation, graph.Sub(logit(got, n), target)), 1/logistic))
		inside := graph.LogicalAnd(graph.GreaterThan(next, low), graph.LessThan(next, high))
		threshold = graph.Where(inside, next, graph.MulScalar(graph.Add(low, high), 0.5))
	}
	return threshold
}

// reach is how many standard deviations from the first guess a threshold is looked for.
const reach = 8

// logistic is the factor by which the logit of a share exceeds the normal quantile.
const logistic = 1.702

// logit is log(p/(1-p)), with p held half a key away from 0 and 1.
func logit(p *graph.Node, n int) *graph.Node {
	edge := math.Min(0.25, 0.5/float64(n))
	p = graph.ClipScalar(p, edge, 1-edge)
	return graph.Log(graph.Div(p, graph.OneMinus(p)))
}
