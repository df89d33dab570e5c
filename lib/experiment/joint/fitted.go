package joint

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/gomlx/compute"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/training"
)

// FittedMethod is a detector that was fitted to a dense model and not trained with it.
const FittedMethod = "fitted detector"

// fittedRetentions and fittedP are the settings of Fitted's sweep.
var (
	fittedRetentions = []float64{0.05, 0.1, 0.2, 0.4}
	fittedP          = []float64{0.5, 1, 2, 4}
)

// Fitted makes a Model of a recipe's dense model: DOTA's detector, fitted by least squares (FitDetector), for models that were
// never trained with one. Its points are those beside the model's checkpoint.
func Fitted(ctx context.Context, backend compute.Backend, m experiment.Model, root string) (Model, error) {
	d := training.DOTA(0.1, 1)
	fitted, err := FitDetector(ctx, backend, m.Dense, d.Sigma, d.Seed, m.Data.Train[:min(fitExamples*4, len(m.Data.Train))])
	if err != nil {
		return Model{}, err
	}
	fitted.Detector.Bits = d.Bits
	r := Recipe{Name: m.Recipe.Name, Title: m.Title(), Task: m.Recipe.Task, Data: m.Recipe.Data, Model: m.Dense.Spec, Detector: *d}
	j := &Trained{Recipe: r, Vocabulary: m.Vocabulary, Dense: m.Dense, Seeds: []Detecting{fitted}}
	points, err := ReadPoints(root, r.Name)
	return Model{Trained: j, Data: &datasets.Dataset{Name: m.Data.Name, Classes: m.Data.Classes, Train: m.Data.Train, Dev: m.Data.Dev, Test: m.Test}, Points: points}, err
}

// SweepFitted runs the standard settings over n test examples and writes every point, as soon as it is there, into the folder of the
// recipe under root; finished points are kept.
func (m *Model) SweepFitted(ctx context.Context, backend compute.Backend, root string, n int) error {
	done, err := ReadPoints(root, m.Recipe.Name)
	if err != nil {
		return err
	}
	m.Points = done
	var failed error
	o := SweepOptions{Split: JudgedSplit, Examples: m.Data.Test[:min(n, len(m.Data.Test))], Training: m.Data.Train[:min(16, len(m.Data.Train))],
		Methods: []string{FittedMethod, ELSAMethod, OracleMethod, RandomMethod}, Retentions: fittedRetentions, P: fittedP, Done: slices.Clone(done)}
	o.Observer = func(p Point) {
		m.Points = replace(m.Points, p)
		failed = errors.Join(failed, WritePoints(root, m.Recipe.Name, m.Points))
	}
	if _, err := m.Sweep(ctx, backend, o); err != nil {
		return fmt.Errorf("joint: %s: %w", m.Recipe.Name, err)
	}
	return failed
}
