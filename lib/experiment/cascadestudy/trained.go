package cascadestudy

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gomlx/compute"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// Card says where a checkpoint comes from.
type Card struct {
	Recipe, Task   string
	Start          string `json:",omitempty"` // pretrained encoder
	DataHash       string // of the examples it was trained on
	Seed           uint64
	Backend        string
	Steps          int     // of either twin
	Minutes        float64 // wall time of the training; differs from run to run
	Tokens, Heads  float64 // ratios at full pressure
	Values         float64 // share of the values that a query reads there
	DenseAccuracy  float64 // of the dense twin on the watched dev examples, 0..1
	PrunedAccuracy float64 // at full pressure
	Kept           []float64
}

// The files of its folder. The dense model's weights are not committed.
const (
	modelFile = "model.safetensors"
	denseFile = "dense.safetensors"
)

// Cascaded is a model that was trained with cascade pruning, with the one that it is compared with and the examples that judge
// both.
type Cascaded struct {
	Recipe       Recipe
	Model, Dense *transformer.Encoder // Dense is nil where its weights are not at hand
	Card         Card
	Data         *datasets.Dataset
	Held         []datasets.Example
	Split        string
}

// Load reads the model and its data. The error matches os.ErrNotExist without a checkpoint, and datasets.ErrNoData without data.
func (r Recipe) Load(where Where) (*Cascaded, error) {
	dir := filepath.Join(where.Root, r.Name())
	c := &Cascaded{Recipe: r}
	err := experiment.ReadCard(dir, &c.Card)
	if err != nil {
		return nil, err
	}
	if c.Model, _, err = transformer.Load(filepath.Join(dir, modelFile)); err != nil {
		return nil, err
	}
	b, err := r.open(where)
	if err != nil {
		return nil, err
	}
	c.Data = b.data
	c.Held, c.Split = held(b.data)
	c.Dense, _, err = transformer.Load(filepath.Join(dir, denseFile))
	if errors.Is(err, os.ErrNotExist) {
		c.Dense, err = nil, nil
	}
	return c, err
}

// save writes the card last, so that a folder with a card is whole.
func (c *Cascaded) save(root string) error {
	dir := filepath.Join(root, c.Recipe.Name())
	about := map[string]string{"recipe": c.Recipe.Name(), "data": c.Card.DataHash, "seed": fmt.Sprint(c.Card.Seed)}
	if err := c.Model.Save(filepath.Join(dir, modelFile), transformer.Float16, about); err != nil {
		return err
	}
	if err := c.Dense.Save(filepath.Join(dir, denseFile), transformer.Float16, about); err != nil {
		return err
	}
	return experiment.WriteCard(dir, c.Card)
}

// Train makes the recipe's models, dense and cascaded, and saves them under where.Root. With where.State an interrupted call goes
// on where it stopped.
func (r Recipe) Train(ctx context.Context, backend compute.Backend, where Where, observer training.Observer) (*Cascaded, error) {
	b, err := r.open(where)
	if err != nil {
		return nil, err
	}
	c := &Cascaded{Recipe: r, Data: b.data}
	c.Held, c.Split = held(b.data)
	u := run{r, backend, b.data, where.State, observer}
	both, seconds, err := u.dense(ctx, b)
	if err != nil {
		return nil, err
	}
	var dense, cascaded training.Result
	if c.Dense, dense, err = u.twin(ctx, "twin", both, nil); err != nil {
		return nil, err
	}
	hook, err := r.Hook(both.Spec.Layers)
	if err != nil {
		return nil, err
	}
	if c.Model, cascaded, err = u.twin(ctx, "cascade", both, hook); err != nil {
		return nil, err
	}
	c.Card = Card{Recipe: r.Name(), Task: b.data.Name, Start: r.Start, DataHash: b.data.Hash(), Seed: r.Options.Seed, Backend: backend.Name(), Steps: cascaded.Steps,
		Minutes: (seconds + dense.Seconds + cascaded.Seconds) / 60, Tokens: r.Tokens, Heads: r.Heads, Values: r.Values, DenseAccuracy: dense.Best.Accuracy, PrunedAccuracy: cascaded.Best.Accuracy, Kept: cascaded.Best.Kept}
	return c, c.save(where.Root)
}

// Make trains and measures a recipe, unless a call with the same where.State did so before.
func (r Recipe) Make(ctx context.Context, backend compute.Backend, where Where, observer training.Observer) (*Measured, error) {
	done := filepath.Join(where.State, r.Name(), "measured")
	if where.State != "" {
		if _, err := os.Stat(done); err == nil {
			return r.ReadMeasured(where.Root)
		}
	}
	c, err := r.Train(ctx, backend, where, observer)
	if err != nil {
		return nil, err
	}
	m, err := c.Measure(ctx, backend, where.Root, observer)
	if err != nil || where.State == "" {
		return m, err
	}
	return m, transformer.ReplaceFile(done, nil)
}

// runs are all runs of all recipes.
func runs() (out []Recipe) {
	for _, r := range Recipes() {
		out = append(out, r.Runs()...)
	}
	return out
}

// TrainAll makes all recipes whose data are here.
func TrainAll(ctx context.Context, backend compute.Backend, where Where, observer training.Observer) error {
	for _, r := range runs() {
		if _, err := r.Make(ctx, backend, where, observer); err != nil && !errors.Is(err, datasets.ErrNoData) {
			return err
		}
	}
	return nil
}

// Hash identifies the checkpoints and the measured numbers of all recipes that are there.
func Hash(root string) string {
	h := sha256.New()
	for _, r := range runs() {
		for _, file := range []string{modelFile, measuredFile} {
			if text, err := os.ReadFile(filepath.Join(root, r.Name(), file)); err == nil {
				fmt.Fprintf(h, "%s %s %x\n", r.Name(), file, sha256.Sum256(text))
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// Cards tabulates how the models were trained, leaving out those that are not there.
func Cards(root string) (headings []string, rows [][]string) {
	headings = []string{"model", "seed", "begins with", "steps", "tokens pruned, mean", "heads pruned, mean", "values read", "dense, dev", "at full pressure, dev"}
	for _, r := range runs() {
		var c Card
		if err := experiment.ReadCard(filepath.Join(root, r.Name()), &c); err != nil {
			continue
		}
		begins := c.Start
		switch {
		case begins == "":
			begins = "its dense model"
		case r.Stack > 1:
			begins += fmt.Sprintf(", its layers %d times", r.Stack)
		}
		rows = append(rows, []string{r.Title, fmt.Sprint(c.Seed), begins, fmt.Sprint(c.Steps), fmt.Sprintf("%.0f %%", 100*c.Tokens), fmt.Sprintf("%.0f %%", 100*c.Heads), fmt.Sprintf("%.0f %%", 100*c.Values),
			fmt.Sprintf("%.1f %%", 100*c.DenseAccuracy), fmt.Sprintf("%.1f %%", 100*c.PrunedAccuracy)})
	}
	return headings, rows
}
