package experiment

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/sparse-attention/workbench/lib/transformer"
)

// ReadCard reads what a checkpoint folder says about its model.
func ReadCard(dir string, card any) error {
	text, err := os.ReadFile(filepath.Join(dir, cardFile))
	if err != nil {
		return fmt.Errorf("experiment: checkpoint of %s: %w", filepath.Base(dir), err)
	}
	if err := json.Unmarshal(text, card); err != nil {
		return fmt.Errorf("experiment: %s: %w", filepath.Join(dir, cardFile), err)
	}
	return nil
}

// WriteCard is the last act of saving a checkpoint, so that a folder with a card is whole.
func WriteCard(dir string, card any) error {
	text, err := json.MarshalIndent(card, "", "  ")
	if err != nil {
		return fmt.Errorf("experiment: %w", err)
	}
	return transformer.ReplaceFile(filepath.Join(dir, cardFile), append(text, '\n'))
}

// CopyOf is a model of its own with the same parameters; seed is that of its dropout.
func CopyOf(m *transformer.Encoder, seed uint64) (*transformer.Encoder, error) {
	c, err := transformer.NewEncoder(m.Spec, seed)
	if err != nil {
		return nil, err
	}
	weights, err := m.Tensors()
	if err != nil {
		return nil, err
	}
	return c, c.SetTensors(weights)
}
