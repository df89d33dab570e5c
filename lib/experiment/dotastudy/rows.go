package dotastudy

import (
	"fmt"
	"math"
	"slices"

	"github.com/sparse-attention/workbench/lib/accelerator/dota"
	"github.com/sparse-attention/workbench/lib/experiment/joint"
	"github.com/sparse-attention/workbench/lib/published"
)

// Curves is accuracy against the measured retention of one task, means over seeds; the config is the retention in percent.
func Curves(points []joint.Point, task, title string) []published.Row {
	var rows []published.Row
	dense := 0.0
	for _, s := range joint.Summarise(points, task, joint.JudgedSplit) {
		if s.Method == joint.DenseMethod {
			dense = s.Accuracy
			continue
		}
		rows = append(rows, row("retention", s.Method, title, fmt.Sprintf("retention (%%) = %.4g", 100*s.Retention), "accuracy", "%", s.Accuracy))
	}
	low := 100.0
	for _, r := range rows {
		if x, err := ConfigPercent(r.Config); err == nil {
			low = min(low, x)
		}
	}
	// The dense model is a level: its two ends.
	for _, x := range []float64{low, 100} {
		rows = append(rows, row("retention", joint.DenseMethod, title, fmt.Sprintf("retention (%%) = %.4g", x), "accuracy", "%", dense))
	}
	return slices.CompactFunc(rows, func(a, b published.Row) bool { return a.Key() == b.Key() })
}

// ConfigPercent reads the number of a config of Curves.
func ConfigPercent(config string) (x float64, err error) {
	_, err = fmt.Sscanf(config, "retention (%%) = %g", &x)
	return x, err
}

// Choices tabulates what the search over retention found.
func Choices(points []joint.Point, tasks map[string]string, order []string) (headings []string, rows [][]string) {
	headings = []string{"task", "limit (points)", "DOTA keeps", "points lost (95 %)", "ELSA keeps", "points lost", "oracle keeps", "ELSA over DOTA"}
	for _, t := range order {
		for _, limit := range []float64{ConservativeLimit, AggressiveLimit} {
			d, e, o := Choose(points, t, joint.DOTAMethod, joint.SearchSplit, joint.JudgedSplit, limit), Choose(points, t, joint.ELSAMethod, joint.SearchSplit, joint.JudgedSplit, limit), Choose(points, t, joint.OracleMethod, joint.SearchSplit, joint.JudgedSplit, limit)
			rows = append(rows, []string{tasks[t], fmt.Sprint(limit), percent(d), lost(d), percent(e), lost(e), percent(o), fmt.Sprintf("%.2gx", e.Retention/d.Retention)})
		}
	}
	return headings, rows
}

func percent(c Choice) string {
	if !c.Found {
		return "all (nothing less is within the limit)"
	}
	return fmt.Sprintf("%.1f %%", 100*c.Retention)
}

func lost(c Choice) string {
	if !c.Found {
		return "-"
	}
	return fmt.Sprintf("%+.2f ± %.2f", c.Drop, c.Half)
}

// Attention is the speedup of attention over the GPU.
func Attention(all []Machine) []published.Row {
	var rows []published.Row
	for _, m := range all {
		rows = append(rows, row("attention-speedup", "ELSA", m.Workload.Name, "", "speedup", "x", m.ELSASpeedup()))
		for v := range Versions {
			rows = append(rows, row("attention-speedup", Version(v).String(), m.Workload.Name, "", "speedup", "x", m.AttentionSpeedup(Version(v))))
		}
	}
	return geomean(rows)
}

// EndToEnd is the speedup of whole models over the GPU, with the bound that Amdahl's law sets DOTA.
func EndToEnd(all []Machine) []published.Row {
	return overGPU(all, "end-to-end", "speedup", Machine.ELSAEndToEnd, Machine.EndToEnd, Machine.Bound)
}

// Efficiency is the GPU's energy over the others'.
func Efficiency(all []Machine) []published.Row {
	return overGPU(all, "efficiency", "energy efficiency", Machine.ELSAEfficiency, Machine.Efficiency, nil)
}

