package figure

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/sparse-attention/workbench/lib/published"
)

// Columns of the CSV beside each figure. Lines that begin with # hold the provenance and, for a mask, its cells.
var csvColumns = []string{"system", "figure", "series", "workload", "config", "metric", "unit", "ours", "published", "evidence"}

// The means that the CSV adds, as workloads, wherever a series covers several.
var means = []struct {
	name string
	of   func([]float64) float64
}{
	{"mean (arithmetic)", published.Arithmetic},
	{"mean (geometric)", published.Geometric},
	{"mean (harmonic)", published.Harmonic},
}

// CSV lists every number of the chart.
func CSV(chart Chart) ([]byte, error) {
	var out bytes.Buffer
	for _, f := range chart.page().Provenance.fields() {
		fmt.Fprintf(&out, "# %s %s\n", f[0], f[1])
	}
	if n, ok := chart.(interface{ notes() []string }); ok {
		for _, line := range n.notes() {
			fmt.Fprintf(&out, "# %s\n", line)
		}
	}
	w := csv.NewWriter(&out)
	w.Write(csvColumns)
	pairs := chart.Pairs()
	for _, p := range pairs {
		writePair(w, p)
	}
	for _, p := range meansOf(pairs) {
		writePair(w, p)
	}
	w.Flush()
	return out.Bytes(), w.Error()
}

func writePair(w *csv.Writer, p Pair) {
	value := ""
	if p.Evidence != published.None {
		value = strconv.FormatFloat(p.Value, 'f', -1, 64)
		if strings.HasPrefix(p.Workload, "mean (") {
			value = published.FormatNumber(p.Value)
		}
	}
	w.Write([]string{p.System, p.Figure, p.Series, p.Workload, p.Config, p.Metric, p.Unit, published.FormatNumber(p.Ours), value, p.Evidence.String()})
}

// isMean reports whether a paper uses that workload name for a mean of its own.
func isMean(workload string) bool {
	switch strings.ToLower(workload) {
	case "average", "mean", "geomean", "gmean", "geometric mean", "harmonic mean", "hmean":
		return true
	}
	return strings.HasPrefix(workload, "mean (")
}

// meansOf averages over the workloads of each series, config and metric. The published mean is over the same workloads as
// ours, or over all when there is none of ours; it is left out when the paper lacks one of them.
func meansOf(pairs []Pair) []Pair {
	var out []Pair
	for _, g := range groupPairs(pairs, func(p Pair) string { p.Workload = ""; return p.Key().String() + "\x00" + p.Config + "\x00" + p.Unit }) {
		var ours, all, beside []float64
		for _, p := range g {
			if isMean(p.Workload) || p.Workload == "" {
				continue
			}
			if p.HasOurs() {
				ours = append(ours, p.Ours)
			}
			if p.HasPublished() {
				all = append(all, p.Value)
				if p.HasOurs() {
					beside = append(beside, p.Value)
				}
			}
		}
		if len(ours) < 2 && len(all) < 2 {
			continue
		}
		for _, m := range means {
			row := g[0].Row
			row.Workload, row.Value, row.Evidence = m.name, math.NaN(), published.None
			switch {
			case len(ours) == 0:
				row.Value = m.of(all)
			case len(beside) == len(ours):
				row.Value = m.of(beside)
			}
			if !math.IsNaN(row.Value) {
				row.Evidence = published.Derived
			}
			p := Pair{row, math.NaN()}
			if len(ours) > 0 {
				p.Ours = m.of(ours)
			}
			if p.HasOurs() || p.Evidence != published.None {
				out = append(out, p)
			}
		}
	}
	return out
}
