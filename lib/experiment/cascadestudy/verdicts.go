package cascadestudy

import (
	"fmt"
	"math"
	"slices"

	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/published"
)

// Verdicts judges the cascade on each of our models: the abstract's reduction of tokens and values reached, less than a point of
// accuracy lost at it, the share of queries that need the low bits told; and Fig. 7's fall of the error with the largest
// probability.
func (s *Study) Verdicts() (out []published.Verdict) {
	for _, m := range s.Models {
		p, seeds := m.goal()
		if seeds == 0 {
			continue
		}
		for _, r := range append(published.Figure("spatten", "abstract"), published.Figure("spatten", "text-setup")...) {
			keep := r.Workload
			r.Series, r.Workload = "our models", m.Title
			switch {
			case r.Metric == "token_and_value_pruning_ratio" && keep == "mean of 30":
				out = append(out, published.Judge(r, p.Reduction, published.Modelled, published.Percent(2), published.AtLeast()))
			case r.Metric == "share_of_inputs_needing_lsb":
				out = append(out, published.Judge(r, 100*p.LSB, published.NotComparable, published.Because("share of queries at 6+4 bits and threshold 0.1, which was chosen for BERT and GPT-2; how flat a softmax is depends on the model")))
			case r.Metric == "accuracy_loss_allowed" && r.Value == 0:
				out = append(out, published.Judge(r, p.Drop, published.Accuracy, published.Confidence(p.Half), published.Points(1), published.AtMost(),
					published.Because("%.2f ± %.2f points below %.2f %% on %d examples of the %s split at %.2f times fewer tokens and values, seeds: %d; 1 point is allowed", p.Drop, p.Half, p.Dense, p.Examples, m.Split, p.Reduction, seeds)))
			}
		}
	}
	return append(out, s.errorVerdicts()...)
}

// ErrorOf is the mean error of a bin of Fig. 7 in percent, NaN with fewer than 20 queries in it.
func (s *Study) ErrorOf(r published.Row) float64 {
	var low, high float64
	if _, err := fmt.Sscanf(r.Config, "max_prob=%g..%g", &low, &high); err != nil {
		return math.NaN()
	}
	b := int(low*10 + 0.5)
	if b < 0 || b > 9 {
		return math.NaN()
	}
	sum, count := 0.0, 0.0
	for _, m := range s.Models {
		sum, count = sum+m.Error[b]*m.Count[b], count+m.Count[b]
	}
	if count < 20 {
		return math.NaN()
	}
	return sum / count
}

// errorVerdicts judges the fall of Fig. 7 from its highest bin on; a rise of a tenth of the largest error is forgiven.
func (s *Study) errorVerdicts() []published.Verdict {
	var rows []published.Row
	var ours []float64
	for _, r := range published.Figure("spatten", "fig7") {
		if v := s.ErrorOf(r); v == v && r.Series == "bin mean" && (len(rows) > 0 || r.Config == "max_prob=0.3..0.4") {
			rows, ours = append(rows, r), append(ours, v)
		}
	}
	if len(rows) < 3 {
		return nil
	}
	return []published.Verdict{published.Monotone(rows, ours, published.Falling, 0.1*slices.Max(ours), published.Because("queries of our models over at most %d keys, at 4 of 12 bits", experiment.ShortRow))}
}
