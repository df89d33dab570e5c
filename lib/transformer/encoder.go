package transformer

import (
	"cmp"
	"fmt"
	"math/rand/v2"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// Encoder is a model: its Spec and its parameters.
type Encoder struct {
	Spec  Spec
	Store *model.Store // holds one variable for each of Spec.Parameters(), by name, and what hooks add
}

// NewEncoder makes an encoder with fresh parameters; the same seed gives the same values on every backend.
func NewEncoder(s Spec, seed uint64) (*Encoder, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	m := &Encoder{Spec: s, Store: model.NewStore()}
	rng := rand.New(rand.NewPCG(seed, 0x7472616e73666f72))
	for _, p := range s.Parameters() {
		if err := createVariable(m.Store, p.Name, p.Shape, p.values(rng, cmp.Or(s.Deviation, initialDeviation))); err != nil {
			return nil, err
		}
	}
	return m, m.SeedDropout(seed)
}

// SeedDropout sets the state of the generator that dropout draws from.
func (m *Encoder) SeedDropout(seed uint64) error {
	state, err := graph.RNGStateFromSeed(int64(seed))
	if err != nil {
		return fmt.Errorf("transformer: dropout seed %d: %w", seed, err)
	}
	return m.setVariable(model.RNGStateVariableName, state)
}

func (m *Encoder) setVariable(name string, value *tensors.Tensor) error {
	path := model.ScopeSeparator + name
	if v := m.Store.GetVariable(path); v != nil {
		return v.SetValue(value)
	}
	v, err := m.Store.CreateVariable(path, value)
	if err != nil {
		return fmt.Errorf("transformer: variable %s: %w", name, err)
	}
	// Also where nothing trains it: a backend may compile an untrainable variable in as a constant (ONNX Runtime's does),
	// and a later value would then go unseen.
	v.SetTrainable(true)
	return nil
}

func (m *Encoder) node(g *graph.Graph, name string) *graph.Node {
	v := m.Store.GetVariable(model.ScopeSeparator + name)
	if v == nil {
		panic(fmt.Errorf("transformer: the model has no parameter %q", name))
	}
	return v.NodeValue(g)
}

// Logits builds the whole forward pass: inputs [batch, N] (int32 ids, 0 = padding) or, with Spec.Patch, [batch, N, Patch]
// (float32; the first is blank and stands for the class token), and lengths [batch] (int32, valid tokens, at least 1). It
// gives logits [batch, Classes], or [batch, N, ...] where the head answers at every token.
func (p *Pass) Logits(hook Hook, inputs, lengths *graph.Node) *graph.Node {
	s := p.Model.Spec
	// The pooled head reads one token: the last layer need not compute the others, unless a hook looks at them.
	_, content := hook.(FirstTokenHook)
	if (hook == nil || content) && s.Head == Pooled && s.Family != Llama && !s.Causal {
		return p.Class(p.states(hook, inputs, lengths, 1))
	}
	return p.answer(p.States(hook, inputs, lengths))
}

// answer is the head on the last layer's output.
func (p *Pass) answer(x *graph.Node) *graph.Node {
	switch p.Model.Spec.Head {
	case EachToken:
		return p.dense("token_classifier", p.dropout(x))
	case Language:
		return p.Words(x)
	}
	return p.Class(x)
}

// States is Logits without the head: the last layer's output, [batch, N, hidden].
func (p *Pass) States(hook Hook, inputs, lengths *graph.Node) *graph.Node {
	return p.states(hook, inputs, lengths, inputs.Shape().Dimensions[1])
}

// states is States of the first tokens, as many as asked for.
func (p *Pass) states(hook Hook, inputs, lengths *graph.Node, first int) *graph.Node {
	visible := p.see(lengths, inputs.Shape().Dimensions[1])
	x := p.embed(inputs)
	p.Outputs = append(p.Outputs, x)
	for l := range p.Model.Spec.Layers {
		p.X = x
		queries := x.Shape().Dimensions[1]
		if l == p.Model.Spec.Layers-1 {
			queries = first
		}
		q, k, v := p.project(l, x, queries)
		x = p.finish(l, firstTokens(x, queries), p.attend(l, hook, q, k, v, visible))
		p.Outputs = append(p.Outputs, x)
	}
	return p.last(x)
}

// firstTokens is the part of [batch, N, hidden] with the first n tokens.
func firstTokens(x *graph.Node, n int) *graph.Node {
	if n == x.Shape().Dimensions[1] {
		return x
	}
	return graph.Slice(x, graph.AxisRange(), graph.AxisRange(0, n), graph.AxisRange())
}

// last is the norm behind the last layer, in the families whose norms stand in front.
func (p *Pass) last(x *graph.Node) *graph.Node {
	switch p.Model.Spec.Family {
	case PreNorm:
		return p.norm("norm", x)
	case Llama:
		return p.rmsNorm("norm", x)
	}
	return x
}

// Words is the Language head on any of the states, [..., hidden]: logits [..., Vocabulary].
func (p *Pass) Words(states *graph.Node) *graph.Node {
	dims := append([]int(nil), states.Shape().Dimensions...)
	y, transformed := states, p.Model.Spec.Family != Llama
	if transformed {
		y = p.norm("language/norm", gelu(p.dense("language/transform", y)))
	}
	y = graph.Reshape(y, -1, dims[len(dims)-1])
	y = graph.Einsum("th,vh->tv", y, p.Parameter("embedding/token"))
	if transformed {
		y = graph.Add(y, graph.InsertAxes(p.Parameter("language/biases"), 0))
	}
	dims[len(dims)-1] = p.Model.Spec.Vocabulary
	return graph.Reshape(y, dims...)
}

// embed gives [batch, N, hidden].
func (p *Pass) embed(inputs *graph.Node) *graph.Node {
	n := inputs.Shape().Dimensions[1]
	var x *graph.Node
	if p.Model.Spec.Patch > 0 {
		x = p.dense("embedding/patch", inputs)
	} else {
		x = graph.Gather(p.Parameter("embedding/token"), graph.InsertAxes(inputs, -1))
	}
	family := p.Model.Spec.Family
	if family == Llama {
		return p.dropout(x)
	}
	positions := graph.Slice(p.Parameter("embedding/position"), graph.AxisRange(0, n), graph.AxisRange())
	x = graph.Add(x, graph.InsertAxes(positions, 0))
	if family == BERT {
		x = p.norm("embedding/norm", x)
	}
	return p.dropout(x)
}

// project gives Q of the first tokens, as many as asked for, and K and V, each [batch, heads, N, d]. The parameter is one matrix for all three; the product is taken in
// three parts, because the gradient of a part of one product is a padded copy of the whole.
func (p *Pass) project(l int, x *graph.Node, queries int) (q, k, v *graph.Node) {
	s := p.Model.Spec
	if s.Family == Llama {
		return p.projectLlama(l, x)
	}
	if s.Family == PreNorm {
		x = p.norm(layerName(l, "attention_norm"), x)
	}
	w, biases := p.Parameter(layerName(l, "qkv/weights")), p.Parameter(layerName(l, "qkv/biases"))
	part := func(i int, x *graph.Node) *graph.Node {
		b, n := x.Shape().Dimensions[0], x.Shape().Dimensions[1]
		columns := graph.AxisRange(i*s.Hidden, (i+1)*s.Hidden)
		y := affine(graph.Reshape(x, -1, s.Hidden), graph.Slice(w, graph.AxisRange(), columns), graph.Slice(biases, columns))
		return swap(graph.Reshape(y, b, n, s.Heads, s.HeadDim()))
	}
	return part(0, firstTokens(x, queries)), part(1, x), part(2, x)
}

// attend gives the context, [batch, N, hidden].
func (p *Pass) attend(l int, hook Hook, q, k, v, visible *graph.Node) *graph.Node {
	s := p.Model.Spec
	b, n := q.Shape().Dimensions[0], q.Shape().Dimensions[2]
	p.Q, p.K, p.V = graph.MulScalar(q, s.scoreScale()), k, v
	scores := graph.Einsum("bhqd,bhkd->bhqk", p.Q, k)
	if hook != nil {
		scores = hook.Scores(p, l, scores, visible)
	}
	probabilities := rowSoftmax(Only(scores, visible)) // two removals make no less a zero than one
	if h, ok := hook.(ProbabilityHook); ok {
		probabilities = h.Probabilities(p, l, probabilities, visible)
	}
	context := graph.Einsum("bhqk,bhkd->bhqd", p.dropout(probabilities), v)
	return p.join(context, b, n)
}

// join puts the heads of a context, [batch, heads, N, d], side by side: [batch, N, hidden].
func (p *Pass) join(context *graph.Node, b, n int) *graph.Node {
	return graph.Reshape(swap(context), b, n, p.Model.Spec.Hidden)
}

// finish is the rest of a block: output projection, residual and feed-forward, residual, with their norms.
func (p *Pass) finish(l int, x, context *graph.Node) *graph.Node {
	if p.Model.Spec.Family == Llama {
		return p.finishLlama(l, x, context)
	}
	x, wide := p.expand(l, x, context)
	return p.contract(l, x, gelu(wide))
}

// expand is finish up to the GELU: the stream behind the attention, and the input of the GELU.
func (p *Pass) expand(l int, x, context *graph.Node) (stream, wide *graph.Node) {
	x = graph.Add(x, p.dropout(p.dense(layerName(l, "output"), context)))
	if p.Model.Spec.Family == PreNorm {
		return x, p.dense(layerName(l, "expand"), p.norm(layerName(l, "ffn_norm"), x))
	}
	x = p.norm(layerName(l, "attention_norm"), x)
	return x, p.dense(layerName(l, "expand"), x)
}

// contract is finish behind the GELU.
func (p *Pass) contract(l int, x, wide *graph.Node) *graph.Node {
	x = graph.Add(x, p.dropout(p.dense(layerName(l, "contract"), wide)))
	if p.Model.Spec.Family == PreNorm {
		return x
	}
	return p.norm(layerName(l, "ffn_norm"), x)
}

// Class is the Pooled head: it reads the first token of the states through BERT's tanh pooler; logits [batch, Classes].
func (p *Pass) Class(states *graph.Node) *graph.Node {
	first := graph.Squeeze(graph.Slice(states, graph.AxisRange(), graph.AxisElem(0), graph.AxisRange()), 1)
	return p.ClassOfEach(first)
}

// ClassOfEach is the Pooled head on any of the states, [..., hidden]: logits [..., Classes].
func (p *Pass) ClassOfEach(states *graph.Node) *graph.Node {
	return p.dense("classifier", p.dropout(graph.Tanh(p.dense("pooler", states))))
}

func (p *Pass) dense(name string, x *graph.Node) *graph.Node {
	return p.affine(x, p.Parameter(name+"/weights"), p.Parameter(name+"/biases"))
}

// affine is x w + bias on the last axis; bias may be nil.
func (p *Pass) affine(x, w, bias *graph.Node) *graph.Node {
	dims := append([]int(nil), x.Shape().Dimensions...)
	y := affine(graph.Reshape(x, -1, dims[len(dims)-1]), w, bias)
	dims[len(dims)-1] = w.Shape().Dimensions[1]
	return graph.Reshape(y, dims...)
}

// affine is x w + bias, [rows, in] by [in, out] and [out]; the bias may be nil.
func affine(x, w, bias *graph.Node) *graph.Node {
	y := graph.MatMul(x, w)
	if bias == nil {
		return y
	}
	return graph.Add(y, graph.InsertAxes(bias, 0))
}

// normEpsilon is BERT's.
const normEpsilon = 1e-12

func (p *Pass) norm(name string, x *graph.Node) *graph.Node {
	gain, offset := p.Parameter(name+"/gain"), p.Parameter(name+"/offset")
	rank := x.Rank()
	return graph.Add(graph.Mul(normalise(x), graph.ExpandLeftToRank(gain, rank)), graph.ExpandLeftToRank(offset, rank))
}

// see sets Valid and gives the boolean [batch, 1, 1 or N, N] of the keys that a query may see.
func (p *Pass) see(lengths *graph.Node, n int) *graph.Node {
	b := lengths.Shape().Dimensions[0]
	index := graph.Iota(lengths.Graph(), shapes.Make(dtypes.Int32, b, n), 1)
	p.Valid = graph.LessThan(index, graph.BroadcastToDims(graph.Reshape(lengths, b, 1), b, n))
	keys := graph.Reshape(p.Valid, b, 1, 1, n)
	if !p.Model.Spec.Causal {
		return keys
	}
	square := shapes.Make(dtypes.Int32, b, 1, n, n)
	before := graph.LessOrEqual(graph.Iota(lengths.Graph(), square, 3), graph.Iota(lengths.Graph(), square, 2))
	return graph.LogicalAnd(before, graph.BroadcastToDims(keys, b, 1, n, n))
}

// Has reports whether the model has a variable of this name.
func (m *Encoder) Has(name string) bool {
	return m.Store.GetVariable(model.ScopeSeparator+name) != nil
}

// Update makes the graph write value to a named variable when it runs.
func (m *Encoder) Update(g *graph.Graph, name string, value *graph.Node) {
	m.Store.GetVariable(model.ScopeSeparator + name).SetNodeValue(value)
}

// Shape returns the dimensions of a named variable.
func (m *Encoder) Shape(name string) ([]int, error) {
	v := m.Store.GetVariable(model.ScopeSeparator + name)
	if v == nil {
		return nil, fmt.Errorf("transformer: the model has no parameter %q", name)
	}
	return v.Shape().Dimensions, nil
}
