package transformer

import (
	"math"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/gomlx/core/graph"
)

// The functions here have hand-written gradients: what GoMLX derives for a fused operation goes through the decomposed
// form, which is computed a second time.

// withGradient is y(x), of x's shape, whose gradient is gradient(y, v) for the gradient v by y. GoMLX takes a custom gradient
// only for the identity, so the identity stands as y's alternative in the backward pass; its value is never computed.
func withGradient(x *graph.Node, y func() *graph.Node, gradient func(y, v *graph.Node) *graph.Node) *graph.Node {
	var value *graph.Node
	out, alternated := graph.InternalFusedOpCaller(
		func() *graph.Node { value = y(); return value },
		func() *graph.Node {
			return graph.IdentityWithCustomGradient(x, func(_, v *graph.Node) *graph.Node { return gradient(value, v) })
		}, true)
	if !alternated { // GOMLX_FUSION=0 switches such operations off
		return y()
	}
	return out
}

// rowSoftmax is over the last axis. dx = y (v - sum(y v)).
func rowSoftmax(x *graph.Node) *graph.Node {
	return withGradient(x, func() *graph.Node { return graph.Softmax(floored(x), -1) }, func(y, v *graph.Node) *graph.Node {
		yv := graph.Mul(y, v)
		return graph.Sub(yv, graph.Mul(y, graph.ReduceAndKeep(yv, graph.ReduceSum, -1)))
	})
}

// negligible is so far below the largest score of a row that the weight, 1e-26, changes no sum of 32 bits.
const negligible = 60

// floored lifts scores to at most negligible below the largest of their row. ONNX Runtime's softmax gives a removed key no zero but
// the least number before one, 1e-39 or so, and the processor computes with those a hundred times slower: a softmax of which most
// keys are removed took ten times as long, and the products behind it twice.
func floored(x *graph.Node) *graph.Node {
	if PureGo(x.Graph().Backend()) {
		return x
	}
	return graph.Max(x, graph.AddScalar(graph.ReduceAndKeep(x, graph.ReduceMax, -1), -negligible))
}

// gelu is x Phi(x), exact. dx = v (Phi(x) + x phi(x)).
func gelu(x *graph.Node) *graph.Node {
	var cdf *graph.Node
	return withGradient(x, func() *graph.Node {
		cdf = graph.AddScalar(graph.MulScalar(graph.Erf(graph.MulScalar(x, math.Sqrt2/2)), 0.5), 0.5)
		return graph.Mul(x, cdf)
	}, func(_, v *graph.Node) *graph.Node {
		density := fastExp(graph.Mul(graph.MulScalar(x, -0.5), x))
		return graph.Mul(v, graph.Add(cdf, graph.Mul(graph.MulScalar(x, 1/math.Sqrt(2*math.Pi)), density)))
	})
}

// normalise gives every row of the last axis mean 0 and variance 1. With r = 1/sqrt(variance + epsilon),
// dx = r (v - mean(v) - y mean(y v)).
func normalise(x *graph.Node) *graph.Node {
	mean := func(x *graph.Node) *graph.Node { return graph.ReduceAndKeep(x, graph.ReduceMean, -1) }
	var r *graph.Node
	return withGradient(x, func() *graph.Node {
		centred := graph.Sub(x, mean(x))
		r = graph.Reciprocal(graph.Sqrt(graph.AddScalar(mean(graph.Square(centred)), normEpsilon)))
		return graph.Mul(centred, r)
	}, func(y, v *graph.Node) *graph.Node {
		along := graph.Mul(y, mean(graph.Mul(y, v)))
		return graph.Mul(graph.Sub(graph.Sub(v, mean(v)), along), r)
	})
}

// PureGo reports whether this is GoMLX's Go backend.
func PureGo(b compute.Backend) bool { return b.String() == gobackend.BackendName }

// fastExp is exp. The Go backend's calls math.Exp for every value, and its softmax a faster function, so there it is
// exp(m) softmax(x)/max(softmax(x)), where m is the largest x of a row of the last axis. Values that are smaller than
// exp(m) by 38 orders of magnitude become 0.
func fastExp(x *graph.Node) *graph.Node {
	if !PureGo(x.Graph().Backend()) {
		return graph.Exp(x)
	}
	largest := func(x *graph.Node) *graph.Node { return graph.ReduceAndKeep(x, graph.ReduceMax, -1) }
	s := graph.Softmax(x, -1)
	return graph.Mul(s, graph.Div(graph.Exp(largest(x)), largest(s)))
}

// swap exchanges the second and the third axis of [a, b, c, d]. The Go backend's transpose goes element by element, so there
// it is put together from slices, whose rows are copied whole; so is its gradient.
func swap(x *graph.Node) *graph.Node {
	if !PureGo(x.Graph().Backend()) {
		return graph.Transpose(x, 1, 2)
	}
	dims := x.Shape().Dimensions
	shaped := graph.Reshape(x, dims[0], dims[2], dims[1], dims[3])
	return withGradient(shaped, func() *graph.Node { return swapSlices(x) }, func(_, v *graph.Node) *graph.Node {
		return graph.Reshape(swapSlices(v), dims[0], dims[2], dims[1], dims[3])
	})
}

// swapSlices cuts along the shorter of the two axes.
func swapSlices(x *graph.Node) *graph.Node {
	dims := x.Shape().Dimensions
	along, into := 2, 1
	if dims[1] < dims[2] {
		along, into = 1, 2
	}
	all := graph.AxisRange()
	parts := make([]*graph.Node, dims[along])
	for i := range parts {
		at := []graph.SliceAxisSpec{all, all, all, all}
		at[along] = graph.AxisRange(i, i+1)
		part := graph.Slice(x, at...)
		shape := []int{dims[0], dims[1], dims[2], dims[3]}
		shape[along], shape[into] = shape[into], 1
		parts[i] = graph.Reshape(part, shape...)
	}
	return graph.Concatenate(parts, into)
}
