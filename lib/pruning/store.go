package pruning

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/google/renameio/v2/maybe"
)

// stored is the file of a Threshold. Pointers tell a missing field from a zero.
type stored struct {
	Model    *string   `json:"model"`
	Seed     *uint64   `json:"seed"`
	Layers   []float64 `json:"layers"`
	EmptyRow string    `json:"empty_row"`
}

// Save writes p as JSON: beside the path first, then renamed over it.
func (p *Threshold) Save(path string) error {
	if err := p.Validate(); err != nil {
		return err
	}
	text, err := json.MarshalIndent(stored{&p.Model, &p.Seed, p.Layers, p.EmptyRow.String()}, "", "  ")
	if err != nil {
		return fmt.Errorf("pruning: %s: %w", path, err)
	}
	if err := maybe.WriteFile(path, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("pruning: %s: %w", path, err)
	}
	return nil
}

// LoadThreshold reads what Save wrote. Errors name the file and the field.
func LoadThreshold(path string) (*Threshold, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("pruning: %w", err)
	}
	defer f.Close()
	p, err := readThreshold(f)
	if err != nil {
		return nil, fmt.Errorf("pruning: %s: %w", path, err)
	}
	return p, nil
}

func readThreshold(r io.Reader) (*Threshold, error) {
	var s stored
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, errors.New("file ends early, must be a JSON object with model, seed, layers, empty_row")
		}
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more text follows the JSON object, must be one object")
	}
	switch {
	case s.Model == nil:
		return nil, errors.New("field model is missing, must name the model")
	case s.Seed == nil:
		return nil, errors.New("field seed is missing, must be an integer from 0")
	case len(s.Layers) == 0:
		return nil, errors.New("field layers is missing or empty, must hold at least 1 threshold")
	}
	p := &Threshold{Model: *s.Model, Seed: *s.Seed, Layers: s.Layers}
	switch s.EmptyRow {
	case KeepMaximum.String():
	case KeepNothing.String():
		p.EmptyRow = KeepNothing
	default:
		return nil, fmt.Errorf("field empty_row is %q, must be %q or %q", s.EmptyRow, KeepMaximum, KeepNothing)
	}
	return p, p.Validate()
}
