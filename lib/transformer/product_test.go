package transformer

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// TestGradientsOfProducts compares the gradients of products with those of the same sums written out, for shapes whose
// smaller side is the left one or the right one.
func TestGradientsOfProducts(t *testing.T) {
	b, err := OpenBackend("")
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(5, 6))
	for _, c := range []struct {
		equation    string
		left, right []int
	}{
		{"mk,kn->mn", []int{5, 2}, []int{2, 7}},
		{"mk,kn->mn", []int{5, 7}, []int{7, 2}},
		{"mk,nk->mn", []int{5, 2}, []int{7, 2}},
		{"mk,nk->mn", []int{5, 7}, []int{2, 7}},
		{"bhmk,bhkn->bhmn", []int{2, 3, 5, 2}, []int{2, 3, 2, 7}},
		{"bhmk,bhkn->bhmn", []int{2, 3, 5, 7}, []int{2, 3, 7, 2}},
		{"bhmk,bhnk->bhmn", []int{2, 3, 5, 2}, []int{2, 3, 7, 2}},
		{"bhmk,bhnk->bhmn", []int{2, 3, 5, 7}, []int{2, 3, 2, 7}},
		{"kbm,nk->mbn", []int{4, 2, 3}, []int{6, 4}}, // no product of rows
	} {
		values := func(dims []int) *tensors.Tensor {
			size := 1
			for _, d := range dims {
				size *= d
			}
			x := make([]float32, size)
			for i := range x {
				x[i] = float32(rng.NormFloat64())
			}
			return tensors.FromFlatDataAndDimensions(x, dims...)
		}
		x, w := values(c.left), values(c.right)
		gradients := func(product func(x, w *graph.Node) *graph.Node) []*tensors.Tensor {
			out, err := graph.CallOnceN(b, func(x, w *graph.Node) []*graph.Node {
				return graph.Gradient(graph.ReduceAllSum(graph.Sin(product(x, w))), x, w)
			}, x, w)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		got := gradients(func(x, w *graph.Node) *graph.Node { return graph.Einsum(c.equation, x, w) })
		want := gradients(func(x, w *graph.Node) *graph.Node { return writtenOut(c.equation, x, w) })
		for side := range want {
			expected := tensors.MustCopyFlatData[float32](want[side])
			for i, v := range tensors.MustCopyFlatData[float32](got[side]) {
				if math.Abs(float64(v-expected[i])) > 1e-5 {
					t.Fatalf("%s, %v by %v: gradient %d of side %d is %v, want %v", c.equation, c.left, c.right, i, side, v, expected[i])
				}
			}
		}
	}
}

// writtenOut is Einsum of "left,right->out" as a sum of elementwise products: every axis of either side gets one of its own.
func writtenOut(equation string, x, w *graph.Node) *graph.Node {
	var names []byte
	sides, at := [3]string{}, 0
	for i := range len(equation) {
		switch c := equation[i]; c {
		case ',', '>':
			at++
		case '-':
		default:
			sides[at] += string(c)
			if at < 2 && !slices.Contains(names, c) {
				names = append(names, c)
			}
		}
	}
	dims := map[byte]int{}
	for side, node := range []*graph.Node{x, w} {
		for axis, name := range []byte(sides[side]) {
			dims[name] = node.Shape().Dimensions[axis]
		}
	}
	// Reduced axes come last, the others in the order of the result.
	order := []byte(sides[2])
	var reduced []int
	for _, name := range names {
		if !slices.Contains(order, name) {
			reduced = append(reduced, len(order))
			order = append(order, name)
		}
	}
	full := make([]int, len(order))
	for i, name := range order {
		full[i] = dims[name]
	}
	spread := func(side string, node *graph.Node) *graph.Node {
		var permutation, shape []int
		for _, name := range order {
			size := 1
			for axis, own := range []byte(side) {
				if own == name {
					permutation, size = append(permutation, axis), dims[name]
				}
			}
			shape = append(shape, size)
		}
		node = graph.TransposeAllAxes(node, permutation...)
		return graph.BroadcastToDims(graph.Reshape(node, shape...), full...)
	}
	return graph.ReduceSum(graph.Mul(spread(sides[0], x), spread(sides[1], w)), reduced...)
}
