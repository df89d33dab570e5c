package training

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// Cascade is SpAtten's cascade pruning of tokens and heads (HPCA 2021, section III) inside the graph of an encoder, so that
// a model is fine-tuned with it: before a layer the tokens and heads that earned least attention, or least output, so far
// are dropped for good. Selection has no gradient; what is left has. Package pruning holds the same in plain Go, its oracle.
//
// The first token is never dropped, since the classifier reads it (assumed). A dropped token is no key and earns nothing as
// a query; its own state still moves through the layers, where nothing reads it.
type Cascade struct {
	Tokens []float64 // pruned share of the sentence's tokens, one a layer, not falling; the first layer's must be 0
	Heads  []float64 // the same of heads

	// Values is the share of a query's keys whose values it reads, those of the largest probabilities, in (0,1]; 0 is 1. Rows are
	// balanced as those of Detector are; pruning.LocalValue is the same rule in plain Go.
	Values float64

	// Vary trains for all ratios up to these: half of the examples of a batch are pruned with a share of the ratios of tokens and
	// values, drawn evenly from 0 to 1, and half of them lose heads. Off, every example is pruned fully, as in an evaluation.
	Vary bool
}

// Validate names the first ratio that cannot be pruned; layers is how many the model has.
func (c *Cascade) Validate(layers int) error {
	for _, f := range []struct {
		name   string
		ratios []float64
	}{{"Tokens", c.Tokens}, {"Heads", c.Heads}} {
		if len(f.ratios) != layers {
			return fmt.Errorf("training: Cascade.%s holds %d ratios, must hold %d (Spec.Layers)", f.name, len(f.ratios), layers)
		}
		for l, r := range f.ratios {
			switch {
			case !(r >= 0 && r < 1):
				return fmt.Errorf("training: Cascade.%s[%d] is %v, must be in [0,1)", f.name, l, r)
			case l == 0 && r != 0:
				return fmt.Errorf("training: Cascade.%s[0] is %v, must be 0: nothing has been earned yet", f.name, r)
			case l > 0 && r < f.ratios[l-1]:
				return fmt.Errorf("training: Cascade.%s[%d] is %v, must be at least %v: what was pruned does not come back", f.name, l, r, f.ratios[l-1])
			}
		}
	}
	if !(c.Values >= 0 && c.Values <= 1) {
		return fmt.Errorf("training: Cascade.Values is %v, must be in (0,1], or 0 for all", c.Values)
	}
	return nil
}

// Prepare implements Hook: there is nothing to make.
func (c *Cascade) Prepare(m *transformer.Encoder) error { return c.Validate(m.Spec.Layers) }

// Names implements Hook: there is nothing to train.
func (c *Cascade) Names() []string { return nil }

// FirstTokenSuffices implements transformer.FirstTokenHook: no layer follows the last one, to which its tokens would matter.
func (c *Cascade) FirstTokenSuffices() {}

// Separable implements Hook: the graph that draws the shares keeps a generator.
func (c *Cascade) Separable() bool { return !c.Vary }

// cascadeState is what the layers so far have left. Shares are 1 or 0 a token or head.
type cascadeState struct {
	length         *graph.Node // [batch, 1], tokens
	press          *graph.Node // [batch, 1], share of the ratios of tokens and values that an example gets
	pressHeads     *graph.Node // the same of the heads' ratios: all or nothing, since heads are few
	tokens, heads  *graph.Node // alive: [batch, N], [batch, heads]
	earned, output *graph.Node // importance, of the same shapes
}

func (c *Cascade) begin(p *transformer.Pass, x *graph.Node) *cascadeState {
	b, h := x.Shape().Dimensions[0], x.Shape().Dimensions[1]
	s := &cascadeState{tokens: graph.ConvertDType(p.Valid, x.DType())}
	s.length = graph.ReduceAndKeep(s.tokens, graph.ReduceSum, -1)
	s.heads = graph.OnesLike(graph.BroadcastToDims(s.length, b, h))
	s.earned, s.output = graph.ZerosLike(s.tokens), graph.ZerosLike(s.heads)
	s.press, s.pressHeads = graph.OnesLike(s.length), graph.OnesLike(s.length)
	if c.Vary && p.Training {
		draw := func() *graph.Node {
			return graph.MulScalar(p.Model.Store.RootScope().RandomUniform(p.Graph, shapes.Make(dtypes.Float32, b, 1)), 2)
		}
		s.press, s.pressHeads = graph.MinScalar(draw(), 1), graph.Floor(draw())
	}
	p.State = s
	return s
}