// overGPU are times better than the GPU: with ELSA beside it, of every version of DOTA, and of DOTA's bound if there is one.
func overGPU(all []Machine, figure, metric string, elsa func(Machine) float64, dota func(Machine, Version) float64, bound func(Machine) float64) []published.Row {
	var rows []published.Row
	for _, m := range all {
		add := func(series string, value float64) {
			rows = append(rows, row(figure, series, m.Workload.Name, "", metric, "x", value))
		}
		add("GPU + ELSA", elsa(m))
		for v := range Versions {
			add(Version(v).String(), dota(m, Version(v)))
		}
		if bound != nil {
			add("upper bound", bound(m))
		}
	}
	return geomean(rows)
}

// geomean appends the geometric mean of every series.
func geomean(rows []published.Row) []published.Row {
	values := map[string][]float64{}
	var order []string
	for _, r := range rows {
		if values[r.Series] == nil {
			order = append(order, r.Series)
		}
		values[r.Series] = append(values[r.Series], r.Value)
	}
	for _, s := range order {
		m := rows[0]
		m.Series, m.Workload, m.Value = s, "geomean", published.Geometric(values[s])
		rows = append(rows, m)
	}
	return rows
}

// phases are what the latency figure shows.
var phases = []struct {
	name string
	of   []dota.Phase
}{{"linear", []dota.Phase{dota.Linear, dota.Output}}, {"detection", []dota.Phase{dota.Projection, dota.Detection}}, {"attention", []dota.Phase{dota.Attention}},
	{"FFN", []dota.Phase{dota.FFN}}, {"stall", []dota.Phase{dota.Stall}}}

// Latency is a layer's time by phase, in parts of DOTA-F's.
func Latency(all []Machine) []published.Row {
	var rows []published.Row
	for _, m := range all {
		for v, r := range m.DOTA {
			for _, p := range phases {
				sum := 0.0
				for _, x := range p.of {
					sum += r.Spent[x]
				}
				rows = append(rows, row("latency", Version(v).String(), m.Workload.Name, "", p.name, "% of DOTA-F", 100*sum/m.DOTA[Full].LayerCycles()))
			}
		}
	}
	return rows
}

// EnergySplit is a layer's energy by module, in parts of DOTA-F's.
func EnergySplit(all []Machine) []published.Row {
	var rows []published.Row
	for _, m := range all {
		whole := float64(m.DOTA[Full].Energy.Total())
		for v, r := range m.DOTA {
			for i := range dota.Modules {
				rows = append(rows, row("energy", Version(v).String(), m.Workload.Name, "", dota.Module(i).String(), "% of DOTA-F",
					100*float64(r.Energy.Dynamic[i]+r.Energy.Static[i])/whole))
			}
			rows = append(rows, row("energy", Version(v).String(), m.Workload.Name, "", "DRAM", "% of DOTA-F", 100*float64(r.Energy.DRAM)/whole))
		}
	}
	return rows
}

// GPUShares is where the GPU's time goes in a BERT-Large of several lengths, in percent.
func GPUShares(lengths ...int) ([]published.Row, error) {
	var rows []published.Row
	for _, n := range lengths {
		w := Workloads()[0]
		w.Tokens, w.Pad = n, n
		a, l, f, err := GPU(w)
		if err != nil {
			return nil, err
		}
		for _, x := range []struct {
			name    string
			seconds float64
		}{{"linear", l}, {"attention", a}, {"FFN", f}} {
			rows = append(rows, row("gpu-shares", "V100", fmt.Sprintf("%d tokens", n), "", x.name, "%", 100*x.seconds/(a+l+f)))
		}
	}
	return rows, nil
}

// Roofline is the machine's roof and where the workloads stand under it: operations a byte and a second, pruned ones counted.
func Roofline(all []Machine) []published.Row {
	s := dota.DOTA()
	bandwidth, peak := s.DRAM.PeakBandwidth(), s.PeakOperations()
	var rows []published.Row
	for _, x := range []float64{4, peak / bandwidth, 4096} {
		rows = append(rows, row("roofline", "roof", "roof", fmt.Sprintf("intensity=%.4g", x), "throughput", "TOPS", math.Min(peak, x*bandwidth)/1e12))
	}
	for _, m := range all {
		for _, v := range []Version{Full, Conservative} {
			r := m.DOTA[v]
			name := m.Workload.Name + ", " + v.String()
			rows = append(rows, row("roofline", name, m.Workload.Name, fmt.Sprintf("intensity=%.4g", r.Intensity()), "throughput", "TOPS", r.Throughput()/1e12))
		}
	}
	return rows
}
