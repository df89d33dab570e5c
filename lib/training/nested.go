package training

import (
	"fmt"
	"math/rand/v2"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// Nested is Classification that also learns from the labels of an example's parts, Example.Inner, read from their own tokens
// by the same head. A model that must compute a whole from its parts is told what they are worth while it trains, and is
// judged by the whole alone.
type Nested struct {
	Classification
	Weight float64 // of the loss of the parts, a mean over all labelled tokens, beside that of the whole
}

func (Nested) Name() string { return "nested classification" }

// Check implements Objective.
func (o Nested) Check(m *transformer.Encoder, data *datasets.Dataset) error {
	if !(o.Weight > 0) {
		return fmt.Errorf("training: Nested.Weight is %v, must be positive", o.Weight)
	}
	for i, e := range data.Train {
		if len(e.Inner) != len(e.IDs) {
			return fmt.Errorf("training: %s, train example %d has labels for %d of its %d tokens (Example.Inner), must have one each", data.Name, i, len(e.Inner), len(e.IDs))
		}
	}
	return o.Classification.Check(m, data)
}

// Inputs implements Objective: inputs, lengths, labels, labels of the tokens.
func (o Nested) Inputs(b datasets.Batch, draw *rand.Rand) []*tensors.Tensor {
	inner := b.Inner
	if inner == nil { // evaluated, where nothing looks at them
		inner = make([]int32, b.Size*b.Tokens)
	}
	return append(o.Classification.Inputs(b, draw), tensors.FromFlatDataAndDimensions(inner, b.Size, b.Tokens))
}

// Loss implements Objective.
func (o Nested) Loss(p *transformer.Pass, hook transformer.Hook, in []*graph.Node) *graph.Node {
	states := p.States(hook, in[0], in[1])
	whole, parts := p.Class(states), p.ClassOfEach(states)
	loss := p.Mean(crossEntropy(whole, in[2]), realRows(in[2], whole))
	return graph.Add(loss, graph.MulScalar(p.Mean(crossEntropy(parts, in[3]), realRows(in[3], parts)), o.Weight))
}