// Scores implements transformer.Hook: keys that are pruned leave the softmax.
func (c *Cascade) Scores(p *transformer.Pass, layer int, x, visible *graph.Node) *graph.Node {
	s, _ := p.State.(*cascadeState)
	if s == nil {
		s = c.begin(p, x)
	}
	dims := x.Shape().Dimensions
	if r := c.Tokens[layer]; r > 0 {
		first := graph.Equal(graph.Iota(p.Graph, s.earned.Shape(), -1), graph.ZerosLike(s.earned))
		protected := graph.Where(first, graph.FillScalar(p.Graph, s.earned.Shape(), 1e9), s.earned)
		s.tokens = keepMost(s.tokens, protected, left(s.length, s.press, r))
	}
	if r := c.Heads[layer]; r > 0 {
		all := graph.FillScalar(p.Graph, s.length.Shape(), float64(dims[1]))
		s.heads = keepMost(s.heads, s.output, left(all, s.pressHeads, r))
	}
	alive := positive(graph.InsertAxes(s.tokens, 1, 1))
	asking := graph.Slice(s.tokens, graph.AxisRange(), graph.AxisRange(0, dims[2])) // a dropped token is no query either
	asking = graph.BroadcastToDims(positive(graph.InsertAxes(graph.InsertAxes(asking, 1), -1)), dims...)
	p.ReportKept(share(graph.LogicalAnd(graph.BroadcastToDims(alive, dims...), asking), p.Pairs(visible, dims...)))
	return transformer.Only(x, alive)
}

// Probabilities implements transformer.ProbabilityHook: tokens earn the attention that living queries of living heads pay
// them, heads the magnitude of what they put out; pruned heads are switched off. The values that a query does not read change
// what its head puts out, not what it pays.
func (c *Cascade) Probabilities(p *transformer.Pass, layer int, x, visible *graph.Node) *graph.Node {
	s := p.State.(*cascadeState)
	if c.Heads[layer] > 0 {
		x = graph.Mul(x, graph.InsertAxes(s.heads, -1, -1))
	}
	last := layer == len(c.Tokens)-1 // nothing is dropped by what the last layer earns
	if !last {
		s.earned = graph.Add(s.earned, graph.ReduceSum(graph.Einsum("bq,bhqk->bhk", s.tokens, graph.StopGradient(x)), 1))
	}
	if c.Values > 0 && c.Values < 1 {
		x = graph.Mul(x, graph.ConvertDType(s.read(x, c.Values), x.DType()))
	}
	if !last && c.Heads[len(c.Heads)-1] > 0 {
		out := graph.Abs(graph.Einsum("bhqk,bhkd->bhqd", graph.StopGradient(x), graph.StopGradient(p.V)))
		s.output = graph.Add(s.output, graph.ReduceSum(graph.Einsum("bq,bhqd->bhd", s.tokens, out), -1))
	}
	return x
}

// read marks the values that every query reads: of the tokens alive, those with the largest probabilities, at least one.
func (s *cascadeState) read(probabilities *graph.Node, share float64) *graph.Node {
	alive := graph.InsertAxes(s.tokens, 1, 1) // [batch, 1, 1, N]
	count := graph.ReduceAndKeep(alive, graph.ReduceSum, -1)
	// Probabilities do not tie as codes do: a little above the wanted number, a threshold that reads it stays.
	want := graph.Div(graph.AddScalar(left(count, graph.Reshape(s.press, count.Shape().Dimensions...), 1-share), 0.1), count)
	// Probabilities span decades: their logarithms are nearer to a normal distribution, at which the search begins.
	const faint = 1e-9
	x := graph.Log(graph.MaxScalar(graph.StopGradient(probabilities), faint))
	mean := graph.Div(graph.ReduceAndKeep(graph.Mul(x, alive), graph.ReduceSum, -1), count)
	square := graph.Div(graph.ReduceAndKeep(graph.Mul(graph.Square(x), alive), graph.ReduceSum, -1), count)
	deviation := graph.Sqrt(graph.MaxScalar(graph.Sub(square, graph.Square(mean)), 1e-6))
	x = transformer.Only(x, positive(alive))
	threshold := balanced(x, count, want, mean, deviation)
	return graph.GreaterOrEqual(x, graph.Min(threshold, graph.ReduceAndKeep(x, graph.ReduceMax, -1)))
}

func positive(x *graph.Node) *graph.Node { return graph.GreaterThan(x, graph.ZerosLike(x)) }

// left is how many of n a share r of the ratio leaves: rounded down, at least 1 (pruning.Keep).
func left(n, press *graph.Node, r float64) *graph.Node {
	k := graph.Mul(n, graph.AddScalar(graph.MulScalar(press, -r), 1))
	return graph.MaxScalar(graph.Floor(graph.AddScalar(k, 1e-4)), 1)
}

// keepMost keeps the k most important of those alive, [batch, n]; among equals the first ones stay.
func keepMost(alive, importance, k *graph.Node) *graph.Node {
	b, n := alive.Shape().Dimensions[0], alive.Shape().Dimensions[1]
	square := func(x *graph.Node, axis int) *graph.Node {
		return graph.BroadcastToDims(graph.InsertAxes(x, axis), b, n, n)
	}
	mine, other := square(importance, -1), square(importance, 1)
	index := graph.Iota(alive.Graph(), importance.Shape(), -1)
	before := graph.LessThan(square(index, 1), square(index, -1))
	ahead := graph.LogicalOr(graph.GreaterThan(other, mine), graph.LogicalAnd(graph.Equal(other, mine), before))
	rank := graph.ReduceSum(graph.Mul(graph.ConvertDType(ahead, alive.DType()), square(alive, 1)), -1)
	return graph.Mul(alive, graph.ConvertDType(graph.LessThan(rank, graph.BroadcastToDims(k, b, n)), alive.DType()))
}
