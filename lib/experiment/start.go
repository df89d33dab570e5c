package experiment

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// Start is a pretrained encoder that models begin with: its shape, its tensors and its vocabulary.
type Start struct {
	Name       string // folder of its checkpoint
	Spec       transformer.Spec
	Tensors    []transformer.Tensor
	Vocabulary *datasets.Vocabulary
}

// The files of its folder, besides its card.
const (
	StartWeights    = "model.safetensors"
	StartVocabulary = vocabularyFile
)

// LoadStart reads root/<name>.
func LoadStart(root, name string) (*Start, error) {
	dir := filepath.Join(root, name)
	m, _, err := transformer.Load(filepath.Join(dir, StartWeights))
	if err != nil {
		return nil, fmt.Errorf("experiment: pretrained encoder %s: %w", name, err)
	}
	s := &Start{Name: name, Spec: m.Spec}
	if s.Vocabulary, err = datasets.LoadVocabulary(filepath.Join(dir, StartVocabulary)); err != nil {
		return nil, err
	}
	s.Tensors, err = m.Tensors()
	return s, err
}

// Stacked is the encoder with all its layers standing on each other so many times, in their order: a deeper start without another
// pretraining (progressive stacking, Gong et al., ICML 2019).
func (s *Start) Stacked(times int) (*Start, error) {
	if times < 1 {
		return nil, fmt.Errorf("experiment: %s stacked %d times, must be at least once", s.Name, times)
	}
	deep := *s
	deep.Spec.Layers, deep.Tensors = times*s.Spec.Layers, nil
	for _, t := range s.Tensors {
		name, layer := t.Name, 0
		if n, err := fmt.Sscanf(name, "layer_%d/", &layer); n == 0 || err != nil {
			deep.Tensors = append(deep.Tensors, t)
			continue
		}
		_, name, _ = strings.Cut(name, "/")
		for i := range times {
			t.Name = fmt.Sprintf("layer_%d/%s", layer+i*s.Spec.Layers, name)
			deep.Tensors = append(deep.Tensors, t)
		}
	}
	return &deep, nil
}

// Fit is the encoder's shape with another head on it, for inputs of up to tokens tokens.
func (s *Start) Fit(head transformer.Head, tokens, classes int, dropout float64) transformer.Spec {
	spec := s.Spec
	spec.Head, spec.Tokens, spec.Classes, spec.Dropout = head, tokens, classes, dropout
	return spec
}

// Classifier is the encoder with a fresh head for so many classes and inputs of at most so many tokens; seed draws the head.
func (s *Start) Classifier(tokens, classes int, dropout float64, seed uint64) (*transformer.Encoder, error) {
	return s.Model(s.Fit(transformer.Pooled, tokens, classes, dropout), seed)
}

// Model is the encoder with the fresh head of a spec that Fit gave; seed draws the head.
func (s *Start) Model(spec transformer.Spec, seed uint64) (*transformer.Encoder, error) {
	if spec.Tokens > s.Spec.Tokens {
		return nil, fmt.Errorf("experiment: a model of %d tokens, must be of at most the %d that the encoder was pretrained on (Spec.Tokens)", spec.Tokens, s.Spec.Tokens)
	}
	m, err := transformer.NewEncoder(spec, seed)
	if err != nil {
		return nil, err
	}
	_, err = m.Adopt(s.Tensors)
	return m, err
}
