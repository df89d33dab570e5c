package trace

import (
	"fmt"
	"math"

	"github.com/sparse-attention/workbench/lib/attention"
)

// LocalityKind says which statistic of a mask a Locality fixes.
type LocalityKind uint8

const (
	ByCorrelation LocalityKind = iota // Value is the correlation itself, 0 <= a <= 0.99999
	ByStayKept                        // Value is the chance that a kept key is kept by the next query, 0..1
	ByNewKeys                         // Value is the keys loaded a valid query, in parts of Tokens, at Capacity resident keys
)

// Locality is what a Synthesis wants its mask's rows to share.
type Locality struct {
	Kind     LocalityKind
	Value    float64
	Capacity int // of ByNewKeys
}

// Correlation fixes the correlation of neighbouring scores.
func Correlation(a float64) Locality { return Locality{Kind: ByCorrelation, Value: a} }

// StayKept asks for the share of kept keys that the query before kept too.
func StayKept(share float64) Locality { return Locality{Kind: ByStayKept, Value: share} }

// NewKeyRate asks for the keys loaded a valid query, first loads included, as a part of the token slots, when capacity
// keys stay on chip (see NewKeys, hits first).
func NewKeyRate(rate float64, capacity int) Locality {
	return Locality{Kind: ByNewKeys, Value: rate, Capacity: capacity}
}

// mostCorrelated is the largest correlation made: beyond it a mask of any length here is one row repeated.
const mostCorrelated = 0.99999

func (l Locality) validate() error {
	switch {
	case l.Kind > ByNewKeys:
		return fmt.Errorf("trace: Locality.Kind is %d, must be in 0..%d", l.Kind, ByNewKeys)
	case l.Kind == ByCorrelation && !(l.Value >= 0 && l.Value <= mostCorrelated):
		return fmt.Errorf("trace: Locality.Value is %v, must be in 0..%v (a correlation)", l.Value, mostCorrelated)
	case !(l.Value >= 0 && l.Value <= 1):
		return fmt.Errorf("trace: Locality.Value is %v, must be in 0..1", l.Value)
	case l.Kind == ByNewKeys && l.Capacity < 1:
		return fmt.Errorf("trace: Locality.Capacity is %d, must be at least 1", l.Capacity)
	}
	return nil
}

// measure is the statistic of a made head that l is about.
func (l Locality) measure(s *Synthetic) float64 {
	switch l.Kind {
	case ByStayKept:
		return attention.Measure(s.Head, s.Mask).Overlap
	case ByNewKeys:
		var sum int
		for _, n := range NewKeys(s.Mask, l.Capacity, HitsFirst) {
			sum += n
		}
		return float64(sum) / float64(s.Head.Valid) / float64(s.Head.Tokens)
	}
	return s.Correlation
}

// tolerance is how near counts as met: a tenth of what the published charts can be read to.
func (l Locality) tolerance() float64 {
	if l.Kind == ByNewKeys {
		return 1e-4
	}
	return 1e-3
}

// Fit finds the correlation at which the mean statistic of the given number of heads (seeds Seed, Seed+1, ...) meets
// Locality, and the statistic reached there. A wish out of reach gives the nearest end.
func (s Synthesis) Fit(heads int) (correlation, reached float64, err error) {
	if err := s.Validate(); err != nil {
		return 0, 0, err
	}
	if heads < 1 {
		return 0, 0, fmt.Errorf("trace: heads is %d, must be at least 1", heads)
	}
	if s.Locality.Kind == ByCorrelation {
		return s.Locality.Value, s.Locality.Value, nil
	}
	sources := make([]*source, heads)
	for i := range sources {
		one := s
		one.Seed += uint64(i)
		sources[i] = newSource(one)
	}
	distance := func(a float64) float64 {
		var sum float64
		for _, g := range sources {
			made, e := g.make(a)
			if e != nil {
				err = e
				return 0 // ends the search
			}
			sum += made.Reached
		}
		return sum/float64(heads) - s.Locality.Value
	}
	a, d := root(distance, 0, mostCorrelated, s.Locality.tolerance())
	return a, s.Locality.Value + d, err
}

// root finds where f crosses zero between lo and hi by false position with the Illinois rule, which needs few of the
// costly evaluations; it returns the best argument seen and its value. Without a crossing that is the better end.
func root(f func(float64) float64, lo, hi, tolerance float64) (x, fx float64) {
	flo, fhi := f(lo), f(hi)
	x, fx = lo, flo
	if math.Abs(fhi) < math.Abs(fx) {
		x, fx = hi, fhi
	}
	if (flo < 0) == (fhi < 0) {
		return x, fx
	}
	wlo, whi := flo, fhi // weights, halved at an end that stays
	side := 0
	for range 30 { // far more than it takes: the statistics are smooth up to single cells
		if math.Abs(fx) <= tolerance {
			break
		}
		m := (lo*whi - hi*wlo) / (whi - wlo)
		if !(m > lo && m < hi) || hi-lo < 1e-6 {
			break
		}
		fm := f(m)
		if math.Abs(fm) < math.Abs(fx) {
			x, fx = m, fm
		}
		if (fm < 0) == (flo < 0) {
			lo, wlo = m, fm
			if side == 1 {
				whi /= 2
			}
			side = 1
		} else {
			hi, whi = m, fm
			if side == -1 {
				wlo /= 2
			}
			side = -1
		}
	}
	return x, fx
}
