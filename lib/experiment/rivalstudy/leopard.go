package rivalstudy

import (
	"context"
	"fmt"
	"math"

	"github.com/gomlx/compute"
	"github.com/sparse-attention/workbench/lib/accelerator/leopard"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/published"
	"github.com/sparse-attention/workbench/lib/trace"
)

// LeOPArd is a tile on one workload: sums over its heads.
type LeOPArd struct {
	Tile, Workload                     string
	Own                                bool // one of our trained models, not a synthesised workload
	Speedup, EnergyReduction           float64
	Throughput, Efficiency, Area       float64 // GOPs/s, GOPs/J, mm2
	Power                              float64 // W
	PruningRate, MeanBits, MeanSurvive float64
	ByCycles                           []int64 // keys by the cycles of their decision
}

// tiles are the two design points.
func tiles() []leopard.Spec {
	return []leopard.Spec{leopard.AreaEfficient(), leopard.HighlyParallel()}
}

// RunLeOPArd runs both tiles on SPRINT's six trained workloads, synthesised at 12 bits with their pruning rates.
func RunLeOPArd(ctx context.Context) ([]LeOPArd, error) {
	var all []LeOPArd
	for _, w := range trace.SPRINT()[:6] {
		w.Bits = 12
		h, threshold, err := trace.Synthesise(w)
		if err != nil {
			return nil, fmt.Errorf("rivalstudy: %w", err)
		}
		g := Group{Title: w.Name, Heads: []*attention.Head{h}, Thresholds: []float64{threshold}}
		for _, s := range tiles() {
			r, err := runTile(ctx, s, g)
			if err != nil {
				return nil, err
			}
			all = append(all, r)
		}
	}
	return all, nil
}

// RunLeOPArdOn does the same on heads of our models, with the thresholds that they learned.
func RunLeOPArdOn(ctx context.Context, backend compute.Backend, models []experiment.Model, examples int) ([]LeOPArd, error) {
	var all []LeOPArd
	for _, m := range models {
		g, err := capture(ctx, backend, m, examples, 12, true)
		if err != nil {
			return nil, err
		}
		for _, s := range tiles() {
			r, err := runTile(ctx, s, g)
			if err != nil {
				return nil, err
			}
			r.Own = true
			all = append(all, r)
		}
	}
	return all, nil
}

func runTile(ctx context.Context, s leopard.Spec, g Group) (LeOPArd, error) {
	out := LeOPArd{Tile: s.Name, Workload: g.Title, Area: float64(s.Area)}
	var cycles, joules [2]float64
	var seconds, operations, keys, bits, survivors float64
	for i, h := range g.Heads {
		w := leopard.Workload{Name: g.Title, Head: h, Threshold: g.Thresholds[i]}
		for k, mode := range []leopard.Mode{leopard.Baseline, leopard.EarlyTermination} {
			r, err := s.In(mode).Simulate(ctx, w)
			if err != nil {
				return out, fmt.Errorf("rivalstudy: %s: %w", g.Title, err)
			}
			cycles[k] += float64(r.Cycles)
			joules[k] += r.Energy.Total().Joules()
			if mode == leopard.Baseline {
				continue
			}
			seconds += r.Seconds()
			operations += float64(r.Operations)
			keys += float64(r.Keys)
			bits += float64(r.BitsRead)
			survivors += float64(r.Survivors)
			for c, n := range r.ByCycles {
				if len(out.ByCycles) <= c {
					out.ByCycles = append(out.ByCycles, 0)
				}
				out.ByCycles[c] += n
			}
		}
	}
	out.Speedup, out.EnergyReduction = cycles[0]/cycles[1], joules[0]/joules[1]
	out.Throughput, out.Efficiency, out.Power = operations/seconds/1e9, operations/joules[1]/1e9, joules[1]/seconds
	out.PruningRate, out.MeanBits, out.MeanSurvive = 1-survivors/keys, bits/keys, survivors/keys
	return out, nil
}

// mean is the geometric mean of a number of the area-efficient tile over the synthesised workloads.
func mean(runs []LeOPArd, tile string, f func(LeOPArd) float64) float64 {
	var v []float64
	for _, r := range runs {
		if !r.Own && r.Tile == tile {
			v = append(v, f(r))
		}
	}
	if len(v) == 0 {
		return math.NaN()
	}
	return published.Geometric(v)
}

// LeOPArdOurs is our number for a published row of LeOPArd, the area-efficient tile's geometric mean over the synthesised
// workloads; NaN where there is none.
func LeOPArdOurs(runs []LeOPArd) func(published.Row) float64 {
	s := leopard.AreaEfficient()
	of := func(f func(LeOPArd) float64) float64 { return mean(runs, s.Name, f) }
	return func(row published.Row) float64 {
		switch row.Metric {
		case "speedup":
			return of(func(r LeOPArd) float64 { return r.Speedup })
		case "energy_reduction":
			return of(func(r LeOPArd) float64 { return r.EnergyReduction })
		case "throughput":
			return of(func(r LeOPArd) float64 { return r.Throughput })
		case "efficiency":
			return of(func(r LeOPArd) float64 { return r.Efficiency })
		case "area_throughput":
			return of(func(r LeOPArd) float64 { return r.Throughput / r.Area })
		case "area_efficiency":
			return of(func(r LeOPArd) float64 { return r.Efficiency / r.Area })
		case "implied_power":
			return of(func(r LeOPArd) float64 { return r.Power })
		case "mean_bits_per_key":
			return of(func(r LeOPArd) float64 { return r.MeanBits })
		case "mean_cycles_per_key":
			return of(func(r LeOPArd) float64 { return r.MeanBits / 2 })
		case "area":
			return float64(s.Area)
		case "key_buffer":
			return float64(s.KeyBuffer) / 1024
		case "value_buffer":
			return float64(s.ValueBuffer) / 1024
		case "vectors_per_buffer":
			keys, _ := s.Vectors(64)
			return float64(keys)
		case "key_width":
			return float64(s.BitSerial.KeyBits)
		case "value_width":
			return float64(s.ValueBits)
		case "memory_cost_included":
			return 0
		}
		return math.NaN()
	}
}

// LeOPArdVerdicts judges its rows. Clock, unit count and energies are assumed and its workloads synthesised, so the tolerance is
// that of the modelled class.
func LeOPArdVerdicts(runs []LeOPArd) []published.Verdict {
	ours := LeOPArdOurs(runs)
	var out []published.Verdict
	for _, f := range []string{"abstract", "sprint-table3", "derived-speed"} {
		for _, row := range published.Figure("leopard", f) {
			if v := ours(row); v == v {
				out = append(out, judgeLeOPArd(row, v))
			}
		}
	}
	return out
}

func judgeLeOPArd(row published.Row, ours float64) published.Verdict {
	switch row.Metric {
	case "area", "key_buffer", "value_buffer", "memory_cost_included":
		return published.Judge(row, ours, published.NotComparable, published.Because("an input of the preset"))
	case "area_efficiency":
		return published.Judge(row, ours, published.NotComparable, published.Because("the printed value contradicts the table's other rows, which give 149.7"))
	}
	return published.Judge(row, ours, published.Modelled, published.Because("unit count, clock and energies are assumed, the six workloads synthesised with SPRINT's pruning rates"))
}
