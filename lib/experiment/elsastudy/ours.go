package elsastudy

import (
	"math"
	"strings"

	"github.com/sparse-attention/workbench/lib/accelerator/elsa"
	"github.com/sparse-attention/workbench/lib/energy"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/published"
)

// Figures are those that Ours knows.
var Figures = []string{"abstract", "fig2-attention-share", "fig11a-throughput", "fig11a-labels", "fig11b-latency", "fig11b-preprocessing", "fig13a-efficiency",
	"fig13b-energy", "sec5c-text", "sec5d-text", "sec5e-a3", "sec5e-tpu", "table1", "text", "derived-power"}

// Ours is our number for a published row, NaN where there is none.
func (r *Results) Ours(row published.Row) float64 {
	switch row.Figure {
	case "fig2-attention-share":
		return r.attentionShare(row)
	case "fig11a-throughput", "fig11a-labels", "fig11b-latency", "fig11b-preprocessing", "fig13a-efficiency":
		if x, ok := r.run(row.Workload); ok {
			return x.ours(row)
		}
	case "fig13b-energy":
		if x, ok := r.run(row.Workload); ok {
			return x.energy(row)
		}
	case "abstract":
		row.Series = elsa.Conservative.Series()
		return r.mean(row)
	case "sec5c-text", "sec5d-text":
		return r.mean(row)
	case "sec5e-a3":
		return r.againstA3(row)
	case "sec5e-tpu":
		return r.againstTPU(row)
	case "table1":
		return tableOne(row)
	case "text":
		return r.text(row)
	case "derived-power":
		sum := 0.0
		for _, x := range r.Runs {
			sum += 1e3 * float64(x.Base.Power())
		}
		return sum / float64(len(r.Runs))
	}
	return math.NaN()
}

func (x Run) ours(row published.Row) float64 {
	ideal := elsa.Base().Ideal(x.Tokens)
	if row.Figure == "fig11b-preprocessing" {
		return float64(x.At[0].Cycles.Preprocessing) / float64(x.Base.Cycles.Total())
	}
	if row.Series == "Ideal accelerator" {
		return x.BaseOverGPU * float64(x.Base.Cycles.Total()) / ideal
	}
	at, ok := x.at(row.Series)
	if !ok {
		return math.NaN()
	}
	switch row.Metric {
	case "speedup":
		return x.OverGPU(x.Base, at)
	case "energy_efficiency":
		return x.EfficiencyOverGPU(x.Base, at)
	case "latency_vs_ideal":
		if row.Config == "execution only" {
			return float64(at.Cycles.Execution) / ideal
		}
		return float64(at.Cycles.Total()) / ideal
	}
	return math.NaN()
}

func (x Run) energy(row published.Row) float64 {
	at, ok := x.at(row.Series)
	if !ok {
		return math.NaN()
	}
	whole := float64(x.Base.Energy.Total())
	approximation, attention, external := at.Energy.Stack()
	switch row.Config {
	case "cumulative: approximation modules":
		return float64(approximation) / whole
	case "cumulative: +attention+division":
		return float64(approximation+attention) / whole
	case "cumulative: total":
		return float64(approximation+attention+external) / whole
	}
	return math.NaN()
}

// mean is a geometric mean over the benchmarks, as the text takes it, or the least or largest of them.
func (r *Results) mean(row published.Row) float64 {
	var v []float64
	for _, x := range r.Runs {
		per := row
		switch row.Metric {
		case "latency_vs_ideal":
			per.Config = "total"
		case "speedup", "energy_efficiency":
		default:
			return math.NaN()
		}
		v = append(v, x.ours(per))
	}
	switch row.Workload {
	case "geomean":
		return published.Geometric(v)
	case "average":
		return published.Arithmetic(v)
	case "minimum", "maximum":
		best := v[0]
		for _, x := range v {
			if (x < best) == (row.Workload == "minimum") {
				best = x
			}
		}
		return best
	}
	return math.NaN()
}

