package training

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// Predictor gives a model's answers example by example, which a paired comparison of two models needs. It is compiled once and
// follows the model's parameters and its hook's variables as they change. It is not safe for concurrent use.
type Predictor struct {
	model   *transformer.Encoder
	exec    *model.Exec
	options datasets.BatchOptions
}

// NewPredictor prepares the predictions of m, with the hook's pruning when hook is not nil.
func NewPredictor(backend compute.Backend, m *transformer.Encoder, hook Hook) (*Predictor, error) {
	o := Options{tokens: m.Spec.Tokens}.withDefaults()
	if hook != nil {
		if err := hook.Prepare(m); err != nil {
			return nil, err
		}
	}
	exec, err := model.NewExec(backend, m.Store, func(_ *model.Scope, in []*graph.Node) []*graph.Node {
		p := &transformer.Pass{Model: m, Graph: in[0].Graph()}
		var seam transformer.Hook
		if hook != nil {
			seam = hook
		}
		return []*graph.Node{graph.ArgMax(p.Logits(seam, in[0], in[1]), -1, dtypes.Int32)}
	})
	if err != nil {
		return nil, fmt.Errorf("training: %w", err)
	}
	return &Predictor{m, exec.SetMaxCache(-1), o.evalBatches()}, nil
}

// Close frees the compiled graphs.
func (p *Predictor) Close() { p.exec.Finalize() }

// Predict gives the class of every example, in their order.
func (p *Predictor) Predict(examples []datasets.Example) ([]int32, error) {
	out := make([]int32, len(examples))
	for b := range datasets.Batches(examples, p.options) {
		in := batchTensors(b)
		answers, err := p.exec.Call1(in[:2]...)
		release(in)
		if err != nil {
			return nil, fmt.Errorf("training: prediction: %w", err)
		}
		values := tensors.MustCopyFlatData[int32](answers)
		answers.FinalizeAll()
		for r := range b.Count {
			out[b.Examples[r]] = values[r]
		}
	}
	return out, nil
}
