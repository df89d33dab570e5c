package dota

import (
	"fmt"

	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/legal"
)

// Detector is the shape of the detector of a layer.
type Detector struct {
	Width     int       // k, values of a projected token
	NonZeros  int       // of P: additions that project one token; 0 takes Model*Width/3, the expectation
	Precision Precision // of estimate and comparison
}

// Workload is one layer over one input; a model is Layers of them.
type Workload struct {
	Name   string
	Layers int

	Tokens int // n
	Model  int // d, width of the residual stream
	Heads  int
	Dim    int // of a head
	FFN    int // width of the feed-forward layer

	// Masks say what each head keeps, Tokens x Tokens; head h takes Masks[h mod len]. None at all is full attention.
	Masks    []*attention.Mask
	Detector *Detector // nil: the masks cost nothing
	// Balanced demands that all queries of a head keep equally many keys, as the detector is trained to do.
	Balanced bool
}

// nonZeros is the additions that project one token.
func (w Workload) nonZeros() float64 {
	if w.Detector.NonZeros > 0 {
		return float64(w.Detector.NonZeros)
	}
	return float64(w.Model) * float64(w.Detector.Width) / 3
}

// Validate reports the first field that no machine can run.
func (w Workload) Validate() error {
	bad := legal.Complaint("dota: Workload")
	for _, f := range []struct {
		name  string
		value int
	}{{"Layers", w.Layers}, {"Tokens", w.Tokens}, {"Model", w.Model}, {"Heads", w.Heads}, {"Dim", w.Dim}, {"FFN", w.FFN}} {
		if f.value < 1 || f.value > 1<<20 {
			return bad(f.name, f.value, "in 1..%d", 1<<20)
		}
	}
	for i, m := range w.Masks {
		field := fmt.Sprintf("Masks[%d]", i)
		if m == nil || m.Queries() != w.Tokens || m.Keys() != w.Tokens {
			return fmt.Errorf("dota: Workload.%s is missing or of another size, must be %d x %d (Tokens)", field, w.Tokens, w.Tokens)
		}
		count := m.CountRow(0)
		for t := range w.Tokens {
			c := m.CountRow(t)
			if c == 0 {
				return fmt.Errorf("dota: Workload.%s keeps no key for query %d, must keep at least 1: retention cannot be zero", field, t)
			}
			if w.Balanced && c != count {
				return fmt.Errorf("dota: Workload.%s keeps %d keys for query %d and %d for query 0, must keep equally many (Balanced)", field, c, t, count)
			}
		}
	}
	d := w.Detector
	switch {
	case d == nil:
		return nil
	case len(w.Masks) == 0:
		return bad("Detector", "set", "nil for full attention, which has no masks")
	case d.Width < 1 || d.Width > w.Model:
		return bad("Detector.Width", d.Width, "in 1..%d (Model)", w.Model)
	case d.NonZeros < 0 || d.NonZeros > w.Model*d.Width:
		return bad("Detector.NonZeros", d.NonZeros, "in 0..%d", w.Model*d.Width)
	case !d.Precision.legal():
		return bad("Detector.Precision", uint8(d.Precision), "2, 4, 8 or 16: the RMMU has no other width")
	}
	return nil
}