// againstA3 repeats the text's own arithmetic: our gain over Base, times the four modules, over A3's printed gain.
func (r *Results) againstA3(row published.Row) float64 {
	x, ok := r.run(row.Workload)
	at, known := x.at(row.Series)
	if !ok || !known || row.Metric != "speedup" {
		return math.NaN()
	}
	gain := elsa.Speedup(x.Base, at)
	if strings.HasPrefix(row.Config, "raw") {
		const a3 = 1.85 // printed in the same section
		return gain * float64(elsa.ELSA().AttentionModules) / a3
	}
	return gain
}

// againstTPU divides our throughput over the GPU by the TPU's printed one, with the GPU's peak as the paper counts it: 14 of 13
// TOPS.
func (r *Results) againstTPU(row published.Row) float64 {
	x, ok := r.run(row.Workload)
	at, known := x.at(row.Series)
	if !ok || !known {
		return math.NaN()
	}
	for _, tpu := range published.Figure("elsa", "sec5e-tpu") {
		if tpu.Series == "TPUv2" && tpu.Workload == row.Workload {
			return x.OverGPU(x.Base, at) * 14 / 13 / tpu.Value
		}
	}
	return math.NaN()
}

// tableOne sums the modules of an accelerator and of twelve.
func tableOne(row published.Row) float64 {
	modules := elsa.ELSA().Modules
	own, external := modules.Sum(0, int(elsa.KeySRAM)), modules.Sum(int(elsa.KeySRAM), elsa.Modules)
	var m energy.Module
	switch row.Series {
	case "ELSA accelerator":
		m = own
	case "External SRAM":
		m = external
	default:
		return math.NaN() // a module's own row is an input of the preset
	}
	times := 1.0
	if row.Config == "total x12" {
		times = elsa.Accelerators
	}
	switch row.Metric {
	case "area":
		return round(times*float64(m.Area), row.Value)
	case "dynamic_power":
		return round(times*1e3*float64(m.Dynamic), row.Value)
	case "static_power":
		return round(times*1e3*float64(m.Static), row.Value)
	}
	return math.NaN()
}

// round gives a sum the decimals of the printed value, so that exactness is not a matter of binary fractions.
func round(v, like float64) float64 {
	decimals := 0
	if text := published.FormatNumber(like); strings.Contains(text, ".") {
		decimals = len(text) - strings.IndexByte(text, '.') - 1
	}
	scale := math.Pow(10, float64(decimals))
	return math.Round(v*scale) / scale
}

// text is the totals of the text.
func (r *Results) text(row published.Row) float64 {
	s := elsa.ELSA()
	all := s.Modules.Sum(0, elsa.Modules)
	times := 1.0
	if strings.HasPrefix(row.Config, "12 ") {
		times = elsa.Accelerators
	}
	switch row.Metric {
	case "power":
		if strings.Contains(row.Config, "external") {
			return round(times*float64(all.Dynamic+all.Static), row.Value)
		}
	case "area":
		if strings.Contains(row.Config, "external") {
			return round(times*float64(s.Area(true)), row.Value)
		}
	case "peak_throughput":
		if row.Series == "ELSA" {
			return round(times*float64(s.PeakOperations())/1e3, row.Value)
		}
	case "multipliers":
		return float64(s.Multipliers())
	case "key_hash_sram":
		return float64(s.Memory(elsa.KeyHashSRAM)) / 1024
	case "key_norm_sram":
		return float64(s.Memory(elsa.KeyNormSRAM))
	case "input_output_sram_each":
		return float64(s.Memory(elsa.KeySRAM)) / 1024
	case "theta_bias":
		if !strings.HasPrefix(row.Workload, "independent") {
			return r.Bias
		}
	case "hash_multiplications":
		for config, sizes := range map[string][]int{"d=k=64 dense": {64}, "d=k=64 two 8x8 factors": {8, 8}, "d=k=64 three 4x4 factors": {4, 4, 4}} {
			if row.Config == config {
				p, err := pruning.RandomProjection(1, sizes...)
				if err != nil {
					panic("elsastudy: " + err.Error()) // sizes are constants
				}
				return float64(p.Multiplications())
			}
		}
	case "end_to_end_speedup_min", "end_to_end_speedup_max":
		return r.endToEnd(row)
	}
	return math.NaN()
}
