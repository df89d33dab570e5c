package training

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/gomlx/gomlx/core/graph"

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
	Detached  bool    // the error trains the detector alone, not the model
	Seed      uint64  // of projection and initial matrices

	layers int // of the model that was prepared
}

// DOTA returns the default detector: sigma 0.25, INT4, lambda 1 (assumed).
func DOTA(retention float64, seed uint64) *Detector {
	return &Detector{Sigma: 0.25, Bits: 4, Lambda: 1, Retention: retention, Seed: seed}
}

// Validate names the first field that cannot be trained.
func (t *Detector) Validate() error {
	switch {
	case !(t.Sigma > 0 && t.Sigma <= 1):
		return fmt.Errorf("training: Detector.Sigma is %v, must be in (0,1]", t.Sigma)
	case t.Bits != 2 && t.Bits != 4 && t.Bits != 8 && t.Bits != 32:
		return fmt.Errorf("training: Detector.Bits is %d, must be 2, 4, 8, or 32 for floating point", t.Bits)
	case !(t.Lambda >= 0):
		return fmt.Errorf("training: Detector.Lambda is %v, must not be negative", t.Lambda)
	case !(t.Retention > 0 && t.Retention <= 1):
		return fmt.Errorf("training: Detector.Retention is %v, must be in (0,1]", t.Retention)
	}
	return nil
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

// Scores implements transformer.Hook.
func (t *Detector) Scores(p *transformer.Pass, layer int, scores, visible *graph.Node) *graph.Node {
	pairs := p.Pairs(visible, scores.Shape().Dimensions...)
	estimate, query, key, step := t.estimate(p, layer)
	if p.Training && t.Lambda > 0 {
		p.AddLoss(graph.MulScalar(t.mismatch(scores, estimate, pairs), t.Lambda/float64(p.Model.Spec.Layers)))
	}
	if t.Retention == 1 {
		return scores
	}
	kept := t.best(estimate, query, key, step, pairs, p.Valid)
	p.ReportKept(share(kept, pairs))
	return graph.Where(kept, scores, graph.FillScalar(scores.Graph(), scores.Shape(), transformer.Removed))
}

// estimate is S~ [batch, heads, queries, keys], its factors [batch, heads, N, k], and the step of a product of codes [batch, heads,
// 1, 1], nil in floating point.
func (t *Detector) estimate(p *transformer.Pass, layer int) (estimate, query, key, step *graph.Node) {
	x := p.X
	b, n := x.Shape().Dimensions[0], x.Shape().Dimensions[1]
	projection := graph.StopGradient(p.Parameter(detectorName(layer, detectorProjection)))
	if t.Detached {
		x = graph.StopGradient(x)
	}
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
	return graph.Einsum("bhqm,bhkm->bhqk", query, key), query, key, step
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

// mismatch is the mean squared error of the estimate over the visible pairs, in parts of the scores' variance.
func (t *Detector) mismatch(scores, estimate, pairs *graph.Node) *graph.Node {
	if t.Detached {
		scores = graph.StopGradient(scores)
	}
	w := graph.ConvertDType(pairs, scores.DType())
	n := graph.ReduceAllSum(w)
	still := graph.StopGradient(scores)
	mean := graph.Div(graph.ReduceAllSum(graph.Mul(still, w)), n)
	square := graph.Div(graph.ReduceAllSum(graph.Mul(graph.Square(still), w)), n)
	variance := graph.AddScalar(graph.Sub(square, graph.Square(mean)), 1e-6)
	return graph.Div(graph.Div(graph.ReduceAllSum(graph.Mul(graph.Square(graph.Sub(scores, estimate)), w)), n), graph.StopGradient(variance))
}
