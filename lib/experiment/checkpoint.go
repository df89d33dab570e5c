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
	return ReadJSON(filepath.Join(dir, cardFile), card)
}

// WriteCard is the last act of saving a checkpoint, so that a folder with a card is whole.
func WriteCard(dir string, card any) error {
	return WriteJSON(filepath.Join(dir, cardFile), card)
}

// ReadJSON reads a file of WriteJSON; the error of one that is not there matches os.ErrNotExist.
func ReadJSON(path string, v any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("experiment: %w", err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("experiment: %s: %w", path, err)
	}
	return nil
}

// WriteJSON writes a file for people to read, too; it replaces it in one step.
func WriteJSON(path string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("experiment: %s: %w", path, err)
	}
	return transformer.ReplaceFile(path, append(text, '\n'))
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
