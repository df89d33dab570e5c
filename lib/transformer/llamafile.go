package transformer

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
)

// LoadLlama reads a model in the binary format of llama2.c, version 0, in which small TinyStories models are shared: seven
// little-endian int32 (width, FFN width, layers, heads, K/V heads, vocabulary, longest text), then float32 matrices, out x
// in, one kind for all layers after the other, and the rotations of every position. The size must fit to the byte. A
// negative vocabulary means an output layer of its own, which no decoder here has.
func LoadLlama(path string) (*Encoder, error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("transformer: model: %w", err)
	}
	spec, tensors, err := parseLlama(file)
	if err != nil {
		return nil, fmt.Errorf("transformer: %s: %w", path, err)
	}
	m, err := NewEncoder(spec, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, m.SetTensors(tensors)
}

// llamaHeader is the number of bytes before the weights.
const llamaHeader = 7 * 4

func parseLlama(file []byte) (Spec, []Tensor, error) {
	if len(file) < llamaHeader {
		return Spec{}, nil, fmt.Errorf("truncated: %d bytes, the header alone has %d", len(file), llamaHeader)
	}
	var h [7]int32
	for i := range h {
		h[i] = int32(binary.LittleEndian.Uint32(file[4*i:]))
	}
	if h[5] < 0 {
		return Spec{}, nil, fmt.Errorf("vocabulary is %d: an output layer apart from the embedding is not supported", h[5])
	}
	s := LlamaSpec(int(h[2]), int(h[0]), int(h[3]), int(h[4]), int(h[1]), int(h[6]), int(h[5]))
	if h[4] < 1 {
		return s, nil, fmt.Errorf("header: K/V heads are %d, must be in 1..%d", h[4], h[3])
	}
	if err := s.Validate(); err != nil {
		return s, nil, fmt.Errorf("header: %w", err)
	}
	want := llamaHeader + 4*(s.Size()+s.Tokens*s.HeadDim())
	if len(file) != want {
		return s, nil, fmt.Errorf("%d bytes, the header asks for %d: %s", len(file), want, excess(len(file), want))
	}
	r := &floatReader{file[llamaHeader:]}
	return s, r.llama(s), nil
}

func excess(have, want int) string {
	if have < want {
		return "truncated"
	}
	return fmt.Sprintf("%d trailing bytes", have-want)
}

// floatReader takes float32 values off a file whose length has been checked.
type floatReader struct{ left []byte }

func (r *floatReader) take(n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(r.left[4*i:]))
	}
	r.left = r.left[4*n:]
	return v
}

// into takes one out x in matrix a layer and writes it, transposed, to columns from..from+out of dst's matrices.
func (r *floatReader) into(dst []Tensor, from, out int) {
	for _, t := range dst {
		in, width := t.Shape[0], t.Shape[1]
		v := r.take(out * in)
		for i, x := range v {
			t.Values[i%in*width+from+i/in] = x
		}
	}
}

func (r *floatReader) llama(s Spec) []Tensor {
	kind := func(name string, shape ...int) []Tensor {
		size := 1
		for _, d := range shape {
			size *= d
		}
		ts := make([]Tensor, s.Layers)
		for l := range ts {
			ts[l] = Tensor{layerName(l, name), shape, make([]float32, size)}
		}
		return ts
	}
	gains := func(ts []Tensor) []Tensor {
		for _, t := range ts {
			copy(t.Values, r.take(s.Hidden))
		}
		return ts
	}
	out := []Tensor{{"embedding/token", []int{s.Vocabulary, s.Hidden}, r.take(s.Vocabulary * s.Hidden)}}
	out = append(out, gains(kind("attention_norm/gain", s.Hidden))...)
	qkv := kind("qkv/weights", s.Hidden, s.Hidden+2*s.kvWidth())
	r.into(qkv, 0, s.Hidden)
	r.into(qkv, s.Hidden, s.kvWidth())
	r.into(qkv, s.Hidden+s.kvWidth(), s.kvWidth())
	output := kind("output/weights", s.Hidden, s.Hidden)
	r.into(output, 0, s.Hidden)
	out = append(append(out, qkv...), output...)
	out = append(out, gains(kind("ffn_norm/gain", s.Hidden))...)
	gate, contract, expand := kind("gate/weights", s.Hidden, s.FFN), kind("contract/weights", s.FFN, s.Hidden), kind("expand/weights", s.Hidden, s.FFN)
	r.into(gate, 0, s.FFN)
	r.into(contract, 0, s.Hidden)
	r.into(expand, 0, s.FFN)
	out = append(append(append(out, gate...), contract...), expand...)
	return append(out, Tensor{"norm/gain", []int{s.Hidden}, r.take(s.Hidden)})
}
