package sprint_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/sparse-attention/workbench/lib/accelerator/sprint"
	"github.com/sparse-attention/workbench/lib/energy"
	"github.com/sparse-attention/workbench/lib/published"
	"github.com/sparse-attention/workbench/lib/trace"
)

// Energies in uJ of the sheet (6.3), from the closed forms with the sheet's unrounded N and rho.
func TestEnergyFixtures(t *testing.T) {
	bert := sprint.Shape{Tokens: 384, ValidFraction: 0.55, PruningRate: 0.796, Dim: 64}
	vit := sprint.Shape{Tokens: 197, ValidFraction: 1, PruningRate: 0.643, Dim: 64}
	for _, c := range []struct {
		shape    sprint.Shape
		mode     sprint.Mode
		fraction float64 // of the baseline's streamed vectors in S, for SPRINT: 1 - its bar of Fig. 10
		want     []float64
	}{
		{bert, sprint.Baseline, 0, []float64{157.8566, 14.3917, 0, 77.7624, 26.9884, 28.7834, 29.2553, 13.2710, 348.3088}},
		{bert, sprint.Pruning, 0, []float64{84.6568, 14.3917, 0, 41.2806, 14.4736, 28.7834, 1.8053, 0.8190, 186.2103}},
		{bert, sprint.SPRINT, 0.013, []float64{4.0567, 7.9154, 0.2855, 4.7987, 0.6936, 1.7762, 1.8053, 0.8190, 22.1505}},
		{vit, sprint.Baseline, 0, []float64{0.9380, 7.3832, 0, 20.4663, 0.1604, 7.5755, 7.6997, 3.4928, 47.7160}},
		{vit, sprint.Pruning, 0, []float64{0.9380, 7.3832, 0, 13.8864, 0.1604, 7.5755, 2.7488, 1.2469, 33.9393}},
		{vit, sprint.SPRINT, 0.034, []float64{1.4671, 7.3832, 0.2484, 7.3065, 0.2508, 2.7045, 2.7488, 1.2469, 23.3562}},
	} {
		if err := c.shape.Validate(); err != nil {
			t.Fatal(err)
		}
		loads := c.shape.StreamedVectors(c.mode, 256) + c.shape.FirstVectors(c.mode, 3)
		if c.mode == sprint.SPRINT {
			loads = c.fraction * c.shape.StreamedVectors(sprint.Baseline, 128)
		}
		b := energy.SPRINT65().Of(c.shape.Events(c.mode, loads))
		for i, want := range c.want {
			got, what := float64(b.Total())*1e-6, "total"
			if i < energy.Components {
				got, what = float64(b[i])*1e-6, energy.Component(i).String()
			}
			if math.Abs(got-want) > 6e-5 {
				t.Errorf("%v, N %v, %s: %.4f uJ, want %.4f", c.mode, c.shape.Tokens, what, got, want)
			}
		}
	}
}

var stack = map[string]energy.Component{"reram_read_share": energy.ReRAMRead, "reram_write_share": energy.ReRAMWrite,
	"onchip_read_share": energy.OnChipRead, "onchip_write_share": energy.OnChipWrite, "qk_pu_share": energy.QKPU,
	"v_pu_share": energy.VPU, "softmax_share": energy.Softmax}

// C2: the run's baseline stacks on M within 1.2 points of the published ones. The on-chip constants were fitted to these, so
// this checks the machine's counting.
func TestBaselineStacks(t *testing.T) {
	checked := 0
	for _, w := range trace.SPRINTWorkloads() {
		r := simulate(t, sprint.M().In(sprint.Baseline), sprint.Workload{Name: w.Name, Head: w.Head()})
		shares := r.Energy.Shares(r.Energy.Total())
		for metric, component := range stack {
			row, err := published.Find("sprint", "energy-a-breakdown", "Baseline", w.Name, "M", metric)
			if err != nil {
				t.Fatal(err)
			}
			if got := 100 * shares[component]; math.Abs(got-row.Value) > 1.2 {
				t.Errorf("%s, %v: %.1f %%, published %v", w.Name, component, got, row.Value)
			}
			checked++
		}
	}
	if checked != 56 {
		t.Errorf("%d shares checked", checked)
	}
}

// C3: the Pruning multipliers of the run within 5 % of the bar labels, on random masks of the derived pruning rates; and the
// order of the modes.
func TestPruningMultipliers(t *testing.T) {
	product, n := 1.0, 0
	for i, w := range trace.SPRINTWorkloads() {
		if testing.Short() && w.Tokens > 1024 {
			continue
		}
		h := w.Head()
		work := sprint.Workload{Name: w.Name, Head: h, Mask: random(h, w.PruningRate, uint64(i))}
		base := simulate(t, sprint.M().In(sprint.Baseline), work)
		got := sprint.EnergyReduction(base, simulate(t, sprint.M().In(sprint.Pruning), work))
		row, err := published.Find("sprint", "energy-a-multiplier", "Pruning", w.Name, "M", "energy_reduction")
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(got/row.Value-1) > 0.05 {
			t.Errorf("%s: %.2f, published %v", w.Name, got, row.Value)
		}
		if full := sprint.EnergyReduction(base, simulate(t, sprint.M(), work)); full <= got {
			t.Errorf("%s: SPRINT saves %.2f, Pruning %.2f", w.Name, full, got)
		}
		product, n = product*got, n+1
	}
	if n == 8 {
		if mean := math.Pow(product, 1./8); math.Abs(mean/1.867-1) > 0.05 {
			t.Errorf("geomean %.3f, published 1.867", mean)
		}
	}
}

// The published labels have the means that the sheet prints (6.4).
func TestPublishedMeans(t *testing.T) {
	for series, want := range map[string]float64{"Pruning": 1.867, "SPRINT": 16.860} {
		var labels []float64
		for _, w := range trace.SPRINTWorkloads() {
			row, err := published.Find("sprint", "energy-a-multiplier", series, w.Name, "M", "energy_reduction")
			if err != nil {
				t.Fatal(err)
			}
			labels = append(labels, row.Value)
		}
		if got := published.Geometric(labels); math.Abs(got-want) > 0.0005 {
			t.Errorf("%s: geomean %.4f, want %v", series, got, want)
		}
	}
}

func ExampleReport() {
	w := trace.SPRINTWorkloads()[0] // BERT-B
	r, err := sprint.M().In(sprint.Baseline).Simulate(context.Background(), sprint.Workload{Name: w.Name, Head: w.Head()})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s, %v: %v a head, %.1f %% of it reading ReRAM\n", r.Machine, r.Mode, r.Energy.Total(),
		100*r.Energy.Shares(r.Energy.Total())[energy.ReRAMRead])
	// Output: M, Baseline: 348.3 µJ a head, 45.3 % of it reading ReRAM
}
