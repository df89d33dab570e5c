package training

import (
	"fmt"
	"math"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/sparse-attention/workbench/datasets"
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
	model          *transformer.Encoder
	hook           Hook
	weights, hooks group
	train, eval    *model.Exec
}

func newStepper(backend compute.Backend, m *transformer.Encoder, hook Hook, o Options) (*stepper, error) {
	s := &stepper{model: m, hook: hook}
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

// trainGraph takes ids, lengths, labels, rate, hook rate and step; it returns the task loss.
func (s *stepper) trainGraph(_ *model.Scope, in []*graph.Node) []*graph.Node {
	ids, lengths, labels, rate, hookRate, step := in[0], in[1], in[2], in[3], in[4], in[5]
	s.model.Store.SetTraining(ids.Graph(), true) // else ONNX Runtime would freeze the state of the dropout generator
	p := &transformer.Pass{Model: s.model, Graph: ids.Graph(), Training: true}
	task := crossEntropy(p.Logits(s.transformerHook(), ids, lengths), labels)
	loss := task
	for _, l := range p.Losses {
		loss = graph.Add(loss, l)
	}
	var nodes []*graph.Node
	for _, g := range []*group{&s.weights, &s.hooks} {
		for _, n := range g.names {
			nodes = append(nodes, p.Parameter(n))
		}
	}
	gradients := graph.Gradient(loss, nodes...)
	k := len(s.weights.names)
	s.weights.update(p, gradients[:k], rate, step)
	if len(s.hooks.names) > 0 {
		s.hooks.update(p, gradients[k:], hookRate, step)
	}
	return []*graph.Node{task, loss}
}

// evalGraph takes ids, lengths and labels; it returns the number of right answers, then one kept share a layer.
func (s *stepper) evalGraph(_ *model.Scope, in []*graph.Node) []*graph.Node {
	ids, lengths, labels := in[0], in[1], in[2]
	p := &transformer.Pass{Model: s.model, Graph: ids.Graph()}
	logits := p.Logits(s.transformerHook(), ids, lengths)
	right := graph.Equal(graph.ArgMax(logits, -1, dtypes.Int32), labels)
	return append([]*graph.Node{graph.ReduceAllSum(graph.ConvertDType(right, dtypes.Float32))}, p.Kept...)
}

// crossEntropy is the mean over the rows whose label is not negative.
func crossEntropy(logits, labels *graph.Node) *graph.Node {
	classes := logits.Shape().Dimensions[1]
	real := graph.ConvertDType(graph.GreaterOrEqual(labels, graph.ZerosLike(labels)), logits.DType())
	target := graph.OneHot(graph.Max(labels, graph.ZerosLike(labels)), classes, logits.DType())
	losses := graph.Neg(graph.ReduceSum(graph.Mul(target, graph.LogSoftmax(logits, -1)), -1))
	return graph.Div(graph.ReduceAllSum(graph.Mul(losses, real)), graph.MaxScalar(graph.ReduceAllSum(real), 1.0))
}

func batchTensors(b datasets.Batch) []any {
	return []any{
		tensors.FromFlatDataAndDimensions(b.IDs, b.Size, b.Tokens),
		tensors.FromFlatDataAndDimensions(b.Lengths, b.Size),
		tensors.FromFlatDataAndDimensions(b.Labels, b.Size),
	}
}

// release frees the memory of tensors outside Go's heap now, not when the collector finds them.
func release(in []any) {
	for _, t := range in {
		t.(*tensors.Tensor).FinalizeAll()
	}
}

// step trains on one batch and returns the task loss and the whole loss; it refuses to go on with one that is not finite.
func (s *stepper) step(b datasets.Batch, rate, hookRate float64, step int) (task, loss float64, err error) {
	in := batchTensors(b)
	defer release(in)
	out, err := s.train.Call(append(in, float32(rate), float32(hookRate), float32(step))...)
	if err != nil {
		return 0, 0, fmt.Errorf("training: step %d: %w", step, err)
	}
	task, loss = float64(tensors.ToScalar[float32](out[0])), float64(tensors.ToScalar[float32](out[1]))
	out[0].FinalizeAll()
	out[1].FinalizeAll()
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		return task, loss, fmt.Errorf("training: the loss of step %d is %v; a lower learning rate than %g may help", step, loss, rate)
	}
	return task, loss, nil
}

// Score is what a model reaches on a set of examples.
type Score struct {
	Examples int
	Accuracy float64   // in 0..1
	Kept     []float64 // kept share of visible scores, one a layer; nil without a pruning hook
}

// MeanKept is the mean over layers, 1 without pruning.
func (s Score) MeanKept() float64 {
	if len(s.Kept) == 0 {
		return 1
	}
	sum := 0.0
	for _, k := range s.Kept {
		sum += k
	}
	return sum / float64(len(s.Kept))
}

// evaluate scores examples; shares are weighted by the number of visible scores of a batch.
func (s *stepper) evaluate(examples []datasets.Example, o datasets.BatchOptions) (Score, error) {
	score := Score{Examples: len(examples)}
	var right, weight float64
	var kept []float64
	for b := range datasets.Batches(examples, o) {
		in := batchTensors(b)
		out, err := s.eval.Call(in...)
		release(in)
		if err != nil {
			return score, fmt.Errorf("training: evaluation: %w", err)
		}
		right += float64(tensors.ToScalar[float32](out[0]))
		w := 0.0
		for i, n := range b.Lengths {
			if i < b.Count {
				w += float64(n) * float64(n)
			}
		}
		weight += w
		if kept == nil {
			kept = make([]float64, len(out)-1)
		}
		for l, k := range out[1:] {
			kept[l] += w * float64(tensors.ToScalar[float32](k))
		}
		for _, t := range out {
			t.FinalizeAll()
		}
	}
	for l := range kept {
		score.Kept = append(score.Kept, kept[l]/weight)
	}
	score.Accuracy = right / float64(max(1, len(examples)))
	return score, nil
}
