package training

import (
	"math/rand/v2"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/transformer"
	"gonum.org/v1/gonum/stat"
)

// Regression is one value an example: Example.Score, a Pooled head of one class, squared error.
type Regression struct {
	// Measures of an evaluation, the deciding one first; nil: Pearson's correlation.
	Measures []Measure[float64]
}

// Pearson is the linear correlation.
var Pearson = Measure[float64]{"pearson", func(predicted, targets []float64) float64 {
	return stat.Correlation(predicted, targets, nil)
}}

func (Regression) Name() string { return "regression" }

// Check implements Objective.
func (o Regression) Check(m *transformer.Encoder, _ *datasets.Dataset) error {
	return checkHead(o, m, transformer.Pooled, 1)
}

// Inputs implements Objective: inputs, lengths, labels (negative in filling) and scores.
func (Regression) Inputs(b datasets.Batch, _ *rand.Rand) []*tensors.Tensor {
	return append(inputs(b), tensors.FromFlatDataAndDimensions(b.Labels, b.Size), tensors.FromFlatDataAndDimensions(b.Scores, b.Size))
}

func value(p *transformer.Pass, hook transformer.Hook, in []*graph.Node) *graph.Node {
	return graph.Squeeze(p.Logits(hook, in[0], in[1]), -1)
}

// Loss implements Objective.
func (Regression) Loss(p *transformer.Pass, hook transformer.Hook, in []*graph.Node) *graph.Node {
	y := value(p, hook, in)
	return p.Mean(graph.Square(graph.Sub(y, in[3])), realRows(in[2], y))
}

// Outputs implements Objective.
func (Regression) Outputs(p *transformer.Pass, hook transformer.Hook, in []*graph.Node) []*graph.Node {
	return []*graph.Node{value(p, hook, in)}
}

// Scorer implements Objective.
func (o Regression) Scorer(examples []datasets.Example) Scorer {
	s := &predictions[float64]{measures: o.Measures, found: make([]float64, len(examples)), wanted: make([]float64, len(examples))}
	if len(s.measures) == 0 {
		s.measures = []Measure[float64]{Pearson}
	}
	for i, e := range examples {
		s.wanted[i] = float64(e.Score)
	}
	s.read = func(t *tensors.Tensor) ([]float64, error) {
		values, err := tensors.CopyFlatData[float32](t)
		wide := make([]float64, len(values))
		for i, v := range values {
			wide[i] = float64(v)
		}
		return wide, err
	}
	return s
}
