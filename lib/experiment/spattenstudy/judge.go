package spattenstudy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sparse-attention/workbench/lib/accelerator/processor"
	"github.com/sparse-attention/workbench/lib/published"
)

// Judge compares our number for a row with the published one, under the tolerances that were set beforehand: 25 % for bars and
// geometric means, 15 % for the chain, the split of power and Table III, 10 % for the shape of the sweeps.
func (r *Results) Judge(row published.Row) published.Verdict {
	ours := r.Ours(row)
	fitted := func(why string) published.Verdict {
		return published.Judge(row, ours, published.Fitted, published.Because("%s; ours is %.3g of the published", why, ours/row.Value))
	}
	input := func() published.Verdict {
		return published.Judge(row, ours, published.NotComparable, published.Because("an input of the preset"))
	}
	modelled := func(percent float64, why string) published.Verdict {
		return published.Judge(row, ours, published.Modelled, published.Percent(percent), published.Because("%s", why))
	}
	const energy = "module power is fitted on GPT-2; the 1/8 part's is scaled by its printed area"
	const keep = "one declared set of keep ratios; the paper publishes none"
	switch row.Figure {
	case "fig14-speedup", "fig14-energy":
		if why := source(row); why != "" {
			return fitted(why)
		}
		if strings.Contains(row.Workload, "squad") {
			return modelled(25, "181 tokens are the measured mean; the paper speaks of fewer than 100, which its bar implies")
		}
		return modelled(25, keep)
	case "fig15":
		if strings.HasPrefix(row.Workload, "gpt2-small") {
			return fitted("the ratios of the corpora, and the platforms' FC times, come from these bars")
		}
	case "fig13-area":
		return input()
	case "fig13-power":
		return fitted("module power is fitted on this chart")
	case "table2":
		if row.Series != "DRAM" && row.Series != "overall" {
			chips := r.Chips()
			low, high := chips[0].Logic, chips[1].Logic
			if row.Series == "SRAM" {
				low, high = chips[0].SRAM, chips[1].SRAM
			}
			return fitted(fmt.Sprintf("module power is fitted on Fig. 13, whose modules add up to it, and has no second source: at the constants that %s and %s print it would be %.2f and %.2f W",
				chips[0].Name, chips[1].Name, float64(low), float64(high)))
		}
		return modelled(15, "memory energy counted in bits and activations, not fitted; mean over the eight of GPT-2")
	case "abstract":
		switch {
		case !strings.HasPrefix(row.Series, "over A3") && !strings.HasPrefix(row.Series, "over MNNFast"):
		case row.Metric == "energy_efficiency_ratio":
			return modelled(15, "the rival as printed; "+energy)
		default:
			return modelled(15, "the rival as printed")
		}
	case "fig18":
		if strings.HasSuffix(row.Series, "for BERT") {
			return modelled(25, "means over sentence lengths measured on the dev sets; no length is printed")
		}
		if strings.HasSuffix(row.Series, "roof") {
			return published.Judge(row, ours, published.Tight)
		}
		return modelled(25, keep)
	case "fig19a", "fig19b":
		if row.Config == "comparators=16" || row.Config == "sram_KB=196" {
			return fitted("the point to which the shape is scaled, since the application is not named")
		}
		return published.Judge(row, ours, published.Trend, published.Percent(10), published.Because("shape on %s; the paper's application is not named", r.Sweep))
	case "fig20":
		return modelled(15, "GPT-2-Small's time on the TITAN Xp follows from Figs. 14 and 15")
	case "table3":
		if strings.HasPrefix(row.Metric, "energy") {
			return modelled(15, energy)
		}
		if row.Metric == "area" || row.Metric == "area_efficiency" {
			return published.Judge(row, ours, published.Modelled, published.Percent(15), published.Because("the area is an input"))
		}
		return modelled(15, "geometric mean over BERT, pruned operations counted; the paper does not say how it averages")
	}
	return modelled(25, keep)
}

// source says which constant came from a bar of Fig. 14, or nothing.
func source(row published.Row) string {
	if strings.HasPrefix(row.Workload, "geomean") {
		return ""
	}
	titan := row.Series == "over "+processor.TITANXp().Name
	switch {
	case strings.HasPrefix(row.Workload, "gpt2-small"):
		return "the ratios of the corpora are fitted on GPT-2-Small"
	case strings.HasPrefix(row.Workload, "gpt2-") && !titan:
		return "the platform's time is a published ratio to the TITAN Xp's"
	case slices.Contains(processor.Anchors(), processor.Anchor{Platform: strings.TrimPrefix(row.Series, "over "), Workload: row.Workload}):
		return "the platform's terms are fitted on BERT-Base"
	}
	return ""
}

// Verdicts judges every row of the given figures that we have a number for.
func (r *Results) Verdicts(figures ...string) []published.Verdict {
	var out []published.Verdict
	for _, f := range figures {
		for _, row := range published.Figure("spatten", f) {
			if ours := r.Ours(row); ours == ours {
				out = append(out, r.Judge(row))
			}
		}
	}
	return out
}

// Figures are those that Ours knows.
var Figures = []string{"abstract", "text-throughput", "fig13-area", "fig13-power", "fig14-speedup", "fig14-energy", "fig15", "fig18", "fig19a", "fig19b",
	"fig20", "table2", "table3", "table4"}

// Family is the rank correlation of one model's bars with the published ones over the TITAN Xp.
type Family struct {
	Model       string
	Correlation float64
}

// Orders are the four families.
func (r *Results) Orders() []Family {
	var all []Family
	for _, model := range []string{"bert-base", "bert-large", "gpt2-small", "gpt2-medium"} {
		var ours, theirs []float64
		for _, x := range r.Runs {
			if x.Benchmark.Model.Name != model {
				continue
			}
			row, err := published.Find("spatten", "fig14-speedup", "over "+processor.TITANXp().Name, x.Benchmark.Name(), "attention layers", "speedup")
			if err != nil {
				panic("spattenstudy: " + err.Error()) // the rows are embedded
			}
			ours, theirs = append(ours, x.Speedup(0)), append(theirs, row.Value)
		}
		all = append(all, Family{model, RankCorrelation(ours, theirs)})
	}
	return all
}
