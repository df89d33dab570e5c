package elsa_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/sparse-attention/workbench/lib/accelerator/elsa"
	"github.com/sparse-attention/workbench/lib/published"
)

// published rows of a figure whose configuration does not matter.
func value(t testing.TB, figure, series, workload, metric string) float64 {
	t.Helper()
	for _, r := range published.Figure("elsa", figure) {
		if r.Series == series && r.Workload == workload && r.Metric == metric {
			return r.Value
		}
	}
	t.Fatalf("no %s of %s, %s in %s", metric, series, workload, figure)
	return 0
}

func config(t testing.TB, figure, series, workload, config, metric string) float64 {
	t.Helper()
	r, err := published.Find("elsa", figure, series, workload, config, metric)
	if err != nil {
		t.Fatal(err)
	}
	return r.Value
}

// evaluation is one benchmark on Base and at each degree.
type evaluation struct {
	elsa.Benchmark
	base elsa.Report
	at   [elsa.Degrees]elsa.Report
}

func evaluate(t testing.TB, p elsa.Placement) []evaluation {
	t.Helper()
	benchmarks, err := elsa.Benchmarks()
	if err != nil {
		t.Fatal(err)
	}
	var all []evaluation
	for _, b := range benchmarks {
		e := evaluation{Benchmark: b}
		for d := range elsa.Degrees {
			w := b.Workload(elsa.Degree(d), p, 1)
			e.base = simulate(t, elsa.Base(), w)
			e.at[d] = simulate(t, elsa.ELSA(), w)
		}
		all = append(all, e)
	}
	return all
}

func within(t *testing.T, what string, got, want, percent float64) {
	t.Helper()
	if !(math.Abs(got/want-1) <= percent/100) {
		t.Errorf("%s: %.4g, published %.4g (%+.1f %%, allowed %v %%)", what, got, want, 100*(got/want-1), percent)
	}
}

// Fig. 11(a), 11(b) and 13(a) from the published lengths and shares: every bar within 20 %, geomeans within 10 %. The Base
// bars of Fig. 11(a) anchor the GPU and are no target; its efficiency and everything else is. Scattered keys are the other
// end of what is possible; they cost up to 15 % of the geomeans.
func TestEvaluation(t *testing.T) {
	for p, percent := range map[elsa.Placement]float64{elsa.Run: 10, elsa.Scattered: 16} {
		var base []float64
		var throughput, latency, efficiency [elsa.Degrees][]float64
		for _, e := range evaluate(t, p) {
			name := fmt.Sprintf("%v, %s", p, e.Name)
			ideal := elsa.Base().Ideal(e.Tokens)
			x := e.EfficiencyOverGPU(e.base, e.base)
			base = append(base, x)
			within(t, name+", Base efficiency", x, value(t, "fig13a-efficiency", "ELSA-Base", e.Name, "energy_efficiency"), 5)
			for d := range elsa.Degrees {
				series, r := elsa.Degree(d).Series(), e.at[d]
				over, late, per := e.OverGPU(e.base, r), float64(r.Cycles.Total())/ideal, e.EfficiencyOverGPU(e.base, r)
				throughput[d], latency[d], efficiency[d] = append(throughput[d], over), append(latency[d], late), append(efficiency[d], per)
				if e.Name != impossible {
					within(t, name+", "+series+" throughput", over, value(t, "fig11a-throughput", series, e.Name, "speedup"), 20)
				}
				within(t, name+", "+series+" latency", late, config(t, "fig11b-latency", series, e.Name, "total", "latency_vs_ideal"), 20)
				within(t, name+", "+series+" efficiency", per, value(t, "fig13a-efficiency", series, e.Name, "energy_efficiency"), 20)
			}
		}
		within(t, fmt.Sprint(p, ", Base efficiency geomean"), published.Geometric(base), value(t, "sec5d-text", "ELSA-Base", "geomean", "energy_efficiency"), 10)
		for d := range elsa.Degrees {
			series := elsa.Degree(d).Series()
			for metric, c := range map[string]struct {
				ours []float64
				want float64
			}{
				"throughput": {throughput[d], value(t, "sec5c-text", series, "geomean", "speedup")},
				"latency":    {latency[d], value(t, "sec5c-text", series, "geomean", "latency_vs_ideal")},
				"efficiency": {efficiency[d], value(t, "sec5d-text", series, "geomean", "energy_efficiency")},
			} {
				ours := published.Geometric(c.ours)
				t.Logf("%v, %s: geomean %s %.4g, published %v", p, series, metric, ours, c.want)
				within(t, fmt.Sprintf("%v, %s, geomean %s", p, series, metric), ours, c.want, percent)
			}
		}
	}
}

// impossible is the workload whose bars of Fig. 11(a) contradict the paper's own cycle rule and its Fig. 11(b).
const impossible = "BERT4Rec/ML-1M"

// A known gap: for BERT4Rec, Fig. 11(a) puts the conservative setting 7.3 times above Base. Hashing and comparing alone
// allow 4.9 at 151 tokens, and Fig. 11(b) shows 3.2. Were the row corrected, this test fails and the exception goes.
func TestBERT4RecBarsAreImpossible(t *testing.T) {
	benchmarks, err := elsa.Benchmarks()
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range benchmarks {
		limit := elsa.Base().Latency(b.Tokens, 0) / elsa.ELSA().Latency(b.Tokens, 0)
		claimed := value(t, "fig11a-throughput", "ELSA-Conservative", b.Name, "speedup") / b.BaseOverGPU
		shown := value(t, "fig11b-latency", "ELSA-Base", b.Name, "latency_vs_ideal") /
			config(t, "fig11b-latency", "ELSA-Conservative", b.Name, "total", "latency_vs_ideal")
		if (claimed > limit) != (b.Name == impossible) || (math.Abs(claimed/shown-1) > 0.05) != (b.Name == impossible) {
			t.Errorf("%s: Fig. 11(a) shows %.3g over Base, Fig. 11(b) %.3g, the limit is %.3g", b.Name, claimed, shown, limit)
		}
	}
}

