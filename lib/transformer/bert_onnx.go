package transformer

import (
	"fmt"
	"os"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/onnx-gomlx/onnx"
	"github.com/gomlx/onnx-gomlx/onnx/parser"
	"google.golang.org/protobuf/encoding/protowire"
)

// LoadBERTONNX reads the weights of a BERT-type encoder from an ONNX file as PyTorch exports Hugging Face's models, and
// builds our model from them; see LoadBERT. The file does not say how many heads there are. The exporter keeps the names of
// biases and norms, and stores matrices transposed under names of its own: each is found as the product to which its bias
// is added.
func LoadBERTONNX(path string, heads int) (*Encoder, error) {
	m, err := loadBERTONNX(path, heads)
	if err != nil {
		return nil, fmt.Errorf("transformer: %s: %w", path, err)
	}
	return m, nil
}

func loadBERTONNX(path string, heads int) (*Encoder, error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	nodes, err := onnxNodes(file)
	if err != nil {
		return nil, err
	}
	ts, err := onnxTensors(path)
	if err != nil {
		return nil, err
	}
	ts = nameMatrices(nodes, ts)
	c := BERTConfig{Heads: heads}
	for _, t := range ts {
		name := strings.TrimPrefix(t.Name, "bert.")
		switch {
		case len(t.Shape) != 2:
		case name == "embeddings.word_embeddings.weight":
			c.Vocabulary, c.Hidden = t.Shape[0], t.Shape[1]
		case name == "embeddings.position_embeddings.weight":
			c.Tokens = t.Shape[0]
		case strings.HasSuffix(name, ".intermediate.dense.weight"):
			c.FFN = t.Shape[0]
			c.Layers++
		}
	}
	if c.Layers == 0 || c.Hidden == 0 {
		return nil, fmt.Errorf("no BERT-type encoder: %d layers and an embedding of width %d were found under Hugging Face's names", c.Layers, c.Hidden)
	}
	return importBERT(c, ts)
}

// onnxTensors reads the float initialisers of the file.
func onnxTensors(path string) (out []Tensor, err error) {
	parsed, err := parser.ParseFile(path)
	if err != nil {
		return nil, err
	}
	defer parsed.Close()
	store := model.NewStore()
	if err := parsed.VariablesToScope(store.RootScope()); err != nil {
		return nil, err
	}
	for v := range store.IterVariables() {
		if v.DType() != dtypes.Float32 {
			continue // position ids and shapes
		}
		value, err := v.Value()
		if err != nil {
			return nil, err
		}
		values, err := tensors.CopyFlatData[float32](value)
		if err != nil {
			return nil, err
		}
		name := strings.TrimPrefix(strings.TrimPrefix(v.Path(), model.ScopeSeparator), onnx.ModelScope+model.ScopeSeparator)
		out = append(out, Tensor{strings.ReplaceAll(name, "|", "/"), v.Shape().Dimensions, values})
	}
	return out, nil
}

// nameMatrices gives the matrices of products, stored in x out, the names of their biases, out x in.
func nameMatrices(nodes []onnxNode, ts []Tensor) []Tensor {
	byName := map[string]Tensor{}
	for _, t := range ts {
		byName[t.Name] = t
	}
	products := map[string]Tensor{} // output of a product, its matrix
	for _, n := range nodes {
		if n.op == "MatMul" && len(n.inputs) == 2 && len(n.outputs) == 1 {
			if w, ok := byName[n.inputs[1]]; ok && len(w.Shape) == 2 {
				products[n.outputs[0]] = w
			}
		}
	}
	for _, n := range nodes {
		if n.op != "Add" || len(n.inputs) != 2 {
			continue
		}
		for i, name := range n.inputs {
			prefix, isBias := strings.CutSuffix(name, ".bias")
			w, ok := products[n.inputs[1-i]]
			if _, named := byName[prefix+".weight"]; !isBias || !ok || named {
				continue
			}
			ts = append(ts, Tensor{prefix + ".weight", []int{w.Shape[1], w.Shape[0]}, transposed(w.Values, w.Shape[1])})
		}
	}
	return ts
}

// onnxNode is one operation of the file's graph.
type onnxNode struct {
	op              string
	inputs, outputs []string
}

// The fields that are read of ONNX's protocol buffers (onnx.proto): ModelProto.graph, GraphProto.node, NodeProto.
const (
	modelGraph = 7
	graphNode  = 1
	nodeInput  = 1
	nodeOutput = 2
	nodeOp     = 4
)

// onnxNodes reads the graph's operations, which onnx-gomlx does not give out.
func onnxNodes(file []byte) (nodes []onnxNode, err error) {
	err = eachField(file, func(field protowire.Number, graph []byte) error {
		if field != modelGraph {
			return nil
		}
		return eachField(graph, func(field protowire.Number, node []byte) error {
			if field != graphNode {
				return nil
			}
			var n onnxNode
			err := eachField(node, func(field protowire.Number, value []byte) error {
				switch field {
				case nodeInput:
					n.inputs = append(n.inputs, string(value))
				case nodeOutput:
					n.outputs = append(n.outputs, string(value))
				case nodeOp:
					n.op = string(value)
				}
				return nil
			})
			nodes = append(nodes, n)
			return err
		})
	})
	if err == nil && len(nodes) == 0 {
		err = fmt.Errorf("no ONNX model: its graph has no operations")
	}
	return nodes, err
}

// eachField calls fn for every length-delimited field of a message.
func eachField(message []byte, fn func(field protowire.Number, value []byte) error) error {
	for len(message) > 0 {
		field, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return fmt.Errorf("damaged: %w", protowire.ParseError(n))
		}
		message = message[n:]
		if kind != protowire.BytesType {
			if n = protowire.ConsumeFieldValue(field, kind, message); n < 0 {
				return fmt.Errorf("damaged: %w", protowire.ParseError(n))
			}
			message = message[n:]
			continue
		}
		value, n := protowire.ConsumeBytes(message)
		if n < 0 {
			return fmt.Errorf("damaged: %w", protowire.ParseError(n))
		}
		message = message[n:]
		if err := fn(field, value); err != nil {
			return err
		}
	}
	return nil
}
