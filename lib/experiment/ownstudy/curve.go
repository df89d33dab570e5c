package ownstudy

import (
	"context"
	"fmt"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/published"
)

// Point is a method at one setting of its knob.
type Point struct {
	Method string
	Knob   float64
	Kept   float64 // share of the visible scores, in percent
	Score  experiment.Score
	Drop   float64 // points of accuracy below the dense model, on the same examples
	Half   float64 // of its 95 % interval
}

// Curves are the points of every method on the first examples of the dev split (0: all of it), with the dense model's score.
type Curves struct {
	Dense  experiment.Score
	Points []Point
}

// Measure turns every method's knob.
func (o *Own) Measure(ctx context.Context, examples int) (Curves, error) {
	sample := o.devSample(examples)
	var c Curves
	var err error
	if c.Dense, err = o.Unpruned(ctx, sample); err != nil {
		return c, err
	}
	for _, m := range Methods() {
		for _, knob := range m.Knobs {
			p, err := o.at(ctx, m, knob, sample, c.Dense)
			if err != nil {
				return c, err
			}
			c.Points = append(c.Points, p)
		}
	}
	return c, nil
}

// Unpruned scores the dense model in the machines' 8 bits.
func (o *Own) Unpruned(ctx context.Context, examples []datasets.Example) (experiment.Score, error) {
	return experiment.Accuracy(ctx, o.Backend, o.Dense, examples, through(dense))
}

func (o *Own) at(ctx context.Context, m Method, knob float64, examples []datasets.Example, base experiment.Score) (Point, error) {
	p := Point{Method: m.Name, Knob: knob}
	score, kept, err := m.run(ctx, o, knob, examples)
	if err != nil {
		return p, fmt.Errorf("ownstudy: %s, %s = %g: %w", m.Name, m.Knob, knob, err)
	}
	p.Score, p.Kept = score, 100*kept
	p.Drop, p.Half, err = score.Drop(base)
	return p, err
}

// Choose takes, for every method, the point that keeps least among those that cost at most budget points; where all cost more,
// the one that costs least.
func (c Curves) Choose(budget float64) map[string]Point {
	out := map[string]Point{}
	for _, p := range c.Points {
		best, known := out[p.Method]
		in, was := p.Drop <= budget, best.Drop <= budget
		switch {
		case !known, in && !was, in && was && p.Kept < best.Kept, !in && !was && p.Drop < best.Drop:
			out[p.Method] = p
		}
	}
	return out
}

// Rows are the curves for a line chart: accuracy in percent over the kept share.
func (c Curves) Rows(title string) (out []published.Row) {
	for _, p := range c.Points {
		out = append(out, published.Row{System: "workbench", Figure: "accuracy-kept", Series: p.Method, Workload: title,
			Config: fmt.Sprintf("kept=%.2f", p.Kept), Metric: "accuracy", Unit: "%", Value: p.Score.Accuracy()})
	}
	return out
}

// Table lists every point.
func (c Curves) Table() (headings []string, rows [][]string) {
	headings = []string{"method", "knob", "setting", "kept", "accuracy", "against dense"}
	for _, m := range Methods() {
		for _, p := range c.Points {
			if p.Method == m.Name {
				rows = append(rows, []string{p.Method, m.Knob, fmt.Sprintf("%g", p.Knob), fmt.Sprintf("%.1f %%", p.Kept), fmt.Sprintf("%.1f %%", p.Score.Accuracy()),
					fmt.Sprintf("%+.1f ± %.1f points", -p.Drop, p.Half)})
			}
		}
	}
	return headings, rows
}
