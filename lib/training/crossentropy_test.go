package training

import (
	"math"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// The loss is -log softmax at the target, and its gradient p - 1 there and p elsewhere, by the weight of the row.
func TestCrossEntropyAndItsGradient(t *testing.T) {
	b, err := transformer.OpenBackend("")
	if err != nil {
		t.Fatal(err)
	}
	x, targets, weights := []float32{1, -2, 0.5, 3, 3, 80, 0, 0, 0}, []int32{0, 2, -1}, []float32{1, 2, 0}
	out, err := graph.CallOnceN(b, func(x, targets, weights *graph.Node) []*graph.Node {
		losses := crossEntropy(x, targets)
		return []*graph.Node{losses, graph.Gradient(graph.ReduceAllSum(graph.Mul(losses, weights)), x)[0]}
	}, tensors.FromFlatDataAndDimensions(x, 1, 3, 3), tensors.FromFlatDataAndDimensions(targets, 1, 3), tensors.FromFlatDataAndDimensions(weights, 1, 3))
	if err != nil {
		t.Fatal(err)
	}
	losses, gradient := tensors.MustCopyFlatData[float32](out[0]), tensors.MustCopyFlatData[float32](out[1])
	for r, target := range targets {
		sum := 0.0
		for c := range 3 {
			sum += math.Exp(float64(x[3*r+c]))
		}
		for c := range 3 {
			p := math.Exp(float64(x[3*r+c])) / sum
			want := p
			if int32(c) == max(target, 0) {
				want--
				if loss := -math.Log(p); math.Abs(loss-float64(losses[r])) > 1e-5 {
					t.Errorf("loss of row %d is %v, want %v", r, losses[r], loss)
				}
			}
			if want *= float64(weights[r]); math.Abs(want-float64(gradient[3*r+c])) > 1e-5 {
				t.Errorf("gradient %d of row %d is %v, want %v", c, r, gradient[3*r+c], want)
			}
		}
	}
}

// With a share s spread over C classes the loss is -(1-s) log p at the target - s mean log p, and its gradient p - (1-s) there - s/C.
func TestSmoothedCrossEntropy(t *testing.T) {
	b, err := transformer.OpenBackend("")
	if err != nil {
		t.Fatal(err)
	}
	const share, classes = 0.2, 4
	x, targets := []float32{1, -2, 0.5, 3, 3, 8, 0, -1}, []int32{3, 0}
	out, err := graph.CallOnceN(b, func(x, targets *graph.Node) []*graph.Node {
		losses := smoothed(x, targets, share)
		return []*graph.Node{losses, graph.Gradient(graph.ReduceAllSum(losses), x)[0]}
	}, tensors.FromFlatDataAndDimensions(x, 2, classes), tensors.FromFlatDataAndDimensions(targets, 2))
	if err != nil {
		t.Fatal(err)
	}
	losses, gradient := tensors.MustCopyFlatData[float32](out[0]), tensors.MustCopyFlatData[float32](out[1])
	for r, target := range targets {
		sum, want := 0.0, 0.0
		for c := range classes {
			sum += math.Exp(float64(x[classes*r+c]))
		}
		for c := range classes {
			p, q := math.Exp(float64(x[classes*r+c]))/sum, share/float64(classes)
			if int32(c) == target {
				q += 1 - share
			}
			want -= q * math.Log(p)
			if got := float64(gradient[classes*r+c]); math.Abs(p-q-got) > 1e-5 {
				t.Errorf("gradient %d of row %d is %v, want %v", c, r, got, p-q)
			}
		}
		if math.Abs(want-float64(losses[r])) > 1e-5 {
			t.Errorf("loss of row %d is %v, want %v", r, losses[r], want)
		}
	}
}
