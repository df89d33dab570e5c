package experiment

import (
	"fmt"
	"path/filepath"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// The files of a pretrained encoder's folder; its card and its curve are package taskstudy's.
const (
	PretrainedWeights    = "model.safetensors"
	PretrainedVocabulary = "vocabulary.json"
)

// Pretrained is an encoder that was trained by masked-language modelling: what a classifier is fine-tuned from.
type Pretrained struct {
	Spec       transformer.Spec
	Tensors    []transformer.Tensor
	Vocabulary *datasets.Vocabulary
}

// LoadPretrained reads root/<name>.
func LoadPretrained(root, name string) (*Pretrained, error) {
	dir := filepath.Join(root, name)
	v, err := datasets.LoadVocabulary(filepath.Join(dir, PretrainedVocabulary))
	if err != nil {
		return nil, err
	}
	m, _, err := transformer.Load(filepath.Join(dir, PretrainedWeights))
	if err != nil {
		return nil, err
	}
	ts, err := m.Tensors()
	return &Pretrained{m.Spec, ts, v}, err
}

// Classifier is the encoder with a fresh head for so many classes and inputs of at most so many tokens; seed draws the head.
func (p *Pretrained) Classifier(tokens, classes int, dropout float64, seed uint64) (*transformer.Encoder, error) {
	s := p.Spec
	if tokens > s.Tokens {
		return nil, fmt.Errorf("experiment: a classifier of %d tokens, must be of at most the %d that the encoder was pretrained on (Spec.Tokens)", tokens, s.Tokens)
	}
	s.Head, s.Tokens, s.Classes, s.Dropout = transformer.Pooled, tokens, classes, dropout
	m, err := transformer.NewEncoder(s, seed)
	if err != nil {
		return nil, err
	}
	_, err = m.Adopt(p.Tensors)
	return m, err
}
