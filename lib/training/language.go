package training

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// CausalLanguage predicts every token from those before it, in a Spec.Causal model with a Language head. Its metric is the
// perplexity of a token; the first token of an example is given.
type CausalLanguage struct{}

func (CausalLanguage) Name() string { return "causal language model" }

// Check implements Objective.
func (o CausalLanguage) Check(m *transformer.Encoder, _ *datasets.Dataset) error {
	if !m.Spec.Causal {
		return fmt.Errorf("training: %s needs a model with Spec.Causal, this one sees what it must predict", o.Name())
	}
	return checkHead(o, m, transformer.Language, 0)
}

// Inputs implements Objective: inputs, lengths, next tokens (-1 where there is none).
func (CausalLanguage) Inputs(b datasets.Batch, _ *rand.Rand) []*tensors.Tensor {
	next := make([]int32, len(b.IDs))
	for r := range b.Size {
		for t := range b.Tokens {
			i := r*b.Tokens + t
			if next[i] = -1; r < b.Count && t+1 < int(b.Lengths[r]) {
				next[i] = b.IDs[i+1]
			}
		}
	}
	return append(inputs(b), tensors.FromFlatDataAndDimensions(next, b.Size, b.Tokens))
}

func (CausalLanguage) losses(p *transformer.Pass, hook transformer.Hook, in []*graph.Node) (losses, weights *graph.Node) {
	logits := p.Logits(hook, in[0], in[1])
	return crossEntropy(logits, in[2]), realRows(in[2], logits)
}

// Loss implements Objective.
func (o CausalLanguage) Loss(p *transformer.Pass, hook transformer.Hook, in []*graph.Node) *graph.Node {
	return p.Mean(o.losses(p, hook, in))
}

// Outputs implements Objective: the summed loss and the number of predicted tokens.
func (o CausalLanguage) Outputs(p *transformer.Pass, hook transformer.Hook, in []*graph.Node) []*graph.Node {
	losses, weights := o.losses(p, hook, in)
	return sums(losses, weights)
}

// Scorer implements Objective.
func (CausalLanguage) Scorer([]datasets.Example) Scorer { return &perplexity{} }

// MaskedLanguage is BERT's pretraining task without the next-sentence part, for a Language head: a share of the tokens is
// chosen, anew each time a text is seen; of those, 80 % are hidden behind the mask token, 10 % replaced by a random token and
// 10 % left, and all must be predicted (Devlin et al., 2019, section 3.1). Its metric is the perplexity of a chosen token;
// an evaluation chooses the same tokens every time.
type MaskedLanguage struct {
	Share float64 // of the tokens; 0 = 0.15
}

const maskedShare = 0.15

func (MaskedLanguage) Name() string { return "masked language model" }

// Check implements Objective.
func (o MaskedLanguage) Check(m *transformer.Encoder, _ *datasets.Dataset) error {
	if !(o.Share >= 0 && o.Share < 1) {
		return fmt.Errorf("training: MaskedLanguage.Share is %v, must be in (0,1), or 0 for %v", o.Share, maskedShare)
	}
	if m.Spec.Causal {
		return fmt.Errorf("training: %s needs a model without Spec.Causal", o.Name())
	}
	return checkHead(o, m, transformer.Language, 0)
}

// Inputs implements Objective: inputs with tokens hidden, lengths, and for each row the chosen positions (as indices into
// the batch's tokens), what was there, and a weight that is 0 where a row has fewer.
func (o MaskedLanguage) Inputs(b datasets.Batch, draw *rand.Rand) []*tensors.Tensor {
	share := o.Share
	if share == 0 {
		share = maskedShare
	}
	slots := max(1, int(math.Ceil(share*float64(b.Tokens))))
	var top int32 = datasets.Mask + 1
	for _, id := range b.IDs {
		top = max(top, id)
	}
	at, was, weights := make([]int32, b.Size*slots), make([]int32, b.Size*slots), make([]float32, b.Size*slots)
	for r := range b.Count {
		var words []int // what can be chosen: no CLS, no separator
		for t := range int(b.Lengths[r]) {
			if b.IDs[r*b.Tokens+t] > datasets.Mask {
				words = append(words, r*b.Tokens+t)
			}
		}
		draw.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
		n := min(slots, max(1, int(math.Round(share*float64(len(words))))), len(words))
		for i, w := range words[:n] {
			s := r*slots + i
			at[s], was[s], weights[s] = int32(w), b.IDs[w], 1
			switch u := draw.Float64(); {
			case u < 0.8:
				b.IDs[w] = datasets.Mask
			case u < 0.9:
				b.IDs[w] = datasets.Mask + 1 + draw.Int32N(top-datasets.Mask)
			}
		}
	}
	return append(inputs(b), tensors.FromFlatDataAndDimensions(at, b.Size*slots),
		tensors.FromFlatDataAndDimensions(was, b.Size*slots), tensors.FromFlatDataAndDimensions(weights, b.Size*slots))
}

// losses computes logits at the chosen positions only.
func (MaskedLanguage) losses(p *transformer.Pass, hook transformer.Hook, in []*graph.Node) (losses, weights *graph.Node) {
	states := p.States(hook, in[0], in[1])
	rows := graph.Reshape(states, -1, p.Model.Spec.Hidden)
	logits := p.Words(graph.Gather(rows, graph.InsertAxes(in[2], -1)))
	return crossEntropy(logits, in[3]), in[4]
}

// Loss implements Objective.
func (o MaskedLanguage) Loss(p *transformer.Pass, hook transformer.Hook, in []*graph.Node) *graph.Node {
	return p.Mean(o.losses(p, hook, in))
}

// Outputs implements Objective: the summed loss and the number of chosen tokens.
func (o MaskedLanguage) Outputs(p *transformer.Pass, hook transformer.Hook, in []*graph.Node) []*graph.Node {
	losses, weights := o.losses(p, hook, in)
	return sums(losses, weights)
}

// Scorer implements Objective.
func (MaskedLanguage) Scorer([]datasets.Example) Scorer { return &perplexity{} }

func sums(losses, weights *graph.Node) []*graph.Node {
	return []*graph.Node{graph.ReduceAllSum(graph.Mul(losses, weights)), graph.ReduceAllSum(weights)}
}

// perplexity is exp of the mean loss of a predicted token.
type perplexity struct{ loss, tokens float64 }

func (s *perplexity) Add(_ datasets.Batch, outputs []*tensors.Tensor) error {
	s.loss += float64(tensors.ToScalar[float32](outputs[0]))
	s.tokens += float64(tensors.ToScalar[float32](outputs[1]))
	return nil
}

func (s *perplexity) Metrics() []Metric {
	return []Metric{{Name: "perplexity", Value: math.Exp(s.loss / math.Max(1, s.tokens)), Lower: true}}
}
