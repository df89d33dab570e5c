package sprint

import (
	"fmt"

	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/legal"
	"github.com/sparse-attention/workbench/lib/reram"
)

// Scheme is a bar of Fig. 9: which keys a query keeps, and which scores go into the softmax.
type Scheme uint8

const (
	Unpruned         Scheme = iota // all keys, exact scores ("Baseline")
	RuntimePruning                 // exact scores against the threshold, exact scores
	WithoutRecompute               // in-memory sums against the threshold, in-memory sums
	Recompute                      // in-memory sums against the threshold, exact scores ("SPRINT")

	Schemes int = iota // how many there are
)

func (c Scheme) String() string {
	return legal.Name(c, "Scheme", "Baseline", "Runtime Pruning", "SPRINT w/o Recompute", "SPRINT")
}

// Attention computes the output of h, Tokens x Dim, as a machine of this Spec would under the scheme, with the learned
// threshold given as a real score, and returns the mask that was used. Every scheme goes through the same datapath.
// Give s.Array another write (Array.ForWrite) for every head, so that each meets its own programming errors.
func (s Spec) Attention(c Scheme, h *attention.Head, threshold float64, dst []float32) (*attention.Mask, error) {
	var m *attention.Mask
	var sums *reram.Scores
	var err error
	switch c {
	case Unpruned:
		if err = h.Validate(); err == nil {
			m = attention.Full(h)
		}
	case RuntimePruning:
		exact := reram.Ideal().Bits(8) // nothing left out, nothing disturbed
		exact.KeepMaximum = s.Array.KeepMaximum
		m, err = exact.Mask(h, threshold)
	case WithoutRecompute:
		m, sums, err = s.Array.Threshold(h, threshold)
	case Recompute:
		m, err = s.Array.Mask(h, threshold)
	default:
		err = fmt.Errorf("sprint: Scheme is %d, must be in 0..%d", c, Schemes-1)
	}
	if err != nil {
		return nil, err
	}
	return m, s.Datapath.Attend(h, m, sums, dst)
}
