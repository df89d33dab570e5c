package experiment

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gomlx/compute"
	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// CascadeRecipe says how a model is fine-tuned with cascade pruning in the loop, from the dense model of another recipe.
type CascadeRecipe struct {
	Base          string  // name of the recipe
	Tokens, Heads float64 // mean pruned shares at full pressure; examples are pruned by all shares up to these
	Options       training.Options
}

// Name is the folder of its checkpoint.
func (r CascadeRecipe) Name() string { return r.Base + "-cascade" }

// CascadeRecipes are the models that SpAtten's notebook uses.
func CascadeRecipes() []CascadeRecipe {
	o := func(epochs, batch, steps int, rate float64) training.Options {
		return training.Options{Phase: "cascade", Epochs: epochs, Batch: batch, LearningRate: rate, StepsPerEpoch: steps, Seed: 1}
	}
	return []CascadeRecipe{
		{Base: "sst2", Tokens: 0.45, Heads: 0.25, Options: o(1, 64, 300, 3e-4)},
		{Base: "gosource", Tokens: 0.45, Heads: 0.25, Options: o(1, 32, 150, 5e-4)},
		{Base: "listops-short", Tokens: 0.5, Heads: 0.5, Options: o(1, 32, 100, 2e-4)},
	}
}

// FindCascade is the recipe of a base; ok is false when there is none.
func FindCascade(base string) (r CascadeRecipe, ok bool) {
	for _, r := range CascadeRecipes() {
		if r.Base == base {
			return r, true
		}
	}
	return CascadeRecipe{}, false
}

// CascadeCard says where a checkpoint comes from.
type CascadeCard struct {
	Recipe, Task   string
	DataHash       string // of the examples it was trained on
	Seed           uint64
	Backend        string
	Steps          int
	Minutes        float64 // wall time; differs from run to run
	Tokens, Heads  float64 // ratios at full pressure
	DenseAccuracy  float64 // of the base on the dev split, 0..1
	PrunedAccuracy float64 // at full pressure
	Kept           []float64
}

// The files of its folder.
const cascadeFile = "model.safetensors"

// Cascaded is a model that was fine-tuned with cascade pruning.
type Cascaded struct {
	Recipe CascadeRecipe
	Model  *transformer.Encoder
	Card   CascadeCard
}

// Load reads the checkpoint from root/<name>.
func (r CascadeRecipe) Load(root string) (*Cascaded, error) {
	dir := filepath.Join(root, r.Name())
	c := &Cascaded{Recipe: r}
	err := readCard(dir, &c.Card)
	if err != nil {
		return nil, err
	}
	c.Model, _, err = transformer.Load(filepath.Join(dir, cascadeFile))
	return c, err
}

// Save writes it, the card last, so that a folder with a card is whole.
func (c *Cascaded) Save(root string) error {
	dir := filepath.Join(root, c.Recipe.Name())
	about := map[string]string{"recipe": c.Recipe.Name(), "data": c.Card.DataHash, "seed": fmt.Sprint(c.Card.Seed)}
	if err := c.Model.Save(filepath.Join(dir, cascadeFile), transformer.Float16, about); err != nil {
		return err
	}
	return writeCard(dir, c.Card)
}

// Hook is the pruning of a training run.
func (r CascadeRecipe) Hook(layers int) (*training.Cascade, error) {
	c, err := CascadeOf(layers, r.Tokens, r.Heads, 1)
	if err != nil {
		return nil, err
	}
	return &training.Cascade{Tokens: c.Tokens, Heads: c.Heads, Vary: true}, nil
}

// Train fine-tunes a dense model with cascade pruning; the dense model is left as it is. With a scratch folder an interrupted
// call goes on where it stopped.
func (r CascadeRecipe) Train(ctx context.Context, backend compute.Backend, dense *transformer.Encoder, data *datasets.Dataset, scratch string, observer training.Observer) (*Cascaded, error) {
	began := time.Now()
	m, err := copyOf(dense, r.Options.Seed)
	if err != nil {
		return nil, err
	}
	before, err := training.Evaluate(backend, dense, data.Dev, nil, nil)
	if err != nil {
		return nil, err
	}
	hook, err := r.Hook(dense.Spec.Layers)
	if err != nil {
		return nil, err
	}
	options := r.Options
	options.Checkpoint, options.Observer = scratch, observer
	run, err := training.Run(ctx, backend, m, data, hook, options)
	if err != nil {
		return nil, err
	}
	return &Cascaded{Recipe: r, Model: m, Card: CascadeCard{Recipe: r.Name(), Task: data.Name, DataHash: data.Hash(), Seed: options.Seed, Backend: backend.Name(),
		Steps: run.Steps, Minutes: time.Since(began).Minutes(), Tokens: r.Tokens, Heads: r.Heads,
		DenseAccuracy: before.Accuracy, PrunedAccuracy: run.Best.Accuracy, Kept: run.Best.Kept}}, nil
}

// CascadeHash identifies the checkpoints of all cascade recipes that are there.
func CascadeHash(root string) string {
	h := sha256.New()
	for _, r := range CascadeRecipes() {
		if text, err := os.ReadFile(filepath.Join(root, r.Name(), cascadeFile)); err == nil {
			fmt.Fprintf(h, "%s %x\n", r.Name(), sha256.Sum256(text))
		}
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// CascadeCards tabulates how these were trained, leaving out those that are not there.
func CascadeCards(root string) (headings []string, rows [][]string) {
	headings = []string{"model", "data", "steps", "tokens pruned, mean", "heads pruned, mean", "dense, dev", "at full pressure, dev"}
	for _, r := range CascadeRecipes() {
		var c CascadeCard
		if err := readCard(filepath.Join(root, r.Name()), &c); err != nil {
			continue
		}
		rows = append(rows, []string{c.Recipe, c.Task, fmt.Sprint(c.Steps), fmt.Sprintf("%.0f %%", 100*c.Tokens), fmt.Sprintf("%.0f %%", 100*c.Heads),
			fmt.Sprintf("%.1f %%", 100*c.DenseAccuracy), fmt.Sprintf("%.1f %%", 100*c.PrunedAccuracy)})
	}
	return headings, rows
}
