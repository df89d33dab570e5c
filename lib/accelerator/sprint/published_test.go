package sprint_test

import (
	"context"
	"math"
	"sync"
	"testing"

	"github.com/sparse-attention/workbench/lib/accelerator/sprint"
	"github.com/sparse-attention/workbench/lib/published"
	"github.com/sparse-attention/workbench/lib/trace"
)

// bars are the runs of one size on one workload.
type bars struct{ baseline, mask, pruning, sprint sprint.Report }

// evaluation runs the paper's eight workloads on its three machines, once for all tests. The masks are those of lib/trace,
// whose statistics are derived from the figures.
var evaluation = sync.OnceValues(func() (map[string]map[string]bars, error) {
	all := map[string]map[string]bars{}
	for _, w := range trace.SPRINT() {
		made, err := w.Make()
		if err != nil {
			return nil, err
		}
		work := sprint.Workload{Name: w.Name, Head: made.Head, Mask: made.Mask}
		all[w.Name] = map[string]bars{}
		for _, s := range sizes() {
			var b bars
			for mode, r := range map[sprint.Mode]*sprint.Report{sprint.Baseline: &b.baseline, sprint.MaskOnly: &b.mask,
				sprint.Pruning: &b.pruning, sprint.SPRINT: &b.sprint} {
				if *r, err = s.In(mode).Simulate(context.Background(), work); err != nil {
					return nil, err
				}
			}
			all[w.Name][s.Name] = b
		}
	}
	return all, nil
})

func sizes() []sprint.Spec { return []sprint.Spec{sprint.S(), sprint.M(), sprint.L()} }

