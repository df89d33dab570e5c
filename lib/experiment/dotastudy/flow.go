package dotastudy

import (
	"fmt"

	"github.com/sparse-attention/workbench/lib/accelerator/dota"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/published"
)

// Parallelisms are the numbers of queries in parallel that are compared.
var Parallelisms = []int{1, 2, 4, 6}

// Loads is the key loads of masks by dataflow and queries in parallel, over those row by row: rows of a figure.
func Loads(workload string, masks []*attention.Mask) ([]published.Row, error) {
	var rows []published.Row
	for _, order := range []dota.Order{dota.InOrder, dota.OutOfOrder} {
		for _, t := range Parallelisms {
			var g dota.Group
			for _, m := range masks {
				s, err := dota.NewScheduler(t, m.Keys(), order)
				if err != nil {
					return nil, err
				}
				g = g.Plus(s.Flow(m))
			}
			rows = append(rows, row("loads", order.String(), workload, fmt.Sprintf("T=%d", t), "key and value loads", "of row by row",
				float64(g.Loads)/float64(g.Connections)))
		}
	}
	return rows, nil
}

// Shared is the share of its keys that a query has in common with all others of its group of t, mean over masks.
func Shared(masks []*attention.Mask, t int) float64 {
	var common, kept float64
	for _, m := range masks {
		for first := 0; first+t <= m.Queries(); first += t {
			least := m.CountRow(first)
			n := 0
			for w := range m.Row(first) {
				all := ^uint64(0)
				for q := range t {
					all &= m.Row(first + q)[w]
				}
				for ; all != 0; all &= all - 1 {
					n++
				}
			}
			for q := 1; q < t; q++ {
				least = min(least, m.CountRow(first+q))
			}
			common, kept = common+float64(n), kept+float64(least)
		}
	}
	if kept == 0 {
		return 0
	}
	return common / kept
}

func row(figure, series, workload, config, metric, unit string, value float64) published.Row {
	return published.Row{System: "dota", Figure: figure, Series: series, Workload: workload, Config: config, Metric: metric, Unit: unit, Value: value}
}
