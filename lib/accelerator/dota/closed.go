package dota

import (
	"math"

	"github.com/sparse-attention/workbench/lib/unit"
)

// Stages is the cycles of a layer by the equations of the sheet (section 4), in each lane; real numbers.
type Stages struct {
	Linear     float64 // Q, K and V
	Projection float64 // X.P
	Detection  float64
	QK, AV     float64
	Softmax    float64 // beside QK and AV of other groups
	Output     float64
	FFN        float64
	Accumulate float64 // beside everything
	Bytes      unit.Bytes
}

// Attention is QK, softmax and A.V together.
func (t Stages) Attention() float64 { return max(t.QK+t.AV, t.Softmax) }

// AttentionBlock is what pruning acts on: detection too.
func (t Stages) AttentionBlock() float64 { return t.Projection + t.Detection + t.Attention() }

// Layer is the whole layer when the memory delivers bytesPerCycle.
func (t Stages) Layer(bytesPerCycle float64) float64 {
	return max(t.Linear+t.AttentionBlock()+t.Output+t.FFN, t.Accumulate, float64(t.Bytes)/bytesPerCycle)
}

// HeadsPerLane is H, of the fullest lane.
func (s Spec) HeadsPerLane(heads int) int { return (heads + s.Lanes - 1) / s.Lanes }

// Closed evaluates the equations in Serial, Buffered mode. The steps and loads of the groups come from the scheduler; every
// head counts as the workload's first mask.
func (s Spec) Closed(w Workload) (Stages, error) {
	if err := s.Validate(); err != nil {
		return Stages{}, err
	}
	if err := w.Validate(); err != nil {
		return Stages{}, err
	}
	n, d, dim, H := float64(w.Tokens), float64(w.Model), float64(w.Dim), float64(s.HeadsPerLane(w.Heads))
	rate := float64(s.PEs()) * s.Utilisation
	t := Stages{
		Linear:     H * 3 * n * d * dim / rate,
		Output:     H * n * dim * d / rate,
		FFN:        2 * n * d * math.Ceil(float64(w.FFN)/float64(s.Lanes)) / rate,
		Accumulate: n * float64(s.Lanes) * (2*d + float64(w.FFN)) / float64(s.Accumulated),
		Bytes:      w.weightBytes() + 2*w.streamBytes() + 2*s.spill(w),
	}
	if w.Detector != nil {
		t.Projection, t.Detection = s.projection(w), H*s.detection(w)
	}
	f, err := s.flows(w)
	if err != nil {
		return Stages{}, err
	}
	for _, g := range f[0] {
		c := s.groupCost(w, g)
		t.QK += H * max(c.products, c.loads, c.scan)
		t.AV += H * max(c.products, c.loads)
		t.Softmax += H * c.softmax
	}
	return t, nil
}

// weightBytes is all matrices of a layer, two bytes a value.
func (w Workload) weightBytes() unit.Bytes {
	return unit.Bytes(2 * (4*w.Model*w.Heads*w.Dim + 2*w.Model*w.FFN))
}

// streamBytes is the residual stream.
func (w Workload) streamBytes() unit.Bytes { return unit.Bytes(2 * w.Tokens * w.Model) }

// spill is the keys and values of all heads where those of a lane do not fit into its memory, else nothing.
func (s Spec) spill(w Workload) unit.Bytes {
	head := unit.Bytes(2 * 2 * w.Tokens * w.Dim)
	if head*unit.Bytes(s.HeadsPerLane(w.Heads)) <= s.Memory {
		return 0
	}
	return head * unit.Bytes(w.Heads)
}

// projection is the cycles of X.P.
func (s Spec) projection(w Workload) float64 {
	t := float64(w.Tokens) * w.nonZeros() / float64(s.ProjectionAdders)
	if s.SharedProjection {
		t /= float64(s.Lanes)
	}
	return t
}

// detection is the cycles of one head on all rows: two small products and the estimate of all scores.
func (s Spec) detection(w Workload) float64 {
	n, k := float64(w.Tokens), float64(w.Detector.Width)
	return (2*n*k*k + n*n*k) / float64(s.PEs()*s.Gain.Products(w.Detector.Precision))
}

// cost is the cycles of a group in each unit.
type cost struct{ products, loads, scan, softmax float64 }

func (s Spec) groupCost(w Workload, g Group) cost {
	c := cost{
		products: float64(g.Slots) * float64(w.Dim) / float64(s.PEs()),
		loads:    float64(g.Loads) * float64(2*w.Dim) / float64(s.PortBytes),
		softmax:  float64(g.Connections)/float64(s.Exponents) + float64(g.Connections)/float64(s.Dividers),
	}
	if len(w.Masks) > 0 {
		c.scan = float64(w.Tokens) / float64(s.ScanRate)
	}
	return c
}
