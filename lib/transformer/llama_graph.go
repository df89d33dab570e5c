package transformer

import (
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// projectLlama gives Q, K and V, each [batch, heads, N, d]: K and V of a shared head are repeated for the heads that share
// it, so that everything behind sees one kind of attention.
func (p *Pass) projectLlama(l int, x *graph.Node) (q, k, v *graph.Node) {
	s := p.Model.Spec
	b, n, d := x.Shape().Dimensions[0], x.Shape().Dimensions[1], s.HeadDim()
	y := p.affine(p.rmsNorm(layerName(l, "attention_norm"), x), p.Parameter(layerName(l, "qkv")+"/weights"), nil)
	part := func(from, heads int) *graph.Node {
		z := graph.Slice(y, graph.AxisRange(), graph.AxisRange(), graph.AxisRange(from, from+heads*d))
		return graph.Reshape(z, b, n, heads, d)
	}
	shared := func(z *graph.Node) *graph.Node {
		each := s.Heads / s.kvHeads()
		if each == 1 {
			return z
		}
		z = graph.BroadcastToDims(graph.InsertAxes(z, 3), b, n, s.kvHeads(), each, d)
		return graph.Reshape(z, b, n, s.Heads, d)
	}
	q = p.rotate(part(0, s.Heads))
	k = p.rotate(part(s.Hidden, s.kvHeads()))
	v = part(s.Hidden+s.kvWidth(), s.kvHeads())
	return swap(q), swap(shared(k)), swap(shared(v))
}

// rotate turns the pairs of [batch, N, heads, d] by their position.
func (p *Pass) rotate(x *graph.Node) *graph.Node {
	dims := x.Shape().Dimensions
	b, n, heads, d := dims[0], dims[1], dims[2], dims[3]
	cos, sin := make([]float32, n*d/2), make([]float32, n*d/2)
	for t := range n {
		for i := range d / 2 {
			cos[t*d/2+i], sin[t*d/2+i] = p.Model.Spec.rotation(t, i)
		}
	}
	turn := func(v []float32) *graph.Node {
		c := graph.ConstTensor(p.Graph, tensors.FromFlatDataAndDimensions(v, 1, n, 1, d/2, 1))
		return graph.BroadcastToDims(c, b, n, heads, d/2, 1)
	}
	pairs := graph.Reshape(x, b, n, heads, d/2, 2)
	half := func(i int) *graph.Node {
		return graph.Slice(pairs, graph.AxisRange(), graph.AxisRange(), graph.AxisRange(), graph.AxisRange(), graph.AxisRange(i, i+1))
	}
	even, odd, c, s := half(0), half(1), turn(cos), turn(sin)
	turned := graph.Concatenate([]*graph.Node{
		graph.Sub(graph.Mul(even, c), graph.Mul(odd, s)),
		graph.Add(graph.Mul(even, s), graph.Mul(odd, c))}, -1)
	return graph.Reshape(turned, b, n, heads, d)
}

// finishLlama is the rest of a block: output projection, residual, norm, SwiGLU, residual.
func (p *Pass) finishLlama(l int, x, context *graph.Node) *graph.Node {
	linear := func(name string, x *graph.Node) *graph.Node {
		return p.affine(x, p.Parameter(layerName(l, name)+"/weights"), nil)
	}
	x = graph.Add(x, p.dropout(linear("output", context)))
	y := p.rmsNorm(layerName(l, "ffn_norm"), x)
	gate := linear("gate", y)
	y = graph.Mul(graph.Mul(gate, graph.Sigmoid(gate)), linear("expand", y))
	return graph.Add(x, p.dropout(linear("contract", y)))
}

// rmsNorm divides by the root of the mean square (Zhang and Sennrich, 2019).
func (p *Pass) rmsNorm(name string, x *graph.Node) *graph.Node {
	mean := graph.ReduceAndKeep(graph.Square(x), graph.ReduceMean, -1)
	y := graph.Div(x, graph.Sqrt(graph.AddScalar(mean, rmsEpsilon)))
	return graph.Mul(y, graph.ExpandLeftToRank(p.Parameter(name+"/gain"), x.Rank()))
}
