package sprintstudy

import (
	"context"
	"fmt"
	"math"

	"github.com/gomlx/compute"

	"github.com/sparse-attention/workbench/lib/accelerator/sprint"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/published"
)

// Study is the accuracy of our trained models on the machine.
type Study struct{ Models []Model }

// Model is one model of a study.
type Model struct {
	experiment.Model
	Schemes map[sprint.Scheme]*Score // Fig. 9
	Bits    map[int]*Score           // Fig. 5: bits of the in-memory operands, SPRINT with recompute
	Without map[int]*Score           // the same without recompute
}

// Options says how much of a study to run.
type Options struct {
	Examples int   // examples a model; 0 = all
	Schemes  bool  // run Fig. 9
	Bits     []int // run Fig. 5 at these widths
	Machine  sprint.Spec
}

// Measure evaluates models on the machine.
func Measure(ctx context.Context, backend compute.Backend, models []experiment.Model, o Options) (*Study, error) {
	study := &Study{}
	for _, model := range models {
		m := Model{Model: model, Schemes: map[sprint.Scheme]*Score{}, Bits: map[int]*Score{}, Without: map[int]*Score{}}
		m.Test = m.Sample(o.Examples)
		if err := m.run(ctx, backend, o); err != nil {
			return nil, err
		}
		study.Models = append(study.Models, m)
	}
	return study, nil
}

// calibrationExamples of the dev split tell how wide the sums of a model's heads are.
const calibrationExamples = 128

func (m *Model) run(ctx context.Context, backend compute.Backend, o Options) (err error) {
	machines := []*sprint.Spec{&o.Machine}
	for _, b := range o.Bits {
		machine := o.Machine
		machine.Array = machine.Array.Bits(b)
		machine.Array.ScoreBits = b
		machines = append(machines, &machine)
	}
	r, err := NewRunner(backend, m.Trained)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := r.Calibrate(ctx, m.Data.Dev[:min(calibrationExamples, len(m.Data.Dev))], machines...); err != nil {
		return err
	}
	if o.Schemes {
		for _, s := range Schemes() {
			if m.Schemes[s], err = r.Evaluate(ctx, o.Machine, s, m.Test); err != nil {
				return err
			}
		}
	}
	for i, b := range o.Bits {
		machine := *machines[1+i]
		if m.Bits[b], err = r.Evaluate(ctx, machine, sprint.Recompute, m.Test); err != nil {
			return err
		}
		if m.Without[b], err = r.Evaluate(ctx, machine, sprint.WithoutRecompute, m.Test); err != nil {
			return err
		}
	}
	return nil
}

// row is a number of ours with the names that a figure needs; nobody published it.
func row(figure, series, workload, config, metric, unit string, value float64) published.Row {
	return published.Row{System: "sprint", Figure: figure, Series: series, Workload: workload, Config: config, Metric: metric, Unit: unit, Value: value}
}

// Accuracies are the bars of Fig. 9 on our models, in percent.
func (s *Study) Accuracies() (out []published.Row) {
	for _, m := range s.Models {
		for _, scheme := range Schemes() {
			if score := m.Schemes[scheme]; score != nil {
				out = append(out, row("fig9-accuracy", scheme.String(), m.Title(), "", "accuracy", "%", score.Accuracy()))
			}
		}
	}
	return out
}

// Curves are the curves of Fig. 5 on our models, in percent: with recompute, and without.
func (s *Study) Curves() (with, without []published.Row) {
	for _, m := range s.Models {
		for b := 1; b <= 8; b++ {
			if score := m.Bits[b]; score != nil {
				with = append(with, row("fig5-bits", "accuracy vs b", m.Title(), fmt.Sprintf("b=%d", b), "accuracy", "%", score.Accuracy()))
			}
			if score := m.Without[b]; score != nil {
				without = append(without, row("fig5-bits", "without recompute", m.Title(), fmt.Sprintf("b=%d", b), "accuracy", "%", score.Accuracy()))
			}
		}
	}
	return with, without
}

// Drops tabulates what each scheme of Fig. 9 costs a model in points, with the 95 % interval of the paired comparison.
func (s *Study) Drops() (headings []string, rows [][]string, err error) {
	headings = []string{"model", "examples", "pruned by threshold", "pruned in memory", "baseline", "runtime pruning", "SPRINT - runtime pruning", "w/o recompute - runtime pruning", "w/o recompute - SPRINT"}
	for _, m := range s.Models {
		base, exact := m.Schemes[sprint.Unpruned], m.Schemes[sprint.RuntimePruning]
		cells := []string{m.Title(), m.Split(), fmt.Sprintf("%.1f %%", exact.Pruned()), fmt.Sprintf("%.1f %%", m.Schemes[sprint.Recompute].Pruned()),
			fmt.Sprintf("%.2f %%", base.Accuracy())}
		for _, c := range []struct{ score, base *Score }{{exact, base}, {m.Schemes[sprint.Recompute], exact}, {m.Schemes[sprint.WithoutRecompute], exact},
			{m.Schemes[sprint.WithoutRecompute], m.Schemes[sprint.Recompute]}} {
			points, half, err := c.score.Drop(c.base.Score)
			if err != nil {
				return nil, nil, err
			}
			cells = append(cells, fmt.Sprintf("%+.2f ± %.2f points", -points, half))
		}
		rows = append(rows, cells)
	}
	return headings, rows, nil
}

// Loss is the mean over the models of what SPRINT costs against the unpruned model, in points, with the half width of its
// 95 % interval: the abstract's number.
func (s *Study) Loss() (points, half float64, err error) {
	var variance float64
	for _, m := range s.Models {
		p, h, err := m.Schemes[sprint.Recompute].Drop(m.Schemes[sprint.Unpruned].Score)
		if err != nil {
			return 0, 0, err
		}
		points += p
		variance += h * h
	}
	n := float64(len(s.Models))
	return points / n, math.Sqrt(variance) / n, nil
}

// Verdicts judges Fig. 9 and the abstract's loss. The bars themselves are of other models than ours.
func (s *Study) Verdicts() ([]published.Verdict, error) {
	points, half, err := s.Loss()
	if err != nil {
		return nil, err
	}
	var out []published.Verdict
	for _, r := range published.Figure("sprint", "fig9-accuracy") {
		if r.Workload == "Average" {
			out = append(out, published.Judge(r, -points, published.Accuracy, published.Confidence(half), published.Because("mean over our %d models", len(s.Models))))
			continue
		}
		out = append(out, published.Judge(r, math.NaN(), published.NotComparable, published.Because("%s is too large to train here; our models are drawn apart", r.Workload)))
	}
	if r, err := published.Find("sprint", "abstract", "SPRINT", "Average", "S", "accuracy_loss"); err == nil {
		out = append(out, published.Judge(r, points, published.Accuracy, published.Confidence(half), published.Because("mean over our %d models", len(s.Models))))
	}
	for _, m := range s.Models {
		more, err := m.recomputeVerdicts()
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}
