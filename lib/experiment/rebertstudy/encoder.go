package rebertstudy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gomlx/compute"
	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// Encoder is a task's trained model with full attention, and its data.
type Encoder struct {
	Task  Task
	Model *transformer.Encoder
	Data  *datasets.Dataset
	Card  Card
}

// Card says how an encoder with full attention was trained and on what it is judged.
type Card struct {
	Task, Dataset       string
	DataHash            string // of all three splits
	Shape               transformer.Spec
	Parameters          int
	Train, Dev, Test    int     // examples; Dev is the search split, Test is held out
	MeanTokens          float64 // of the held-out examples, CLS included
	Majority            float64 // accuracy of the most frequent class on the held-out examples, 0..1
	DevScore, TestScore float64 // accuracy, 0..1
	Epoch, Steps        int
	Seed                uint64
	Backend             string
	Minutes             float64 // wall time, differs from run to run
}

// The files of a task's folder.
const (
	denseFile      = "dense.safetensors"
	vocabularyFile = "vocabulary.json"
	cardFile       = "card.json"
)

// Load reads a task's encoder from root/<name>; the error of one that is not there matches os.ErrNotExist.
func (t Task) Load(root, data string) (*Encoder, error) {
	dir := filepath.Join(root, t.Name)
	e := &Encoder{Task: t}
	if err := readJSON(filepath.Join(dir, cardFile), &e.Card); err != nil {
		return nil, err
	}
	vocabulary, err := datasets.LoadVocabulary(filepath.Join(dir, vocabularyFile))
	if err != nil {
		return nil, err
	}
	if e.Model, _, err = transformer.Load(filepath.Join(dir, denseFile)); err != nil {
		return nil, err
	}
	e.Data, err = t.Open(data, vocabulary)
	return e, err
}

// LoadOrTrain is Load, or the training of what is not there. An interrupted training goes on where it stopped.
func (t Task) LoadOrTrain(ctx context.Context, backend compute.Backend, root, data string, observer training.Observer) (*Encoder, error) {
	e, err := t.Load(root, data)
	if !errors.Is(err, os.ErrNotExist) {
		return e, err
	}
	e = &Encoder{Task: t}
	if e.Data, err = t.Open(data, nil); err != nil {
		return nil, err
	}
	began, dir := time.Now(), filepath.Join(root, t.Name)
	s := t.Spec
	s.Vocabulary, s.Classes = e.Data.Vocabulary.Size(), len(e.Data.Classes)
	if e.Model, err = transformer.NewEncoder(s, t.Dense.Seed); err != nil {
		return nil, err
	}
	o := t.Dense
	o.Checkpoint, o.Observer = filepath.Join(dir, "state"), observer
	if err := os.MkdirAll(o.Checkpoint, 0o755); err != nil {
		return nil, fmt.Errorf("rebertstudy: %w", err)
	}
	result, err := training.Run(ctx, backend, e.Model, e.Data, nil, o)
	if err != nil {
		return nil, err
	}
	e.Card = Card{Task: t.Name, Dataset: e.Data.Name, DataHash: e.Data.Hash(), Shape: s, Parameters: s.Size(),
		Train: len(e.Data.Train), Dev: len(e.Data.Dev), Test: len(e.Data.Test), MeanTokens: meanTokens(e.Data.Test), Majority: majority(e.Data.Test),
		Epoch: result.Epoch, Steps: result.Steps, Seed: o.Seed, Backend: backend.Name(), Minutes: time.Since(began).Minutes()}
	// What is saved in half precision is what is judged.
	if err := e.Model.Save(filepath.Join(dir, denseFile), transformer.Float16, map[string]string{"task": t.Name, "data": e.Card.DataHash}); err != nil {
		return nil, err
	}
	if err := e.Data.Vocabulary.Save(filepath.Join(dir, vocabularyFile)); err != nil {
		return nil, err
	}
	if e.Model, _, err = transformer.Load(filepath.Join(dir, denseFile)); err != nil {
		return nil, err
	}
	for _, split := range []struct {
		examples []datasets.Example
		score    *float64
	}{{e.Data.Dev, &e.Card.DevScore}, {e.Data.Test, &e.Card.TestScore}} {
		score, err := training.Evaluate(backend, e.Model, split.examples, nil)
		if err != nil {
			return nil, err
		}
		*split.score = score.Accuracy
	}
	return e, writeJSON(filepath.Join(dir, cardFile), e.Card)
}

func meanTokens(examples []datasets.Example) float64 {
	n := 0
	for _, e := range examples {
		n += len(e.IDs)
	}
	return float64(n) / float64(max(1, len(examples)))
}

// majority is the share of the most frequent class.
func majority(examples []datasets.Example) float64 {
	counts, best := map[int32]int{}, 0
	for _, e := range examples {
		counts[e.Label]++
		best = max(best, counts[e.Label])
	}
	return float64(best) / float64(max(1, len(examples)))
}

func readJSON(path string, v any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("rebertstudy: %w", err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("rebertstudy: %s: %w", path, err)
	}
	return nil
}

// writeJSON replaces the file in one step.
func writeJSON(path string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("rebertstudy: %s: %w", path, err)
	}
	return transformer.ReplaceFile(path, append(text, '\n'))
}
