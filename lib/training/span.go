package training

import (
	"fmt"
	"math/rand/v2"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// Span is extractive question answering: the first and the last token of the answer, Example.Span, by an EachToken head of
// two classes (Devlin et al., 2019, section 4.2).
type Span struct {
	Longest int // tokens of an answer when predicting; 0 = 30
	// Measures gives the metrics of predicted spans, one an example, the deciding one first; nil: the share of exact spans.
	Measures func(examples []datasets.Example, predicted [][2]int32) []Metric
}

const longestAnswer = 30 // BERT's max_answer_length

func (Span) Name() string { return "span" }

// Check implements Objective.
func (o Span) Check(m *transformer.Encoder, data *datasets.Dataset) error {
	for i, e := range data.Train {
		if s := e.Span; s[0] < 0 || s[1] < s[0] || int(s[1]) >= len(e.IDs) {
			return fmt.Errorf("training: %s, train example %d has the span %v of %d tokens, must be ordered and inside", data.Name, i, s, len(e.IDs))
		}
	}
	return checkHead(o, m, transformer.EachToken, 2)
}

// Inputs implements Objective: inputs, lengths, labels (negative in filling), first and last tokens.
func (Span) Inputs(b datasets.Batch, _ *rand.Rand) []*tensors.Tensor {
	first, last := make([]int32, b.Size), make([]int32, b.Size)
	for r, s := range b.Spans {
		first[r], last[r] = s[0], s[1]
	}
	return append(inputs(b), tensors.FromFlatDataAndDimensions(b.Labels, b.Size),
		tensors.FromFlatDataAndDimensions(first, b.Size), tensors.FromFlatDataAndDimensions(last, b.Size))
}

// ends gives the logits of the first and of the last token, [batch, N] each, padding removed.
func ends(p *transformer.Pass, hook transformer.Hook, in []*graph.Node) (first, last *graph.Node) {
	logits := p.Logits(hook, in[0], in[1])
	end := func(i int) *graph.Node {
		z := graph.Squeeze(graph.Slice(logits, graph.AxisRange(), graph.AxisRange(), graph.AxisElem(i)), -1)
		return transformer.Only(z, p.Valid)
	}
	return end(0), end(1)
}

// Loss implements Objective: the mean of the two cross entropies.
func (Span) Loss(p *transformer.Pass, hook transformer.Hook, in []*graph.Node) *graph.Node {
	first, last := ends(p, hook, in)
	both := graph.MulScalar(graph.Add(crossEntropy(first, in[3]), crossEntropy(last, in[4])), 0.5)
	return p.Mean(both, realRows(in[2], both))
}

// Outputs implements Objective: the logits of both ends.
func (Span) Outputs(p *transformer.Pass, hook transformer.Hook, in []*graph.Node) []*graph.Node {
	first, last := ends(p, hook, in)
	return []*graph.Node{first, last}
}

// Scorer implements Objective.
func (o Span) Scorer(examples []datasets.Example) Scorer {
	if o.Longest == 0 {
		o.Longest = longestAnswer
	}
	return &spans{Span: o, examples: examples, found: make([][2]int32, len(examples))}
}

type spans struct {
	Span
	examples []datasets.Example
	found    [][2]int32
}

// Add takes the ordered pair of ends with the largest sum of logits.
func (s *spans) Add(b datasets.Batch, outputs []*tensors.Tensor) error {
	first, err := tensors.CopyFlatData[float32](outputs[0])
	if err != nil {
		return err
	}
	last, err := tensors.CopyFlatData[float32](outputs[1])
	if err != nil {
		return err
	}
	for r, i := range b.Examples[:b.Count] {
		at, n := r*b.Tokens, int(b.Lengths[r])
		best := first[at] + last[at]
		for f := range n {
			for l := f; l < min(n, f+s.Longest); l++ {
				if sum := first[at+f] + last[at+l]; sum > best {
					best, s.found[i] = sum, [2]int32{int32(f), int32(l)}
				}
			}
		}
	}
	return nil
}

func (s *spans) Metrics() []Metric {
	if s.Measures != nil {
		return s.Measures(s.examples, s.found)
	}
	exact := 0
	for i, e := range s.examples {
		if e.Span == s.found[i] {
			exact++
		}
	}
	return []Metric{{Name: "exact span", Value: float64(exact) / float64(max(1, len(s.examples)))}}
}
