package experiment

import (
	"context"
	"fmt"
	"math"
	"sync"

	"github.com/gomlx/compute"
	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/accelerator/spatten"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/fixedpoint"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// Cascade is what SpAtten does to an encoder: tokens and heads dropped from layer to layer, values with small probabilities
// left out, and keys and values in two planes. The first token, which the classifier reads, is never dropped (assumed).
type Cascade struct {
	Tokens, Heads []float64               // pruned share of the original count, one a layer, not falling, 0 at the first
	Values        float64                 // share of a query's keys whose values are read, in (0,1]
	Bits          int                     // of Q, K and V, when they have one plane
	Progressive   *fixedpoint.Progressive // the two planes of keys and values; nil for one plane of Bits

	// FirstOnly spares the last layer's other queries: a classifier reads the first token alone, so that its answers stay the
	// same. They are counted as if they needed the second plane where the first one does.
	FirstOnly bool
}

// CascadeOf spreads mean ratios over the layers of a model by the paper's rule: 15 % of the layers in front keep all tokens,
// 30 % all heads, and the rest follows a line.
func CascadeOf(layers int, tokens, heads, values float64) (Cascade, error) {
	c := Cascade{Values: values, Bits: 12}
	var err error
	if c.Tokens, err = pruning.Spread(layers, 0.15, tokens); err != nil {
		return c, err
	}
	c.Heads, err = pruning.Spread(layers, 0.30, heads)
	return c, err
}

// Validate names the first field that no machine can run on a model of these layers.
func (c Cascade) Validate(layers int) error {
	for _, f := range []struct {
		name   string
		ratios []float64
	}{{"Tokens", c.Tokens}, {"Heads", c.Heads}} {
		if len(f.ratios) != layers {
			return fmt.Errorf("experiment: Cascade.%s holds %d ratios, must hold %d, one a layer", f.name, len(f.ratios), layers)
		}
		last := 0.0
		for l, r := range f.ratios {
			switch {
			case !(r >= 0 && r < 1):
				return fmt.Errorf("experiment: Cascade.%s[%d] is %v, must be in [0,1)", f.name, l, r)
			case l == 0 && r > 0:
				return fmt.Errorf("experiment: Cascade.%s[0] is %v, must be 0: nothing has been earned yet", f.name, r)
			case r < last:
				return fmt.Errorf("experiment: Cascade.%s[%d] is %v, must be at least %v: what was pruned does not come back", f.name, l, r, last)
			}
			last = r
		}
	}
	switch {
	case !(c.Values > 0 && c.Values <= 1):
		return fmt.Errorf("experiment: Cascade.Values is %v, must be in (0,1]", c.Values)
	case c.Progressive != nil:
		return c.Progressive.Validate()
	case c.Bits < 3 || c.Bits > 12:
		return fmt.Errorf("experiment: Cascade.Bits is %d, must be in 3..12", c.Bits)
	}
	return nil
}

// width is the bits of a head.
func (c Cascade) width() int {
	if c.Progressive != nil {
		return c.Progressive.MSB + c.Progressive.LSB
	}
	return c.Bits
}

// CascadeScore is a model's accuracy under a cascade with what it saved, sums over examples, layers, heads and queries.
type CascadeScore struct {
	Score
	Keys, DenseKeys     float64 // read by the heads that are left, and by all heads of all layers without pruning
	Values              float64
	Heads, DenseHeads   float64
	Queries, LSBQueries float64
	KeyBits             float64         // bits of keys and values read, over the elements of both
	Layers              []float64       // tokens kept by each layer over those of the sentences
	Survivors           map[int][][]int // example -> layer -> tokens alive, of the examples asked for
	Largest, Error      []float64       // of short rows: largest probability, and mean absolute error by the first plane
}

// TokenReduction is how many times fewer keys the heads that are left see.
func (s *CascadeScore) TokenReduction() float64 {
	return s.DenseKeys / s.Keys * s.Heads / s.DenseHeads
}

// Reduction is the same of keys and values together: the measure of the abstract's 1.9 and 3.8.
func (s *CascadeScore) Reduction() float64 {
	return 2 * s.DenseKeys / (s.Keys + s.Values) * s.Heads / s.DenseHeads
}

// HeadReduction is heads over heads kept.
func (s *CascadeScore) HeadReduction() float64 { return s.DenseHeads / s.Heads }

// LSB is the share of queries that need the second plane.
func (s *CascadeScore) LSB() float64 { return s.LSBQueries / max(1, s.Queries) }

// MeanBits is bits read of an element of a key or value.
func (s *CascadeScore) MeanBits() float64 { return s.KeyBits / (s.Keys + s.Values) }

// Cascading runs examples through the model under a cascade, in the machine's integers, and keeps the survivors of those for
// which watch, which may be nil, is true.
func Cascading(ctx context.Context, backend compute.Backend, m *transformer.Encoder, examples []datasets.Example, c Cascade, watch func(example int) bool) (*CascadeScore, error) {
	e, err := NewEvaluator(backend, m)
	if err != nil {
		return nil, err
	}
	defer e.Close()
	return e.Cascading(ctx, examples, c, watch)
}

// Cascading is the function of that name.
func (e *Evaluator) Cascading(ctx context.Context, examples []datasets.Example, c Cascade, watch func(example int) bool) (*CascadeScore, error) {
	m := e.model
	if err := c.Validate(m.Spec.Layers); err != nil {
		return nil, err
	}
	run := &cascadeRun{Cascade: c, layers: m.Spec.Layers, heads: m.Spec.Heads, watch: watch, states: map[int]*cascadeState{},
		out: &CascadeScore{Layers: make([]float64, m.Spec.Layers), Survivors: map[int][][]int{}}}
	score, err := e.Accuracy(ctx, examples, c.width(), run.attend)
	if err != nil {
		return nil, err
	}
	return run.finish(score, len(examples)), nil
}

type cascadeRun struct {
	Cascade
	layers, heads int
	watch         func(int) bool
	out           *CascadeScore

	mu     sync.Mutex
	states map[int]*cascadeState
}

// cascadeState is one example on its way through the layers. The heads of a layer come one after the other.
type cascadeState struct {
	*pruning.Cascade
	length    int
	layer     int
	keys      []int32 // alive
	headAlive map[int]bool
	survivors [][]int
	score     CascadeScore
}

func (r *cascadeRun) state(s Site, h *attention.Head) *cascadeState {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.states[s.Example] == nil {
		r.states[s.Example] = &cascadeState{Cascade: pruning.NewCascade(h.Valid, r.heads), length: h.Valid, layer: -1}
	}
	return r.states[s.Example]
}

// enter begins a layer: those that earned least are dropped.
func (r *cascadeRun) enter(st *cascadeState, layer int) {
	if layer > 0 && r.Tokens[layer] > 0 {
		st.AddProbabilities([]float64{1e9}, []int32{0}) // the classifier's token stays
		st.PruneTokens(pruning.Keep(st.length, r.Tokens[layer]))
	}
	if layer > 0 && r.Heads[layer] > 0 {
		st.PruneHeads(pruning.Keep(r.heads, r.Heads[layer]))
	}
	st.layer, st.keys, st.headAlive = layer, st.keys[:0], map[int]bool{}
	alive := st.Cascade.Tokens()
	for _, t := range alive {
		st.keys = append(st.keys, int32(t))
	}
	for _, h := range st.Cascade.Heads() {
		st.headAlive[h] = true
	}
	st.survivors = append(st.survivors, alive)
}

// ShortRow is how many keys a query may have to keep its error by the first plane: as many as the sentences of Fig. 7 have words.
const ShortRow = 24

func (r *cascadeRun) attend(s Site, h *attention.Head, context []float32) error {
	st := r.state(s, h)
	if st.layer != s.Layer {
		r.enter(st, s.Layer)
	}
	clear(context)
	out, d := &st.score, h.Dim
	out.DenseHeads++
	out.DenseKeys += float64(st.length)
	if !st.headAlive[s.Head] {
		return nil
	}
	n := len(st.keys)
	kept := pruning.Keep(n, 1-r.Cascade.Values)
	out.Heads++
	out.Keys += float64(n)
	out.Values += float64(kept)
	plane := fixedpoint.Progressive{MSB: h.Bits - 1, LSB: 1} // never tested: one plane
	if r.Progressive != nil {
		plane = *r.Progressive
	}
	decider, err := spatten.NewDecider(h, plane)
	if err != nil {
		return fmt.Errorf("experiment: example %d: %w", s.Example, err)
	}
	queries := st.keys // tokens that are left query too
	if r.FirstOnly && s.Layer == r.layers-1 {
		queries = queries[:1]
	}
	values := r.values(h, st.keys, plane)
	row, lsb := make([]float64, d), 0.0
	for _, t := range queries {
		decision, err := r.decide(decider, int(t), st.keys, out)
		if err != nil {
			return err
		}
		if decision.LSB {
			lsb++
		}
		p := decision.Probabilities
		st.AddProbabilities(p, st.keys)
		clear(row)
		if kept < n {
			for _, i := range pruning.QuickSelect(p, kept, nil).Filter(p) {
				add(row, p[i], values[i*d:])
			}
		} else {
			for i := range p {
				add(row, p[i], values[i*d:])
			}
		}
		st.AddOutput(s.Head, row)
		for c, x := range row {
			context[int(t)*d+c] = float32(x)
		}
	}
	lsb *= float64(n) / float64(len(queries))
	out.Queries += float64(n)
	out.LSBQueries += lsb
	first := float64(h.Bits)
	if r.Progressive != nil {
		first = float64(plane.MSB)
	}
	out.KeyBits += first*float64(n+kept) + lsb/float64(n)*float64(plane.LSB)*float64(n)
	return nil
}

// values are the real values of the keys that are left, of their first plane where there are two.
func (r *cascadeRun) values(h *attention.Head, keys []int32, plane fixedpoint.Progressive) []float64 {
	out := make([]float64, 0, len(keys)*h.Dim)
	for _, k := range keys {
		for _, v := range h.Value(int(k)) {
			if r.Progressive != nil {
				v = plane.First(v)
			}
			out = append(out, float64(v)*float64(h.ScaleV))
		}
	}
	return out
}

func add(to []float64, p float64, value []float64) {
	for c, v := range value[:len(to)] {
		to[c] += p * v
	}
}

// decide is one query: by planes when there are two, else at full width.
func (r *cascadeRun) decide(decider *spatten.Decider, t int, keys []int32, out *CascadeScore) (spatten.Decision, error) {
	if r.Progressive == nil {
		return decider.Exact(t, keys)
	}
	decision, err := decider.Query(t, keys)
	if err != nil || len(keys) > ShortRow {
		return decision, err
	}
	exact, err := decider.Exact(t, keys)
	if err != nil {
		return decision, err
	}
	first, err := decider.First(t, keys)
	if err != nil {
		return decision, err
	}
	sum := 0.0
	for j, p := range exact.Probabilities {
		sum += math.Abs(p - first.Probabilities[j])
	}
	out.Largest = append(out.Largest, exact.Largest)
	out.Error = append(out.Error, sum/float64(len(keys)))
	return decision, nil
}

// finish adds the examples up in their order.
func (r *cascadeRun) finish(score Score, examples int) *CascadeScore {
	o := r.out
	o.Score = score
	total := 0.0
	for e := range examples {
		st := r.states[e]
		if st == nil {
			continue
		}
		x := &st.score
		o.Keys += x.Keys
		o.DenseKeys += x.DenseKeys
		o.Values += x.Values
		o.Heads += x.Heads
		o.DenseHeads += x.DenseHeads
		o.Queries += x.Queries
		o.LSBQueries += x.LSBQueries
		o.KeyBits += x.KeyBits
		o.Largest = append(o.Largest, x.Largest...)
		o.Error = append(o.Error, x.Error...)
		for l, alive := range st.survivors {
			o.Layers[l] += float64(len(alive))
		}
		total += float64(st.length)
		if r.watch != nil && r.watch(e) {
			o.Survivors[e] = st.survivors
		}
	}
	for l := range o.Layers {
		o.Layers[l] /= total
	}
	return o
}
