package transformer

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// Parameter names one tensor of a model, in the order in which they are made and saved.
type Parameter struct {
	Name  string // path without the leading slash, for example "layer_0/qkv/weights"
	Shape []int
	Decay bool // weight decay applies: matrices yes, biases and norms no
	init  initialiser
}

type initialiser uint8

const (
	zeros initialiser = iota
	ones
	normal // N(0, Spec.Deviation)
	waves  // sines of the position, with the same deviation
)

// initialDeviation is BERT's standard deviation of initial weights.
const initialDeviation = 0.02

// Parameters lists what a model of this spec holds.
func (s Spec) Parameters() []Parameter {
	if s.Family == Llama {
		return s.llamaParameters()
	}
	norm := func(prefix string) []Parameter {
		return []Parameter{
			{Name: prefix + "/gain", Shape: []int{s.Hidden}, init: ones},
			{Name: prefix + "/offset", Shape: []int{s.Hidden}, init: zeros},
		}
	}
	dense := func(prefix string, in, out int) []Parameter {
		return []Parameter{
			{Name: prefix + "/weights", Shape: []int{in, out}, Decay: true, init: normal},
			{Name: prefix + "/biases", Shape: []int{out}, init: zeros},
		}
	}
	var ps []Parameter
	if s.Patch > 0 {
		ps = dense("embedding/patch", s.Patch, s.Hidden)
	} else {
		ps = append(ps, Parameter{Name: "embedding/token", Shape: []int{s.Vocabulary, s.Hidden}, Decay: true, init: normal})
	}
	positions := normal
	if s.Sines {
		positions = waves
	}
	ps = append(ps, Parameter{Name: "embedding/position", Shape: []int{s.Tokens, s.Hidden}, Decay: true, init: positions})
	if s.Family == BERT {
		ps = append(ps, norm("embedding/norm")...)
	}
	for l := range s.Layers {
		at := func(name string) string { return layerName(l, name) }
		ps = append(ps, dense(at("qkv"), s.Hidden, 3*s.Hidden)...)
		ps = append(ps, dense(at("output"), s.Hidden, s.Hidden)...)
		ps = append(ps, norm(at("attention_norm"))...)
		ps = append(ps, dense(at("expand"), s.Hidden, s.FFN)...)
		ps = append(ps, dense(at("contract"), s.FFN, s.Hidden)...)
		ps = append(ps, norm(at("ffn_norm"))...)
	}
	if s.Family == PreNorm {
		ps = append(ps, norm("norm")...)
	}
	switch s.Head {
	case EachToken:
		return append(ps, dense("token_classifier", s.Hidden, s.Classes)...)
	case Language:
		ps = append(ps, dense("language/transform", s.Hidden, s.Hidden)...)
		ps = append(ps, norm("language/norm")...)
		return append(ps, Parameter{Name: "language/biases", Shape: []int{s.Vocabulary}, init: zeros})
	}
	ps = append(ps, dense("pooler", s.Hidden, s.Hidden)...)
	return append(ps, dense("classifier", s.Hidden, s.Classes)...)
}

func layerName(l int, name string) string { return fmt.Sprintf("layer_%d/%s", l, name) }

func (p Parameter) size() int {
	n := 1
	for _, d := range p.Shape {
		n *= d
	}
	return n
}

func (p Parameter) values(rng *rand.Rand, deviation float64) []float32 {
	v := make([]float32, p.size())
	for i := range v {
		switch p.init {
		case ones:
			v[i] = 1
		case normal:
			// Truncated at two deviations, as BERT's initialiser is.
			x := rng.NormFloat64()
			for x < -2 || x > 2 {
				x = rng.NormFloat64()
			}
			v[i] = float32(deviation * x)
		case waves:
			v[i] = float32(deviation * math.Sqrt2 * sine(i/p.Shape[1], i%p.Shape[1], p.Shape[1]))
		}
	}
	return v
}

// sine is element i of the width values of a position (Vaswani et al., 2017, section 3.5).
func sine(position, i, width int) float64 {
	angle := float64(position) * math.Pow(10000, -float64(i/2*2)/float64(width))
	if i%2 == 0 {
		return math.Sin(angle)
	}
	return math.Cos(angle)
}

func createVariable(store *model.Store, name string, shape []int, values []float32) error {
	v, err := store.CreateVariable(model.ScopeSeparator+name, tensors.FromFlatDataAndDimensions(values, shape...))
	if err != nil {
		return fmt.Errorf("transformer: parameter %s: %w", name, err)
	}
	v.SetTrainable(true)
	return nil
}

// Size is the number of values of a model of this spec.
func (s Spec) Size() int {
	n := 0
	for _, p := range s.Parameters() {
		n += p.size()
	}
	return n
}
