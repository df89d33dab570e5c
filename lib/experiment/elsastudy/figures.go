package elsastudy

import (
	"fmt"
	"math"

	"github.com/sparse-attention/workbench/lib/accelerator/elsa"
	"github.com/sparse-attention/workbench/lib/experiment/joint"
	"github.com/sparse-attention/workbench/lib/published"
)

// segments are the parts of a stack of Fig. 13(b) and the cumulative heights by which the figure is read.
var segments = []struct{ name, height string }{
	{"approximation", "cumulative: approximation modules"},
	{"attention and division", "cumulative: +attention+division"},
	{"external memories", "cumulative: total"},
}

// EnergySegments are the stacks of Fig. 13(b) as published, its cumulative heights taken apart.
func (r *Results) EnergySegments() []published.Row {
	series := []string{"ELSA-Base"}
	for d := range elsa.Degrees {
		series = append(series, elsa.Degree(d).Series())
	}
	var out []published.Row
	for _, x := range r.Runs {
		for _, s := range series {
			below := 0.0
			for _, part := range segments {
				row, err := published.Find("elsa", "fig13b-energy", s, x.Name, part.height, "energy_vs_base")
				if err != nil { // Base has no modules of the approximation
					row = published.Row{System: "elsa", Figure: "fig13b-energy", Series: s, Workload: x.Name, Unit: "fraction", Evidence: published.Digitised}
				}
				row.Config, row.Metric = "", part.name
				row.Value, below = max(0, row.Value-below), max(row.Value, below)
				out = append(out, row)
			}
		}
	}
	return out
}

// Segment is our number for a row of EnergySegments.
func (r *Results) Segment(row published.Row) float64 {
	x, ok := r.run(row.Workload)
	if !ok {
		return math.NaN()
	}
	below := 0.0
	for _, part := range segments {
		row.Config = part.height
		height := x.energy(row)
		if part.name == row.Metric {
			return max(0, height-below)
		}
		below = height
	}
	return math.NaN()
}

// Knob is accuracy and kept share of our models against ELSA's p, on test examples: the curves of Fig. 10. p = 0 is dense.
func Knob(models []joint.Model) (accuracy, candidates []published.Row) {
	for _, m := range models {
		for _, s := range joint.Summarise(m.Points, m.Recipe.Name, joint.JudgedSplit) {
			p := s.Knob
			switch s.Method {
			case joint.DenseMethod:
				p = 0
			case joint.ELSAMethod:
			default:
				continue
			}
			row := published.Row{System: "elsa", Figure: "fig10-ours", Series: "ours", Workload: m.Recipe.Title, Config: fmt.Sprintf("p=%g", p), Unit: "fraction"}
			row.Metric, row.Value = "accuracy", s.Accuracy/100
			accuracy = append(accuracy, row)
			row.Metric, row.Value = "selected_share", s.Retention
			candidates = append(candidates, row)
		}
	}
	return accuracy, candidates
}

// arena says which column of the leaderboard one of our tasks stands in.
var arena = map[string]string{"dota-listops": "ListOps", "dota-imdb": "Text", "dota-gosource": "Text", "dota-fashion": "Image"}

// Leaderboard is the published one, without averages and without the task at which all fail.
func Leaderboard() []published.Row {
	return published.Select(published.Figure("lra", "leaderboard"), func(r published.Row) bool { return r.Workload != "average" && r.Workload != "Path-X" })
}

// Arena is our models in the leaderboard's columns: dense, with DOTA's detector at the retention that it was trained with, and on
// ListOps what the root operator alone tells.
func Arena(models []joint.Model) []published.Row {
	var rows []published.Row
	for _, m := range models {
		column, ok := arena[m.Recipe.Name]
		if !ok {
			continue
		}
		add := func(series string, accuracy float64) {
			rows = append(rows, published.Row{System: "lra", Figure: "lra", Series: series, Workload: column, Metric: "accuracy", Unit: "%", Value: accuracy})
		}
		for _, s := range joint.Summarise(m.Points, m.Recipe.Name, joint.JudgedSplit) {
			switch {
			case s.Method == joint.DenseMethod:
				add("ours, dense: "+m.Recipe.Title, s.Accuracy)
			case s.Method == joint.DOTAMethod && s.Knob == m.Recipe.Detector.Retention:
				add(fmt.Sprintf("ours, DOTA keeps %.0f %%: %s", 100*s.Knob, m.Recipe.Title), s.Accuracy)
			}
		}
		if m.Card.RootOnly > 0 {
			add("ours, root operator alone", 100*m.Card.RootOnly)
		}
	}
	return rows
}
