package transformer

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers/activation"
)

// TestGradientsByHand compares value and gradient of each function with what GoMLX derives from its plain form.
func TestGradientsByHand(t *testing.T) {
	b, err := OpenBackend("")
	if err != nil {
		t.Fatal(err)
	}
	plainNorm := func(x *graph.Node) *graph.Node {
		centred := graph.Sub(x, graph.ReduceAndKeep(x, graph.ReduceMean, -1))
		variance := graph.ReduceAndKeep(graph.Square(centred), graph.ReduceMean, -1)
		return graph.Div(centred, graph.Sqrt(graph.AddScalar(variance, normEpsilon)))
	}
	rng := rand.New(rand.NewPCG(1, 2))
	x, w := make([]float32, 2*3*8), make([]float32, 2*3*8)
	for i := range x {
		x[i], w[i] = float32(2*rng.NormFloat64()), float32(rng.NormFloat64())
	}
	for name, f := range map[string][2]func(*graph.Node) *graph.Node{
		"softmax":   {rowSoftmax, func(x *graph.Node) *graph.Node { return graph.Softmax(x, -1) }},
		"gelu":      {gelu, activation.Gelu},
		"normalise": {normalise, plainNorm},
		"fastExp":   {func(x *graph.Node) *graph.Node { return fastExp(graph.Neg(graph.Square(x))) }, func(x *graph.Node) *graph.Node { return graph.Exp(graph.Neg(graph.Square(x))) }},
		"swap":      {swapped(swap), swapped(func(x *graph.Node) *graph.Node { return graph.Transpose(x, 1, 2) })},
	} {
		both := func(f func(*graph.Node) *graph.Node) []float32 {
			out, err := graph.CallOnce(b, func(x, w *graph.Node) *graph.Node {
				x = graph.MulScalar(x, 1) // not the input itself
				y := f(x)
				g := graph.Gradient(graph.ReduceAllSum(graph.Mul(y, w)), x)[0]
				return graph.Concatenate([]*graph.Node{y, g}, 0)
			}, tensors.FromFlatDataAndDimensions(x, 2, 3, 8), tensors.FromFlatDataAndDimensions(w, 2, 3, 8))
			if err != nil {
				t.Fatal(err)
			}
			return tensors.MustCopyFlatData[float32](out)
		}
		got, want := both(f[0]), both(f[1])
		for i := range want {
			if math.Abs(float64(got[i]-want[i])) > 2e-5*(1+math.Abs(float64(want[i]))) {
				t.Errorf("%s: value or gradient %d is %v, want %v", name, i, got[i], want[i])
			}
		}
	}
}

func TestNoiseKeepsTheExpectation(t *testing.T) {
	s := Tiny(16, 10, 2)
	out := make([]float32, 1<<18)
	s.Noise(out, rand.New(rand.NewPCG(3, 4)))
	zeros, sum := 0, 0.0
	for _, v := range out {
		if v == 0 {
			zeros++
		}
		sum += float64(v)
	}
	n := float64(len(out))
	if share := float64(zeros) / n; math.Abs(share-s.Dropout) > 0.003 {
		t.Errorf("%v of the values are zero, must be near %v", share, s.Dropout)
	}
	if mean := sum / n; math.Abs(mean-1) > 0.003 {
		t.Errorf("mean is %v, must be near 1", mean)
	}
}

// swapped makes f's weights uneven by place, so that a wrong order shows, and keeps the shape of its input.
func swapped(f func(*graph.Node) *graph.Node) func(*graph.Node) *graph.Node {
	return func(x *graph.Node) *graph.Node {
		dims := x.Shape().Dimensions
		y := f(graph.Reshape(x, dims[0], dims[1], 4, 2))
		return graph.Reshape(graph.Mul(y, graph.IotaFull(x.Graph(), y.Shape())), dims...)
	}
}
