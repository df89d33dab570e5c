package taskstudy

import (
	"cmp"
	"fmt"

	"github.com/gomlx/compute"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/training"
)

// rootOnly is the model's name in the rows of the predictor that reads one token.
const rootOnly = "root operator alone"

// Committed judges models of the notebooks, dense and with their thresholds, on dev and test split. Beside a model of ListOps
// stands the predictor that reads the root operator alone.
func Committed(backend compute.Backend, models []experiment.Model) ([]Row, error) {
	var out []Row
	for _, m := range models {
		shape := fmt.Sprintf("L%d H%d A%d", m.Dense.Spec.Layers, m.Dense.Spec.Hidden, m.Dense.Spec.Heads)
		hook := training.LeOPArd(m.Pruned.Spec.Layers, m.Recipe.Lambda)
		for _, split := range []struct {
			name     string
			examples []datasets.Example
		}{{"dev", m.Data.Dev}, {"test", m.Data.Test}} {
			if len(split.examples) == 0 {
				continue
			}
			one := func(model, metric string, value, seconds float64) {
				start := cmp.Or(m.Recipe.Start, "none")
				if model == rootOnly {
					start = "none"
				}
				out = append(out, Row{Task: m.Data.Name, Model: model, Pretrained: start, Seed: m.Card.Seed, Split: split.name, Metric: metric, Value: value,
					Examples: len(split.examples), Seconds: seconds})
			}
			score, err := training.Evaluate(backend, m.Dense, split.examples, nil, nil)
			if err != nil {
				return nil, err
			}
			one(shape, "accuracy", score.Accuracy, 60*m.Card.Minutes)
			if score, err = training.Evaluate(backend, m.Pruned, split.examples, hook, nil); err != nil {
				return nil, err
			}
			one(shape+" with thresholds", "accuracy", score.Accuracy, 60*m.Card.Minutes)
			one(shape+" with thresholds", keptShare, score.MeanKept(), 60*m.Card.Minutes)
			if m.Card.RootOnlyDev > 0 {
				one(rootOnly, "accuracy", datasets.RootOperatorAccuracy(m.Data.Train, split.examples), 0)
			}
		}
	}
	return out, nil
}

// RootOnly is the same predictor at the benchmark's own length, whose published Transformer reaches 0.3637.
func RootOnly() ([]Row, error) {
	d, err := datasets.Open("listops", datasets.Options{})
	if err != nil {
		return nil, err
	}
	var out []Row
	for _, split := range []struct {
		name     string
		examples []datasets.Example
	}{{"dev", d.Dev}, {"test", d.Test}} {
		out = append(out, Row{Task: d.Name, Model: rootOnly, Pretrained: "none", Split: split.name, Metric: "accuracy",
			Value: datasets.RootOperatorAccuracy(d.Train, split.examples), Examples: len(split.examples)})
	}
	return out, nil
}
