package cascadestudy

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/published"
)

// Study is cascade pruning on our trained models, as it was measured when they were trained.
type Study struct {
	Models  []Result
	Missing []string // recipes without measured numbers
}

// Result is what a recipe's models reached, with the first seed and with the others.
type Result struct {
	Title string
	Measured
	Others []Measured
}

// goal is the point of the abstract's reduction, the mean over so many seeds. Its interval is Student's over seeds where there are
// several, else that of the paired difference.
func (m Result) goal() (p Point, seeds int) {
	var all []Point
	for _, m := range append([]Measured{m.Measured}, m.Others...) {
		if i := slices.IndexFunc(m.Points, func(p Point) bool { return p.Sweep == "goal" }); i >= 0 {
			all = append(all, m.Points[i])
		}
	}
	if len(all) < 2 {
		return append(all, Point{})[0], len(all)
	}
	p = all[0]
	mean := func(of func(Point) float64) (float64, float64) {
		values := make([]float64, len(all))
		for i, p := range all {
			values[i] = of(p)
		}
		return datasets.MeanInterval(values)
	}
	p.Drop, p.Half = mean(func(p Point) float64 { return p.Drop })
	p.Accuracy, _ = mean(func(p Point) float64 { return p.Accuracy })
	p.Dense, _ = mean(func(p Point) float64 { return p.Dense })
	p.Tokens, _ = mean(TokenRatio)
	p.Reduction, _ = mean(func(p Point) float64 { return p.Reduction })
	p.LSB, _ = mean(func(p Point) float64 { return p.LSB })
	p.MeanBits, _ = mean(func(p Point) float64 { return p.MeanBits })
	return p, len(all)
}

// Read collects what Measure left under root.
func Read(root string) (*Study, error) {
	s := &Study{}
	for _, r := range Recipes() {
		m, err := r.ReadMeasured(root)
		if errors.Is(err, os.ErrNotExist) {
			s.Missing = append(s.Missing, r.Title)
			continue
		}
		if err != nil {
			return nil, err
		}
		result := Result{Title: r.Title, Measured: *m}
		for _, other := range r.Runs()[1:] {
			switch m, err := other.ReadMeasured(root); {
			case errors.Is(err, os.ErrNotExist):
			case err != nil:
				return nil, err
			default:
				result.Others = append(result.Others, *m)
			}
		}
		s.Models = append(s.Models, result)
	}
	return s, nil
}

// points calls f for every point of a sweep.
func (s *Study) points(sweep string, f func(Result, Point)) {
	for _, m := range s.Models {
		for _, p := range m.Points {
			if p.Sweep == sweep {
				f(m, p)
			}
		}
	}
}

// Rows are the points of a sweep as rows of ours, of the models trained in the loop or of the dense ones: the change of accuracy
// in points, the config ending in the setting.
func (s *Study) Rows(figure, sweep, label string, inLoop bool, x func(Point) float64) (out []published.Row) {
	s.points(sweep, func(m Result, p Point) {
		if p.InLoop != inLoop {
			return
		}
		name := m.Title
		if !p.InLoop {
			name += ", dense model"
		}
		config := fmt.Sprintf("%s=%.4g", label, x(p))
		if !slices.ContainsFunc(out, func(r published.Row) bool { return r.Workload == name && r.Config == config }) {
			out = append(out, published.Row{System: "spatten", Figure: figure, Series: "our models", Workload: name, Config: config, Metric: "accuracy_change", Unit: "points", Value: -p.Drop})
		}
	})
	return out
}

// Sample says on how many examples the points of the sweeps rest, and how wide their 95 % intervals are.
func (s *Study) Sample() string {
	least, most, widest := math.MaxInt, 0, 0.0
	for _, m := range s.Models {
		for _, p := range m.Points {
			if p.Sweep != "goal" {
				least, most, widest = min(least, p.Examples), max(most, p.Examples), max(widest, p.Half)
			}
		}
	}
	if most == 0 {
		return "No model of ours is at hand."
	}
	examples := fmt.Sprint(least)
	if most > least {
		examples += fmt.Sprintf(" to %d", most)
	}
	return fmt.Sprintf("Ours: %s held-out examples a point, measured after training; 95 %% intervals up to ±%.1f points.", examples, widest)
}

// Setting is a point's own number.
func Setting(p Point) float64 { return p.Setting }

// TokenRatio and HeadRatio are the x axes of Fig. 21.
func TokenRatio(p Point) float64 { return p.Tokens }
func HeadRatio(p Point) float64  { return p.Heads }

// Goals tabulates what the abstract's reduction costs our models.
func (s *Study) Goals() (headings []string, rows [][]string) {
	headings = []string{"model", "held-out examples", "seeds", "tokens and values", "tokens", "values read", "dense", "pruned", "difference", "queries that need the low bits", "bits read"}
	for _, m := range s.Models {
		p, seeds := m.goal()
		if seeds == 0 {
			continue
		}
		rows = append(rows, []string{m.Title, fmt.Sprintf("%s, %d of %d", m.Split, p.Examples, m.Held), fmt.Sprint(seeds), fmt.Sprintf("%.2f x", p.Reduction), fmt.Sprintf("%.2f x", p.Tokens), fmt.Sprintf("%.0f %%", 100*goalValues),
			fmt.Sprintf("%.2f %%", p.Dense), fmt.Sprintf("%.2f %%", p.Accuracy), fmt.Sprintf("%+.2f ± %.2f points", -p.Drop, p.Half), fmt.Sprintf("%.1f %%", 100*p.LSB), fmt.Sprintf("%.2f", p.MeanBits)})
	}
	return headings, rows
}
