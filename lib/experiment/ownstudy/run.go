package ownstudy

import (
	"context"
	"fmt"

	"github.com/sparse-attention/workbench/lib/accelerator/processor"
	"github.com/sparse-attention/workbench/lib/published"
)

// Priced is the model on a machine: time and energy of one example, pruned and on the same machine unpruned, and what pruning
// costs on the test split.
type Priced struct {
	Machine  string
	Timed    string // what the time is of
	Point    Point  // the setting, judged on the test split
	Without  Cost
	With     Cost
	Examples int // simulated
}

// Speedup is how many times faster the machine is with pruning.
func (p Priced) Speedup() float64 { return p.Without.Seconds / p.With.Seconds }

// EnergyReduction is how many times less energy it takes.
func (p Priced) EnergyReduction() float64 { return p.Without.Joules / p.With.Joules }

// Run prices the model on every machine, each at the setting chosen for its method: accuracy on the first judged examples of
// the test split (0: all of it), time and energy on the first simulated ones.
func (o *Own) Run(ctx context.Context, chosen map[string]Point, judged, simulated int) ([]Priced, error) {
	test := o.Sample(judged)
	base, err := o.Unpruned(ctx, test)
	if err != nil {
		return nil, err
	}
	methods := map[string]Method{}
	for _, m := range Methods() {
		methods[m.Name] = m
	}
	judgedAt := map[string]Point{}
	var out []Priced
	for _, machine := range Machines() {
		m := methods[machine.Method]
		knob := chosen[m.Name].Knob
		if _, done := judgedAt[m.Name]; !done {
			if judgedAt[m.Name], err = o.at(ctx, m, knob, test, base); err != nil {
				return nil, err
			}
		}
		w := Work{Own: o, Knob: knob, Examples: o.Sample(simulated)}
		keep := choice(dense)
		if m.mask != nil {
			if keep, err = m.mask(ctx, o, knob); err != nil {
				return nil, err
			}
			w.Keep = keep
		}
		if w.Heads, err = o.heads(ctx, m.model(o), w.Examples, machine.Bits, keep); err != nil {
			return nil, err
		}
		p := Priced{Machine: machine.Name, Timed: machine.Timed, Point: judgedAt[m.Name], Examples: len(w.Examples)}
		if p.Without, p.With, err = machine.Price(ctx, w); err != nil {
			return nil, fmt.Errorf("%s: %w", machine.Name, err)
		}
		for _, c := range []*Cost{&p.Without, &p.With} {
			c.Seconds /= float64(len(w.Examples))
			c.Joules /= float64(len(w.Examples))
		}
		out = append(out, p)
	}
	return out, nil
}

// GPU is the time of one example's attention on ELSA's GPU at its best batch.
func (o *Own) GPU(examples int) (float64, error) {
	s, total := o.Dense.Spec, 0.0
	sample := o.Sample(examples)
	for _, e := range sample {
		t, err := processor.V100().Head(len(e.IDs), s.HeadDim())
		if err != nil {
			return 0, err
		}
		total += float64(t) * float64(s.Layers*s.Heads)
	}
	return total / float64(len(sample)), nil
}

// Rows are speedup and energy reduction of every machine, for a bar chart.
func Rows(title string, all []Priced) (out []published.Row) {
	for _, p := range all {
		row := func(metric string, value float64) published.Row {
			return published.Row{System: "workbench", Figure: "machines", Series: metric, Workload: p.Machine, Config: "", Metric: metric, Unit: "x", Value: value}
		}
		out = append(out, row("speedup", p.Speedup()), row("energy_reduction", p.EnergyReduction()))
	}
	return out
}

// Table lists every machine's numbers.
func Table(all []Priced) (headings []string, rows [][]string) {
	headings = []string{"machine", "prunes by", "setting", "kept", "accuracy", "against dense", "timed", "unpruned", "pruned", "speedup", "energy saved"}
	for _, p := range all {
		rows = append(rows, []string{p.Machine, p.Point.Method, fmt.Sprintf("%g", p.Point.Knob), fmt.Sprintf("%.1f %%", p.Point.Kept), fmt.Sprintf("%.1f %%", p.Point.Score.Accuracy()),
			fmt.Sprintf("%+.1f ± %.1f points", -p.Point.Drop, p.Point.Half), p.Timed, micro(p.Without.Seconds), micro(p.With.Seconds),
			fmt.Sprintf("%.2fx", p.Speedup()), fmt.Sprintf("%.2fx", p.EnergyReduction())})
	}
	return headings, rows
}

func micro(seconds float64) string { return fmt.Sprintf("%.2f us", 1e6*seconds) }
