package transformer

import "github.com/gomlx/gomlx/core/graph"

// Hook is the seam of the attention inside a graph: it sees the scores of every layer and returns those that the softmax
// uses. A nil Hook leaves attention dense.
type Hook interface {
	// Scores gets the real scores q.k/sqrt(d), [batch, heads, queries, keys], and visible, a boolean [batch, 1, 1, keys]
	// that is false for padding; it returns scores of the same shape. A key is removed by a score of Removed or below.
	// Padding is removed after the hook.
	Scores(p *Pass, layer int, scores, visible *graph.Node) *graph.Node
}

// Removed is the score of a key that takes no part in a softmax: exp underflows to zero, and the value stays finite so
// that gradients do.
const Removed = -1e9

// Pass is one construction of the forward graph.
type Pass struct {
	Model    *Encoder
	Graph    *graph.Graph
	Training bool          // dropout on; hooks use their differentiable form
	Losses   []*graph.Node // scalars that hooks add to the training loss
	Kept     []*graph.Node // scalars, one a layer, that hooks report: kept share of the visible scores
}

// AddLoss adds a scalar to the training loss.
func (p *Pass) AddLoss(loss *graph.Node) { p.Losses = append(p.Losses, loss) }

// ReportKept reports the kept share of one layer's visible scores.
func (p *Pass) ReportKept(share *graph.Node) { p.Kept = append(p.Kept, share) }

// Parameter returns the value of a named parameter in this graph.
func (p *Pass) Parameter(name string) *graph.Node { return p.Model.node(p.Graph, name) }
