package sprintstudy

import (
	"fmt"
	"math"
	"strings"

	"github.com/sparse-attention/workbench/lib/accelerator/sprint"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/published"
	"github.com/sparse-attention/workbench/lib/trace"
)

// Fig9Published are the bars of Fig. 9 that are accuracies, without the differences listed behind them.
func Fig9Published() []published.Row {
	return published.Select(published.Figure("sprint", "fig9-accuracy"), func(r published.Row) bool {
		return r.Metric == "accuracy" && !strings.HasPrefix(r.Series, "SPRINT minus")
	})
}

// recomputePoints is what SPRINT may lose against runtime pruning: its largest loss in the paper, 0.6 points against the
// baseline.
const recomputePoints = 0.6

// noticed is a loss that can be called one, in points, beyond its interval.
const noticed = 0.05

// recomputeVerdicts judges the point of Fig. 9 on a model of ours by its shape: SPRINT loses next to nothing against runtime
// pruning, and the noisy scores alone lose clearly more, by so much that the 95 % interval of the difference does not hold
// zero. Beside them stand BERT-B's differences.
func (m *Model) recomputeVerdicts() (out []published.Verdict, err error) {
	for _, c := range []struct {
		scheme, base sprint.Scheme
		metric       string
		tolerance    func(value, half float64) float64
		side         published.Option
	}{
		{sprint.Recompute, sprint.RuntimePruning, "accuracy_minus_runtime_pruning", func(float64, float64) float64 { return recomputePoints }, published.AtLeast()},
		{sprint.WithoutRecompute, sprint.Recompute, "accuracy_minus_sprint", func(value, half float64) float64 { return max(0, -value-half-noticed) }, published.AtMost()},
	} {
		row, err := bertB(c.scheme)
		if err != nil {
			return nil, err
		}
		base, err := bertB(c.base)
		if err != nil {
			return nil, err
		}
		lost, half, err := m.Schemes[c.scheme].Drop(m.Schemes[c.base].Score)
		if err != nil {
			return nil, err
		}
		row.Workload, row.Metric, row.Unit = m.Title(), c.metric, "pt"
		row.Value, row.Note = row.Value-base.Value, "published: BERT-B"
		out = append(out, published.Judge(row, -lost, published.Trend, published.Points(c.tolerance(row.Value, half)), c.side,
			published.Because("%+.2f ± %.2f points on %s; published value of BERT-B", -lost, half, m.Split())))
	}
	return out, nil
}

func bertB(s sprint.Scheme) (published.Row, error) {
	return published.Find("sprint", "fig9-accuracy", s.String(), "BERT-B", "", "accuracy")
}

// kneePoints is what the accuracy at the knee may lie below that of 8 bits: the paper's own curves differ by up to half a
// point, read to half a point.
const kneePoints = 1.0

// BitVerdicts judges Fig. 5 by its shape on our models: with 4 bits the accuracy is that of 8 bits, which is why the paper
// keeps 4 of them in the array. The curves themselves are of other models.
func (s *Study) BitVerdicts() []published.Verdict {
	var out []published.Verdict
	for _, r := range published.Figure("sprint", "fig5-bits") {
		out = append(out, published.Judge(r, math.NaN(), published.NotComparable, published.Because("%s is too large to train here; our models are drawn apart", r.Workload)))
	}
	for _, m := range s.Models {
		four, eight := m.Bits[4], m.Bits[8]
		if four == nil || eight == nil {
			continue
		}
		reference, err := published.Find("sprint", "fig5-bits", "accuracy vs b", "BERT-MRPC", "b=4", "accuracy")
		if err != nil {
			continue
		}
		last, err := published.Find("sprint", "fig5-bits", "accuracy vs b", "BERT-MRPC", "b=8", "accuracy")
		if err != nil {
			continue
		}
		knee := reference
		knee.Workload, knee.Config, knee.Metric, knee.Unit = m.Title(), "b=4", "accuracy_minus_8_bits", "pt"
		knee.Value, knee.Note = reference.Value-last.Value, "published: BERT-MRPC"
		out = append(out, published.Judge(knee, four.Accuracy()-eight.Accuracy(), published.Trend, published.Points(kneePoints),
			published.Because("the knee lies at 4 bits or before; published value of BERT-MRPC")))
	}
	return out
}

// CoLAVerdicts compares the counts of the paper's CoLA mask with what the statistics of package attention and the locality
// vectors of package trace find in it.
func CoLAVerdicts() []published.Verdict {
	words, mask := trace.CoLA()
	n := len(words)
	_, locality := trace.Requests(mask)
	reused := 0
	for _, l := range locality {
		reused += l
	}
	h := &attention.Head{Tokens: n, Valid: n}
	ours := map[string]float64{
		"cells": float64(n * n), "kept_cells": float64(mask.Count()), "kept_cells_rows_2_16": float64(mask.Count() - mask.CountRow(0)),
		"kept_also_in_previous_row": float64(reused), "pruned_fraction": 100 * attention.Measure(h, mask).PruningRate,
	}
	var out []published.Verdict
	for _, r := range published.Figure("sprint", "fig2-mask") {
		v, ok := ours[r.Metric]
		if r.Metric == "kept_cells_in_row" {
			var t int
			if _, err := fmt.Sscanf(r.Config, "row %d", &t); err == nil && t >= 1 && t <= n {
				v, ok = float64(mask.CountRow(t-1)), true
			}
		}
		if ok {
			out = append(out, published.Judge(r, v, published.Exact))
		}
	}
	return out
}
