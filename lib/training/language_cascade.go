package training

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"golang.org/x/sync/errgroup"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// CascadedLanguage is CausalLanguage with SpAtten's cascade of generated tokens in the loop: every token behind the first
// half of a text attends, in every layer, only to the tokens that the cascade left. Which tokens these are is decided by a
// frozen decoder, that of the model before this training, in plain Go with package pruning: selection has no gradient, and a
// run stays a function of its seed. Heads and values are not pruned in training.
type CascadedLanguage struct {
	CausalLanguage
	teacher *transformer.Decoder
	cascade pruning.GenerationOptions
}

// NewCascadedLanguage freezes m as it is.
func NewCascadedLanguage(m *transformer.Encoder, cascade pruning.GenerationOptions) (*CascadedLanguage, error) {
	teacher, err := transformer.NewDecoder(m)
	if err != nil {
		return nil, err
	}
	if err := cascade.Validate(); err != nil {
		return nil, err
	}
	if n := len(cascade.Tokens); n != m.Spec.Layers {
		return nil, fmt.Errorf("training: the cascade has ratios of %d layers, must have %d (Spec.Layers)", n, m.Spec.Layers)
	}
	return &CascadedLanguage{teacher: teacher, cascade: cascade}, nil
}

func (*CascadedLanguage) Name() string { return "causal language model with cascade" }

// Inputs implements Objective: those of CausalLanguage, then the tokens that each token may see, 1 or 0, [batch, layers, N, N].
func (o *CascadedLanguage) Inputs(b datasets.Batch, draw *rand.Rand) []*tensors.Tensor {
	layers := len(o.cascade.Tokens)
	size := layers * b.Tokens * b.Tokens
	seen := make([]float32, b.Size*size)
	var pool errgroup.Group
	pool.SetLimit(runtime.GOMAXPROCS(0))
	for r := range b.Count {
		pool.Go(func() error {
			o.see(b.IDs[r*b.Tokens:r*b.Tokens+int(b.Lengths[r])], seen[r*size:(r+1)*size], b.Tokens)
			return nil
		})
	}
	pool.Wait()
	return append(o.CausalLanguage.Inputs(b, draw), tensors.FromFlatDataAndDimensions(seen, b.Size, layers, b.Tokens, b.Tokens))
}

// see lets the teacher read a text under the cascade, and marks what its tokens saw.
func (o *CascadedLanguage) see(ids []int32, seen []float32, tokens int) {
	cascade, err := pruning.NewGeneration(o.cascade, o.teacher.Spec.Heads)
	if err != nil {
		panic(err) // validated by the constructor
	}
	var alive []int32
	session := o.teacher.NewSession(func(q *transformer.TokenQuery, context []float32) error {
		if q.Layer == 0 {
			cascade.Begin()
		}
		alive = cascade.Tokens(q.Layer, alive[:0])
		row := seen[(q.Layer*tokens+q.Position)*tokens:]
		for _, j := range alive {
			row[j] = 1
		}
		for h := range q.Heads {
			cascade.AddProbabilities(attendTo(q, h, alive, context[h*q.Dim:(h+1)*q.Dim]), alive)
		}
		cascade.EndLayer(q.Layer)
		return nil
	})
	for i, id := range ids {
		if i == len(ids)/2 {
			cascade.Generate()
		}
		if _, err := session.Step(id); err != nil {
			panic(err) // the training checked that ids and lengths fit the model
		}
	}
}

// attendTo is attention of one head to some tokens; it returns their probabilities.
func attendTo(q *transformer.TokenQuery, head int, tokens []int32, context []float32) []float32 {
	query, keys, values := q.Query(head), q.Keys(head), q.Values(head)
	p := make([]float32, len(tokens))
	for i, j := range tokens {
		for c, k := range keys[int(j)*q.Dim : (int(j)+1)*q.Dim] {
			p[i] += k * query[c]
		}
		p[i] /= float32(math.Sqrt(float64(q.Dim)))
	}
	top := slices.Max(p)
	var sum float32
	for i := range p {
		p[i] = float32(math.Exp(float64(p[i] - top)))
		sum += p[i]
	}
	for i, j := range tokens {
		p[i] /= sum
		for c, v := range values[int(j)*q.Dim : (int(j)+1)*q.Dim] {
			context[c] += p[i] * v
		}
	}
	return p
}

// Loss implements Objective.
func (o *CascadedLanguage) Loss(p *transformer.Pass, _ transformer.Hook, in []*graph.Node) *graph.Node {
	return o.CausalLanguage.Loss(p, seenOnly{in[3]}, in[:3])
}

// Outputs implements Objective.
func (o *CascadedLanguage) Outputs(p *transformer.Pass, _ transformer.Hook, in []*graph.Node) []*graph.Node {
	return o.CausalLanguage.Outputs(p, seenOnly{in[3]}, in[:3])
}

// seenOnly removes the keys that were not seen.
type seenOnly struct{ seen *graph.Node }

func (s seenOnly) Scores(p *transformer.Pass, layer int, scores, visible *graph.Node) *graph.Node {
	dims := scores.Shape().Dimensions
	one := graph.Slice(s.seen, graph.AxisRange(), graph.AxisRange(layer, layer+1), graph.AxisRange(), graph.AxisRange())
	kept := positive(one)
	p.ReportKept(share(graph.BroadcastToDims(kept, dims...), p.Pairs(visible, dims...)))
	return transformer.Only(scores, kept)
}