func results(t testing.TB) map[string]map[string]bars {
	t.Helper()
	all, err := evaluation()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func value(t testing.TB, figure, series, workload, config, metric string) float64 {
	t.Helper()
	row, err := published.Find("sprint", figure, series, workload, config, metric)
	if err != nil {
		t.Fatal(err)
	}
	return row.Value
}

// C1: Mask Only of Fig. 10 within 0.8 points, and SPRINT within 2.
func TestTraffic(t *testing.T) {
	rows := 0
	for _, w := range trace.SPRINTWorkloads() {
		base := results(t)[w.Name]["S"].baseline
		for _, s := range sizes() {
			b := results(t)[w.Name][s.Name]
			for series, c := range map[string]struct {
				run    sprint.Report
				points float64
			}{"Mask Only": {b.mask, 0.8}, "SPRINT": {b.sprint, 2}} {
				want := value(t, "fig10-traffic", series, w.Name, s.Name, "main_memory_traffic_reduction")
				if got := 100 * sprint.TrafficReduction(base, c.run); math.Abs(got-want) > c.points {
					t.Errorf("%s, %s, %s: %.1f %%, published %v", series, w.Name, s.Name, got, want)
				}
				rows++
			}
		}
	}
	if rows != 48 {
		t.Errorf("%d rows", rows)
	}
}

// The run is the closed form, up to the rounding of the valid length and of the pinned slots.
func TestClosedFormsOfTraffic(t *testing.T) {
	for _, w := range trace.SPRINTWorkloads() {
		for _, s := range sizes() {
			b := results(t)[w.Name][s.Name]
			keys, _ := s.Vectors(64)
			for _, r := range []sprint.Report{b.baseline, b.mask, b.pruning, b.sprint} {
				form := shape(w)
				form.ValidFraction = float64(r.Valid) / float64(r.Tokens)
				form.PruningRate = 1 - float64(b.sprint.Scored)/float64(r.Valid)/float64(r.Valid)
				got, want := float64(r.Traffic.Streamed), form.StreamedVectors(r.Mode, float64(keys))
				if r.Mode == sprint.SPRINT {
					want = got // it depends on the mask
				}
				if math.Abs(got-want) > 0.01*want+float64(2*r.Valid) {
					t.Errorf("%v, %s, %s: %v vectors, closed form %v", r.Mode, w.Name, s.Name, got, want)
				}
				if first := form.FirstVectors(r.Mode, s.FirstLoadFactor); math.Abs(first-r.Traffic.First) > 1e-6*first {
					t.Errorf("%v, %s: first loads %v, closed form %v", r.Mode, w.Name, r.Traffic.First, first)
				}
			}
		}
	}
}

// C4: Fig. 11. S follows from the pruning rates; M over S and L over S are the CORELETs' imbalance.
func TestSpeedups(t *testing.T) {
	means := map[string]float64{}
	for _, s := range sizes() {
		var all []float64
		for _, w := range trace.SPRINTWorkloads() {
			b := results(t)[w.Name][s.Name]
			got := sprint.Speedup(b.baseline, b.sprint)
			all = append(all, got)
			if want := value(t, "fig11-speedup", "SPRINT", w.Name, s.Name, "speedup"); math.Abs(got/want-1) > 0.1 {
				t.Errorf("%s, %s: %.2f, published %v", w.Name, s.Name, got, want)
			}
			single := results(t)[w.Name]["S"]
			ratio := got / sprint.Speedup(single.baseline, single.sprint)
			if least := map[string]float64{"S": 1, "M": 0.93, "L": 0.87}[s.Name]; ratio < least || ratio > 1.005 {
				t.Errorf("%s: %s over S is %.3f, want %v..1", w.Name, s.Name, ratio, least)
			}
		}
		means[s.Name] = published.Geometric(all)
		if want := value(t, "fig11-speedup", "SPRINT", "Geomean", s.Name, "speedup"); math.Abs(means[s.Name]/want-1) > 0.05 {
			t.Errorf("%s: geomean %.2f, published %v", s.Name, means[s.Name], want)
		}
	}
	if !(means["S"] > means["M"] && means["M"] > means["L"]) {
		t.Errorf("geomeans %v do not fall from S to L", means)
	}
}

// The imbalance of a random mask is the closed form's, and the sheet's table (4.3).
func TestEfficiencyOfRandomMasks(t *testing.T) {
	for _, c := range []struct {
		workload int
		corelets int
		want     []float64 // at W = 1 2 4 8 16 32
	}{
		{0, 2, []float64{0.901, 0.927, 0.948, 0.962, 0.973, 0.980}}, {0, 4, []float64{0.778, 0.833, 0.875, 0.908, 0.933, 0.952}},
		{6, 2, []float64{0.959, 0.969, 0.978, 0.985, 0.989, 0.993}}, {6, 4, []float64{0.899, 0.927, 0.947, 0.962, 0.973, 0.980}},
	} {
		w := trace.SPRINTWorkloads()[c.workload]
		h := w.Head()
		mask := random(h, w.PruningRate, 3)
		for i, want := range c.want {
			s := sprint.M()
			s.Corelets, s.CoreletWindow = c.corelets, 1<<i
			r := simulate(t, s, sprint.Workload{Head: h, Mask: mask})
			got := float64(r.Scored) / float64(c.corelets) / float64(r.Cycles.Compute)
			closed := shape(w).Efficiency(c.corelets, 1<<i)
			if math.Abs(got-want) > 0.01 || math.Abs(closed-want) > 0.0055 {
				t.Errorf("%s, n = %d, W = %d: %.3f, closed form %.3f, sheet %v", w.Name, c.corelets, 1<<i, got, closed, want)
			}
			if cycles := shape(w).ComputeCycles(sprint.SPRINT, c.corelets, 1<<i); math.Abs(float64(r.Cycles.Compute)/cycles-1) > 0.02 {
				t.Errorf("%s, n = %d, W = %d: %d cycles, closed form %.0f", w.Name, c.corelets, 1<<i, r.Cycles.Compute, cycles)
			}
		}
	}
}

// C3: SPRINT's multipliers, on masks whose locality is fitted to Fig. 10. Synth-2 stays furthest off: its queries keep 512
// keys and M holds 256, so at least half of a row is new (6.3 % of N), more than the 5.7 % that Fig. 10 leaves.
func TestEnergyMultipliers(t *testing.T) {
	var all []float64
	for _, w := range trace.SPRINTWorkloads() {
		b := results(t)[w.Name]["M"]
		got := sprint.EnergyReduction(b.baseline, b.sprint)
		want := value(t, "energy-a-multiplier", "SPRINT", w.Name, "M", "energy_reduction")
		all = append(all, got)
		if math.Abs(got/want-1) > 0.2 {
			t.Errorf("%s: %.2f, published %v", w.Name, got, want)
		}
	}
	if got := published.Geometric(all); math.Abs(got/16.86-1) > 0.1 {
		t.Errorf("geomean %.2f, published labels 16.86", got)
	}
	// S, whose multiplier the abstract prints.
	all = all[:0]
	for _, w := range trace.SPRINTWorkloads() {
		b := results(t)[w.Name]["S"]
		all = append(all, sprint.EnergyReduction(b.baseline, b.sprint))
	}
	if got := published.Geometric(all); math.Abs(got/19.6-1) > 0.2 {
		t.Errorf("S: geomean %.2f, published 19.6", got)
	}
}

// C6: M-SPRINT's throughput within 15 % of Table III. The workload behind the table is unknown, and so is the way its
// energy was counted: GOPs/J lies between our count of the valid region and our count of the padded square.
func TestTableIII(t *testing.T) {
	var throughput, efficiency, padded []float64
	for _, w := range trace.SPRINTWorkloads() {
		r := results(t)[w.Name]["M"].sprint
		throughput = append(throughput, r.Throughput())
		efficiency = append(efficiency, r.Efficiency())
		padded = append(padded, r.Efficiency()*float64(r.Operations.Padded)/float64(r.Operations.Valid))
		if r.Area != 1.9 || math.Abs(r.AreaThroughput()*1.9-r.Throughput()) > 1e-9 || math.Abs(r.AreaEfficiency()*1.9-r.Efficiency()) > 1e-9 {
			t.Errorf("%s: area %v", w.Name, r.Area)
		}
		if p := float64(r.Power()); math.Abs(p-r.Throughput()/r.Efficiency()) > 1e-9*p {
			t.Errorf("%s: %v W, but %v GOPs/s over %v GOPs/J", w.Name, p, r.Throughput(), r.Efficiency())
		}
	}
	want := value(t, "table3", "M-SPRINT", "", "M", "throughput")
	if got := published.Geometric(throughput); math.Abs(got/want-1) > 0.15 {
		t.Errorf("%.0f GOPs/s, published %v", got, want)
	}
	perJoule := value(t, "table3", "M-SPRINT", "", "M", "efficiency")
	if low, high := published.Geometric(efficiency), published.Geometric(padded); low > perJoule || high < perJoule {
		t.Errorf("%.0f to %.0f GOPs/J, published %v", low, high, perJoule)
	}
}
