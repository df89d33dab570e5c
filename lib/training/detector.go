package training

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/gomlx/gomlx/core/graph"

	"github.com/sparse-attention/workbench/lib/legal"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// Detector is the joint training of DOTA (ASPLOS 2022): the model's attention keeps what pruning.Detector estimates to be the
// best keys of each query, and
//
//	Lambda x mean((S - S~)²)/var(S) over the visible pairs
//
// joins the loss, so that estimate and model learn to agree. Quantisation passes gradients straight through.
type Detector struct {
	Sigma     float64 // k = ceil(Sigma x head width)
	Bits      int     // 2, 4, 8, or 32 for floating point
	Lambda    float64 // weight of the estimate's error in the loss; 1 is assumed, the paper's is not known
	Retention float64 // share of its visible keys that each query keeps; 1 trains the detector beside a dense model
	Seed      uint64  // of projection and initial matrices

	layers int // of the model that was prepared
}

// DOTA returns the default detector: sigma 0.25, INT4, lambda 1 (assumed).
func DOTA(retention float64, seed uint64) *Detector {
	return &Detector{Sigma: 0.25, Bits: 4, Lambda: 1, Retention: retention, Seed: seed}
}

// Validate names the first field that cannot be trained.
func (t *Detector) Validate() error {
	f := legal.Of("training: Detector")
	f.Share("Sigma", t.Sigma)
	f.Require(t.Bits == 2 || t.Bits == 4 || t.Bits == 8 || t.Bits == 32, "Bits", t.Bits, "2, 4, 8, or 32 for floating point")
	f.Require(t.Lambda >= 0, "Lambda", t.Lambda, "at least 0")
	f.Share("Retention", t.Retention)
	return f.Err()
}

// The variables of a layer.
func detectorName(layer int, part string) string {
	return fmt.Sprintf("detector/layer_%d/%s", layer, part)
}

// IsDetector reports whether a variable is a detector's.
func IsDetector(name string) bool { return strings.HasPrefix(name, "detector/") }

const (
	detectorProjection = "projection" // Model x k, sqrt(3/k) times -1, 0 or 1
	detectorQuery      = "query"      // heads x k x k
	detectorKey        = "key"
)

// Prepare gives the model the variables that it does not have yet. It refuses a detector of other shapes.
func (t *Detector) Prepare(m *transformer.Encoder) error {
	if err := t.Validate(); err != nil {
		return err
	}
	s := m.Spec
	if s.Causal {
		return fmt.Errorf("training: the model has Spec.Causal set, must be clear: Detector balances rows that see all keys")
	}
	k, err := pruning.DetectorWidth(t.Sigma, s.HeadDim())
	if err != nil {
		return err
	}
	t.layers = s.Layers
	for l := range s.Layers {
		if m.Has(detectorName(l, detectorProjection)) {
			shape, err := m.Shape(detectorName(l, detectorProjection))
			if err != nil {
				return err
			}
			if shape[0] != s.Hidden || shape[1] != k {
				return fmt.Errorf("training: the model's detector projects %d values to %d, must project %d to %d (Detector.Sigma)", shape[0], shape[1], s.Hidden, k)
			}
			continue
		}
		signs := pruning.SparseProjection(s.Hidden, k, t.Seed<<8+uint64(l))
		p := make([]float32, len(signs))
		for i, v := range signs {
			p[i] = float32(v) * float32(math.Sqrt(3/float64(k)))
		}
		if err := m.SetValues(detectorName(l, detectorProjection), []int{s.Hidden, k}, p); err != nil {
			return fmt.Errorf("training: %w", err)
		}
		r := rand.New(rand.NewPCG(t.Seed, uint64(l)))
		for _, part := range []string{detectorQuery, detectorKey} {
			w := make([]float32, s.Heads*k*k)
			for i := range w {
				w[i] = float32(r.NormFloat64() / math.Sqrt(float64(k)))
			}
			if err := m.SetValues(detectorName(l, part), []int{s.Heads, k, k}, w); err != nil {
				return fmt.Errorf("training: %w", err)
			}
		}
	}
	return nil
}

// Names lists the trained variables; the projection is none of them.
func (t *Detector) Names() []string {
	var out []string
	for l := range t.layers {
		out = append(out, detectorName(l, detectorQuery), detectorName(l, detectorKey))
	}
	return out
}

// Separable implements Hook: the error is in parts of the variance of all scores.
func (t *Detector) Separable() bool { return t.Lambda == 0 }

