package training

import (
	"fmt"
	"math/rand/v2"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// Objective is what a run minimises and how its model is judged. Its graphs see what Inputs returned, in that order.
type Objective interface {
	Name() string
	// Check names what in the data the model cannot learn from.
	Check(m *transformer.Encoder, data *datasets.Dataset) error
	// Inputs makes the tensors of one batch. It runs beside the training thread. draw is a function of the run's seed and
	// the step alone (of nothing when evaluating), so that a resumed run draws the same.
	Inputs(b datasets.Batch, draw *rand.Rand) []*tensors.Tensor
	// Loss is the mean loss of the batch, a scalar: a sum of multiples of Pass.Mean, so that a batch can be computed in shards.
	Loss(p *transformer.Pass, hook transformer.Hook, in []*graph.Node) *graph.Node
	// Outputs is what the Scorer wants to know of a batch.
	Outputs(p *transformer.Pass, hook transformer.Hook, in []*graph.Node) []*graph.Node
	// Scorer starts an evaluation of these examples.
	Scorer(examples []datasets.Example) Scorer
}

// Scorer gathers the outputs of an evaluation, batch after batch.
type Scorer interface {
	Add(b datasets.Batch, outputs []*tensors.Tensor) error
	Metrics() []Metric // the one that decides first
}

// Metric is one result of an evaluation.
type Metric struct {
	Name  string
	Value float64
	Lower bool `json:",omitempty"` // the lower the better
}

// Measure is a metric of all predictions against all targets: class numbers of a classification, values of a regression.
type Measure[T int32 | float64] struct {
	Name string
	Of   func(predicted, targets []T) float64
}

// objectiveOf is what a data set asks for by itself, and the model can answer.
func objectiveOf(m *transformer.Encoder, data *datasets.Dataset) Objective {
	switch data.Kind {
	case datasets.Regression:
		return Regression{}
	case datasets.Spans:
		return Span{}
	case datasets.Language:
		if m.Spec.Causal {
			return CausalLanguage{}
		}
		return MaskedLanguage{}
	}
	return Classification{}
}

// inputs are the tensors that every objective begins with: what the model reads, and the lengths.
func inputs(b datasets.Batch) []*tensors.Tensor {
	lengths := tensors.FromFlatDataAndDimensions(b.Lengths, b.Size)
	if b.Patch > 0 {
		return []*tensors.Tensor{tensors.FromFlatDataAndDimensions(b.Patches, b.Size, b.Tokens, b.Patch), lengths}
	}
	return []*tensors.Tensor{tensors.FromFlatDataAndDimensions(b.IDs, b.Size, b.Tokens), lengths}
}

// checkHead refuses a model whose head answers something else.
func checkHead(o Objective, m *transformer.Encoder, head transformer.Head, classes int) error {
	switch {
	case m.Spec.Head != head:
		return fmt.Errorf("training: %s needs a model with Spec.Head %q, this one has %q", o.Name(), head, m.Spec.Head)
	case head != transformer.Language && m.Spec.Classes != classes:
		return fmt.Errorf("training: %s of %d classes, the model has Spec.Classes = %d", o.Name(), classes, m.Spec.Classes)
	}
	return nil
}

// realRows is 1 for the examples of a batch and 0 for its filling, whose label is negative.
func realRows(labels, like *graph.Node) *graph.Node {
	return graph.ConvertDType(graph.GreaterOrEqual(labels, graph.ZerosLike(labels)), like.DType())
}
