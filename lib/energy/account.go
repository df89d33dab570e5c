package energy

import "github.com/sparse-attention/workbench/lib/unit"

// Counts is how often each component was used, in its own event. Machines count whole events, which a float64 holds exactly
// up to 2^53; closed forms may hold expectations.
type Counts [Components]float64

// Plus adds two counts, event by event.
func (c Counts) Plus(d Counts) Counts {
	add(c[:], d[:])
	return c
}

// Breakdown is the energy of each component.
type Breakdown [Components]unit.Picojoules

// Total sums the components.
func (b Breakdown) Total() unit.Picojoules { return total(b[:]) }

// Plus adds two breakdowns, component by component.
func (b Breakdown) Plus(d Breakdown) Breakdown {
	add(b[:], d[:])
	return b
}

// Shares is each component as a fraction of reference, which is the total of the machine that a stack is drawn against.
func (b Breakdown) Shares(reference unit.Picojoules) [Components]float64 {
	var s [Components]float64
	for i, e := range b {
		s[i] = unit.Ratio(e, reference)
	}
	return s
}

// Of is the energy of the counted events.
func (t Table) Of(c Counts) Breakdown {
	var b Breakdown
	for i, n := range c {
		b[i] = unit.Picojoules(n * float64(t.Constants[i].Value))
	}
	return b
}

// add adds element by element.
func add[T ~float64](to, from []T) {
	for i, v := range from {
		to[i] += v
	}
}

func total(energies []unit.Picojoules) (sum unit.Picojoules) {
	for _, e := range energies {
		sum += e
	}
	return sum
}
