package transformer

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// BERTConfig is what Hugging Face's config.json says of a BERT-type encoder.
type BERTConfig struct {
	Hidden     int    `json:"hidden_size"`
	Layers     int    `json:"num_hidden_layers"`
	Heads      int    `json:"num_attention_heads"`
	FFN        int    `json:"intermediate_size"`
	Vocabulary int    `json:"vocab_size"`
	Tokens     int    `json:"max_position_embeddings"`
	Activation string `json:"hidden_act"`
	Positions  string `json:"position_embedding_type"`
}

// LoadBERT reads a BERT-type encoder from a folder in Hugging Face's layout, config.json and model.safetensors, so that its
// attention passes the same seam as that of the workbench's own models. A classifier in the file becomes the Pooled head, the
// masked-language head the Language head; without either the Pooled head is new, for fine-tuning.
//
// Every token gets the embedding of token type 0: that is how single texts were embedded; the second text of a pair loses
// its mark.
func LoadBERT(folder string) (*Encoder, error) {
	path := filepath.Join(folder, "config.json")
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("transformer: BERT: %w", err)
	}
	var c BERTConfig
	if err := json.Unmarshal(text, &c); err != nil {
		return nil, fmt.Errorf("transformer: %s: %w", path, err)
	}
	if c.Activation != "" && c.Activation != "gelu" {
		return nil, fmt.Errorf("transformer: %s: hidden_act is %q, must be \"gelu\"", path, c.Activation)
	}
	if c.Positions != "" && c.Positions != "absolute" {
		return nil, fmt.Errorf("transformer: %s: position_embedding_type is %q, must be \"absolute\"", path, c.Positions)
	}
	path = filepath.Join(folder, "model.safetensors")
	ts, err := readFloats(path)
	if err != nil {
		return nil, err
	}
	m, err := importBERT(c, ts)
	if err != nil {
		return nil, fmt.Errorf("transformer: %s: %w", path, err)
	}
	return m, nil
}

// bertNames pairs our names in a layer with Hugging Face's; weights there are out x in.
var bertNames = []struct{ ours, theirs string }{
	{"output", "attention.output.dense"}, {"attention_norm", "attention.output.LayerNorm"},
	{"expand", "intermediate.dense"}, {"contract", "output.dense"}, {"ffn_norm", "output.LayerNorm"},
}

// importBERT makes the model of tensors in Hugging Face's names, with or without the prefix "bert.".
func importBERT(c BERTConfig, ts []Tensor) (*Encoder, error) {
	b := bertTensors{}
	for _, t := range ts {
		name := strings.TrimPrefix(t.Name, "bert.")
		name = strings.Replace(strings.Replace(name, "LayerNorm.gamma", "LayerNorm.weight", 1), "LayerNorm.beta", "LayerNorm.bias", 1)
		b[name] = t
	}
	s := Spec{Layers: c.Layers, Hidden: c.Hidden, Heads: c.Heads, FFN: c.FFN, Tokens: c.Tokens, Vocabulary: c.Vocabulary, Classes: 2, Dropout: 0.1}
	classifier, classifies := b["classifier.weight"]
	switch _, language := b["cls.predictions.transform.dense.weight"]; {
	case classifies && len(classifier.Shape) == 2:
		s.Classes = classifier.Shape[0]
	case language:
		s.Head, s.Classes = Language, 1
	}
	m, err := NewEncoder(s, 0)
	if err != nil {
		return nil, err
	}
	return m, b.fill(m, classifies)
}

// bertTensors are a checkpoint's tensors by name.
type bertTensors map[string]Tensor

func (b bertTensors) get(name string, shape ...int) ([]float32, error) {
	t, ok := b[name]
	if !ok {
		return nil, fmt.Errorf("tensor %s is missing", name)
	}
	if fmt.Sprint(t.Shape) != fmt.Sprint(shape) {
		return nil, fmt.Errorf("tensor %s has shape %v, must be %v", name, t.Shape, shape)
	}
	return t.Values, nil
}

