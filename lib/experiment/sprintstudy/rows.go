package sprintstudy

import (
	"fmt"
	"math"
	"strings"

	"github.com/sparse-attention/workbench/lib/accelerator/sprint"
	"github.com/sparse-attention/workbench/lib/energy"
	"github.com/sparse-attention/workbench/lib/published"
)

// Ours is our number for a published row of SPRINT's hardware figures and tables, NaN where the machine gives none.
func (r *Runs) Ours(row published.Row) float64 {
	mode, _ := modeOf(row.Series)
	switch row.Figure {
	case "fig10-traffic":
		return r.either(row.Workload, func(w *Workload) float64 { return w.Traffic(row.Config, mode) })
	case "fig11-speedup":
		return r.either(row.Workload, func(w *Workload) float64 { return w.Speedup(row.Config, mode) })
	case "energy-a-multiplier":
		return r.either(row.Workload, func(w *Workload) float64 { return w.EnergyReduction(row.Config, mode) })
	case "energy-a-breakdown":
		return r.either(row.Workload, func(w *Workload) float64 { return w.energyShare(row.Config, mode, row.Metric) })
	case "table3", "table3-derived":
		if row.Series == "M-SPRINT" {
			return r.table3(row.Metric)
		}
		return r.ratio(row.Series, row.Metric)
	case "derived-locality":
		return r.either(row.Workload, func(w *Workload) float64 { return w.newKeys("S") })
	case "abstract":
		switch row.Metric {
		case "speedup":
			return r.mean(published.Geometric, func(w *Workload) float64 { return w.Speedup(row.Config, sprint.SPRINT) })
		case "energy_reduction":
			return r.mean(published.Geometric, func(w *Workload) float64 { return w.EnergyReduction(row.Config, sprint.SPRINT) })
		case "onchip_kv_buffer":
			return float64(sprint.S().KeyBuffer+sprint.S().ValueBuffer) / 1024
		}
	}
	return math.NaN()
}

// shareMetrics are the segments of the energy figure.
var shareMetrics = map[string]energy.Component{
	"reram_read_share": energy.ReRAMRead, "reram_write_share": energy.ReRAMWrite, "in_reram_share": energy.InReRAMPruning,
	"onchip_read_share": energy.OnChipRead, "onchip_write_share": energy.OnChipWrite,
	"qk_pu_share": energy.QKPU, "v_pu_share": energy.VPU, "softmax_share": energy.Softmax,
}

// ShareMetric is the metric under which the published rows know a component.
func ShareMetric(c energy.Component) string {
	for m, of := range shareMetrics {
		if of == c {
			return m
		}
	}
	return ""
}

// energyShare is a segment in percent of the same size's baseline.
func (w *Workload) energyShare(size string, mode sprint.Mode, metric string) float64 {
	return w.over(size, size, mode, func(base, run sprint.Report) float64 {
		shares := run.Energy.Shares(base.Energy.Total())
		if c, ok := shareMetrics[metric]; ok {
			return 100 * shares[c]
		}
		total, named := 0.0, shares[energy.ReRAMRead]+shares[energy.ReRAMWrite]+shares[energy.OnChipRead]
		for _, s := range shares {
			total += s
		}
		switch metric {
		case "total_share":
			return 100 * total
		case "rest_share":
			return 100 * (total - named)
		}
		return math.NaN()
	})
}

// newKeys is the mean number of newly loaded keys of a valid query, in percent of the token slots.
func (w *Workload) newKeys(size string) float64 {
	return w.over(size, size, sprint.SPRINT, func(_, run sprint.Report) float64 {
		l := run.Locality
		return 100 * float64(l.Requests-l.Spared+l.Reloaded) / float64(run.Valid) / float64(run.Tokens)
	})
}

