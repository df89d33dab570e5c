package transformer

import (
	"fmt"
	"runtime"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"golang.org/x/sync/errgroup"
)

// Projection is Q, K and V of one head of one input as the model computed them: N x d each, row-major; and X, the input of the
// layer, N x hidden, which its heads share. The rows at and beyond Valid belong to padding.
type Projection struct {
	Sample, Layer, Head int // Sample counts the rows of the batch
	Tokens, Valid, Dim  int
	Causal              bool // query t sees keys 0..t only
	Q, K, V             []float32
	X                   []float32
}

// Attend computes the attention of one head outside the graph: it writes the context, N x d, for the valid rows. It is
// called from several goroutines, once for each head of each input. The projection's values are good until it returns.
type Attend func(p Projection, context []float32) error

// AttendVariants is Attend where a model runs in several variants: contexts holds those of the variants from first on. In the
// first layer all variants see the same projection, so that one call serves them all; in the others each has its own.
type AttendVariants func(p Projection, first int, contexts [][]float32) error

// Staged runs a model with its attention computed in plain Go, between compiled stages. The GELU is computed between stages
// too, and where a classifier reads the first token alone, the last layer goes on with that token behind its attention.
type Staged struct {
	model            *Encoder
	embed, answer    *model.Exec
	project          []*model.Exec // one a layer
	expand, contract []*model.Exec // the rest of a layer, before and behind its GELU; a Llama's whole rest is in expand
}

// NewStaged prepares the stages; each new batch shape costs one compilation of each.
func NewStaged(backend compute.Backend, m *Encoder) (*Staged, error) {
	var failed error
	stage := func(fn func(p *Pass, in []*graph.Node) []*graph.Node) *model.Exec {
		e, err := model.NewExec(backend, m.Store, func(_ *model.Scope, in []*graph.Node) []*graph.Node {
			return fn(&Pass{Model: m, Graph: in[0].Graph()}, in)
		})
		if err != nil {
			failed = fmt.Errorf("transformer: staged execution: %w", err)
			return nil
		}
		return e.SetMaxCache(-1)
	}
	joined := func(p *Pass, in []*graph.Node) *graph.Node {
		return p.join(in[1], in[0].Shape().Dimensions[0], in[0].Shape().Dimensions[1])
	}
	s := &Staged{model: m}
	s.embed = stage(func(p *Pass, in []*graph.Node) []*graph.Node { return []*graph.Node{p.embed(in[0])} })
	s.answer = stage(func(p *Pass, in []*graph.Node) []*graph.Node { return []*graph.Node{p.answer(p.last(in[0]))} })
	for l := range m.Spec.Layers {
		s.project = append(s.project, stage(func(p *Pass, in []*graph.Node) []*graph.Node {
			q, k, v := p.project(l, in[0], in[0].Shape().Dimensions[1])
			return []*graph.Node{q, k, v} // [batch, heads, N, d]: a head's matrix is one contiguous slice
		}))
		if m.Spec.Family == Llama {
			s.expand = append(s.expand, stage(func(p *Pass, in []*graph.Node) []*graph.Node {
				return []*graph.Node{p.finish(l, in[0], joined(p, in))}
			}))
			continue
		}
		s.expand = append(s.expand, stage(func(p *Pass, in []*graph.Node) []*graph.Node {
			stream, wide := p.expand(l, in[0], joined(p, in))
			return []*graph.Node{stream, wide}
		}))
		s.contract = append(s.contract, stage(func(p *Pass, in []*graph.Node) []*graph.Node {
			return []*graph.Node{p.contract(l, in[0], in[1])}
		}))
	}
	return s, failed
}

// Close frees the compiled stages.
func (s *Staged) Close() {
	for _, e := range slices.Concat([]*model.Exec{s.embed, s.answer}, s.project, s.expand, s.contract) {
		e.Finalize()
	}
}

// Inputs are the rows of a batch, one behind the other, as the model reads them.
type Inputs struct {
	IDs     []int32   // rows x tokens, 0 = padding; unused with Spec.Patch
	Patches []float32 // rows x tokens x Spec.Patch; the first token of a row is blank and stands for the class token
}

// tensor is [rows, tokens] or [rows, tokens, Patch].
func (in Inputs) tensor(spec Spec, rows, tokens int) (*tensors.Tensor, error) {
	if spec.Patch == 0 {
		if len(in.IDs) != rows*tokens {
			return nil, fmt.Errorf("transformer: batch has %d ids (Inputs.IDs), must be rows x tokens = %d", len(in.IDs), rows*tokens)
		}
		return tensors.FromFlatDataAndDimensions(in.IDs, rows, tokens), nil
	}
	if len(in.Patches) != rows*tokens*spec.Patch {
		return nil, fmt.Errorf("transformer: batch has %d values of patches (Inputs.Patches), must be rows x tokens x Spec.Patch = %d", len(in.Patches), rows*tokens*spec.Patch)
	}
	return tensors.FromFlatDataAndDimensions(in.Patches, rows, tokens, spec.Patch), nil
}

// Logits runs one batch of rows of so many tokens; lengths are the valid tokens of each row (0 skips the row's attention). The
// result is batch x Classes, row-major, or batch x tokens x Classes (Vocabulary for the Language head) where the head answers at
// every token.
func (s *Staged) Logits(in Inputs, lengths []int32, tokens int, attend Attend) ([]float32, error) {
	return s.LogitsOfVariants(in, lengths, tokens, 1, func(p Projection, _ int, contexts [][]float32) error { return attend(p, contexts[0]) })
}

