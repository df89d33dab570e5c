package pruning

import "github.com/sparse-attention/workbench/lib/attention"

// Method chooses the keys of every query of a head. Methods that treat all layers alike ignore the layer.
type Method interface {
	Mask(h *attention.Head, layer int) *attention.Mask
}

var (
	_ Method = (*Threshold)(nil)
	_ Method = TopKeys{}
	_ Method = Random{}
	_ Method = Window{}
	_ Method = ZeroSkip{}
	_ Method = Candidates{}
	_ Method = (*Hash)(nil)
)