// Import gives the model a detector's projection and matrices to start from, in place of drawn ones.
func (t *Detector) Import(m *transformer.Encoder, d *pruning.Detector) error {
	if err := d.Validate(); err != nil {
		return err
	}
	if err := d.Fits(m.Spec.Layers, m.Spec.Heads, m.Spec.Hidden); err != nil {
		return err
	}
	k := d.Width
	for l, layer := range d.Layers {
		p := make([]float32, len(layer.P))
		for i, v := range layer.P {
			p[i] = float32(v) * float32(math.Sqrt(3/float64(k)))
		}
		var query, key []float32
		for _, h := range layer.Heads {
			query, key = append(query, h.Query...), append(key, h.Key...)
		}
		for _, x := range []struct {
			part   string
			shape  []int
			values []float32
		}{{detectorProjection, []int{d.Model, k}, p}, {detectorQuery, []int{len(layer.Heads), k, k}, query}, {detectorKey, []int{len(layer.Heads), k, k}, key}} {
			if err := m.SetValues(detectorName(l, x.part), x.shape, x.values); err != nil {
				return fmt.Errorf("training: %w", err)
			}
		}
	}
	return t.Prepare(m)
}

// Export is the detector that a model carries, for inference.
func (t *Detector) Export(m *transformer.Encoder) (*pruning.Detector, error) {
	s := m.Spec
	k, err := pruning.DetectorWidth(t.Sigma, s.HeadDim())
	if err != nil {
		return nil, err
	}
	d := &pruning.Detector{Model: s.Hidden, Width: k, Bits: t.Bits}
	for l := range s.Layers {
		values := map[string][]float32{}
		for _, part := range []string{detectorProjection, detectorQuery, detectorKey} {
			if values[part], err = m.Values(detectorName(l, part)); err != nil {
				return nil, fmt.Errorf("training: %w", err)
			}
		}
		var layer pruning.DetectorLayer
		for _, v := range values[detectorProjection] {
			layer.P = append(layer.P, int8(math.Round(float64(v)/math.Sqrt(3/float64(k)))))
		}
		for h := range s.Heads {
			lo, hi := h*k*k, (h+1)*k*k
			layer.Heads = append(layer.Heads, pruning.DetectorHead{Query: values[detectorQuery][lo:hi], Key: values[detectorKey][lo:hi]})
		}
		d.Layers = append(d.Layers, layer)
	}
	return d, d.Validate()
}

// Tensors are the detector's variables, for a checkpoint.
func (t *Detector) Tensors(m *transformer.Encoder) ([]transformer.Tensor, error) {
	var out []transformer.Tensor
	for l := range m.Spec.Layers {
		for _, part := range []string{detectorProjection, detectorQuery, detectorKey} {
			name := detectorName(l, part)
			values, err := m.Values(name)
			if err != nil {
				return nil, fmt.Errorf("training: %w", err)
			}
			shape, err := m.Shape(name)
			if err != nil {
				return nil, fmt.Errorf("training: %w", err)
			}
			out = append(out, transformer.Tensor{Name: name, Shape: shape, Values: values})
		}
	}
	return out, nil
}

// FirstTokenSuffices implements transformer.FirstTokenHook: at inference the last layer selects for that query alone.
func (t *Detector) FirstTokenSuffices() {}

// Scores implements transformer.Hook.
func (t *Detector) Scores(p *transformer.Pass, layer int, scores, visible *graph.Node) *graph.Node {
	query, key, step := t.factors(p, layer, scores.Shape().Dimensions[2])
	if p.Training && t.Lambda > 0 {
		p.AddLoss(graph.MulScalar(t.mismatch(p, query, key), t.Lambda/float64(p.Model.Spec.Layers)))
	}
	if t.Retention == 1 {
		return scores
	}
	kept := best(t.Retention, query, key, step, p.Valid)
	p.ReportKept(share(kept, p.Pairs(visible, scores.Shape().Dimensions...)))
	return transformer.Only(scores, kept)
}

