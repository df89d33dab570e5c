package transformer

import (
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// The gradient of a product by its left side is v wT: no transposition is left in the graph, and the numbers are right. By
// its right side one must stay.
func TestProductsAreNotTransposedInPlace(t *testing.T) {
	b, err := OpenBackend("")
	if err != nil {
		t.Fatal(err)
	}
	for left, want := range map[bool]int{true: 0, false: 1} {
		used := 0
		out, err := graph.CallOnce(b, func(x, w *graph.Node) *graph.Node {
			at := w
			if left {
				at = x
			}
			g := graph.Gradient(graph.ReduceAllSum(graph.Square(graph.MatMul(x, w))), at)[0]
			if g.Type() == graph.NodeTypeTranspose {
				used++
			}
			return g
		}, tensors.FromFlatDataAndDimensions([]float32{1, 2, 3, 4, 5, 6}, 2, 3), tensors.FromFlatDataAndDimensions([]float32{1, 0, 0, 1, 1, 1}, 3, 2))
		if err != nil {
			t.Fatal(err)
		}
		if used != want {
			t.Errorf("%d transpositions, want %d", used, want)
		}
		// y = [[4 5] [10 11]]; 2 y wT and 2 xT y.
		expected := []float32{88, 98, 116, 130, 144, 162}
		if left {
			expected = []float32{8, 10, 18, 20, 22, 42}
		}
		for i, v := range tensors.MustCopyFlatData[float32](out) {
			if v != expected[i] {
				t.Errorf("gradient %d is %v, want %v (left: %v)", i, v, expected[i], left)
			}
		}
	}
}
