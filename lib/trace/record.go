package trace

import (
	"fmt"
	"math"

	"github.com/sparse-attention/workbench/lib/attention"
)

// Record is one attention head of one input, with the real threshold of its layer.
type Record struct {
	Workload, Task           string
	Sample, Layer, HeadIndex int
	Threshold                float64
	Head                     attention.Head
}

// Mask applies the record's threshold to its exact scores; a query that no key reaches keeps its maximum.
func (r *Record) Mask() *attention.Mask {
	return attention.AtLeast(&r.Head, r.Head.IntegerThreshold(r.Threshold), true)
}

// Validate reports the first field out of range.
func (r *Record) Validate() error {
	for _, f := range []struct {
		name  string
		value int
	}{{"Sample", r.Sample}, {"Layer", r.Layer}, {"HeadIndex", r.HeadIndex}} {
		if f.value < 0 || f.value > math.MaxInt32 {
			return fmt.Errorf("trace: Record.%s is %d, must be in 0..%d", f.name, f.value, math.MaxInt32)
		}
	}
	if math.IsNaN(r.Threshold) || math.IsInf(r.Threshold, 0) {
		return fmt.Errorf("trace: Record.Threshold is %v, must be finite", r.Threshold)
	}
	return r.Head.Validate()
}
