package sprintstudy

import (
	"fmt"
	"strings"

	"github.com/sparse-attention/workbench/lib/published"
)

// Judge compares our number for a row of SPRINT's hardware figures with the published one. What a constant of ours was
// derived from is fitted and not counted, but its deviation is told:
//
//   - the valid fraction of each workload comes from Mask Only, S, of Fig. 10;
//   - its pruning rate from the S bar of Fig. 11;
//   - the locality of its masks from the three SPRINT bars of Fig. 10;
//   - the five on-chip energies from the baseline stacks.
func (r *Runs) Judge(row published.Row) published.Verdict {
	ours := r.Ours(row)
	fitted := func(what string) published.Verdict {
		return published.Judge(row, ours, published.Fitted, published.Because("%s; ours differs by %s", what, difference(row, ours)))
	}
	input := func(what string) published.Verdict {
		return published.Judge(row, ours, published.NotComparable, published.Because("%s", what))
	}
	switch row.Figure {
	case "fig10-traffic":
		switch {
		case row.Series == "SPRINT":
			return fitted("the locality of the masks is fitted on these bars")
		case row.Config == "S":
			return fitted("the valid fraction is derived from this bar")
		}
		return published.Judge(row, ours, published.Tight, published.Points(2))
	case "fig11-speedup":
		if row.Config == "S" {
			return fitted("the pruning rates are derived from the S bars")
		}
		return published.Judge(row, ours, published.Tight, published.Percent(10))
	case "energy-a-multiplier":
		if row.Series == "SPRINT" {
			return published.Judge(row, ours, published.Modelled, published.Percent(20), published.Because("%s", r.synthReason(row)))
		}
		return published.Judge(row, ours, published.Tight, published.Percent(10))
	case "energy-a-breakdown":
		onChip := !strings.HasPrefix(row.Metric, "reram")
		if row.Series == "Baseline" && onChip {
			return fitted("the on-chip energies are fitted on the baseline stacks")
		}
		return published.Judge(row, ours, published.Modelled, published.Points(2))
	case "table3", "table3-derived":
		return r.judgeTable(row, ours)
	case "derived-locality":
		if row.Workload == "Average" {
			return input("how the average was taken is not stated; ours is the mean over the eight workloads on S")
		}
		return fitted("the locality of the masks is fitted on Fig. 10, of which this is the difference")
	case "abstract":
		switch row.Metric {
		case "speedup":
			return fitted("the pruning rates are derived from the S bars of Fig. 11")
		case "energy_reduction":
			return published.Judge(row, ours, published.Modelled, published.Because("geometric mean over the eight workloads; the paper says average"))
		case "onchip_kv_buffer":
			return input("an input of the preset")
		}
	}
	return published.Judge(row, ours, published.NotComparable, published.Because("the machine gives no number for this"))
}

// synthReason explains the one workload whose residency cannot be met.
func (r *Runs) synthReason(row published.Row) string {
	if row.Workload != "Synth-2" {
		return "masks fitted on Fig. 10's traffic"
	}
	return "512 keys a query in a buffer of 256 cost at least 256 loads, the published traffic leaves about 237"
}

// judgeTable judges Table III.
func (r *Runs) judgeTable(row published.Row, ours float64) published.Verdict {
	switch row.Metric {
	case "area", "key_buffer", "value_buffer", "peak_dense_throughput":
		return published.Judge(row, ours, published.NotComparable, published.Because("an input of the preset"))
	}
	if row.Series != "M-SPRINT" && !strings.HasPrefix(row.Series, "M-SPRINT over") {
		return published.Judge(row, ours, published.NotComparable, published.Because("as published; %s is not simulated on this page", row.Series))
	}
	const rule = "geometric mean over the workloads, operations of the valid region counted; the paper's workload and counting rule are unknown"
	if strings.HasPrefix(row.Metric, "throughput") || strings.HasPrefix(row.Metric, "area_throughput") {
		return published.Judge(row, ours, published.Modelled, published.Percent(15), published.Because("%s", rule))
	}
	return published.Judge(row, ours, published.Modelled, published.Because("%s", rule))
}

// difference is the deviation in points for a share and in percent for anything else.
func difference(row published.Row, ours float64) string {
	if strings.HasPrefix(row.Unit, "%") {
		return fmt.Sprintf("%+.2f points", ours-row.Value)
	}
	return fmt.Sprintf("%+.1f %%", 100*(ours/row.Value-1))
}

// Verdicts judges all rows of the given figures that the machine gives a number for.
func (r *Runs) Verdicts(figures ...string) []published.Verdict {
	var out []published.Verdict
	for _, f := range figures {
		for _, row := range published.Figure("sprint", f) {
			if ours := r.Ours(row); ours == ours {
				out = append(out, r.Judge(row))
			}
		}
	}
	return out
}