// factors are those of the estimate S~ = query key', [batch, heads, queries or N, k], for the first queries, as many as asked for,
// and the step of a product of codes [batch, heads, 1, 1], nil in floating point.
func (t *Detector) factors(p *transformer.Pass, layer, queries int) (query, key, step *graph.Node) {
	x := p.X
	b, n := x.Shape().Dimensions[0], x.Shape().Dimensions[1]
	projection := graph.StopGradient(p.Parameter(detectorName(layer, detectorProjection)))
	xp := graph.MatMul(graph.Reshape(x, b*n, -1), projection)
	side := func(part string) (*graph.Node, *graph.Node) {
		w := p.Parameter(detectorName(layer, part)) // heads x k x k
		heads, k := w.Shape().Dimensions[0], w.Shape().Dimensions[1]
		y := graph.MatMul(xp, graph.Reshape(graph.Transpose(w, 0, 1), k, heads*k))
		y = graph.Transpose(graph.Reshape(y, b, n, heads, k), 1, 2)
		return t.quantise(y, p.Valid)
	}
	query, queryStep := side(detectorQuery)
	key, keyStep := side(detectorKey)
	if queryStep != nil {
		step = graph.Mul(queryStep, keyStep)
	}
	return graph.Slice(query, graph.AxisRange(), graph.AxisRange(), graph.AxisRange(0, queries), graph.AxisRange()), key, step
}

// quantise rounds as pruning.Detector does, over the real tokens of each head; the gradient is that of the identity.
func (t *Detector) quantise(y, valid *graph.Node) (*graph.Node, *graph.Node) {
	if t.Bits == 32 {
		return y, nil
	}
	dims := y.Shape().Dimensions
	real := graph.ConvertDType(graph.Reshape(valid, dims[0], 1, dims[2], 1), y.DType())
	top := graph.ReduceAndKeep(graph.Mul(graph.Abs(y), real), graph.ReduceMax, 2, 3)
	codes := float64(int(1)<<(t.Bits-1) - 1)
	step := graph.StopGradient(graph.DivScalar(graph.MaxScalar(top, 1e-20), codes))
	q := graph.Mul(graph.Round(graph.Div(y, step)), step)
	return graph.Add(y, graph.StopGradient(graph.Sub(q, y))), step
}

// mismatch is the mean squared error of the estimate over the visible pairs, in parts of the scores' variance. All sums over pairs
// of real tokens follow from the Gram matrices of the factors, so that nothing of the size of the scores is computed:
// the sum of the squares of A B' is the inner product of A'A and B'B.
func (t *Detector) mismatch(p *transformer.Pass, query, key *graph.Node) *graph.Node {
	dims := p.K.Shape().Dimensions
	real := graph.ConvertDType(graph.Reshape(p.Valid, dims[0], 1, dims[2], 1), p.K.DType())
	first := func(x *graph.Node) *graph.Node { // the real tokens among the first of x
		return graph.Slice(real, graph.AxisRange(), graph.AxisRange(), graph.AxisRange(0, x.Shape().Dimensions[2]), graph.AxisRange())
	}
	masked := func(x *graph.Node) *graph.Node { return graph.Mul(x, first(x)) }
	q, k, query, key := masked(p.Q), masked(p.K), masked(query), masked(key)
	// A Gram matrix and its gradient are symmetric, so the gradient of one side is half of it.
	gram := func(x *graph.Node) *graph.Node { return graph.Einsum("bhnm,bhnl->bhml", x, graph.StopGradient(x)) }
	// S - S~ is the product of Q beside q with K beside -k.
	left := gram(graph.Concatenate([]*graph.Node{q, query}, -1))
	right := gram(graph.Concatenate([]*graph.Node{k, graph.Neg(key)}, -1))
	half := graph.ReduceAllSum(graph.Mul(left, right))
	wrong := graph.Sub(graph.MulScalar(half, 2), graph.StopGradient(half)) // the value once, the gradient twice
	ofScores := func(x *graph.Node) *graph.Node {
		return graph.Slice(x, graph.AxisRange(), graph.AxisRange(), graph.AxisRange(0, dims[3]), graph.AxisRange(0, dims[3]))
	}
	square := graph.ReduceAllSum(graph.Mul(ofScores(left), ofScores(right)))
	count := func(x *graph.Node) *graph.Node { return graph.ReduceSum(x, 1, 2, 3) } // [batch]
	n := graph.MulScalar(graph.ReduceAllSum(graph.Mul(count(first(p.Q)), count(real))), float64(dims[1]))
	mean := graph.Div(graph.ReduceAllSum(graph.Mul(graph.ReduceSum(q, 2), graph.ReduceSum(k, 2))), n)
	variance := graph.AddScalar(graph.Sub(graph.Div(square, n), graph.Square(mean)), 1e-6)
	return graph.Div(graph.Div(wrong, n), graph.StopGradient(variance))
}
