package transformer

import (
	"fmt"
	"os"
	"strings"
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
	nodes, ts, err := readONNX(file)
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
