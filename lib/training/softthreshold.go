package training

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// SoftThreshold is LeOPArd's learned threshold (ISCA 2022), one scalar Th a layer on the real score x = q.k/sqrt(d). While
// training it is differentiable,
//
//	y = x*tanh(s(x-Th))  if x >= Th
//	    c*tanh(s(x-Th))  otherwise, which falls to -c and leaves the softmax,
//
// and adds Lambda times the mean of sigmoid(k(y+c-alpha)) over the visible scores, a count of the kept ones. Otherwise it
// prunes hard: a key is kept when x >= Th, or when it is the largest of its row.
type SoftThreshold struct {
	Layers    int
	Sharpness float64 // s
	Depth     float64 // c
	Slope     float64 // k of the count
	Offset    float64 // alpha of the count
	Lambda    float64 // weight of the count in the loss
	Target    float64 // kept share per layer below which the count stops pressing; 0 = it always presses
}

// LeOPArd returns the published constants (s = 10, c = 1000; k = 100 and alpha = 1 are assumed, see the reference sheet)
// with the given weight of the count, which is not published and must be swept.
func LeOPArd(layers int, lambda float64) *SoftThreshold {
	return &SoftThreshold{Layers: layers, Sharpness: 10, Depth: 1000, Slope: 100, Offset: 1, Lambda: lambda}
}

// Validate names the first field that cannot be trained.
func (t *SoftThreshold) Validate() error {
	for _, f := range []struct {
		name  string
		value float64
	}{{"Sharpness", t.Sharpness}, {"Depth", t.Depth}, {"Slope", t.Slope}} {
		if !(f.value > 0) {
			return fmt.Errorf("training: SoftThreshold.%s is %v, must be positive", f.name, f.value)
		}
	}
	switch {
	case t.Layers < 1:
		return fmt.Errorf("training: SoftThreshold.Layers is %d, must be at least 1", t.Layers)
	case !(t.Lambda >= 0):
		return fmt.Errorf("training: SoftThreshold.Lambda is %v, must not be negative", t.Lambda)
	case !(t.Target >= 0 && t.Target < 1):
		return fmt.Errorf("training: SoftThreshold.Target is %v, must be in [0,1)", t.Target)
	}
	return nil
}

// ThresholdName is the model variable that holds the threshold of a layer.
func ThresholdName(layer int) string { return fmt.Sprintf("threshold/layer_%d", layer) }

// Prepare gives the model the thresholds it does not have yet, at LeOPArd's start value 0.
func (t *SoftThreshold) Prepare(m *transformer.Encoder) error {
	if err := t.Validate(); err != nil {
		return err
	}
	for l := range t.Layers {
		if m.Has(ThresholdName(l)) {
			continue
		}
		if err := m.SetValues(ThresholdName(l), nil, []float32{0}); err != nil {
			return fmt.Errorf("training: %w", err)
		}
	}
	return nil
}

// Thresholds reads the real threshold of every layer from the model.
func (t *SoftThreshold) Thresholds(m *transformer.Encoder) ([]float64, error) {
	out := make([]float64, t.Layers)
	for l := range out {
		v, err := m.Values(ThresholdName(l))
		if err != nil {
			return nil, fmt.Errorf("training: %w", err)
		}
		out[l] = float64(v[0])
	}
	return out, nil
}

// Names lists the variables that a run trains at the threshold's own learning rate.
func (t *SoftThreshold) Names() []string {
	var out []string
	for l := range t.Layers {
		out = append(out, ThresholdName(l))
	}
	return out
}

// Separable implements Hook: whether the kept share is below Target shows in the whole batch only.
func (t *SoftThreshold) Separable() bool { return t.Target == 0 }

// Scores implements transformer.Hook.
func (t *SoftThreshold) Scores(p *transformer.Pass, layer int, x, visible *graph.Node) *graph.Node {
	dims := x.Shape().Dimensions
	th := graph.ExpandLeftToRank(p.Parameter(ThresholdName(layer)), len(dims))
	pairs := p.Pairs(visible, dims...)
	if !p.Training {
		top := graph.ReduceAndKeep(transformer.Only(x, pairs), graph.ReduceMax, -1)
		kept := graph.LogicalOr(graph.GreaterOrEqual(x, th), graph.GreaterOrEqual(x, top))
		p.ReportKept(share(kept, pairs))
		return transformer.Only(x, kept)
	}
	y := t.soft(x, th)
	count := graph.Sigmoid(graph.MulScalar(graph.AddScalar(y, t.Depth-t.Offset), t.Slope))
	mean := p.Mean(count, graph.ConvertDType(pairs, x.DType()))
	pressed := mean
	if t.Target > 0 {
		pressed = graph.Max(mean, graph.Scalar(x.Graph(), x.DType(), t.Target))
	}
	p.AddLoss(graph.MulScalar(pressed, t.Lambda/float64(t.Layers)))
	p.ReportKept(share(graph.GreaterOrEqual(x, th), pairs))
	return y
}

// soft is the differentiable threshold.
func (t *SoftThreshold) soft(x, th *graph.Node) *graph.Node {
	tanh := graph.Tanh(graph.MulScalar(graph.Sub(x, th), t.Sharpness))
	return graph.Where(graph.GreaterOrEqual(x, th), graph.Mul(x, tanh), graph.MulScalar(tanh, t.Depth))
}

func share(kept, pairs *graph.Node) *graph.Node {
	n := graph.ReduceAllSum(graph.ConvertDType(pairs, dtypes.Float32))
	k := graph.ReduceAllSum(graph.ConvertDType(graph.LogicalAnd(kept, pairs), dtypes.Float32))
	return graph.Div(k, graph.MaxScalar(n, 1.0))
}
