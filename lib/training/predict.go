package training

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// Predictor gives a model's answers example by example, which a paired comparison of two models needs. It is compiled once and
// follows the model's parameters and its hook's variables as they change. It is not safe for concurrent use.
type Predictor struct {
	stepper *stepper // without its graphs
	exec    *model.Exec
	options datasets.BatchOptions
}

// NewPredictor prepares the predictions of the classifier m, with the hook's pruning when hook is not nil.
func NewPredictor(backend compute.Backend, m *transformer.Encoder, hook Hook) (*Predictor, error) {
	o := Options{}.withDefaults()
	o.tokens = m.Spec.Tokens
	if hook != nil {
		if err := hook.Prepare(m); err != nil {
			return nil, err
		}
	}
	s := &stepper{model: m, objective: Classification{}, hook: hook}
	exec, err := model.NewExec(backend, m.Store, func(_ *model.Scope, in []*graph.Node) []*graph.Node {
		return s.objective.Outputs(&transformer.Pass{Model: m, Graph: in[0].Graph()}, s.transformerHook(), in)
	})
	if err != nil {
		return nil, fmt.Errorf("training: %w", err)
	}
	return &Predictor{s, exec.SetMaxCache(-1), o.evalBatches()}, nil
}

// Close frees the compiled graphs.
func (p *Predictor) Close() { p.exec.Finalize() }

// Predict gives the class of every example, in their order.
func (p *Predictor) Predict(examples []datasets.Example) ([]int32, error) {
	answers := Classification{}.Scorer(examples).(*predictions[int32])
	for b := range p.stepper.prepareEval(datasets.Batches(examples, p.options)) {
		out, err := p.exec.Call(b.shards[0].inputs[:2]...)
		b.release()
		if err == nil {
			err = answers.Add(b.Batch, out)
		}
		if err != nil {
			return nil, fmt.Errorf("training: prediction: %w", err)
		}
		out[0].FinalizeAll()
	}
	return answers.found, nil
}
