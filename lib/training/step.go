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
}

// stepper holds the compiled training and evaluation graphs of a model.
type stepper struct {
	backend        compute.Backend
	model          *transformer.Encoder
	objective      Objective
	hook           Hook
	weights, hooks group
	train, eval    *model.Exec
}

func newStepper(backend compute.Backend, m *transformer.Encoder, hook Hook, o Options) (*stepper, error) {
	s := &stepper{backend: backend, model: m, objective: o.Objective, hook: hook}
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
	var err error
	if s.train, err = model.NewExec(backend, m.Store, s.trainGraph); err != nil {
		return nil, fmt.Errorf("training: %w", err)
	}
	if s.eval, err = model.NewExec(backend, m.Store, s.evalGraph); err != nil {
		return nil, fmt.Errorf("training: %w", err)
	}
	s.train.SetMaxCache(-1)
	s.eval.SetMaxCache(-1)
	return s, nil
}

func (s *stepper) close() {
	s.train.Finalize()
	s.eval.Finalize()
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
	rate, hookRate, step := in[0], in[1], in[2]
	p := s.trainingPass(in[3])
	task, loss, gradients := s.gradients(p, in[4:])
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
func (s *stepper) trainingPass(noise *graph.Node) *transformer.Pass {
	g := noise.Graph()
	s.model.Store.SetTraining(g, true)
	return &transformer.Pass{Model: s.model, Graph: g, Training: true, Noise: noise}
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
	out, err := s.train.Call(append([]any{float32(rate), float32(hookRate), float32(step), b.noise}, b.inputs...)...)
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
