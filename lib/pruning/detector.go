package pruning

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/sparse-attention/workbench/lib/legal"
)

// Detector is DOTA's estimate of attention scores (ASPLOS 2022): the input of a layer, projected at random to few values a
// token, meets two small trained matrices a head, quantised to few bits. Its training is in package training.
type Detector struct {
	Model  int // d, values of a token
	Width  int // k, values of a projected token
	Bits   int // of both factors of the estimate: 2, 4 or 8; 32 is floating point
	Layers []DetectorLayer
}

// DetectorLayer is the detector of one layer.
type DetectorLayer struct {
	P     []int8 // Model x Width, row-major: -1, 0 or 1, in units of sqrt(3/Width); fixed
	Heads []DetectorHead
}

// DetectorHead holds the trained matrices of one head, Width x Width, row-major.
type DetectorHead struct{ Query, Key []float32 }

// DetectorWidth is k = ceil(sigma x dim), where dim is the width of a head (assumed; the paper's sigma may be of the model).
func DetectorWidth(sigma float64, dim int) (int, error) {
	if !(sigma > 0 && sigma <= 1) {
		return 0, fmt.Errorf("pruning: detector sigma is %v, must be in (0,1]", sigma)
	}
	if dim < 1 {
		return 0, fmt.Errorf("pruning: detector head width is %d, must be at least 1", dim)
	}
	return max(1, int(math.Ceil(sigma*float64(dim)-1e-9))), nil
}

// SparseProjection draws P: entries 1, 0, -1 with probabilities 1/6, 2/3, 1/6 (the construction that belongs to
// sqrt(3/k); the paper's own probabilities are not known).
func SparseProjection(d, k int, seed uint64) []int8 {
	r := rand.New(rand.NewPCG(seed, 0x646f7461))
	p := make([]int8, d*k)
	for i := range p {
		switch r.IntN(6) {
		case 0:
			p[i] = 1
		case 1:
			p[i] = -1
		}
	}
	return p
}

// Validate reports the first field out of range.
func (d *Detector) Validate() error {
	bad := legal.Complaint("pruning: Detector")
	switch {
	case d.Model < 1:
		return bad("Model", d.Model, "at least 1")
	case d.Width < 1 || d.Width > d.Model:
		return bad("Width", d.Width, "in 1..%d (Model)", d.Model)
	case d.Bits != 2 && d.Bits != 4 && d.Bits != 8 && d.Bits != 32:
		return bad("Bits", d.Bits, "2, 4, 8, or 32 for floating point")
	case len(d.Layers) == 0:
		return bad("Layers", "empty", "at least one layer")
	}
	for l, layer := range d.Layers {
		if len(layer.P) != d.Model*d.Width {
			return bad(fmt.Sprintf("Layers[%d].P", l), fmt.Sprintf("of %d entries", len(layer.P)), "of Model x Width = %d", d.Model*d.Width)
		}
		for h, x := range layer.Heads {
			if n := d.Width * d.Width; len(x.Query) != n || len(x.Key) != n {
				return bad(fmt.Sprintf("Layers[%d].Heads[%d]", l, h), fmt.Sprintf("of %d and %d values", len(x.Query), len(x.Key)), "of Width x Width = %d each", n)
			}
		}
	}
	return nil
}

// Additions is how many projecting one token takes in a layer: the entries of P that are not zero.
func (d *Detector) Additions(layer int) int {
	n := 0
	for _, v := range d.Layers[layer].P {
		if v != 0 {
			n++
		}
	}
	return n
}

// Project gives X.P of a layer: valid x Width values from valid x Model ones.
func (d *Detector) Project(x []float32, valid, layer int) []float32 {
	k := d.Width
	out := make([]float32, valid*k)
	scale := float32(math.Sqrt(3 / float64(k)))
	p := d.Layers[layer].P
	for t := range valid {
		row := out[t*k : (t+1)*k]
		for i, v := range x[t*d.Model : (t+1)*d.Model] {
			for j, sign := range p[i*k : (i+1)*k] {
				row[j] += v * float32(sign)
			}
		}
		for j := range row {
			row[j] *= scale
		}
	}
	return out
}

// Factors are the two sides of the estimate of a head, valid x Width each, quantised, and the step of a product of two codes: the
// estimate of query i and key j is their product. xp is what Project gave.
func (d *Detector) Factors(xp []float32, valid, layer, head int) (query, key []float32, step float64) {
	h := d.Layers[layer].Heads[head]
	query, key = d.side(xp, valid, h.Query), d.side(xp, valid, h.Key)
	return query, key, float64(d.quantise(query)) * float64(d.quantise(key))
}

func (d *Detector) side(xp []float32, valid int, w []float32) []float32 {
	k := d.Width
	out := make([]float32, valid*k)
	for t := range valid {
		row := out[t*k : (t+1)*k]
		for i, v := range xp[t*k : (t+1)*k] {
			for j, x := range w[i*k : (i+1)*k] {
				row[j] += v * x
			}
		}
	}
	return out
}

// quantise rounds values to symmetric codes of d.Bits bits, whose step is the largest value's over the largest code, in
// place; it returns the step, 0 for floating point.
func (d *Detector) quantise(v []float32) float32 {
	if d.Bits == 32 {
		return 0
	}
	top := float32(0)
	for _, x := range v {
		top = max(top, x, -x)
	}
	if top == 0 {
		return 0
	}
	codes := float32(int(1)<<(d.Bits-1) - 1)
	step := top / codes
	for i, x := range v {
		v[i] = float32(math.RoundToEven(float64(x/step))) * step
	}
	return step
}

// Estimate writes the estimates of one query against the first keys keys.
func Estimate(query, key []float32, width, t int, dst []float32) {
	q := query[t*width : (t+1)*width]
	for j := range dst {
		var s float32
		for i, v := range key[j*width : (j+1)*width] {
			s += q[i] * v
		}
		dst[j] = s
	}
}
