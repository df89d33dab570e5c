package energy

import (
	"fmt"
	"math"

	"github.com/sparse-attention/workbench/lib/unit"
)

// Module is one block of a synthesised machine, as its paper's table of area and power prints it. Its event is a cycle in
// which it works: at the clock of the table a milliwatt of dynamic power is a picojoule a nanosecond. Static power leaks
// over all cycles.
type Module struct {
	Name            string
	Area            unit.SquareMillimetres
	Dynamic, Static unit.Watts
}

// Modules is a table of area and power. Machines index List by constants of their own.
type Modules struct {
	Name     string
	Node     string
	Source   string
	Evidence Evidence
	Clock    unit.Hertz // at which Dynamic holds
	List     []Module
}

// Validate reports the first value that no module can have; want is how many modules the machine knows.
func (m Modules) Validate(want int) error {
	if len(m.List) != want {
		return fmt.Errorf("energy: Modules.List holds %d modules, must hold %d", len(m.List), want)
	}
	if !(m.Clock >= 1 && m.Clock <= 1e12) {
		return fmt.Errorf("energy: Modules.Clock is %v Hz, must be in 1..1e12", float64(m.Clock))
	}
	for i, x := range m.List {
		for _, v := range []struct {
			name  string
			value float64
		}{{"Area", float64(x.Area)}, {"Dynamic", float64(x.Dynamic)}, {"Static", float64(x.Static)}} {
			if !(v.value >= 0) || math.IsInf(v.value, 0) {
				return fmt.Errorf("energy: Modules.List[%d] (%s).%s is %v, must be at least 0 and finite", i, x.Name, v.name, v.value)
			}
		}
	}
	return nil
}

// Of is the dynamic energy of each module after the given busy cycles, one number a module.
func (m Modules) Of(busy []float64) []unit.Picojoules {
	e := make([]unit.Picojoules, len(m.List))
	for i, x := range m.List {
		e[i] = m.over(busy[i], x.Dynamic)
	}
	return e
}

// Leakage is the static energy of module i over the given cycles.
func (m Modules) Leakage(i int, cycles float64) unit.Picojoules {
	return m.over(cycles, m.List[i].Static)
}

// Working is the dynamic energy of a cycle in which module i works.
func (m Modules) Working(i int) unit.Picojoules { return m.over(1, m.List[i].Dynamic) }

// over is what a power takes over some cycles.
func (m Modules) over(cycles float64, power unit.Watts) unit.Picojoules {
	return unit.Picojoules(cycles * float64(power) * 1e12 / float64(m.Clock))
}

// Sum adds the modules from..to-1: a machine of one each.
func (m Modules) Sum(from, to int) Module {
	sum := Module{Name: m.Name}
	for _, x := range m.List[from:to] {
		sum.Area += x.Area
		sum.Dynamic += x.Dynamic
		sum.Static += x.Static
	}
	return sum
}

// milliwatts writes a row as the papers print it.
func milliwatts(name string, area unit.SquareMillimetres, dynamic, static float64) Module {
	return Module{name, area, unit.Watts(dynamic / 1e3), unit.Watts(static / 1e3)}
}
