package experiment

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/sparse-attention/workbench/datasets"
)

// Model is a trained model with the examples that it is judged on.
type Model struct {
	*Trained
	Data *datasets.Dataset
	Test []datasets.Example // the test split where its labels are known, else the dev split
	Held string             // "test" or "dev"
}

// Title is the model's name in figures.
func (m *Model) Title() string { return m.Recipe.Title }

// Split says which examples are used.
func (m *Model) Split() string { return fmt.Sprintf("%s, %d examples", m.Held, len(m.Test)) }

// Sample is the first n test examples, all of them when n is 0 or more than there are.
func (m *Model) Sample(n int) []datasets.Example {
	if n <= 0 || n > len(m.Test) {
		return m.Test
	}
	return m.Test[:n]
}

// Checkpoints is the folder of the committed models under the module's root.
func Checkpoints(root string) string { return filepath.Join(root, "datasets", "checkpoints") }

// Models loads every committed model whose data are on this machine; absent says which were left out, and why. Folder is
// the data folder, "" to look in the usual places.
func Models(root, folder string) (models []Model, absent []string, err error) {
	for _, r := range Recipes() {
		t, err := r.Load(Checkpoints(root))
		if err != nil {
			return nil, nil, err
		}
		d, err := r.Open(folder, t.Vocabulary)
		if errors.Is(err, datasets.ErrNoData) {
			absent = append(absent, fmt.Sprintf("%s is left out: %v", r.Title, err))
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		m := Model{Trained: t, Data: d, Test: d.Test, Held: "test"}
		if len(m.Test) == 0 {
			m.Test, m.Held = d.Dev, "dev"
		}
		models = append(models, m)
	}
	return models, absent, nil
}
