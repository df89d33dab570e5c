package dotastudy

import (
	"context"
	"fmt"

	"github.com/gomlx/compute"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/experiment/joint"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/published"
)

// The axes of the detector's design space.
var (
	Sigmas = []float64{0.0625, 0.125, 0.25, 0.5}
	Widths = []int{2, 4, 8, 32} // bits; 32 is floating point
)

// Design fits a detector of every width to the dense model of a task (pruning.FitHead, on training examples) and runs it at a
// retention and at every precision: recall of the best keys and accuracy, in percent; the config is the bits, 32 for floating
// point. A fit needs no training, so the whole space takes seconds; a jointly trained detector, whose model adapts to it, does
// better.
func Design(ctx context.Context, backend compute.Backend, m joint.Model, retention float64, training, examples []datasets.Example) ([]published.Row, error) {
	var rows []published.Row
	for _, sigma := range Sigmas {
		fitted, err := joint.FitDetector(ctx, backend, m.Dense, sigma, 1, training)
		if err != nil {
			return nil, err
		}
		series := fmt.Sprintf("sigma %g (k = %d)", sigma, fitted.Detector.Width)
		heads, err := Trace(ctx, backend, fitted, examples[:min(len(examples), 6)], 1)
		if err != nil {
			return nil, err
		}
		for _, bits := range Widths {
			detector := *fitted.Detector
			detector.Bits = bits
			at := joint.Detecting{Model: fitted.Model, Detector: &detector}
			recall := 0.0
			for i, mask := range Masks(at, heads, retention) {
				recall += 100 * pruning.Judge(heads[i].Shape, mask).Recall / float64(len(heads))
			}
			masked, err := joint.MaskedAccuracy(ctx, backend, m.Dense, examples, 1, at.Chooser(retention))
			if err != nil {
				return nil, err
			}
			config := fmt.Sprintf("bits=%d", bits)
			rows = append(rows, row("design-space", series, m.Recipe.Title, config, "recall", "%", recall),
				row("design-space", series, m.Recipe.Title, config, "accuracy", "%", masked[0].Accuracy()))
		}
	}
	return rows, nil
}
