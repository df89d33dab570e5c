package transformer

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

// Decoder runs a Llama-type model in plain Go, one token after the other: that is how text is generated, and how the
// machines' generation stage meets a model. Its weights are copies and never change, so that any number of sessions may
// share it.
type Decoder struct {
	Spec      Spec
	embedding blas32.General // Vocabulary x Hidden, and the output layer as well
	layers    []decoderLayer
	norm      []float32
	rotations []float32 // Tokens x d/2 pairs of cosine and sine
}

type decoderLayer struct {
	attentionNorm, ffnNorm              []float32
	qkv, output, gate, expand, contract blas32.General // out x in
}

// NewDecoder prepares a model of family Llama.
func NewDecoder(m *Encoder) (*Decoder, error) {
	s := m.Spec
	if s.Family != Llama {
		return nil, fmt.Errorf("transformer: Spec.Family is %q, must be %q to generate text", s.Family, Llama)
	}
	var failed error
	values := func(name string) []float32 {
		v, err := m.Values(name)
		if err != nil {
			failed = err
		}
		return v
	}
	matrix := func(name string, in, out int) blas32.General {
		g := blas32.General{Rows: out, Cols: in, Stride: in, Data: make([]float32, in*out)}
		v := values(name + "/weights")
		for i := range min(in*out, len(v)) {
			g.Data[i%out*in+i/out] = v[i]
		}
		return g
	}
	d := &Decoder{Spec: s, norm: values("norm/gain")}
	d.embedding = blas32.General{Rows: s.Vocabulary, Cols: s.Hidden, Stride: s.Hidden, Data: values("embedding/token")}
	for l := range s.Layers {
		at := func(name string) string { return layerName(l, name) }
		d.layers = append(d.layers, decoderLayer{
			attentionNorm: values(at("attention_norm/gain")), ffnNorm: values(at("ffn_norm/gain")),
			qkv: matrix(at("qkv"), s.Hidden, s.Hidden+2*s.kvWidth()), output: matrix(at("output"), s.Hidden, s.Hidden),
			gate: matrix(at("gate"), s.Hidden, s.FFN), expand: matrix(at("expand"), s.Hidden, s.FFN), contract: matrix(at("contract"), s.FFN, s.Hidden)})
	}
	for t := range s.Tokens {
		for i := range s.HeadDim() / 2 {
			cos, sin := s.rotation(t, i)
			d.rotations = append(d.rotations, cos, sin)
		}
	}
	return d, failed
}

// rotate turns the vectors of x, some heads of one token, to a position.
func (d *Decoder) rotate(x []float32, position int) {
	dim := d.Spec.HeadDim()
	turn := d.rotations[position*dim : (position+1)*dim]
	for ; len(x) > 0; x = x[dim:] {
		for i := 0; i < dim; i += 2 {
			cos, sin := turn[i], turn[i+1]
			x[i], x[i+1] = x[i]*cos-x[i+1]*sin, x[i]*sin+x[i+1]*cos
		}
	}
}

func rmsNorm(dst, x, gain []float32) {
	var sum float32
	for _, v := range x {
		sum += v * v
	}
	scale := float32(1 / math.Sqrt(float64(sum)/float64(len(x))+rmsEpsilon))
	for i, v := range x {
		dst[i] = v * scale * gain[i]
	}
}

// multiply sets y to a x.
func multiply(a blas32.General, x, y []float32) {
	blas32.Gemv(blas.NoTrans, 1, a, blas32.Vector{N: len(x), Inc: 1, Data: x}, 0, blas32.Vector{N: len(y), Inc: 1, Data: y})
}

func add(x, y []float32) {
	for i, v := range y {
		x[i] += v
	}
}

// silu is x sigmoid(x).
func silu(x float32) float32 { return x / (1 + float32(math.Exp(-float64(x)))) }
