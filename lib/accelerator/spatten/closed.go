package spatten

import (
	"github.com/sparse-attention/workbench/lib/accelerator/spatten/topk"
)

// Analytic times of a generation workload in milliseconds, a row at a time and without latency: what the run is held
// against. usable is the share of the peak bandwidth.

// terms are the stage times of one row in clocks.
func (s Spec) terms(r Row, e *topk.Expectation, usable float64) (qk, engine, pv, memory float64) {
	per := s.QKMultipliers / r.Dim
	qk = float64(lines(r.Keys, per))
	if r.LSB {
		qk *= 2
	}
	if r.Values < r.Keys {
		engine = e.At(r.Keys, r.Values)
	}
	pv = float64(lines(r.Values, s.PVMultipliers/r.Dim))
	return qk, engine, pv, r.Traffic() / (s.peakBytes() * usable)
}

// peakBytes is the memory's peak a clock of the core.
func (s Spec) peakBytes() float64 { return s.Memory.PeakBandwidth() / float64(s.Clock) }

func (s Spec) milliseconds(clocks float64) float64 { return clocks / float64(s.Clock) * 1e3 }

// StageMax has every row take as long as its slowest stage.
func (s Spec) StageMax(w Workload, e *topk.Expectation, usable float64) float64 {
	sum := 0.0
	for _, r := range w.Rows {
		a, b, c, d := s.terms(r, e, usable)
		sum += max(a, b, c, d)
	}
	return s.milliseconds(sum)
}

// StageSum has the stages of a row follow each other.
func (s Spec) StageSum(w Workload, e *topk.Expectation, usable float64) float64 {
	sum := 0.0
	for _, r := range w.Rows {
		a, b, c, d := s.terms(r, e, usable)
		sum += a + b + c + d
	}
	return s.milliseconds(sum)
}

// Occupancy is the slowest stage of every row as the authors' design and test bench have it: keys in groups of eight, widths
// of 10, 12 and 32 bits as 8 and a second pass, scores streamed out behind the selection, and of a pair of 6-bit heads only
// the first paying for it.
func (s Spec) Occupancy(w Workload, e *topk.Expectation, usable float64) float64 {
	sum := 0.0
	for _, r := range w.Rows {
		k8, v8 := 8*lines(r.Keys, 8), 8*lines(r.Values, 8)
		nk, nv := float64(2*lines(int(k8), 16)), float64(2*lines(int(v8), 16))
		keyBits, valueBits, second := r.KeyBits, r.ValueBits, r.LSB
		if keyBits == Float || keyBits >= 10 {
			keyBits, second = 8, true
		}
		if valueBits == Float || valueBits >= 10 {
			valueBits = 8
		}
		bytes := float64(k8)*float64(r.Dim*keyBits)/8 + float64(v8)*float64(r.Dim*valueBits)/8
		if second {
			bytes += float64(k8) * float64(r.Dim) / 2
			nk *= 2
		}
		engine := float64(k8 / 8)
		if r.Values < r.Keys && !(keyBits == 6 && r.Head%2 == 1) {
			engine += e.At(r.Keys, r.Values)
		}
		sum += max(nk, engine, nv, bytes/(s.peakBytes()*usable))
	}
	return s.milliseconds(sum)
}

// Quick is the authors' quick model of BERT (bert.cpp): the clocks of one layer with the given heads, all of the same
// length, keys and bits, and no ranking. Memory, work and drain are added, nothing overlaps.
type Quick struct{ Heads, Length, Keys, Bits int }

// Parts are its three terms.
func (q Quick) Parts(s Spec, dim int) (memory, fill, drain int64) {
	per := s.QKMultipliers / dim
	granules := lines(q.Keys, per) * int64(per*dim*q.Bits/8/granule)
	channels := int64(s.Memory.Channels)
	memory = int64(q.Heads) * 2 * ((granules + channels - 1) / channels)
	fill = int64(q.Heads) * int64(q.Length) * lines(q.Keys, per)
	drain = int64(s.QKDepth+s.SoftmaxDepth) + lines(q.Keys, per) + int64(s.TestDepth) + 1 + int64(s.PVDepth)
	return memory, fill, drain
}
