package spattenstudy

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/sparse-attention/workbench/lib/accelerator/processor"
	"github.com/sparse-attention/workbench/lib/accelerator/spatten"
	"github.com/sparse-attention/workbench/lib/published"
)

// Ours is our number for a published row, NaN where there is none.
func (r *Results) Ours(row published.Row) float64 {
	switch row.Figure {
	case "abstract", "fig14-speedup", "fig14-energy":
		return r.bars(row)
	case "fig15":
		return r.endToEnd(row)
	case "text-throughput":
		family := BERT
		if strings.Contains(row.Series+row.Workload, "GPT-2") {
			family = GPT2
		}
		_, t := r.Roofline(family)
		return t / 1e12
	case "fig18":
		return r.roofline(row)
	case "fig13-area", "fig13-power", "table2":
		return r.split(row)
	case "fig19a", "fig19b":
		points, at := r.Comparators, 16
		if row.Figure == "fig19b" {
			points, at = r.Buffers, 196
		}
		var p int
		if _, err := fmt.Sscanf(row.Config[strings.IndexByte(row.Config, '=')+1:], "%d", &p); err == nil {
			i, j := slices.IndexFunc(points, func(x Point) bool { return x.Parameter == p }), slices.IndexFunc(points, func(x Point) bool { return x.Parameter == at })
			if i >= 0 {
				return 776.242 * points[i].Throughput / points[j].Throughput // shape only
			}
		}
	case "fig20":
		return r.chain(row)
	case "table3":
		if row.Series == "SpAtten-1/8" {
			t, j, a := r.TableIII()
			switch row.Metric {
			case "throughput":
				return t / 1e9
			case "energy_efficiency":
				return j / 1e9
			case "area_efficiency":
				return a / 1e9
			case "throughput_ratio", "energy_efficiency_ratio":
				return r.over(printedMNNFast, row.Metric)
			case "area_efficiency_ratio":
				return r.over(printedA3, row.Metric)
			case "area":
				return 1.55
			}
		}
	case "table4":
		return r.tableIV(row)
	}
	return math.NaN()
}

// rival is an accelerator as Table III prints it, operations a second, a joule and a square millimetre.
type rival struct{ throughput, perJoule, perArea float64 }

var (
	printedA3      = rival{221e9, 269e9, 106e9}
	printedMNNFast = rival{120e9, 120e9, math.NaN()}
)

// over is SpAtten-1/8 against a rival's printed numbers.
func (r *Results) over(x rival, metric string) float64 {
	t, j, a := r.TableIII()
	switch metric {
	case "throughput_ratio":
		return t / x.throughput
	case "energy_efficiency_ratio":
		return j / x.perJoule
	case "area_efficiency_ratio":
		return a / x.perArea
	}
	return math.NaN()
}

func (r *Results) bars(row published.Row) float64 {
	switch row.Series {
	case "over A3":
		return r.over(printedA3, row.Metric)
	case "over MNNFast":
		return r.over(printedMNNFast, row.Metric)
	}
	platform := slices.IndexFunc(processor.Platforms(), func(p processor.Spec) bool { return row.Series == "over "+p.Name })
	if platform < 0 {
		return r.reductions(row)
	}
	f := func(x Run) float64 { return x.Speedup(platform) }
	if strings.HasPrefix(row.Metric, "energy") {
		f = func(x Run) float64 { return x.Saving(platform) }
	}
	switch row.Workload {
	case "geomean of 30":
		return Geomean(r.Runs, nil, f)
	case "geomean of 22 BERT":
		return Geomean(r.Runs, BERT, f)
	case "geomean of 8 GPT-2":
		return Geomean(r.Runs, GPT2, f)
	}
	if x, ok := find(r.Runs, row.Workload); ok {
		return f(x)
	}
	return math.NaN()
}

// reductions are the headline ratios of the abstract; means over benchmarks.
func (r *Results) reductions(row published.Row) float64 {
	family := func(Run) bool { return true }
	if strings.Contains(row.Workload, "GPT-2") {
		family = GPT2
	}
	heads := func(x Run) float64 { return float64(x.Report.Totals.DenseRows) / float64(x.Report.Totals.Rows) }
	switch row.Metric {
	case "dram_access_reduction":
		return Mean(r.Runs, family, func(x Run) float64 { return x.Report.Totals.DenseTraffic / x.Report.Totals.Traffic })
	case "computation_reduction":
		return Mean(r.Runs, family, func(x Run) float64 { return x.Report.Totals.DenseOperations / x.Report.Totals.Operations })
	case "token_and_value_pruning_ratio":
		return Mean(r.Runs, family, func(x Run) float64 { return x.Report.Totals.Reduction() / heads(x) })
	case "head_pruning_ratio":
		return Mean(r.Runs, family, heads)
	case "progressive_quantization_dram_saving":
		return Mean(r.Runs, GPT2, func(x Run) float64 {
			return 32 * 64 / 8 * float64(x.Report.Totals.Keys+x.Report.Totals.Values) / x.Report.Totals.Traffic
		})
	case "share_of_inputs_needing_lsb":
		return 100 * Mean(r.Runs, GPT2, func(x Run) float64 { return float64(x.Report.Totals.LSBRows) / float64(x.Report.Totals.Rows) })
	}
	return math.NaN()
}