// LogitsOfVariants is Logits of several variants of the attention: theirs stand one behind the other in the result. What comes
// before the first layer's attention is computed once.
func (s *Staged) LogitsOfVariants(in Inputs, lengths []int32, tokens, variants int, attend AttendVariants) ([]float32, error) {
	spec := s.model.Spec
	batch := len(lengths)
	switch {
	case variants < 1:
		return nil, fmt.Errorf("transformer: %d variants, must be at least 1", variants)
	case tokens < 1 || tokens > spec.Tokens:
		return nil, fmt.Errorf("transformer: batch of %d tokens, must be in 1..%d (Spec.Tokens)", tokens, spec.Tokens)
	}
	inputs, err := in.tensor(spec, batch, tokens)
	if err != nil {
		return nil, err
	}
	x, err := s.embed.Call1(inputs)
	if err != nil {
		return nil, fmt.Errorf("transformer: embedding: %w", err)
	}
	for l := range spec.Layers {
		q, k, v, err := s.project[l].Call3(x)
		if err != nil {
			return nil, fmt.Errorf("transformer: projection of layer %d: %w", l, err)
		}
		together := 1 // variants that one projection serves
		if l == 0 {
			together = variants
		}
		rows := tokens
		last := l == spec.Layers-1 && spec.Head == Pooled // nobody reads the other rows
		if last {
			rows = 1
		}
		var context, stream []float32
		err = read([]*tensors.Tensor{q, k, v, x}, func(flat [][]float32) error {
			context, err = s.attend(l, flat, lengths, tokens, together, variants/together, attend)
			switch {
			case last:
				stream, context = firstRows(flat[3], len(flat[3])/(tokens*spec.Hidden), tokens*spec.Hidden, spec.Hidden), firstRows(context, variants*batch*spec.Heads, tokens*spec.HeadDim(), spec.HeadDim())
				stream = slices.Repeat(stream, together)
			case together > 1:
				stream = slices.Repeat(flat[3], together)
			}
			return err
		})
		for _, t := range []*tensors.Tensor{q, k, v} {
			t.FinalizeAll()
		}
		if err != nil {
			return nil, err
		}
		if stream != nil {
			x.FinalizeAll()
			x = tensors.FromFlatDataAndDimensions(stream, variants*batch, rows, spec.Hidden)
		}
		next, err := s.finish(l, x, tensors.FromFlatDataAndDimensions(context, variants*batch, spec.Heads, rows, spec.HeadDim()))
		if err != nil {
			return nil, fmt.Errorf("transformer: layer %d: %w", l, err)
		}
		x.FinalizeAll()
		x = next
	}
	logits, err := s.answer.Call1(x)
	if err != nil {
		return nil, fmt.Errorf("transformer: head: %w", err)
	}
	x.FinalizeAll()
	return tensors.MustCopyFlatData[float32](logits), nil
}

// attend computes the contexts of layer l from Q, K, V and X, [projections, batch, ...] each: a projection serves so many variants
// together, whose contexts stand one behind the other.
func (s *Staged) attend(l int, qkvx [][]float32, lengths []int32, tokens, together, projections int, attend AttendVariants) ([]float32, error) {
	spec, batch := s.model.Spec, len(lengths)
	d, heads := spec.HeadDim(), spec.Heads
	context := make([]float32, together*projections*batch*heads*tokens*d)
	var pool errgroup.Group
	pool.SetLimit(runtime.GOMAXPROCS(0))
	for i := range projections * batch {
		b := i % batch
		if lengths[b] < 1 {
			continue
		}
		pool.Go(func() error {
			for h := range heads {
				lo := (i*heads + h) * tokens * d
				hi := lo + tokens*d
				p := Projection{Sample: b, Layer: l, Head: h, Tokens: tokens, Valid: int(lengths[b]), Dim: d, Causal: spec.Causal,
					Q: qkvx[0][lo:hi:hi], K: qkvx[1][lo:hi:hi], V: qkvx[2][lo:hi:hi], X: qkvx[3][i*tokens*spec.Hidden : (i+1)*tokens*spec.Hidden]}
				contexts := make([][]float32, together)
				for v := range contexts {
					at := v * batch * heads * tokens * d
					contexts[v] = context[at+lo : at+hi : at+hi]
				}
				if err := attend(p, i/batch, contexts); err != nil {
					return fmt.Errorf("transformer: layer %d, head %d: %w", l, h, err)
				}
			}
			return nil
		})
	}
	return context, pool.Wait()
}

// read gives f the values of tensors where they lie; they are good until f returns, and must not be changed.
func read(ts []*tensors.Tensor, f func(flat [][]float32) error) error {
	flat := make([][]float32, 0, len(ts))
	var next func() error
	next = func() (err error) {
		if len(flat) == len(ts) {
			return f(flat)
		}
		failed := tensors.ConstFlatData(ts[len(flat)], func(values []float32) {
			flat = append(flat, values)
			err = next()
		})
		if failed != nil {
			return fmt.Errorf("transformer: %w", failed)
		}
		return err
	}
	return next()
}

// finish is what follows the attention of layer l, for x, [batch, rows, hidden], and the context, [batch, heads, rows, d].
func (s *Staged) finish(l int, x, context *tensors.Tensor) (*tensors.Tensor, error) {
	defer context.FinalizeAll()
	if len(s.contract) == 0 {
		return s.expand[l].Call1(x, context)
	}
	stream, wide, err := s.expand[l].Call2(x, context)
	if err != nil {
		return nil, err
	}
	defer stream.FinalizeAll()
	defer wide.FinalizeAll()
	if err := tensors.MutableFlatData(wide, geluAll); err != nil {
		return nil, err
	}
	return s.contract[l].Call1(stream, wide)
}

// firstRows takes the first keep of every size values.
func firstRows(x []float32, n, size, keep int) []float32 {
	y := make([]float32, 0, n*keep)
	for i := range n {
		y = append(y, x[i*size:i*size+keep]...)
	}
	return y
}
