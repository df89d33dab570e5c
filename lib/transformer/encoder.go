package transformer

import (
	"fmt"
	"math/rand/v2"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/model"
)

// Encoder is a BERT-type classifier: its Spec and its parameters.
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
		if err := createVariable(m.Store, p.Name, p.Shape, p.values(rng)); err != nil {
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

// Logits builds the whole forward pass: ids [batch, N] (int32, 0 = padding) and lengths [batch] (int32, valid tokens, at
// least 1) give logits [batch, classes].
func (p *Pass) Logits(hook Hook, ids, lengths *graph.Node) *graph.Node {
	x := p.embed(ids)
	visible := visibleKeys(lengths, ids.Shape().Dimensions[1])
	for l := range p.Model.Spec.Layers {
		q, k, v := p.project(l, x)
		x = p.finish(l, x, p.attend(l, hook, q, k, v, visible))
	}
	return p.classify(x)
}

// embed gives [batch, N, hidden].
func (p *Pass) embed(ids *graph.Node) *graph.Node {
	n := ids.Shape().Dimensions[1]
	x := graph.Gather(p.Parameter("embedding/token"), graph.InsertAxes(ids, -1))
	positions := graph.Slice(p.Parameter("embedding/position"), graph.AxisRange(0, n), graph.AxisRange())
	x = graph.Add(x, graph.InsertAxes(positions, 0))
	return p.dropout(p.norm("embedding/norm", x))
}

// project gives Q, K and V, each [batch, N, heads, d], by one fused product.
func (p *Pass) project(l int, x *graph.Node) (q, k, v *graph.Node) {
	s := p.Model.Spec
	b, n := x.Shape().Dimensions[0], x.Shape().Dimensions[1]
	y := p.dense(layerName(l, "qkv"), x)
	part := func(i int) *graph.Node {
		z := graph.Slice(y, graph.AxisRange(), graph.AxisRange(), graph.AxisRange(i*s.Hidden, (i+1)*s.Hidden))
		return graph.Reshape(z, b, n, s.Heads, s.HeadDim())
	}
	return part(0), part(1), part(2)
}

// attend gives the context, [batch, N, hidden].
func (p *Pass) attend(l int, hook Hook, q, k, v, visible *graph.Node) *graph.Node {
	s := p.Model.Spec
	b, n := q.Shape().Dimensions[0], q.Shape().Dimensions[1]
	scores := graph.MulScalar(graph.Einsum("bqhd,bkhd->bhqk", q, k), s.scoreScale())
	if hook != nil {
		scores = hook.Scores(p, l, scores, visible)
	}
	removed := graph.Scalar(scores.Graph(), scores.DType(), float64(Removed))
	dims := scores.Shape().Dimensions
	scores = graph.Where(graph.BroadcastToDims(visible, dims...), scores, graph.BroadcastToDims(removed, dims...))
	probabilities := p.dropout(graph.Softmax(scores, -1))
	return graph.Reshape(graph.Einsum("bhqk,bkhd->bqhd", probabilities, v), b, n, s.Hidden)
}

// finish is the rest of a block: output projection, residual, norm, feed-forward, residual, norm.
func (p *Pass) finish(l int, x, context *graph.Node) *graph.Node {
	y := p.dropout(p.dense(layerName(l, "output"), context))
	x = p.norm(layerName(l, "attention_norm"), graph.Add(x, y))
	y = activation.Gelu(p.dense(layerName(l, "expand"), x))
	y = p.dropout(p.dense(layerName(l, "contract"), y))
	return p.norm(layerName(l, "ffn_norm"), graph.Add(x, y))
}

// classify reads the first token through BERT's tanh pooler.
func (p *Pass) classify(x *graph.Node) *graph.Node {
	first := graph.Squeeze(graph.Slice(x, graph.AxisRange(), graph.AxisElem(0), graph.AxisRange()), 1)
	return p.dense("classifier", p.dropout(graph.Tanh(p.dense("pooler", first))))
}

func (p *Pass) dense(name string, x *graph.Node) *graph.Node {
	w, bias := p.Parameter(name+"/weights"), p.Parameter(name+"/biases")
	dims := append([]int(nil), x.Shape().Dimensions...)
	in := dims[len(dims)-1]
	y := graph.MatMul(graph.Reshape(x, -1, in), w)
	y = graph.Add(y, graph.InsertAxes(bias, 0))
	dims[len(dims)-1] = w.Shape().Dimensions[1]
	return graph.Reshape(y, dims...)
}

// normEpsilon is BERT's.
const normEpsilon = 1e-12

func (p *Pass) norm(name string, x *graph.Node) *graph.Node {
	gain, offset := p.Parameter(name+"/gain"), p.Parameter(name+"/offset")
	mean := graph.ReduceAndKeep(x, graph.ReduceMean, -1)
	centred := graph.Sub(x, mean)
	variance := graph.ReduceAndKeep(graph.Square(centred), graph.ReduceMean, -1)
	y := graph.Div(centred, graph.Sqrt(graph.AddScalar(variance, normEpsilon)))
	rank := x.Rank()
	return graph.Add(graph.Mul(y, graph.ExpandLeftToRank(gain, rank)), graph.ExpandLeftToRank(offset, rank))
}

// dropout zeroes a share of x while training and scales the rest, so that the expectation stays.
func (p *Pass) dropout(x *graph.Node) *graph.Node {
	rate := p.Model.Spec.Dropout
	if !p.Training || rate == 0 {
		return x
	}
	shape := shapes.Make(dtypes.Float32, x.Shape().Dimensions...)
	random := p.Model.Store.RootScope().RandomUniform(p.Graph, shape)
	kept := graph.GreaterOrEqual(random, graph.BroadcastToDims(graph.Scalar(p.Graph, dtypes.Float32, rate), shape.Dimensions...))
	return graph.Mul(x, graph.MulScalar(graph.ConvertDType(kept, x.DType()), 1/(1-rate)))
}

// visibleKeys is the boolean [batch, 1, 1, N] that is true for the first lengths[b] keys.
func visibleKeys(lengths *graph.Node, n int) *graph.Node {
	b := lengths.Shape().Dimensions[0]
	shape := shapes.Make(dtypes.Int32, b, 1, 1, n)
	index := graph.Iota(lengths.Graph(), shape, 3)
	return graph.LessThan(index, graph.BroadcastToDims(graph.Reshape(lengths, b, 1, 1, 1), b, 1, 1, n))
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
