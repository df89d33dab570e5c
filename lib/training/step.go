package training

import (
	"fmt"
	"math"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// Hook is an attention hook with variables of its own, trained at their own rate.
type Hook interface {
	transformer.Hook
	Prepare(m *transformer.Encoder) error // makes the variables that the model lacks
	Names() []string                      // the trained ones
	// Separable reports whether every loss that it adds is a multiple of a Pass.Mean and its graph updates no variable, so
	// that a batch can be computed in shards.
	Separable() bool
}

// stepper holds the compiled training and evaluation graphs of a model.
type stepper struct {
	backend        compute.Backend
	model          *transformer.Encoder
	objective      Objective
	hook           Hook
	weights, hooks group
	train, eval    *model.Exec

	shards           int         // of a batch, at most
	weigh, part, add *model.Exec // of a step in shards
}

func newStepper(backend compute.Backend, m *transformer.Encoder, hook Hook, o Options) (*stepper, error) {
	s := &stepper{backend: backend, model: m, objective: o.Objective, hook: hook, shards: o.shardsOn(backend, hook)}
	s.weights = group{shapes: map[string][]int{}, decays: map[string]bool{}, decay: o.WeightDecay, clipNorm: o.ClipNorm}
	for _, p := range m.Spec.Parameters() {
		s.weights.names = append(s.weights.names, p.Name)
		s.weights.shapes[p.Name], s.weights.decays[p.Name] = p.Shape, p.Decay
	}
	s.hooks = group{shapes: map[string][]int{}, clipNorm: o.HookClipNorm}
	if hook != nil {
		if err := hook.Prepare(m); err != nil {
			return nil, err
		}
		s.hooks.names = hook.Names()
		for _, n := range s.hooks.names {
			shape, err := m.Shape(n)
			if err != nil {
				return nil, err
			}
			s.hooks.shapes[n] = shape
		}
	}
	for _, g := range []*group{&s.weights, &s.hooks} {
		if err := g.prepare(m); err != nil {
			return nil, err
		}
	}
	for exec, fn := range map[**model.Exec]func(*model.Scope, []*graph.Node) []*graph.Node{
		&s.train: s.trainGraph, &s.eval: s.evalGraph, &s.weigh: s.weighGraph, &s.part: s.shardGraph, &s.add: s.addGraph,
	} {
		e, err := model.NewExec(backend, m.Store, fn)
		if err != nil {
			return nil, fmt.Errorf("training: %w", err)
		}
		*exec = e.SetMaxCache(-1)
	}
	return s, nil
}

func (s *stepper) close() {
	for _, e := range []*model.Exec{s.train, s.eval, s.weigh, s.part, s.add} {
		e.Finalize()
	}
}

// transformerHook keeps a nil *stepper.hook a nil interface.
func (s *stepper) transformerHook() transformer.Hook {
	if s.hook == nil {
		return nil
	}
	return s.hook
}

// trainGraph takes the rate, the hook's rate, the step, the dropout masks and the objective's inputs; it returns the task loss, and the whole
// loss or NaN where a gradient is not finite. Such a step changes no weight.
func (s *stepper) trainGraph(_ *model.Scope, in []*graph.Node) []*graph.Node {
	p := s.trainingPass(in[0].Graph())
	p.Noise = in[3]
	task, loss, gradients := s.gradients(p, in[4:])
	return s.update(p, in[:3], task, loss, gradients)
}

// update takes rates and step, as trainGraph does, and the gradients of a batch; it gives trainGraph's results.
func (s *stepper) update(p *transformer.Pass, rates []*graph.Node, task, loss *graph.Node, gradients []*graph.Node) []*graph.Node {
	rate, hookRate, step := rates[0], rates[1], rates[2]
	k := len(s.weights.names)
	norms := s.weights.norm(gradients[:k])
	finite := isFinite(graph.Add(loss, norms))
	s.weights.update(p, gradients[:k], norms, finite, rate, step)
	if len(s.hooks.names) > 0 {
		hookNorm := s.hooks.norm(gradients[k:])
		s.hooks.update(p, gradients[k:], hookNorm, graph.LogicalAnd(finite, isFinite(hookNorm)), hookRate, step)
	}
	return []*graph.Node{task, graph.Where(finite, loss, graph.Scalar(p.Graph, loss.DType(), math.NaN()))}
}

// trainingPass is marked as training, else ONNX Runtime would freeze the state of the dropout generator.
func (s *stepper) trainingPass(g *graph.Graph) *transformer.Pass {
	s.model.Store.SetTraining(g, true)
	return &transformer.Pass{Model: s.model, Graph: g, Training: true}
}

// gradients gives the task loss, the loss with what hooks add, and its gradients by the weights, then the hook's variables.
func (s *stepper) gradients(p *transformer.Pass, in []*graph.Node) (task, loss *graph.Node, gradients []*graph.Node) {
	task = s.objective.Loss(p, s.transformerHook(), in)
	loss = task
	for _, l := range p.Losses {
		loss = graph.Add(loss, l)
	}
	var nodes []*graph.Node
	for _, g := range []*group{&s.weights, &s.hooks} {
		for _, n := range g.names {
			nodes = append(nodes, p.Parameter(n))
		}
	}
	return task, loss, graph.Gradient(loss, nodes...)
}

// evalGraph takes the objective's inputs; it returns 0 and the kept shares as one vector, then the objective's outputs.
func (s *stepper) evalGraph(_ *model.Scope, in []*graph.Node) []*graph.Node {
	p := &transformer.Pass{Model: s.model, Graph: in[0].Graph()}
	outputs := s.objective.Outputs(p, s.transformerHook(), in)
	kept := graph.Stack(append([]*graph.Node{graph.Scalar(p.Graph, dtypes.Float32, 0)}, p.Kept...), 0)
	return append([]*graph.Node{kept}, outputs...)
}

// step trains on one batch and returns the task loss; it refuses to go on with one that is not finite.
func (s *stepper) step(b prepared, rate, hookRate float64, step int) (task float64, err error) {
	rates := []any{float32(rate), float32(hookRate), float32(step)}
	var out []*tensors.Tensor
	if len(b.shards) == 1 {
		out, err = s.train.Call(append(rates, b.shards[0].arguments()...)...)
	} else {
		out, err = s.addShards(rates, b.shards)
	}
	if err != nil {
		return 0, fmt.Errorf("training: step %d: %w", step, err)
	}
	task, loss := float64(tensors.ToScalar[float32](out[0])), float64(tensors.ToScalar[float32](out[1]))
	for _, t := range out {
		t.FinalizeAll()
	}
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		return task, s.diagnose(b, rate, step)
	}
	return task, nil
}
