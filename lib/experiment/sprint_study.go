package experiment

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/gomlx/compute"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/accelerator/sprint"
	"github.com/sparse-attention/workbench/lib/published"
)

// SPRINTStudy is the accuracy of our trained models on the machine.
type SPRINTStudy struct {
	Models []SPRINTModel
	Absent []string // recipes left out because their data are not on this machine, with the reason
}

// SPRINTModel is one model of a study.
type SPRINTModel struct {
	Title   string
	Trained *Trained
	Test    []datasets.Example             // what was run: the test split where its labels are known, else the dev split
	Schemes map[sprint.Scheme]*SPRINTScore // Fig. 9
	Bits    map[int]*SPRINTScore           // Fig. 5: bits of the in-memory operands, SPRINT with recompute
	Without map[int]*SPRINTScore           // the same without recompute
	split   string
}

// Split says which examples were run.
func (m *SPRINTModel) Split() string { return fmt.Sprintf("%s, %d examples", m.split, len(m.Test)) }

// SPRINTStudyOptions says how much of a study to run.
type SPRINTStudyOptions struct {
	Checkpoints string // folder of the trained models
	Data        string // data folder, "" to look in the usual places
	Examples    int    // examples a model; 0 = all
	Schemes     bool   // run Fig. 9
	Bits        []int  // run Fig. 5 at these widths
	Machine     sprint.Spec
}

// StudySPRINT evaluates every recipe whose checkpoint and data are there.
func StudySPRINT(ctx context.Context, backend compute.Backend, o SPRINTStudyOptions) (*SPRINTStudy, error) {
	study := &SPRINTStudy{}
	for _, r := range Recipes() {
		t, err := r.Load(o.Checkpoints)
		if err != nil {
			return nil, err
		}
		d, err := r.Open(o.Data, t.Vocabulary)
		if errors.Is(err, datasets.ErrNoData) {
			study.Absent = append(study.Absent, fmt.Sprintf("%s: %v", r.Title, err))
			continue
		}
		if err != nil {
			return nil, err
		}
		m := SPRINTModel{Title: r.Title, Trained: t, Test: d.Test, split: "test", Schemes: map[sprint.Scheme]*SPRINTScore{},
			Bits: map[int]*SPRINTScore{}, Without: map[int]*SPRINTScore{}}
		if len(m.Test) == 0 {
			m.Test, m.split = d.Dev, "dev"
		}
		if o.Examples > 0 && o.Examples < len(m.Test) {
			m.Test = m.Test[:o.Examples]
		}
		if err := m.run(ctx, backend, o); err != nil {
			return nil, err
		}
		study.Models = append(study.Models, m)
	}
	return study, nil
}

func (m *SPRINTModel) run(ctx context.Context, backend compute.Backend, o SPRINTStudyOptions) (err error) {
	if o.Schemes {
		for _, s := range SPRINTSchemes() {
			if m.Schemes[s], err = m.Trained.Evaluate(ctx, backend, o.Machine, s, m.Test); err != nil {
				return err
			}
		}
	}
	for _, b := range o.Bits {
		machine := o.Machine
		machine.Array = machine.Array.Bits(b)
		if m.Bits[b], err = m.Trained.Evaluate(ctx, backend, machine, sprint.Recompute, m.Test); err != nil {
			return err
		}
		machine.Array.ScoreBits = b
		if m.Without[b], err = m.Trained.Evaluate(ctx, backend, machine, sprint.WithoutRecompute, m.Test); err != nil {
			return err
		}
	}
	return nil
}

// Reading is one number of ours with the names that a figure needs.
type Reading struct {
	Name  published.Row
	Value float64
}

func reading(figure, series, workload, config, metric, unit string, value float64) Reading {
	return Reading{published.Row{System: "sprint", Figure: figure, Series: series, Workload: workload, Config: config, Metric: metric, Unit: unit}, value}
}

// Accuracies are the bars of Fig. 9 on our models, in percent.
func (s *SPRINTStudy) Accuracies() (out []Reading) {
	for _, m := range s.Models {
		for _, scheme := range SPRINTSchemes() {
			if score := m.Schemes[scheme]; score != nil {
				out = append(out, reading("fig9-accuracy", scheme.String(), m.Title, "", "accuracy", "%", score.Accuracy()))
			}
		}
	}
	return out
}

// Curves are the curves of Fig. 5 on our models, in percent: with recompute, and without.
func (s *SPRINTStudy) Curves() (with, without []Reading) {
	for _, m := range s.Models {
		for b := 1; b <= 8; b++ {
			if score := m.Bits[b]; score != nil {
				with = append(with, reading("fig5-bits", "accuracy vs b", m.Title, fmt.Sprintf("b=%d", b), "accuracy", "%", score.Accuracy()))
			}
			if score := m.Without[b]; score != nil {
				without = append(without, reading("fig5-bits", "without recompute", m.Title, fmt.Sprintf("b=%d", b), "accuracy", "%", score.Accuracy()))
			}
		}
	}
	return with, without
}

// Drops tabulates what each scheme of Fig. 9 costs a model in points, with the 95 % interval of the paired comparison.
func (s *SPRINTStudy) Drops() (headings []string, rows [][]string, err error) {
	headings = []string{"model", "examples", "pruned by threshold", "pruned in memory", "baseline", "runtime pruning", "SPRINT - runtime pruning", "w/o recompute - runtime pruning"}
	for _, m := range s.Models {
		base, exact := m.Schemes[sprint.Unpruned], m.Schemes[sprint.RuntimePruning]
		row := []string{m.Title, m.Split(), fmt.Sprintf("%.1f %%", exact.Pruned()), fmt.Sprintf("%.1f %%", m.Schemes[sprint.Recompute].Pruned()),
			fmt.Sprintf("%.2f %%", base.Accuracy())}
		for _, c := range []struct{ score, base *SPRINTScore }{{exact, base}, {m.Schemes[sprint.Recompute], exact}, {m.Schemes[sprint.WithoutRecompute], exact}} {
			points, half, err := c.score.Drop(c.base.Score)
			if err != nil {
				return nil, nil, err
			}
			row = append(row, fmt.Sprintf("%+.2f ± %.2f points", -points, half))
		}
		rows = append(rows, row)
	}
	return headings, rows, nil
}

// Loss is the mean over the models of what SPRINT costs against the unpruned model, in points, with the half width of its
// 95 % interval: the abstract's number.
func (s *SPRINTStudy) Loss() (points, half float64, err error) {
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
func (s *SPRINTStudy) Verdicts() ([]published.Verdict, error) {
	points, half, err := s.Loss()
	if err != nil {
		return nil, err
	}
	var out []published.Verdict
	for _, row := range published.Figure("sprint", "fig9-accuracy") {
		if row.Workload == "Average" {
			out = append(out, published.Judge(row, -points, published.Accuracy, published.Confidence(half), published.Because("mean over our %d models", len(s.Models))))
			continue
		}
		out = append(out, published.Judge(row, math.NaN(), published.NotComparable, published.Because("%s is too large to train here; our models are drawn apart", row.Workload)))
	}
	if row, err := published.Find("sprint", "abstract", "SPRINT", "Average", "S", "accuracy_loss"); err == nil {
		out = append(out, published.Judge(row, points, published.Accuracy, published.Confidence(half), published.Because("mean over our %d models", len(s.Models))))
	}
	return out, nil
}
