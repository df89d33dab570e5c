package transformer

import (
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// blocks are the outputs that testdata/blocks.py computes with PyTorch; 1.13 wrote the file.
type blocks struct {
	Torch                 string
	Encoder, ViT, Decoder []float64
}

// sines are the weights and inputs of both sides.
func sines(seed, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(0.4 * math.Sin(0.7*float64(i)+1.3*float64(seed)))
	}
	return v
}

// One block of each family, alone, gives what PyTorch gives, within 1e-4.
func TestBlocksEqualPyTorch(t *testing.T) {
	text, err := os.ReadFile("testdata/blocks.json")
	if err != nil {
		t.Fatal(err)
	}
	var want blocks
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	encoder := Spec{Layers: 1, Hidden: 16, Heads: 4, FFN: 24, Tokens: 6, Vocabulary: 5, Classes: 2}
	vit := encoder
	vit.Family = PreNorm
	for _, c := range []struct {
		name string
		spec Spec
		want []float64
	}{{"encoder", encoder, want.Encoder}, {"ViT", vit, want.ViT}, {"decoder", LlamaSpec(1, 16, 4, 2, 24, 6, 5), want.Decoder}} {
		t.Run(c.name, func(t *testing.T) { within(t, blockOutput(t, c.spec), c.want, 1e-4) })
	}
	t.Run("script", func(t *testing.T) {
		const python = "/usr/bin/python3" // Debian's, whose packages python3-torch is one of
		if exec.Command(python, "-c", "import torch").Run() != nil {
			t.Skip("PyTorch is not installed for /usr/bin/python3; the kept outputs were compared")
		}
		out, err := exec.Command(python, "testdata/blocks.py").Output()
		if err != nil {
			t.Fatal(err)
		}
		var now blocks
		if err := json.Unmarshal(out, &now); err != nil {
			t.Fatal(err)
		}
		for _, p := range [][2][]float64{{now.Encoder, want.Encoder}, {now.ViT, want.ViT}, {now.Decoder, want.Decoder}} {
			got := make([]float32, len(p[0]))
			for i, v := range p[0] {
				got[i] = float32(v)
			}
			within(t, got, p[1], 1e-5)
		}
	})
}

func within(t *testing.T, got []float32, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) || len(got) == 0 {
		t.Fatalf("%d values, must be %d", len(got), len(want))
	}
	for i, v := range got {
		if d := math.Abs(float64(v) - want[i]); !(d <= tolerance*math.Max(1, math.Abs(want[i]))) {
			t.Fatalf("value %d is %v, PyTorch has %v", i, v, want[i])
		}
	}
}

// blockOutput runs layer 0 of a model on the common input; its parameters are numbered in their order within the block.
func blockOutput(t *testing.T, s Spec) []float32 {
	t.Helper()
	m, err := NewEncoder(s, 0)
	if err != nil {
		t.Fatal(err)
	}
	order := []string{"qkv/weights", "qkv/biases", "output/weights", "output/biases", "attention_norm/gain", "attention_norm/offset",
		"expand/weights", "expand/biases", "contract/weights", "contract/biases", "ffn_norm/gain", "ffn_norm/offset"}
	if s.Family == Llama {
		order = []string{"attention_norm/gain", "qkv/weights", "output/weights", "ffn_norm/gain", "gate/weights", "expand/weights", "contract/weights"}
	}
	for i, name := range order {
		name = layerName(0, name)
		shape, err := m.Shape(name)
		if err != nil {
			t.Fatal(err)
		}
		n := 1
		for _, d := range shape {
			n *= d
		}
		if err := m.SetValues(name, shape, sines(i+1, n)); err != nil {
			t.Fatal(err)
		}
	}
	backend, err := OpenBackend("")
	if err != nil {
		t.Fatal(err)
	}
	run, err := model.NewExec(backend, m.Store, func(_ *model.Scope, in []*graph.Node) []*graph.Node {
		p := &Pass{Model: m, Graph: in[0].Graph()}
		visible := p.see(in[1], s.Tokens)
		q, k, v := p.project(0, in[0], in[0].Shape().Dimensions[1])
		return []*graph.Node{p.finish(0, in[0], p.attend(0, nil, q, k, v, visible))}
	})
	if err != nil {
		t.Fatal(err)
	}
	x := sines(0, s.Tokens*s.Hidden)
	for i := range x {
		x[i] *= 3
	}
	out, err := run.Call1(tensors.FromFlatDataAndDimensions(x, 1, s.Tokens, s.Hidden), tensors.FromFlatDataAndDimensions([]int32{int32(s.Tokens)}, 1))
	if err != nil {
		t.Fatal(err)
	}
	return tensors.MustCopyFlatData[float32](out)
}
