package reram

import "github.com/sparse-attention/workbench/lib/energy"

// ThresholdEvents are the in-memory multiply-accumulates of thresholding queries x keys scores of dimension dim; a key wider
// than a cell takes one a slice.
func (a Array) ThresholdEvents(queries, keys, dim int) energy.Counts {
	var c energy.Counts
	c[energy.InReRAMPruning] = float64(queries) * float64(keys) * float64(dim) * float64(a.Slices())
	return c
}

// ReadEvents are the cell bits read for vectors of dim bytes.
func ReadEvents(vectors float64, dim int) energy.Counts {
	var c energy.Counts
	c[energy.ReRAMRead] = vectors * float64(8*dim)
	return c
}

// WriteEvents are the cell bits written for vectors of dim bytes.
func WriteEvents(vectors float64, dim int) energy.Counts {
	var c energy.Counts
	c[energy.ReRAMWrite] = vectors * float64(8*dim)
	return c
}