// filler sets a model's parameters from a checkpoint and keeps the first error.
type filler struct {
	bertTensors
	model *Encoder
	err   error
}

func (b bertTensors) fill(m *Encoder, classifies bool) error {
	f := &filler{bertTensors: b, model: m}
	s := m.Spec
	h := s.Hidden
	f.set("embedding/token", f.take("embeddings.word_embeddings.weight", s.Vocabulary, h), s.Vocabulary, h)
	positions := f.take("embeddings.position_embeddings.weight", s.Tokens, h)
	if types, ok := b["embeddings.token_type_embeddings.weight"]; ok && len(types.Values) >= h && f.err == nil {
		positions = append([]float32(nil), positions...)
		for i := range positions {
			positions[i] += types.Values[i%h]
		}
	}
	f.set("embedding/position", positions, s.Tokens, h)
	f.norm("embedding/norm", "embeddings.LayerNorm")
	for l := range s.Layers {
		theirs := fmt.Sprintf("encoder.layer.%d.", l)
		f.qkv(layerName(l, "qkv"), theirs+"attention.self.")
		for _, n := range bertNames {
			switch ours := layerName(l, n.ours); n.ours {
			case "attention_norm", "ffn_norm":
				f.norm(ours, theirs+n.theirs)
			case "expand":
				f.dense(ours, theirs+n.theirs, h, s.FFN)
			case "contract":
				f.dense(ours, theirs+n.theirs, s.FFN, h)
			default:
				f.dense(ours, theirs+n.theirs, h, h)
			}
		}
	}
	if s.Head == Language {
		f.dense("language/transform", "cls.predictions.transform.dense", h, h)
		f.norm("language/norm", "cls.predictions.transform.LayerNorm")
		f.set("language/biases", f.take("cls.predictions.bias", s.Vocabulary), s.Vocabulary)
		return f.err
	}
	if _, ok := b["pooler.dense.weight"]; ok || classifies {
		f.dense("pooler", "pooler.dense", h, h)
	}
	if classifies {
		f.dense("classifier", "classifier", h, s.Classes)
	}
	return f.err
}

func (f *filler) take(name string, shape ...int) []float32 {
	if f.err != nil {
		return nil
	}
	v, err := f.get(name, shape...)
	f.err = err
	return v
}

func (f *filler) set(name string, values []float32, shape ...int) {
	if f.err == nil {
		f.err = f.model.SetValues(name, shape, values)
	}
}

func (f *filler) norm(ours, theirs string) {
	h := f.model.Spec.Hidden
	f.set(ours+"/gain", f.take(theirs+".weight", h), h)
	f.set(ours+"/offset", f.take(theirs+".bias", h), h)
}

func (f *filler) dense(ours, theirs string, in, out int) {
	f.set(ours+"/weights", transposed(f.take(theirs+".weight", out, in), in), in, out)
	f.set(ours+"/biases", f.take(theirs+".bias", out), out)
}

// qkv joins the three projections: in x 3 out.
func (f *filler) qkv(ours, theirs string) {
	h := f.model.Spec.Hidden
	weights, biases := make([]float32, 3*h*h), make([]float32, 3*h)
	for i, part := range []string{"query", "key", "value"} {
		w, bias := f.take(theirs+part+".weight", h, h), f.take(theirs+part+".bias", h)
		if f.err != nil {
			return
		}
		for j, v := range w {
			weights[j%h*3*h+i*h+j/h] = v
		}
		copy(biases[i*h:], bias)
	}
	f.set(ours+"/weights", weights, h, 3*h)
	f.set(ours+"/biases", biases, 3*h)
}

// transposed turns rows of length in into columns.
func transposed(v []float32, in int) []float32 {
	out := make([]float32, len(v))
	for i, x := range v {
		out[i%in*(len(v)/in)+i/in] = x
	}
	return out
}
