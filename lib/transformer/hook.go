package transformer

import "github.com/gomlx/gomlx/core/graph"

// Hook is the seam of the attention inside a graph: it sees the scores of every layer and returns those that the softmax
// uses. A nil Hook leaves attention dense. What else a method needs is in the Pass: X, the layer's input, for a detector that
// predicts the scores from it; State, for a method that decides in one layer what later layers may see.
type Hook interface {
	// Scores gets the real scores q.k/sqrt(d), [batch, heads, queries, keys], and visible, a boolean that broadcasts to the
	// same shape and is false for padding and, in a causal model, for later keys; it returns scores of the same shape, those of
	// Only the keys that it keeps. What is not visible is removed after the hook.
	Scores(p *Pass, layer int, scores, visible *graph.Node) *graph.Node
}

// ProbabilityHook is a Hook that also sees the attention probabilities, behind the softmax and before dropout, and returns
// those that weigh the values: importance is accumulated there, and a head is switched off by zeros.
type ProbabilityHook interface {
	Hook
	Probabilities(p *Pass, layer int, probabilities, visible *graph.Node) *graph.Node
}

// FirstTokenHook is a Hook that is content with the scores of the first token alone, [batch, heads, 1, keys], in the last layer
// of a model whose head reads no other.
type FirstTokenHook interface {
	Hook
	FirstTokenSuffices()
}

// Removed is about the score of a key that takes no part in a softmax: exp underflows to zero, and the value stays finite so
// that gradients do.
const Removed = -1e9

// Only removes the keys that are not kept, a boolean that broadcasts to the scores. It adds, which is faster than a choice: the
// gradient passes as it is, and is zero for what a softmax gave no weight.
func Only(scores, kept *graph.Node) *graph.Node {
	return graph.Add(scores, graph.MulScalar(graph.ConvertDType(graph.LogicalNot(kept), scores.DType()), Removed))
}

// Pass is one construction of the forward graph. It builds the layers in order, so what a hook leaves in State at one layer
// it finds at the next.
type Pass struct {
	Model    *Encoder
	Graph    *graph.Graph
	Training bool          // dropout on; hooks use their differentiable form
	Losses   []*graph.Node // scalars that hooks add to the training loss
	Kept     []*graph.Node // scalars, one a layer, that hooks report: kept share of the visible scores

	X       *graph.Node   // input of the layer whose attention is being built, [batch, N, hidden]
	Q, K, V *graph.Node   // its queries, divided by sqrt(d), keys and values, [batch, heads, N, d] each
	Valid   *graph.Node   // boolean [batch, N], false for padding
	Outputs []*graph.Node // what the embedding and every finished layer gave, [batch, N, hidden] each
	Noise   *graph.Node   // dropout masks, a vector of Spec.NoiseSize values (see Spec.Noise); nil: the graph draws them itself
	drawn   int           // values of Noise taken

	Weights []*graph.Node // the summed weights of every Mean so far
	Whole   *graph.Node   // the same over the whole batch, a vector, where the graph holds a part of it; nil: it holds all

	State any // a hook's own, nil at the first layer
}

// Mean is sum(w x)/max(1, sum w), a scalar. In a graph that holds a part of a batch the second sum is the whole batch's, so
// that the means of the parts add up to the mean, and their gradients to its gradient.
func (p *Pass) Mean(x, w *graph.Node) *graph.Node {
	weight := graph.ReduceAllSum(w)
	p.Weights = append(p.Weights, weight)
	if p.Whole != nil {
		weight = graph.Squeeze(graph.Slice(p.Whole, graph.AxisElem(len(p.Weights)-1)))
	}
	return graph.Div(graph.ReduceAllSum(graph.Mul(x, w)), graph.MaxScalar(weight, 1.0))
}

// AddLoss adds a scalar to the training loss.
func (p *Pass) AddLoss(loss *graph.Node) { p.Losses = append(p.Losses, loss) }

// ReportKept reports the kept share of one layer's visible scores.
func (p *Pass) ReportKept(share *graph.Node) { p.Kept = append(p.Kept, share) }

// Parameter returns the value of a named parameter in this graph.
func (p *Pass) Parameter(name string) *graph.Node { return p.Model.node(p.Graph, name) }

// Pairs is the boolean [batch, heads, queries, keys], the given dims, of the first so many queries that are real and the keys
// that each may see. An input of one token has none: there is nothing to leave out, and the rows that fill a batch are such inputs.
func (p *Pass) Pairs(visible *graph.Node, dims ...int) *graph.Node {
	pairs := graph.BroadcastToDims(visible, dims...)
	valid := graph.Slice(p.Valid, graph.AxisRange(), graph.AxisRange(0, dims[2]))
	if n := p.Valid.Shape().Dimensions[1]; n > 1 {
		second := graph.Slice(p.Valid, graph.AxisRange(), graph.AxisRange(1, 2))
		valid = graph.LogicalAnd(valid, graph.BroadcastToDims(second, dims[0], dims[2]))
	}
	queries := graph.InsertAxes(graph.InsertAxes(valid, 1), -1) // [batch, 1, queries, 1]
	return graph.LogicalAnd(pairs, graph.BroadcastToDims(queries, dims...))
}
