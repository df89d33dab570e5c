package transformer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/support/xslices"
)

// GoMLX ends the gradient of every product with a transposition, also where it moves nothing, and the Go backend then copies
// element by element; what contracts the rows of two matrices, as the gradient of a weight does, it transposes on both sides.
// The registered gradient is wrapped, so that such transpositions go; what it computes stays the same.
func init() {
	derived := graph.VJPRegistration[graph.NodeTypeDotGeneral]
	graph.VJPRegistration[graph.NodeTypeDotGeneral] = func(node *graph.Node, v []*graph.Node, output shapes.Shape) []*graph.Node {
		gradients := slices.Clone(derived(node, v, output))
		for i, g := range gradients {
			if movesNothing(g) {
				gradients[i] = g.Inputs()[0]
			}
		}
		if PureGo(node.Graph().Backend()) {
			gradients[1] = ofRows(gradients[1])
		}
		return gradients
	}
}

// movesNothing reports a transposition whose permutation is 0, 1, 2, ...
func movesNothing(x *graph.Node) bool { return x != nil && moves(x, xslices.Iota(0, x.Rank())) }

// moves reports a transposition of this permutation. GoMLX shows it only in the node's text.
func moves(x *graph.Node, permutation []int) bool {
	return x.Type() == graph.NodeTypeTranspose && strings.Contains(x.String(), fmt.Sprintf("permutation=%v)", permutation))
}

// ofRows computes vT x, [..., n, k] from v [..., m, n] and x [..., m, k], or its transposition xT v, with the smaller of both
// transposed and the other as it is. It takes the gradient that GoMLX derives, and leaves alone what is no such product.
func ofRows(gradient *graph.Node) *graph.Node {
	batch := gradient.Rank() - 2
	if batch < 0 {
		return gradient
	}
	axes := xslices.Iota(0, batch)
	product, turned := gradient, moves(gradient, append(xslices.Iota(0, batch), batch+1, batch))
	if turned {
		product = gradient.Inputs()[0]
	}
	if product.Type() != graph.NodeTypeDotGeneral {
		return gradient
	}
	v, x := product.Inputs()[0], product.Inputs()[1]
	text := product.String()
	for _, side := range []string{"lhs", "rhs"} {
		if !strings.Contains(text, fmt.Sprintf("%sContractingAxes=[%d], %sBatchAxes=%v,", side, batch, side, axes)) {
			return gradient
		}
	}
	if v.Rank() != batch+2 || x.Rank() != batch+2 {
		return gradient
	}
	turn := func(x *graph.Node) *graph.Node { return graph.Transpose(x, batch, batch+1) }
	times := func(a, b *graph.Node) *graph.Node { // [..., n, m] by [..., m, k]
		return graph.DotGeneral(a, []int{batch + 1}, axes, b, []int{batch}, axes)
	}
	// What is moved for vT x and for xT v.
	left, right := v.Shape().Size(), x.Shape().Size()
	if turned {
		left += gradient.Shape().Size()
	} else {
		right += gradient.Shape().Size()
	}
	switch {
	case turned && right <= left:
		return times(turn(x), v)
	case turned:
		return turn(times(turn(v), x))
	case left <= right:
		return times(turn(v), x)
	}
	return turn(times(turn(x), v))
}
