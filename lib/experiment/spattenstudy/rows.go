package spattenstudy

import (
	"fmt"
	"math"

	"github.com/sparse-attention/workbench/lib/accelerator/spatten"
	"github.com/sparse-attention/workbench/lib/accelerator/spatten/topk"
	"github.com/sparse-attention/workbench/lib/published"
)

// row names a number of ours that nobody published.
func row(figure, series, workload, config, metric, unit string, value float64) published.Row {
	return published.Row{System: "spatten", Figure: figure, Series: series, Workload: workload, Config: config, Metric: metric, Unit: unit, Value: value}
}

// Reductions are, for every benchmark, how many times fewer bytes of keys and values are read and operations done than
// without pruning in FP32.
func (r *Results) Reductions() (out []published.Row) {
	for _, x := range r.Runs {
		t := x.Report.Totals
		out = append(out,
			row("reductions", "DRAM access", x.Benchmark.Name(), "", "reduction", "x", t.DenseTraffic/t.Traffic),
			row("reductions", "computation", x.Benchmark.Name(), "", "reduction", "x", t.DenseOperations/t.Operations))
	}
	return out
}

// RooflinePoints are ours of Fig. 18: every benchmark, and the means of the two families. The config ends in the intensity.
func (r *Results) RooflinePoints() (out []published.Row) {
	at := func(series string, intensity, throughput float64) {
		out = append(out, row("fig18", series, fmt.Sprintf("%s %d", series, len(out)), fmt.Sprintf("intensity=%.4g", intensity), "throughput", "TFLOPS", throughput/1e12))
	}
	for _, x := range r.Runs {
		series := "BERT benchmarks"
		if GPT2(x) {
			series = "GPT-2 benchmarks"
		}
		at(series, x.Report.Intensity(), x.Report.Throughput())
	}
	for _, f := range []struct {
		name   string
		family func(Run) bool
	}{{"SpAtten for BERT, mean", BERT}, {"SpAtten for GPT-2, mean", GPT2}} {
		i, t := r.Roofline(f.family)
		at(f.name, i, t)
	}
	return out
}

// Roof is the roofline of the machine: memory at low intensity, multipliers at high, in TFLOPS.
func (r *Results) Roof() (out []published.Row) {
	m := r.Options.Machine
	for _, i := range []float64{0.1, 0.3, 1, 2, 4, 10, 30, 100} {
		t := math.Min(i*m.Memory.PeakBandwidth(), m.PeakOperations())
		out = append(out, row("fig18", "roof of 512 GB/s and 1024 multipliers", "roof", fmt.Sprintf("intensity=%g", i), "throughput", "TFLOPS", t/1e12))
	}
	return out
}

// Authors judges the sums over the four workloads that the authors ship, regenerated row by row.
func Authors() (out []published.Verdict) {
	for _, w := range spatten.Authors() {
		t := w.Totals()
		for _, r := range published.Figure("spatten", "workload-csv") {
			if r.Workload != w.Name {
				continue
			}
			ours, counted := map[string]float64{"rows": float64(t.Rows), "keys_read": float64(t.Keys), "values_read": float64(t.Values), "requantized_rows": float64(t.LSBRows),
				"dram_traffic": t.Traffic / 1e6, "dram_reduction_vs_fp32_dense": t.DenseTraffic / t.Traffic, "key_plus_value_count_reduction": t.Reduction(),
				"work": t.Operations / 1e9, "bandwidth_bound_time": t.Traffic / 512e9 * 1e3}[r.Metric]
			switch {
			case !counted:
			case r.Unit == "1":
				out = append(out, published.Judge(r, ours, published.Exact))
			default:
				out = append(out, published.Judge(r, ours, published.Tight, published.Percent(0.1)))
			}
		}
	}
	return out
}

// TopKCycles is our number for a row of the authors' latency model of the top-k engine: the exact expectation.
func TopKCycles(r published.Row) float64 {
	var n, k, comparators int
	if _, err := fmt.Sscanf(r.Workload+" "+r.Config, "n=%d k=%d comparators=%d", &n, &k, &comparators); err != nil {
		return math.NaN()
	}
	e, err := topk.Expect(topk.Published(comparators), n)
	if err != nil {
		return math.NaN()
	}
	return e.At(n, k)
}

// TopKVerdicts judges them.
func TopKVerdicts() (out []published.Verdict) {
	for _, r := range published.Figure("spatten", "topk-model") {
		if ours := TopKCycles(r); ours == ours {
			out = append(out, published.Judge(r, ours, published.Tight, published.Percent(0.2)))
		}
	}
	return out
}

// OrderVerdicts judges the order of benchmarks in each family: Spearman's correlation with the published bars over the TITAN
// Xp, at least 0.8 of the 1 that these have with themselves.
func (r *Results) OrderVerdicts() (out []published.Verdict) {
	for _, f := range r.Orders() {
		named, err := published.Find("spatten", "fig14-speedup", "over TITAN Xp", "geomean of 30", "attention layers", "speedup")
		if err != nil {
			continue
		}
		named.Workload, named.Metric, named.Unit, named.Value = f.Model+" benchmarks", "rank_correlation", "1", 1
		out = append(out, published.Judge(named, f.Correlation, published.Trend, published.Points(0.2)))
	}
	return out
}
