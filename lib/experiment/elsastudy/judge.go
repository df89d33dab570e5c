package elsastudy

import (
	"math"
	"strings"

	"github.com/sparse-attention/workbench/lib/published"
)

// impossible is the workload whose approximate bars of Fig. 11(a) contradict Fig. 11(b) and the paper's cycle rule.
const impossible = "BERT4Rec/ML-1M"

// Judge compares our number with a row, under the tolerances that were set beforehand: 20 % a bar, 10 % a geometric mean, exact
// sums, 0.005 for the bias.
func (r *Results) Judge(row published.Row) published.Verdict {
	ours := r.Ours(row)
	judge := func(c published.Class, o ...published.Option) published.Verdict {
		return published.Judge(row, ours, c, o...)
	}
	const implied = "lengths and kept shares are those that Figs. 11(b) and 13(b) imply"
	base := row.Series == "ELSA-Base"
	switch row.Figure {
	case "fig2-attention-share":
		if row.Workload == "BERT" && row.Config == "n=default" {
			return judge(published.Fitted, published.Because("gives the time of the GPU's linear layers"))
		}
		return judge(published.Modelled, published.Percent(25), published.Because("the GPU's efficiency is taken as constant over lengths"))
	case "fig11a-throughput", "fig11a-labels":
		switch {
		case base:
			return judge(published.Fitted, published.Because("gives the GPU's time"))
		case row.Workload == impossible && row.Series != "Ideal accelerator":
			return judge(published.NotComparable, published.Because("7 times Base, where the paper's cycle rule allows 4.9 at this length and its Fig. 11(b) shows 3.2"))
		case row.Series == "Ideal accelerator":
			return judge(published.Tight)
		}
		return judge(published.Modelled, published.Percent(20), published.Because("%s", implied))
	case "fig11b-latency":
		if base {
			return judge(published.Tight)
		}
		return judge(published.Modelled, published.Percent(20), published.Because("%s", implied))
	case "fig11b-preprocessing":
		return judge(published.Fitted, published.Because("gives the length"))
	case "fig13a-efficiency":
		return judge(published.Modelled, published.Percent(20), published.Because("busy cycles by Table 1; "+implied))
	case "fig13b-energy":
		if base && strings.HasSuffix(row.Config, "total") {
			return judge(published.NotComparable, published.Because("the reference itself"))
		}
		return judge(published.Modelled, published.Percent(20), published.Because("duties of two memories were chosen on these bars; "+implied))
	case "abstract", "sec5c-text", "sec5d-text":
		if base && row.Metric == "speedup" {
			return judge(published.NotComparable, published.Because("equals an Ideal bar of Fig. 11(a), not the Base bar"))
		}
		return judge(published.Modelled, published.Percent(10), published.Because("geometric mean over the twelve; "+implied))
	case "sec5e-a3":
		return judge(published.Modelled, published.Percent(10), published.Because("the printed gains match neither Base nor Ideal of Fig. 11 exactly"))
	case "sec5e-tpu":
		return judge(published.Modelled, published.Percent(20), published.Because("the TPU as printed"))
	case "table1":
		return judge(published.Exact)
	case "derived-power":
		return judge(published.Tight)
	case "text":
		switch row.Metric {
		case "theta_bias":
			return judge(published.Tight, published.Points(0.005), published.Because("sixteen sets of orthogonal vectors, 2000 Gaussian pairs each"))
		case "peak_throughput":
			if strings.HasPrefix(row.Config, "12") {
				return judge(published.Tight, published.Because("the paper rounds 13.06"))
			}
			return judge(published.Exact)
		case "end_to_end_speedup_min", "end_to_end_speedup_max":
			return judge(published.Modelled, published.Percent(25), published.Because("Amdahl's law on the drawn shares of Fig. 2 and our speedups; the printed 5.0 exceeds the bound of 4.87"))
		}
		return judge(published.Exact)
	}
	return judge(published.Modelled)
}

// Verdicts judges every row of the given figures that we have a number for.
func (r *Results) Verdicts(figures ...string) []published.Verdict {
	var out []published.Verdict
	for _, f := range figures {
		for _, row := range published.Figure("elsa", f) {
			if !math.IsNaN(r.Ours(row)) {
				out = append(out, r.Judge(row))
			}
		}
	}
	return out
}
