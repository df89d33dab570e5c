package transformer

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
)

// dropout zeroes a share of x while training and scales the rest, so that the expectation stays.
func (p *Pass) dropout(x *graph.Node) *graph.Node {
	rate := p.Model.Spec.Dropout
	if !p.Training || rate == 0 {
		return x
	}
	if p.Noise != nil {
		return graph.Mul(x, p.mask(x.Shape()))
	}
	shape := shapes.Make(dtypes.Float32, x.Shape().Dimensions...)
	random := p.Model.Store.RootScope().RandomUniform(p.Graph, shape)
	kept := graph.GreaterOrEqual(random, graph.Scalar(p.Graph, dtypes.Float32, rate))
	return graph.Mul(x, graph.MulScalar(graph.ConvertDType(kept, x.DType()), 1/(1-rate)))
}

// mask takes the next values of Noise.
func (p *Pass) mask(shape shapes.Shape) *graph.Node {
	size, have := shape.Size(), p.Noise.Shape().Dimensions[0]
	if p.drawn+size > have {
		panic(fmt.Errorf("transformer: dropout needs %d values, Pass.Noise has %d", p.drawn+size, have))
	}
	part := graph.Slice(p.Noise, graph.AxisRange(p.drawn, p.drawn+size))
	p.drawn += size
	return graph.Reshape(part, shape.Dimensions...)
}

// NoiseSize is the number of dropout masks that one training pass of a batch takes, at most; 0 without dropout.
func (s Spec) NoiseSize(batch, tokens int) int {
	if s.Dropout == 0 {
		return 0
	}
	states := batch * tokens * s.Hidden
	size := states + s.Layers*(2*states+batch*s.Heads*tokens*tokens)
	if s.Head != Language {
		size += states
	}
	return size
}

// Noise fills out with what dropout multiplies activations by: 0 with the Spec's probability (to 1/65536), else a scale that
// keeps the expectation. Drawn here and not in the graph, because a graph takes a dozen passes over memory for it.
func (s Spec) Noise(out []float32, draw *rand.Rand) {
	threshold := uint64(math.Round(s.Dropout * 65536))
	scale := uint64(math.Float32bits(float32(65536 / float64(65536-threshold))))
	for i := 0; i < len(out); i += 4 {
		bits := draw.Uint64()
		for j := i; j < min(i+4, len(out)); j++ {
			kept := (threshold - 1 - bits&0xffff) >> 63 // 1 where the draw is at or above the threshold
			out[j] = math.Float32frombits(uint32(kept * scale))
			bits >>= 16
		}
	}
}
