package energy_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/lib/energy"
	"github.com/sparse-attention/workbench/lib/published"
	"github.com/sparse-attention/workbench/lib/unit"
)

// The papers' totals are the sums of the rows: A3 Table I to its last digit, ELSA's accelerator and external memory exactly.
func TestPrintedSums(t *testing.T) {
	a3, elsa := energy.A3(), energy.ELSA()
	for _, c := range []struct {
		name                  string
		sum                   energy.Module
		area, dynamic, static float64
	}{
		{"A3", a3.Sum(0, 8), 2.082, 98.917, 11.502},
		{"ELSA accelerator", elsa.Sum(0, 7), 1.255, 956.05, 13.31},
		{"ELSA external", elsa.Sum(7, 11), 0.892, 516.84, 8.02},
	} {
		for i, x := range [][2]float64{{float64(c.sum.Area), c.area}, {1e3 * float64(c.sum.Dynamic), c.dynamic}, {1e3 * float64(c.sum.Static), c.static}} {
			if math.Abs(x[0]-x[1]) > 1e-9 {
				t.Errorf("%s: column %d sums to %v, printed %v", c.name, i, x[0], x[1])
			}
		}
	}
}

// Every row of the two tables is the published one.
func TestModulesArePublished(t *testing.T) {
	find := func(system, series, metric string) []float64 {
		var values []float64
		for _, r := range published.Figure(system, "table1") {
			if strings.EqualFold(r.Series, series) && r.Metric == metric {
				values = append(values, r.Value)
			}
		}
		return values
	}
	alias := map[string]string{ // name of ours -> of the sheet
		"exponent": "exponent computation", "output": "output computation", "post-scoring": "post-scoring selection",
		"key SRAM": "key SRAM 20 KB", "value SRAM": "value SRAM 20 KB", "sorted-key SRAM": "sorted key SRAM 40 KB",
	}
	external := map[string]string{"key SRAM": "External Key or Value SRAM", "value SRAM": "External Key or Value SRAM",
		"query SRAM": "External Query or Output SRAM", "output SRAM": "External Query or Output SRAM"}
	for system, table := range map[string]energy.Modules{"a3": energy.A3(), "elsa": energy.ELSA()} {
		for _, m := range table.List {
			name := m.Name
			if to := alias[name]; system == "a3" && to != "" {
				name = to
			}
			if to := external[name]; system == "elsa" && to != "" {
				name = to
			}
			for metric, ours := range map[string]float64{"area": float64(m.Area), "dynamic_power": 1e3 * float64(m.Dynamic), "static_power": 1e3 * float64(m.Static)} {
				if v := find(system, name, metric); len(v) != 1 || math.Abs(v[0]-ours) > 1e-9 {
					t.Errorf("%s, %s: %s is %v, published %v", system, name, metric, ours, v)
				}
			}
		}
	}
}

func TestModulesValidate(t *testing.T) {
	for want, change := range map[string]func(*energy.Modules){
		"List holds 7 modules, must hold 8":     func(m *energy.Modules) { m.List = m.List[:7] },
		"Clock is 0 Hz":                         func(m *energy.Modules) { m.Clock = 0 },
		"List[1] (exponent).Dynamic is -1":      func(m *energy.Modules) { m.List[1].Dynamic = -1 },
		"List[0] (dot product).Static is NaN":   func(m *energy.Modules) { m.List[0].Static = unit.Watts(math.NaN()) },
		"List[7] (sorted-key SRAM).Area is +In": func(m *energy.Modules) { m.List[7].Area = unit.SquareMillimetres(math.Inf(1)) },
	} {
		m := energy.A3()
		change(&m)
		if err := m.Validate(8); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if err := energy.ELSA().Validate(11); err != nil {
		t.Error(err)
	}
}

func ExampleModules_Of() {
	a3 := energy.A3()
	busy := make([]float64, len(a3.List))
	busy[0], busy[5] = 320, 320 // dot product and key SRAM over 320 rows
	e := a3.Of(busy)
	fmt.Println(e[0], e[5], a3.Leakage(0, 1000))
	// Output: 4.588 nJ 928.3 pJ 1.265 nJ
}
