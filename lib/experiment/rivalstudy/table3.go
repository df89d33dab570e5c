package rivalstudy

import (
	"context"
	"fmt"
	"math"

	"github.com/sparse-attention/workbench/lib/accelerator/a3"
	"github.com/sparse-attention/workbench/lib/accelerator/leopard"
	"github.com/sparse-attention/workbench/lib/accelerator/spatten"
	"github.com/sparse-attention/workbench/lib/published"
)

// Column is one machine of SPRINT's Table III: billions of operations a second and a joule, pruned ones counted, two a
// multiply-add.
type Column struct {
	Throughput, Efficiency float64 // GOPs/s, GOPs/J
	Area                   float64 // mm2
	Key, Value             float64 // KB on chip
	Memory                 bool    // main memory is in the efficiency
	Rule                   string  // how the numbers come about
}

// TableIII runs the three machines that SPRINT's Table III compares itself with, by the counting that each printed column
// shows: A3 conservative at 320 rows with the peak power of its Table I; SpAtten-1/8 as its own Table III has it, geometric
// means over BERT; LeOPArd on SPRINT's six trained workloads. It takes a few seconds.
func TableIII(ctx context.Context) (map[string]Column, error) {
	out := map[string]Column{}
	unit := a3.Conservative()
	r, err := unit.Simulate(ctx, a3.Workload{Name: "320 drawn rows", Head: drawn(320, 64), Sorted: true})
	if err != nil {
		return nil, fmt.Errorf("rivalstudy: %w", err)
	}
	table := unit.Modules.Sum(0, a3.Modules)
	out["A3"] = Column{r.Throughput(), r.Throughput() / float64(table.Dynamic+table.Static), float64(unit.Area()), 20, 20, false,
		"conservative, 320 rows, keys sorted beforehand, peak power of Table I"}

	runs, err := RunLeOPArd(ctx)
	if err != nil {
		return nil, err
	}
	tile := leopard.AreaEfficient()
	out["LeOPArd"] = Column{mean(runs, tile.Name, func(r LeOPArd) float64 { return r.Throughput }), mean(runs, tile.Name, func(r LeOPArd) float64 { return r.Efficiency }),
		float64(tile.Area), float64(tile.KeyBuffer) / 1024, float64(tile.ValueBuffer) / 1024, false, "six workloads of SPRINT's pruning rates"}

	eighth := spatten.Eighth()
	var throughput, efficiency []float64
	for _, b := range spatten.Benchmarks()[:22] {
		w, err := spatten.Declared().Workload(b)
		if err != nil {
			return nil, err
		}
		r, err := eighth.Simulate(ctx, w)
		if err != nil {
			return nil, fmt.Errorf("rivalstudy: %w", err)
		}
		throughput = append(throughput, r.Effective()/1e9)
		efficiency = append(efficiency, r.Totals.DenseOperations/r.Energy.Total().Joules()/1e9)
	}
	out["SpAtten"] = Column{published.Geometric(throughput), published.Geometric(efficiency), float64(eighth.Modules.Sum(0, spatten.Modules).Area),
		float64(eighth.KeySRAM) / 8192, float64(eighth.ValueSRAM) / 8192, true, "SpAtten-1/8, geometric means over 22 BERT benchmarks"}
	return out, nil
}

// TableOurs is our number for a row of SPRINT's Table III about one of these machines, NaN where there is none.
func TableOurs(columns map[string]Column) func(published.Row) float64 {
	return func(row published.Row) float64 {
		c, ok := columns[row.Series]
		if !ok || row.System != "sprint" || row.Figure != "table3" && row.Figure != "table3-derived" {
			return math.NaN()
		}
		switch row.Metric {
		case "throughput":
			return c.Throughput
		case "efficiency":
			return c.Efficiency
		case "area_throughput":
			return c.Throughput / c.Area
		case "area_efficiency":
			return c.Efficiency / c.Area
		case "implied_power":
			return c.Throughput / c.Efficiency
		case "area":
			return c.Area
		case "key_buffer":
			return c.Key
		case "value_buffer":
			return c.Value
		case "memory_cost_included":
			if c.Memory {
				return 1
			}
			return 0
		}
		return math.NaN()
	}
}

// TableVerdicts judges these rows.
func TableVerdicts(columns map[string]Column) []published.Verdict {
	ours := TableOurs(columns)
	var out []published.Verdict
	for _, f := range []string{"table3", "table3-derived"} {
		for _, row := range published.Figure("sprint", f) {
			v := ours(row)
			if v != v {
				continue
			}
			switch row.Metric {
			case "area", "key_buffer", "value_buffer", "memory_cost_included":
				out = append(out, published.Judge(row, v, published.NotComparable, published.Because("an input of the preset")))
			case "area_efficiency":
				if row.Series == "LeOPArd" {
					out = append(out, judgeLeOPArd(row, v))
					continue
				}
				fallthrough
			default:
				out = append(out, published.Judge(row, v, published.Modelled, published.Because("%s", columns[row.Series].Rule)))
			}
		}
	}
	return out
}
