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
// element by element. The registered gradient is wrapped, so that such a transposition goes; what
// it computes stays the same.
func init() {
	derived := graph.VJPRegistration[graph.NodeTypeDotGeneral]
	graph.VJPRegistration[graph.NodeTypeDotGeneral] = func(node *graph.Node, v []*graph.Node, output shapes.Shape) []*graph.Node {
		gradients := slices.Clone(derived(node, v, output))
		for i, g := range gradients {
			if movesNothing(g) {
				gradients[i] = g.Inputs()[0]
			}
		}
		return gradients
	}
}

// movesNothing reports a transposition whose permutation is 0, 1, 2, ... GoMLX shows it only in the node's text.
func movesNothing(x *graph.Node) bool {
	if x == nil || x.Type() != graph.NodeTypeTranspose {
		return false
	}
	identity := fmt.Sprintf("permutation=%v)", xslices.Iota(0, x.Rank()))
	return strings.Contains(x.String(), identity)
}
