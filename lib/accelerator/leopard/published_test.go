package leopard_test

import (
	"math"
	"testing"

	"github.com/sparse-attention/workbench/lib/accelerator/leopard"
	"github.com/sparse-attention/workbench/lib/published"
	"github.com/sparse-attention/workbench/lib/trace"
)

func row(t *testing.T, figure, metric string) float64 {
	t.Helper()
	for _, r := range published.Figure("leopard", figure) {
		if r.Metric == metric {
			return r.Value
		}
	}
	t.Fatalf("no published %s of %s", metric, figure)
	return 0
}

// Sizes of SPRINT's Table III are those of the preset.
func TestPresetIsTheTable(t *testing.T) {
	s := leopard.AreaEfficient()
	for metric, ours := range map[string]float64{"area": float64(s.Area), "key_buffer": float64(s.KeyBuffer) / 1024,
		"value_buffer": float64(s.ValueBuffer) / 1024} {
		if want := row(t, "sprint-table3", metric); ours != want {
			t.Errorf("%s is %v, published %v", metric, ours, want)
		}
	}
	for metric, ours := range map[string]int{"key_width": s.BitSerial.KeyBits, "value_width": s.ValueBits} {
		if want := row(t, "derived-buffers", metric); float64(ours) != want {
			t.Errorf("%s is %v, published %v", metric, ours, want)
		}
	}
}

// The headline averages and Table III, on synthetic heads with the pruning rates of SPRINT's six trained workloads. Unit
// count, clock, energies and the bits of real keys are assumed, so this asks for plausibility only: the two design points
// lie within a factor of two of every published number (measured: the speedups 1.6 and 2.1 bracket 1.9).
func TestHeadlinesArePlausible(t *testing.T) {
	if testing.Short() {
		t.Skip("runs twelve heads")
	}
	for _, s := range []leopard.Spec{leopard.AreaEfficient(), leopard.HighlyParallel()} {
		var speedup, reduction, throughput, efficiency, bits []float64
		for _, w := range trace.SPRINT()[:6] {
			w.Bits = 12
			h, threshold, err := trace.Synthesise(w)
			if err != nil {
				t.Fatal(err)
			}
			work := leopard.Workload{Name: w.Name, Head: h, Threshold: threshold}
			base, r := simulate(t, s.In(leopard.Baseline), work), simulate(t, s, work)
			speedup = append(speedup, leopard.Speedup(base, r))
			reduction = append(reduction, leopard.EnergyReduction(base, r))
			throughput = append(throughput, r.Throughput())
			efficiency = append(efficiency, r.Efficiency())
			bits = append(bits, float64(r.BitsRead)/float64(r.Keys))
		}
		for name, c := range map[string]struct {
			ours []float64
			want float64
		}{
			"speedup":          {speedup, row(t, "abstract", "speedup")},
			"energy reduction": {reduction, row(t, "abstract", "energy_reduction")},
			"GOPs/s":           {throughput, row(t, "sprint-table3", "throughput")},
			"GOPs/J":           {efficiency, row(t, "sprint-table3", "efficiency")},
			"bits a key":       {bits, row(t, "derived-speed", "mean_bits_per_key")},
		} {
			ours := published.Geometric(c.ours)
			t.Logf("%s: %s %.3g, published %v", s.Name, name, ours, c.want)
			if math.Abs(math.Log2(ours/c.want)) > 1 {
				t.Errorf("%s: %s is %v, published %v", s.Name, name, ours, c.want)
			}
		}
	}
}

func BenchmarkSimulate(b *testing.B) {
	w := trace.SPRINT()[0]
	w.Bits = 12
	h, threshold, err := trace.Synthesise(w)
	if err != nil {
		b.Fatal(err)
	}
	var r leopard.Report
	for b.Loop() {
		r = simulate(b, leopard.AreaEfficient(), leopard.Workload{Head: h, Threshold: threshold})
	}
	b.ReportMetric(float64(r.Keys)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mkeys/s")
	b.ReportMetric(r.MeanCycles(), "cycles/key")
}
