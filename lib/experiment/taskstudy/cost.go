package taskstudy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/published"
	"github.com/sparse-attention/workbench/lib/training"
)

// Cost is what a method costs a task: the control's measure less the method's, seed by seed.
type Cost struct {
	Task, Model, Split, Metric string
	Deciding                   bool // the metric is the task's first one
	Method                     string
	Asked                      float64 // kept share that was asked for, in percent
	Kept                       float64 // what was kept of the judged examples, in percent, mean over seeds
	Control, Value             float64 // in percent, means over the seeds that both have
	Points, Half               float64 // lost; the half width of the 95 % interval is 0 for one seed
	Seeds, Examples            int
}

// Costs compares, in the rows of Read, every method with the control of the same task, model and seed, in the order of Tasks and
// Methods. What has no row is left out.
func Costs(rows []Row) []Cost {
	type place struct{ task, model, pretrained, split, metric, method string }
	values := map[place]map[uint64]float64{}
	examples := map[place]int{}
	var order []place
	for _, r := range rows {
		model, method, of := strings.Cut(r.Model, separator)
		if !of {
			continue
		}
		p := place{r.Task, model, r.Pretrained, r.Split, r.Metric, method}
		if values[p] == nil {
			values[p] = map[uint64]float64{}
			order = append(order, p)
		}
		values[p][r.Seed], examples[p] = r.Value, r.Examples
	}
	var out []Cost
	for _, p := range order {
		method, asked, of := cutShare(p.method)
		if !of || p.metric == keptShare {
			continue
		}
		control, share := p, p
		control.method, share.metric = Control, keptShare
		var lost, kept, without, with []float64
		for seed, v := range values[p] {
			c, known := values[control][seed]
			if k, counted := values[share][seed]; known && counted && examples[control] == examples[p] {
				lost, kept, without, with = append(lost, 100*(c-v)), append(kept, 100*k), append(without, 100*c), append(with, 100*v)
			}
		}
		if len(lost) == 0 {
			continue
		}
		mean := func(v []float64) float64 {
			slices.Sort(v) // sums depend on the order, and a map has none
			m, _ := datasets.MeanInterval(v)
			return m
		}
		l := Cost{Task: p.task, Model: p.model, Split: p.split, Metric: p.metric, Deciding: p.metric == deciding(p.task), Method: method, Asked: asked, Kept: mean(kept),
			Control: mean(without), Value: mean(with), Points: mean(lost), Seeds: len(lost), Examples: examples[p]}
		_, l.Half = datasets.MeanInterval(lost)
		out = append(out, l)
	}
	slices.SortStableFunc(out, func(a, b Cost) int { return slices.Compare(a.rank(), b.rank()) })
	return out
}

// rank is a cost's place among all.
func (l Cost) rank() []int {
	task := slices.IndexFunc(Tasks(), func(t Task) bool { return t.Name == l.Task })
	if task < 0 {
		task = len(Tasks())
	}
	second := 1
	if l.Deciding {
		second = 0
	}
	return []int{int(l.Asked * 100), task, second, slices.IndexFunc(Methods(), func(m Method) bool { return m.Name == l.Method })}
}

// cutShare reads what Method.name wrote.
func cutShare(name string) (method string, percent float64, of bool) {
	i := strings.LastIndex(name, " at ")
	if i < 0 || !strings.HasSuffix(name, " %") {
		return "", 0, false
	}
	percent, err := strconv.ParseFloat(strings.TrimSuffix(name[i+4:], " %"), 64)
	return name[:i], percent, err == nil
}

// deciding is the first of a task's measures.
func deciding(task string) string {
	if t, err := Find(task); err == nil && t.Train.Objective != nil {
		return t.Train.Objective.Scorer(nil).Metrics()[0].Name
	}
	return training.Accuracy.Name
}

// Asked are the kept shares, in percent, that costs were measured at.
func Asked(all []Cost) []float64 {
	var out []float64
	for _, l := range all {
		if !slices.Contains(out, l.Asked) {
			out = append(out, l.Asked)
		}
	}
	return out
}

// CostBars are the points that the methods lose by the deciding metrics at a kept share, for a bar chart, with the half widths of
// their intervals.
func CostBars(all []Cost, asked float64) (rows []published.Row, half map[published.Key]float64) {
	half = map[published.Key]float64{}
	for _, l := range all {
		if l.Asked != asked || !l.Deciding {
			continue
		}
		r := published.Row{System: "training", Figure: "methods", Series: l.Method, Workload: fmt.Sprintf("%s (%s)", l.Task, l.Metric), Config: fmt.Sprintf("kept=%g", asked),
			Metric: "points_lost", Unit: "points", Value: l.Points}
		rows = append(rows, r)
		half[r.Key()] = l.Half
	}
	return rows, half
}

// Learned names all methods but the control, in their order, so that charts give each its own colour.
func Learned() (names []string) {
	for _, m := range Methods()[1:] {
		names = append(names, m.Name)
	}
	return names
}

// CostTable has a line for each cost.
func CostTable(all []Cost) (headings []string, rows [][]string) {
	for _, l := range all {
		points := fmt.Sprintf("%+.1f", -l.Points)
		if l.Seeds > 1 {
			points += fmt.Sprintf(" ± %.1f (%d seeds)", l.Half, l.Seeds)
		}
		rows = append(rows, []string{l.Task, l.Split, l.Metric, l.Method, fmt.Sprintf("%g %%", l.Asked), fmt.Sprintf("%.1f %%", l.Kept),
			fmt.Sprintf("%.1f", l.Control), fmt.Sprintf("%.1f", l.Value), points, strconv.Itoa(l.Examples)})
	}
	return []string{"task", "split", "measure", "method", "asked to keep", "kept", "full attention (%)", "method (%)", "points", "examples"}, rows
}
