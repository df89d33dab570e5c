package experiment

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/gomlx/compute"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/progress"
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

// Where says where models and data are.
type Where struct {
	Checkpoints string            // folder of the trained models
	Data        string            // data folder, "" to look in the usual places
	Retrain     string            // folder in which models are trained anew, once; "" uses Checkpoints
	Observer    progress.Observer // watches the training; may be nil
}

// Models returns every recipe's model whose data are on this machine; absent says which were left out, and why. With
// Where.Retrain a model that is not yet in that folder is trained there first, which takes up to an hour each on two cores
// and goes on where an interrupted call stopped.
func Models(ctx context.Context, backend compute.Backend, where Where) (models []Model, absent []string, err error) {
	for _, r := range Recipes() {
		m, err := r.Make(ctx, backend, where)
		if errors.Is(err, datasets.ErrNoData) {
			absent = append(absent, fmt.Sprintf("%s is left out: %v", r.Title, err))
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		models = append(models, m)
	}
	return models, absent, nil
}

// Make reads the recipe's model and its data; with Where.Retrain it is trained there first, if that was not done before.
func (r Recipe) Make(ctx context.Context, backend compute.Backend, where Where) (m Model, err error) {
	if where.Retrain == "" {
		if m.Trained, err = r.Load(where.Checkpoints); err != nil {
			return m, err
		}
		if m.Data, err = r.Open(where.Data, m.Vocabulary); err != nil {
			return m, err
		}
	} else {
		if err = r.Begin(where.Checkpoints); err != nil {
			return m, err
		}
		if m.Data, err = r.Open(where.Data, nil); err != nil {
			return m, err
		}
		scratch := filepath.Join(where.Retrain, r.Name, "state")
		if m.Trained, err = r.LoadOrTrain(ctx, backend, m.Data, where.Retrain, scratch, where.Observer); err != nil {
			return m, err
		}
	}
	m.Test, m.Held = m.Data.Test, "test"
	if len(m.Test) == 0 {
		m.Test, m.Held = m.Data.Dev, "dev"
	}
	return m, nil
}

// Words are the tokens of a test example, CLS first.
func (m *Model) Words(example int) []string {
	var words []string
	for _, id := range m.Test[example].IDs {
		words = append(words, m.Vocabulary.Token(id))
	}
	return words
}
