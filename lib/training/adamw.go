package training

import (
	"fmt"
	"math"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// group is a set of variables that share a learning rate, a weight decay and a gradient clip.
type group struct {
	names    []string
	shapes   map[string][]int
	decays   map[string]bool
	decay    float64 // decoupled weight decay (Loshchilov and Hutter, 2019)
	clipNorm float64 // largest norm of the group's gradient; 0 = no clip
}

// AdamW's moment decays and epsilon, BERT's.
const (
	beta1       = 0.9
	beta2       = 0.999
	adamEpsilon = 1e-6
)

func firstMoment(name string) string  { return "adamw/first/" + name }
func secondMoment(name string) string { return "adamw/second/" + name }

// moments returns the names of the moments, which a checkpoint must hold besides the group's own.
func (g *group) moments() []string {
	var out []string
	for _, n := range g.names {
		out = append(out, firstMoment(n), secondMoment(n))
	}
	return out
}

// prepare makes zero moments where there are none.
func (g *group) prepare(m *transformer.Encoder) error {
	for _, n := range g.names {
		for _, moment := range []string{firstMoment(n), secondMoment(n)} {
			if m.Has(moment) {
				continue
			}
			size := 1
			for _, d := range g.shapes[n] {
				size *= d
			}
			if err := m.SetValues(moment, g.shapes[n], make([]float32, size)); err != nil {
				return fmt.Errorf("training: %w", err)
			}
		}
	}
	return nil
}

// norm is the Euclidean norm of the group's gradient.
func (g *group) norm(gradients []*graph.Node) *graph.Node {
	var squares *graph.Node
	for _, grad := range gradients {
		s := graph.ReduceAllSum(graph.Square(grad))
		if squares == nil {
			squares = s
		} else {
			squares = graph.Add(squares, s)
		}
	}
	return graph.Sqrt(squares)
}

// isFinite is false for NaN and the infinities, which compare with nothing.
func isFinite(x *graph.Node) *graph.Node {
	return graph.LessOrEqual(graph.Abs(x), graph.Scalar(x.Graph(), x.DType(), math.MaxFloat32))
}

// update adds one AdamW step of the group to the graph: gradients in the order of names and their norm, rate and step
// scalars (step counts from 1). Where finite is false the weights stay as they are.
func (gr *group) update(p *transformer.Pass, gradients []*graph.Node, norm, finite, rate, step *graph.Node) {
	zero := graph.ZerosLike(norm)
	scale := graph.OnesLike(norm)
	if gr.clipNorm > 0 {
		scale = graph.MinScalar(graph.MulScalar(graph.Reciprocal(graph.AddScalar(norm, 1e-6)), gr.clipNorm), 1.0)
	}
	rate = graph.Where(finite, rate, zero)
	correct1 := graph.OneMinus(graph.Pow(graph.Scalar(p.Graph, rate.DType(), beta1), step))
	correct2 := graph.OneMinus(graph.Pow(graph.Scalar(p.Graph, rate.DType(), beta2), step))
	for i, name := range gr.names {
		grad := graph.Mul(gradients[i], scale)
		grad = graph.Where(finite, grad, graph.ZerosLike(grad))
		first := graph.Add(graph.MulScalar(p.Parameter(firstMoment(name)), beta1), graph.MulScalar(grad, 1-beta1))
		second := graph.Add(graph.MulScalar(p.Parameter(secondMoment(name)), beta2), graph.MulScalar(graph.Square(grad), 1-beta2))
		direction := graph.Div(graph.Div(first, correct1), graph.AddScalar(graph.Sqrt(graph.Div(second, correct2)), adamEpsilon))
		value := p.Parameter(name)
		if gr.decay > 0 && gr.decays[name] {
			direction = graph.Add(direction, graph.MulScalar(value, gr.decay))
		}
		p.Model.Update(p.Graph, name, graph.Sub(value, graph.Mul(direction, rate)))
		p.Model.Update(p.Graph, firstMoment(name), first)
		p.Model.Update(p.Graph, secondMoment(name), second)
	}
}
