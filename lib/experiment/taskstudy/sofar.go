package taskstudy

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// SoFar judges the best finished epoch of a run that was interrupted, from its state. The rows' model says how many of the
// epochs were done: its learning rate has not come down yet, so that a whole run does better.
func (t Task) SoFar(seed uint64, d *datasets.Dataset, w Where) (*transformer.Encoder, []Row, error) {
	path := filepath.Join(t.state(w, seed), "fine-tune.safetensors")
	all, about, err := transformer.ReadTensors(path)
	if err != nil {
		return nil, nil, err
	}
	var state struct{ Epoch, Epochs int }
	if err := json.Unmarshal([]byte(about["progress"]), &state); err != nil {
		return nil, nil, fmt.Errorf("taskstudy: %s: progress: %w", path, err)
	}
	var best []transformer.Tensor
	for _, tensor := range all {
		if name, ok := strings.CutPrefix(tensor.Name, "best/"); ok {
			tensor.Name = name
			best = append(best, tensor)
		}
	}
	if len(best) == 0 {
		return nil, nil, errors.New("taskstudy: " + path + " holds no finished epoch, must hold at least 1")
	}
	m, err := transformer.NewEncoder(t.Spec(d), seed)
	if err != nil {
		return nil, nil, err
	}
	if err := m.SetTensors(best); err != nil {
		return nil, nil, fmt.Errorf("taskstudy: %s: %w", path, err)
	}
	t.Shape = fmt.Sprintf("%s, %d of %d epochs", t.Shape, state.Epoch, state.Epochs)
	var rows []Row
	for _, split := range []struct {
		name     string
		examples []datasets.Example
	}{{"dev", d.Dev}, {"test", d.Test}} {
		if len(split.examples) == 0 {
			continue
		}
		score, err := t.judge(w.Backend, m, split.examples)
		if err != nil {
			return nil, nil, err
		}
		rows = append(rows, t.rows(seed, split.name, score, 0)...)
	}
	return m, rows, nil
}