func (r *Results) endToEnd(row published.Row) float64 {
	bits := 8
	if strings.Contains(row.Config, "12 b") {
		bits = 12
	}
	for _, p := range processor.Platforms()[:2] {
		if row.Series != "over "+p.Name {
			continue
		}
		sum, n := 0.0, 0
		for _, x := range r.AllHeads {
			if v, err := EndToEnd(r.Options.Machine, x, p, bits); err == nil && (x.Benchmark.Name() == row.Workload || row.Workload == "geomean of 8") {
				sum += math.Log(v)
				n++
			}
		}
		if n > 0 {
			return math.Exp(sum / float64(n))
		}
	}
	return math.NaN()
}

func (r *Results) roofline(row published.Row) float64 {
	family := BERT
	if strings.Contains(row.Series, "GPT-2") {
		family = GPT2
	}
	switch {
	case row.Series == "SpAtten computation roof":
		return r.Options.Machine.PeakOperations() / 1e12
	case row.Series == "SpAtten bandwidth roof":
		return r.Options.Machine.Memory.PeakBandwidth() / 1e9
	case strings.HasPrefix(row.Series, "TITAN Xp for") && row.Metric == "throughput":
		return Mean(r.Runs, family, func(x Run) float64 { return x.Report.Totals.DenseOperations / x.Seconds[0] / 1e12 })
	case strings.HasPrefix(row.Series, "SpAtten for"):
		i, t := r.Roofline(family)
		switch row.Metric {
		case "intensity":
			return i
		case "throughput":
			return t / 1e12
		}
	}
	return math.NaN()
}

func (r *Results) split(row published.Row) float64 {
	p := r.Power()
	chip := p.Logic + p.SRAM
	total := float64(r.Options.Machine.Modules.Sum(0, spatten.Modules).Area)
	for m := range spatten.Module(spatten.Modules) {
		if m.String() != row.Series {
			continue
		}
		switch row.Metric {
		case "area":
			return float64(r.Options.Machine.Modules.List[m].Area)
		case "area_share":
			return 100 * float64(r.Options.Machine.Modules.List[m].Area) / total
		case "on_chip_power":
			return r.ModulePower(m)
		case "on_chip_power_share":
			return 100 * r.ModulePower(m) / chip
		case "share_of_total_power":
			return 100 * r.ModulePower(m) / p.Total()
		}
	}
	switch row.Series + " " + row.Metric {
	case "sum area":
		return total
	case "sum on_chip_power":
		return chip
	case "computation logic power":
		return p.Logic
	case "SRAM power":
		return p.SRAM
	case "DRAM power":
		return p.DRAM
	case "overall power":
		return p.Total()
	}
	return math.NaN()
}

func (r *Results) chain(row published.Row) float64 {
	c := func(s Step) float64 { return Cumulative(r.Chains, s) }
	switch row.Config {
	case "TITAN Xp baseline":
		return 1
	case "+ specialised datapath", "datapath":
		return c(Datapath)
	case "+ cascade token and head pruning with parallel top-k":
		return c(Cascade)
	case "+ progressive quantization":
		return c(Progressive)
	case "cascade pruning with top-k, product":
		return c(Cascade) / c(Datapath)
	case "quantization, product":
		return c(Progressive) / c(Cascade)
	}
	return math.NaN()
}

func (r *Results) tableIV(row published.Row) float64 {
	var wide []Sampled
	for _, x := range r.AllHeads {
		if x.Benchmark.Model.Wide() {
			wide = append(wide, x)
		}
	}
	if len(wide) == 0 {
		return math.NaN()
	}
	attention, work := 0.0, 0.0
	for _, x := range wide {
		attention += x.Milliseconds / float64(len(wide))
		work += x.Operations / 1e9 / float64(len(wide))
	}
	m := spatten.GPT2Medium
	switch {
	case strings.HasPrefix(row.Config, "FC;") && row.Metric == "work":
		return FullyConnectedOperations(m) / 1e9
	case strings.HasPrefix(row.Config, "attention;") && row.Series == "GPU" && row.Metric == "work":
		return wide[0].DenseOperations / 1e9
	case strings.HasPrefix(row.Config, "attention;") && row.Series == "SpAtten-e2e" && row.Metric == "work":
		return work
	case strings.HasPrefix(row.Config, "attention;") && row.Series == "SpAtten-e2e" && row.Metric == "latency":
		return attention
	case row.Series == "SpAtten-e2e over GPU":
		return (388.3 + 366.7) / (attention + FullyConnected(r.Options.Machine, m, 8))
	}
	return math.NaN()
}
