package transformer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// bertAnswer is what PyTorch answered with the model of testdata/bert (testdata/bert.py).
type bertAnswer struct {
	IDs, Lengths []int32
	Logits       []float64
}

// An imported encoder answers what it answered where it came from: from safetensors and from ONNX, in the graph and in
// stages, and a hook sees its attention.
func TestImportedBERTAnswersAsInPyTorch(t *testing.T) {
	text, err := os.ReadFile("testdata/bert/answer.json")
	if err != nil {
		t.Fatal(err)
	}
	var a bertAnswer
	if err := json.Unmarshal(text, &a); err != nil {
		t.Fatal(err)
	}
	backend, err := OpenBackend("")
	if err != nil {
		t.Fatal(err)
	}
	for name, load := range map[string]func() (*Encoder, error){
		"safetensors": func() (*Encoder, error) { return LoadBERT("testdata/bert") },
		"ONNX":        func() (*Encoder, error) { return LoadBERTONNX("testdata/bert/model.onnx", 4) },
	} {
		t.Run(name, func(t *testing.T) {
			m, err := load()
			if err != nil {
				t.Fatal(err)
			}
			batch, n := len(a.Lengths), len(a.IDs)/len(a.Lengths)
			answer := func(hook Hook) []float32 {
				run, err := model.NewExec(backend, m.Store, func(_ *model.Scope, in []*graph.Node) []*graph.Node {
					return []*graph.Node{(&Pass{Model: m, Graph: in[0].Graph()}).Logits(hook, in[0], in[1])}
				})
				if err != nil {
					t.Fatal(err)
				}
				out, err := run.Call1(tensors.FromFlatDataAndDimensions(a.IDs, batch, n), tensors.FromFlatDataAndDimensions(a.Lengths, batch))
				if err != nil {
					t.Fatal(err)
				}
				return tensors.MustCopyFlatData[float32](out)
			}
			within(t, answer(nil), a.Logits, 1e-4)
			if slices.Equal(answer(nil), answer(firstKeyOnly{})) {
				t.Error("a hook that removes all keys but the first changed nothing")
			}
			staged, err := NewStaged(backend, m)
			if err != nil {
				t.Fatal(err)
			}
			defer staged.Close()
			logits, err := staged.Logits(Inputs{IDs: a.IDs}, a.Lengths, n, causalAttention)
			if err != nil {
				t.Fatal(err)
			}
			within(t, logits, a.Logits, 1e-4)
		})
	}
}

type firstKeyOnly struct{}

func (firstKeyOnly) Scores(p *Pass, _ int, scores, _ *graph.Node) *graph.Node {
	first := graph.Equal(graph.Iota(p.Graph, scores.Shape(), -1), graph.ZerosLike(scores))
	return Only(scores, first)
}

func TestBERTTokens(t *testing.T) {
	tok, err := LoadBERTTokens("testdata/bert/tokenizer.json")
	if err != nil {
		t.Fatal(err)
	}
	// [CLS] the film was un ##good , so bad ! [SEP]
	if got, want := tok.Encode("The film was ungood, so bad!", 0), []int32{2, 5, 6, 7, 10, 11, 15, 19, 9, 16, 3}; !slices.Equal(got, want) {
		t.Errorf("ids are %v, must be %v", got, want)
	}
	if got, want := tok.Encode("the film was good", 4), []int32{2, 5, 6, 3}; !slices.Equal(got, want) {
		t.Errorf("cut ids are %v, must be %v", got, want)
	}
	if tok.Token(11) != "##good" {
		t.Errorf("token 11 is %q", tok.Token(11))
	}
}

func TestBERTIsRefusedByName(t *testing.T) {
	config, err := os.ReadFile("testdata/bert/config.json")
	if err != nil {
		t.Fatal(err)
	}
	weights, err := os.ReadFile("testdata/bert/model.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what          string
		config, model string
		want          string
	}{
		{"activation", strings.Replace(string(config), `"gelu"`, `"relu"`, 1), string(weights), "hidden_act"},
		{"positions", strings.Replace(string(config), `"absolute"`, `"relative_key"`, 1), string(weights), "position_embedding_type"},
		{"heads", strings.Replace(string(config), `"num_attention_heads": 4`, `"num_attention_heads": 5`, 1), string(weights), "Spec.Hidden"},
		{"layers", strings.Replace(string(config), `"num_hidden_layers": 2`, `"num_hidden_layers": 3`, 1), string(weights), "encoder.layer.2"},
		{"width", strings.Replace(string(config), `"intermediate_size": 24`, `"intermediate_size": 32`, 1), string(weights), "intermediate.dense.weight"},
		{"truncated", string(config), string(weights[:len(weights)-5]), "data"},
		{"trailing", string(config), string(weights) + "x", "data"},
	} {
		dir := t.TempDir()
		for name, content := range map[string]string{"config.json": c.config, "model.safetensors": c.model} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := LoadBERT(dir); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, must name %q", c.what, err, c.want)
		}
	}
	if _, err := LoadBERTONNX("testdata/bert/model.safetensors", 4); err == nil {
		t.Error("a safetensors file was read as ONNX")
	}
}

func FuzzReadONNX(f *testing.F) {
	file, err := os.ReadFile("testdata/bert/model.onnx")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	f.Add([]byte{0x3a, 2, 0x0a, 0})
	f.Fuzz(func(t *testing.T, file []byte) {
		nodes, _, err := readONNX(file)
		if err == nil && len(nodes) == 0 {
			t.Fatal("no operations and no error")
		}
	})
}