// table3 is M-SPRINT's column, geometric means over the workloads.
func (r *Runs) table3(metric string) float64 {
	m := sprint.M()
	report := func(f func(sprint.Report) float64) float64 {
		return r.mean(published.Geometric, func(w *Workload) float64 {
			return w.over("M", "M", sprint.SPRINT, func(_, run sprint.Report) float64 { return f(run) })
		})
	}
	switch metric {
	case "throughput":
		return report(sprint.Report.Throughput)
	case "efficiency":
		return report(sprint.Report.Efficiency)
	case "area_throughput":
		return report(sprint.Report.AreaThroughput)
	case "area_efficiency":
		return report(sprint.Report.AreaEfficiency)
	case "implied_power":
		return report(func(run sprint.Report) float64 { return float64(run.Power()) })
	case "throughput_over_dense_peak":
		return report(sprint.Report.Throughput) / (4 * float64(m.Lanes*m.Corelets) * float64(m.Clock) / 1e9)
	case "peak_dense_throughput":
		return 4 * float64(m.Lanes*m.Corelets) * float64(m.Clock) / 1e9
	case "area":
		return float64(m.Area)
	case "key_buffer":
		return float64(m.KeyBuffer) / 1024
	case "value_buffer":
		return float64(m.ValueBuffer) / 1024
	}
	return math.NaN()
}

// ratio is M-SPRINT, simulated, over another machine, as published.
func (r *Runs) ratio(series, metric string) float64 {
	other, ok := strings.CutPrefix(series, "M-SPRINT over ")
	base, isRatio := strings.CutSuffix(metric, "_ratio")
	if !ok || !isRatio {
		return math.NaN()
	}
	row, err := published.Find("sprint", "table3", other, "", "", base)
	if err != nil {
		return math.NaN()
	}
	return r.table3(base) / row.Value
}

// Segments names the segments of the energy stacks of a size, bottom to top: the published rows where the paper has them,
// bare names elsewhere.
func (r *Runs) Segments(size string, modes ...sprint.Mode) (rows []published.Row) {
	for _, w := range r.Workloads {
		for _, mode := range modes {
			for c := range energy.Components {
				metric := ShareMetric(energy.Component(c))
				row, err := published.Find("sprint", "energy-a-breakdown", mode.String(), w.Name, size, metric)
				if err != nil {
					row = published.Row{System: "sprint", Figure: "energy-a-breakdown", Series: mode.String(), Workload: w.Name, Config: size,
						Metric: metric, Unit: "% of baseline energy"}
				}
				rows = append(rows, row)
			}
		}
	}
	return rows
}

// Multipliers names the labels of the energy stacks of a size.
func (r *Runs) Multipliers(size string, modes ...sprint.Mode) (rows []published.Row) {
	for _, w := range r.Workloads {
		for _, mode := range modes {
			named, err := published.Find("sprint", "energy-a-multiplier", mode.String(), w.Name, size, "energy_reduction")
			if err != nil {
				named = published.Row{System: "sprint", Figure: "energy-a-multiplier", Series: mode.String(), Workload: w.Name, Config: size,
					Metric: "energy_reduction", Unit: "x"}
			}
			rows = append(rows, named)
		}
	}
	return rows
}

// Locality is, for each workload, the share of a query's keys that the query before kept too, beside the share that a random
// mask with the same row counts has, in percent.
func (r *Runs) Locality() (out []published.Row) {
	for _, w := range r.Workloads {
		out = append(out,
			row("locality", "adjacent queries", w.Name, "", "overlap", "%", 100*w.Overlap),
			row("locality", "random mask", w.Name, "", "overlap", "%", 100*w.Chance))
	}
	return out
}

// Rows gives a number of every workload on every size.
func (r *Runs) Rows(figure, metric, unit string, f func(w *Workload, size string) float64) (out []published.Row) {
	for i := range r.Workloads {
		for _, size := range Sizes() {
			w := &r.Workloads[i]
			out = append(out, row(figure, "SPRINT", w.Name, size.Name, metric, unit, f(w, size.Name)))
		}
	}
	return out
}

// Statistics tabulates the masks that the numbers rest on.
func (r *Runs) Statistics() (headings []string, rows [][]string) {
	headings = []string{"workload", "token slots", "valid", "pruned", "keys kept a query", "kept by the query before", "random mask", "score correlation"}
	for _, w := range r.Workloads {
		s := w.Statistics
		rows = append(rows, []string{w.Name, fmt.Sprint(int(math.Round(float64(s.Queries) / s.ValidFraction))), fmt.Sprint(s.Queries),
			fmt.Sprintf("%.1f %%", 100*s.PruningRate), fmt.Sprintf("%.0f", float64(s.Kept)/float64(s.Queries)),
			fmt.Sprintf("%.0f %%", 100*w.Overlap), fmt.Sprintf("%.0f %%", 100*w.Chance), fmt.Sprintf("%.3f", w.Correlation)})
	}
	return headings, rows
}
