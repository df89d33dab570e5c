package training

import (
	"fmt"
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// Window is ReBERT's window self-attention (TCAD 2022) as an attention hook: word i of a layer sees the words within that
// layer's half-window, and the first one as well when FirstKey is set. pruning.Window is the same rule in plain Go.
//
// The half-windows are variables of the model that nothing trains, not constants of the graph: one compiled graph serves every
// candidate of a search.
type Window struct{ pruning.Window }

// WindowName is the model variable that holds the half-window of a layer.
func WindowName(layer int) string { return fmt.Sprintf("window/layer_%d", layer) }

// Prepare gives the model the half-windows.
func (w Window) Prepare(m *transformer.Encoder) error {
	if err := w.Validate(); err != nil {
		return fmt.Errorf("training: %w", err)
	}
	if n := m.Spec.Layers; len(w.Half) != n {
		return fmt.Errorf("training: Window.Half is for %d layers, must be for the %d of the model (Spec.Layers)", len(w.Half), n)
	}
	for l, half := range w.Half {
		if half >= m.Spec.Tokens {
			return fmt.Errorf("training: Window.Half[%d] is %d, must be in 0..%d (Spec.Tokens-1)", l, half, m.Spec.Tokens-1)
		}
		if err := m.SetValues(WindowName(l), nil, []float32{float32(half)}); err != nil {
			return fmt.Errorf("training: %w", err)
		}
	}
	return nil
}

// Names implements Hook: nothing of a window is trained.
func (Window) Names() []string { return nil }

// Separable implements Hook.
func (Window) Separable() bool { return true }

// Scores implements transformer.Hook.
func (w Window) Scores(p *transformer.Pass, layer int, x, visible *graph.Node) *graph.Node {
	dims := x.Shape().Dimensions
	kept := w.kept(p, layer, dims[2], dims[3])
	p.ReportKept(share(graph.BroadcastToDims(kept, dims...), p.Pairs(visible, dims...)))
	return transformer.Only(x, kept)
}

// kept is the boolean [1, 1, queries, keys] of one layer.
func (w Window) kept(p *transformer.Pass, layer, queries, keys int) *graph.Node {
	shape := shapes.Make(dtypes.Float32, 1, 1, queries, keys)
	query, key := graph.Iota(p.Graph, shape, 2), graph.Iota(p.Graph, shape, 3)
	half := graph.ExpandLeftToRank(p.Parameter(WindowName(layer)), shape.Rank())
	kept := graph.LessOrEqual(graph.Abs(graph.Sub(query, key)), half)
	if w.FirstKey {
		kept = graph.LogicalOr(kept, graph.Equal(key, graph.ZerosLike(key)))
	}
	return kept
}

// FullWindows are half-windows that remove nothing.
func FullWindows(layers, tokens int) []int {
	half := make([]int, layers)
	for l := range half {
		half[l] = tokens - 1
	}
	return half
}

// MeanHalf is the mean half-window.
func MeanHalf(half []int) float64 {
	sum := 0
	for _, w := range half {
		sum += w
	}
	return float64(sum) / math.Max(1, float64(len(half)))
}
