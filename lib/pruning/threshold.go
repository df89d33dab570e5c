package pruning

import (
	"fmt"
	"math"

	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/legal"
)

// EmptyRow says what a query keeps when no key reaches the threshold. A softmax over nothing is undefined, and neither
// LeOPArd nor SPRINT says what their machines do.
type EmptyRow uint8

const (
	KeepMaximum EmptyRow = iota // keep the key of the highest score (assumed: the least change to the output)
	KeepNothing                 // keep nothing: the attention output of the query is zero
)

func (e EmptyRow) String() string { return legal.Name(e, "EmptyRow", "keep-maximum", "keep-nothing") }

// Threshold prunes by a learned threshold a layer: a key is kept when the real score x = q.k/sqrt(d) reaches it.
type Threshold struct {
	Model    string    // which model they were learned with
	Seed     uint64    // of that training run
	Layers   []float64 // one real threshold a layer
	EmptyRow EmptyRow
}

// Validate reports the first field that cannot prune anything.
func (p *Threshold) Validate() error {
	if len(p.Layers) == 0 {
		return fmt.Errorf("pruning: Threshold.Layers is empty, must hold at least 1 threshold")
	}
	for l, th := range p.Layers {
		if math.IsNaN(th) || math.IsInf(th, 0) {
			return fmt.Errorf("pruning: Threshold.Layers[%d] is %v, must be finite", l, th)
		}
	}
	if p.EmptyRow > KeepNothing {
		return fmt.Errorf("pruning: Threshold.EmptyRow is %d, must be 0 (%v) or 1 (%v)", p.EmptyRow, KeepMaximum, KeepNothing)
	}
	return nil
}

// Mask applies the threshold of a layer to the exact integer scores of h. It panics when the layer has no threshold.
func (p *Threshold) Mask(h *attention.Head, layer int) *attention.Mask {
	if layer < 0 || layer >= len(p.Layers) {
		panic(fmt.Sprintf("pruning: layer is %d, must be in 0..%d", layer, len(p.Layers)-1))
	}
	return attention.AtLeast(h, h.IntegerThreshold(p.Layers[layer]), p.EmptyRow == KeepMaximum)
}
