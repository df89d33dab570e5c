package elsastudy

import (
	"fmt"

	"github.com/sparse-attention/workbench/lib/accelerator/elsa"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/figure"
	"github.com/sparse-attention/workbench/lib/published"
)

// EnergySegments are the stacks of Fig. 13(b): the figure's cumulative heights taken apart, ours beside the published.
func (r *Results) EnergySegments() []figure.Pair {
	heights := []string{"cumulative: approximation modules", "cumulative: +attention+division", "cumulative: total"}
	names := []string{"approximation", "attention and division", "external memories"}
	var out []figure.Pair
	series := []string{"ELSA-Base"}
	for d := range elsa.Degrees {
		series = append(series, elsa.Degree(d).Series())
	}
	for _, x := range r.Runs {
		for _, s := range series {
			ours, theirs := 0.0, 0.0
			for i, config := range heights {
				row, err := published.Find("elsa", "fig13b-energy", s, x.Name, config, "energy_vs_base")
				if err != nil {
					row = published.Row{System: "elsa", Figure: "fig13b-energy", Series: s, Workload: x.Name, Config: config, Metric: "energy_vs_base", Unit: "fraction", Evidence: published.Digitised}
				}
				height, mine := row.Value, x.energy(row)
				p := figure.Pair{Row: row, Ours: max(0, mine-ours)}
				p.Config, p.Metric, p.Value = "", names[i], max(0, height-theirs)
				ours, theirs = mine, height
				out = append(out, p)
			}
		}
	}
	return out
}

// Knob is accuracy and kept share of our models against ELSA's p, on test examples: the curves of Fig. 10. p = 0 is dense.
func Knob(models []experiment.JointModel) (accuracy, candidates []published.Row) {
	for _, m := range models {
		for _, s := range experiment.Summarise(m.Points, m.Recipe.Name, experiment.JudgedSplit) {
			p := s.Knob
			switch s.Method {
			case experiment.DenseMethod:
				p = 0
			case experiment.ELSAMethod:
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
var arena = map[string]string{"dota-listops": "ListOps", "dota-imdb": "Text", "dota-fashion": "Image"}

// Arena is the leaderboard, and below it DSA's unverified rows and our models': dense, and with DOTA's detector at the retention that
// it was trained with.
func Arena(models []experiment.JointModel) []figure.Pair {
	pairs := figure.PublishedOnly(published.Select(published.Figure("lra", "leaderboard"), func(r published.Row) bool { return r.Workload != "average" && r.Workload != "Path-X" }))
	for _, m := range models {
		column, ok := arena[m.Recipe.Name]
		if !ok {
			continue
		}
		for _, s := range experiment.Summarise(m.Points, m.Recipe.Name, experiment.JudgedSplit) {
			series := ""
			switch {
			case s.Method == experiment.DenseMethod:
				series = "ours, dense: "
			case s.Method == experiment.DOTAMethod && s.Knob == m.Recipe.Detector.Retention:
				series = fmt.Sprintf("ours, DOTA keeps %.0f %%: ", 100*s.Knob)
			default:
				continue
			}
			row := published.Row{System: "lra", Figure: "lra", Series: series + m.Recipe.Title, Workload: column, Metric: "accuracy", Unit: "%"}
			pairs = append(pairs, figure.Own(row, s.Accuracy))
		}
		if m.Card.RootOnly > 0 {
			row := published.Row{System: "lra", Figure: "lra", Series: "ours, root operator alone (dev)", Workload: column, Metric: "accuracy", Unit: "%"}
			pairs = append(pairs, figure.Own(row, 100*m.Card.RootOnly))
		}
	}
	return pairs
}
