package taskstudy

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/published"
)

// constant is the model's name in the rows of the predictor that gives every input the most frequent label.
const constant = "one answer for all"

// Constant is what that predictor reaches on the task's dev and test split; nothing where the data have no labels.
func (t Task) Constant(d *datasets.Dataset) []Row {
	var out []Row
	if d.Kind != datasets.Classification {
		return nil
	}
	for _, split := range []struct {
		name     string
		examples []datasets.Example
	}{{"dev", d.Dev}, {"test", d.Test}} {
		if len(split.examples) > 0 {
			out = append(out, Row{Task: t.Name, Model: constant, Pretrained: "none", Split: split.name, Metric: "accuracy",
				Value: datasets.ConstantAccuracy(d.Train, split.examples), Examples: len(split.examples)})
		}
	}
	return out
}

// Summary is one measure of a model, 0..1, over the seeds of its training.
type Summary struct {
	Task, Model, Pretrained, Split, Metric string
	Mean, Half                             float64 // the half width of the 95 % interval is 0 for one seed
	Seeds, Examples                        int
}

// Summarise takes the rows of Read together by task, model, start, split and metric.
func Summarise(rows []Row) []Summary {
	var out []Summary
	for i, r := range rows {
		if i == 0 || r.group() != rows[i-1].group() {
			out = append(out, Summary{r.Task, r.Model, r.Pretrained, r.Split, r.Metric, r.Mean, r.Half, 0, r.Examples})
		}
		out[len(out)-1].Seeds++
	}
	return out
}

// Text is mean, interval and number of seeds, in percent.
func (s Summary) Text() string {
	if s.Seeds == 1 {
		return fmt.Sprintf("%.1f", 100*s.Mean)
	}
	return fmt.Sprintf("%.1f ± %.1f (%d seeds)", 100*s.Mean, 100*s.Half, s.Seeds)
}

// Table has a line for each summary; those of methods are in CostTable.
func Table(all []Summary) (headings []string, rows [][]string) {
	for _, s := range all {
		if strings.Contains(s.Model, separator) {
			continue
		}
		rows = append(rows, []string{s.Task, s.Model, s.Pretrained, s.Split, s.Metric, s.Text(), strconv.Itoa(s.Examples)})
	}
	return []string{"task", "model", "pretrained", "split", "measure", "value (%)", "examples"}, rows
}

// Gains are the bars of the tasks that were trained both from a pretrained encoder and from fresh weights, each by the first of
// its measures, in percent, and what one answer for all inputs reaches where that is known.
func Gains(all []Summary) []published.Row {
	var out []published.Row
	bar := func(s Summary, series string) {
		out = append(out, published.Row{System: "training", Figure: "pretraining", Series: series, Workload: fmt.Sprintf("%s (%s)", s.Task, s.Metric), Config: s.Split,
			Metric: s.Metric, Unit: "%", Value: 100 * s.Mean, Note: s.Text()})
	}
	for _, s := range all {
		if s.Pretrained == "none" || s.Split != "dev" {
			continue
		}
		i := slices.IndexFunc(all, func(f Summary) bool {
			return f.Task == s.Task && f.Model == s.Model && f.Split == s.Split && f.Metric == s.Metric && f.Pretrained == "none"
		})
		if i < 0 {
			continue
		}
		bar(s, "pretrained")
		bar(all[i], "from fresh weights")
		if c := slices.IndexFunc(all, func(c Summary) bool {
			return c.Task == s.Task && c.Model == constant && c.Split == s.Split && c.Metric == s.Metric
		}); c >= 0 {
			bar(all[c], constant)
		}
	}
	return out
}

// Loss is the curve of a pretraining, root/<name>/loss.csv: the training loss, in nats a masked token, by step.
func Loss(root, name string) ([]published.Row, error) {
	path := filepath.Join(root, name, curveFile)
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("taskstudy: %w", err)
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil || len(records) < 2 || !slices.Equal(records[0], curveColumns) {
		return nil, fmt.Errorf("taskstudy: %s:1: columns must be %s, with at least one row", path, curveColumns)
	}
	var out []published.Row
	for i, r := range records[1:] {
		loss, err := strconv.ParseFloat(r[1], 64)
		if err != nil {
			return nil, fmt.Errorf("taskstudy: %s:%d: loss is %q, must be a number", path, i+2, r[1])
		}
		out = append(out, published.Row{System: "training", Figure: "loss", Series: name, Workload: name, Config: "step=" + r[0], Metric: "loss", Unit: "nats", Value: loss})
	}
	return out, nil
}
