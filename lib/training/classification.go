package training

import (
	"fmt"
	"math/rand/v2"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// Classification is one class an example: Example.Label, a Pooled head.
type Classification struct {
	// Measures of an evaluation, the deciding one first; nil: accuracy alone. Accuracy is always in the Score.
	Measures []Measure[int32]
	// Smoothing is the share of the target that is spread over all classes alike while training (Szegedy et al., CVPR 2016).
	Smoothing float64
}

// Accuracy is the share of right answers.
var Accuracy = Measure[int32]{"accuracy", func(predicted, targets []int32) float64 {
	right := 0
	for i, p := range predicted {
		if p == targets[i] {
			right++
		}
	}
	return float64(right) / float64(max(1, len(predicted)))
}}

func (o Classification) Name() string {
	if o.Smoothing == 0 {
		return "classification"
	}
	return fmt.Sprintf("classification, smoothed by %g", o.Smoothing)
}

// Check implements Objective.
func (o Classification) Check(m *transformer.Encoder, data *datasets.Dataset) error {
	if !(o.Smoothing >= 0 && o.Smoothing < 1) {
		return fmt.Errorf("training: Classification.Smoothing is %v, must be in [0,1)", o.Smoothing)
	}
	return checkHead(o, m, transformer.Pooled, len(data.Classes))
}

// Inputs implements Objective: inputs, lengths, labels.
func (Classification) Inputs(b datasets.Batch, _ *rand.Rand) []*tensors.Tensor {
	return append(inputs(b), tensors.FromFlatDataAndDimensions(b.Labels, b.Size))
}

// Loss implements Objective.
func (o Classification) Loss(p *transformer.Pass, hook transformer.Hook, in []*graph.Node) *graph.Node {
	logits := p.Logits(hook, in[0], in[1])
	return p.Mean(smoothed(logits, in[2], o.Smoothing), realRows(in[2], logits))
}

// Outputs implements Objective: the class with the largest logit.
func (Classification) Outputs(p *transformer.Pass, hook transformer.Hook, in []*graph.Node) []*graph.Node {
	return []*graph.Node{graph.ArgMax(p.Logits(hook, in[0], in[1]), -1, dtypes.Int32)}
}

// Scorer implements Objective.
func (o Classification) Scorer(examples []datasets.Example) Scorer {
	s := &predictions[int32]{measures: o.Measures, found: make([]int32, len(examples)), wanted: make([]int32, len(examples))}
	if len(s.measures) == 0 {
		s.measures = []Measure[int32]{Accuracy}
	}
	for i, e := range examples {
		s.wanted[i] = e.Label
	}
	s.read = tensors.CopyFlatData[int32]
	return s
}

// predictions is the Scorer of objectives with one answer an example.
type predictions[T int32 | float64] struct {
	measures      []Measure[T]
	found, wanted []T // in the order of the examples
	read          func(*tensors.Tensor) ([]T, error)
}

func (s *predictions[T]) Add(b datasets.Batch, outputs []*tensors.Tensor) error {
	values, err := s.read(outputs[0])
	if err != nil {
		return err
	}
	for r, i := range b.Examples[:b.Count] {
		s.found[i] = values[r]
	}
	return nil
}

func (s *predictions[T]) Metrics() []Metric {
	var out []Metric
	for _, m := range s.measures {
		out = append(out, Metric{Name: m.Name, Value: m.Of(s.found, s.wanted)})
	}
	return out
}