// Fig. 13(b): the three cumulative segments of every bar within two hundredths of Base, and the approximation's alone
// within two thousandths, because it hardly depends on what is kept.
func TestEnergyStacks(t *testing.T) {
	for _, e := range evaluate(t, elsa.Run) {
		whole := float64(e.base.Energy.Total())
		_, a, _ := e.base.Energy.Stack()
		if got, want := float64(a)/whole, config(t, "fig13b-energy", "ELSA-Base", e.Name, "cumulative: +attention+division", "energy_vs_base"); math.Abs(got-want) > 0.002 {
			t.Errorf("%s, Base: %v, published %v", e.Name, got, want)
		}
		for d, r := range e.at {
			p, a, x := r.Energy.Stack()
			sum := 0.0
			for i, part := range []struct {
				metric string
				energy float64
				limit  float64
			}{{"cumulative: approximation modules", float64(p), 0.002}, {"cumulative: +attention+division", float64(a), 0.02},
				{"cumulative: total", float64(x), 0.02}} {
				sum += part.energy / whole
				want := config(t, "fig13b-energy", elsa.Degree(d).Series(), e.Name, part.metric, "energy_vs_base")
				if math.Abs(sum-want) > part.limit {
					t.Errorf("%s, %v, segment %d: %v of base, published %v", e.Name, elsa.Degree(d), i, sum, want)
				}
			}
		}
	}
}

// Fig. 11(b)'s hatched part, whose lengths come from it: closed form within its reading error, and runs within 2 %.
func TestPreprocessingBars(t *testing.T) {
	for _, e := range evaluate(t, elsa.Run) {
		want := value(t, "fig11b-preprocessing", "preprocessing", e.Name, "share_of_base_latency")
		got := float64(e.at[0].Cycles.Preprocessing) / float64(e.base.Cycles.Total())
		if math.Abs(got-want) > 0.0015 {
			t.Errorf("%s: %v of base, published %v", e.Name, got, want)
		}
	}
}

// The comparison with A3 (section V-E): gains over Base on BERT SQuAD v1.1, whose printed values match neither Base nor
// Ideal of Fig. 11 exactly, and the raw ratio, four modules against A3's one over A3's own gain.
func TestAgainstA3(t *testing.T) {
	e := evaluate(t, elsa.Run)[0]
	a3 := value(t, "sec5e-a3", "A3", e.Name, "speedup")
	for d, series := range []string{"ELSA-Conservative", "ELSA-Moderate"} {
		gain := elsa.Speedup(e.base, e.at[d])
		within(t, series+" over Base", gain, config(t, "sec5e-a3", series, e.Name, "vs ELSA-Base", "speedup"), 10)
		raw := gain * float64(elsa.ELSA().AttentionModules) / a3
		within(t, series+" over A3", raw, config(t, "sec5e-a3", series, e.Name, "raw vs A3 approximation", "speedup"), 10)
	}
}

// The text's counts: peak, memories, power and area of one accelerator with its external memories.
func TestPrintedTotals(t *testing.T) {
	s := elsa.ELSA()
	table := s.Modules.Sum(0, elsa.Modules)
	for name, c := range map[string]struct{ ours, want float64 }{
		"peak":        {float64(s.PeakOperations()) / 1e3, config(t, "text", "ELSA", "", "1 accelerator", "peak_throughput")},
		"multipliers": {float64(s.Multipliers()), value(t, "text", "ELSA", "", "multipliers")},
		"key hashes":  {float64(s.Memory(elsa.KeyHashSRAM)) / 1024, value(t, "text", "ELSA", "", "key_hash_sram")},
		"key norms":   {float64(s.Memory(elsa.KeyNormSRAM)), value(t, "text", "ELSA", "", "key_norm_sram")},
		"operands":    {float64(s.Memory(elsa.KeySRAM)) / 1024, value(t, "text", "ELSA", "", "input_output_sram_each")},
		"power":       {math.Round(1e2*float64(table.Dynamic+table.Static)) / 1e2, config(t, "text", "ELSA", "", "1 accelerator + external SRAM", "power")},
		"area":        {math.Round(10*float64(s.Area(true))) / 10, config(t, "text", "ELSA", "", "1 accelerator + external SRAM", "area")},
		"own area":    {float64(s.Area(false)), 1.255},
	} {
		if math.Abs(c.ours-c.want) > 1e-9 {
			t.Errorf("%s is %v, printed %v", name, c.ours, c.want)
		}
	}
}

// The GPU's time that the anchor gives: the sheet's example, 24.4 us a head of BERT SQuAD v1.1.
func TestGPUAnchor(t *testing.T) {
	e := evaluate(t, elsa.Run)[0]
	if got := 1e6 * e.GPUSeconds(e.base); math.Abs(got-24.4) > 0.3 {
		t.Errorf("a head takes the GPU %v us, want 24.4", got)
	}
}

func BenchmarkSimulate(b *testing.B) {
	benchmarks, err := elsa.Benchmarks()
	if err != nil {
		b.Fatal(err)
	}
	w := benchmarks[2].Workload(elsa.Conservative, elsa.Run, 1)
	base := simulate(b, elsa.Base(), w)
	var r elsa.Report
	for b.Loop() {
		r = simulate(b, elsa.ELSA(), w)
	}
	b.ReportMetric(float64(r.Cycles.Total())*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mcycles/s")
	b.ReportMetric(elsa.Speedup(base, r), "x/base")
}
