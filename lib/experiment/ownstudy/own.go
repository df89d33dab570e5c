package ownstudy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/compute"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// ExampleRecipe is the name of the model that is committed for the file of Example.
const ExampleRecipe = "train-your-own"

// Example writes a file of labels and texts where a user has none: 6,000 pieces of the Go standard library's source, labelled by
// the family of their package. Pieces of one package may stand in all splits, which makes it easier than the data set gosource.
func Example(path string) (string, error) {
	d, err := datasets.Open("gosource", datasets.Options{DocumentBytes: 255, Train: 5000, Dev: 500, Test: 500})
	if err != nil {
		return "", err
	}
	return path, datasets.WriteTSV(path, d.Classes, slices.Concat(d.Train, d.Dev, d.Test))
}

// For is the recipe of a file, and the folder where its model lies or will lie: a folder named models beside the file. Without
// a file it is that of Example, which is written to the folder for temporary files, and whose models are in the folder sample.
func For(file, sample string) (experiment.Recipe, string, error) {
	if file == "" {
		path, err := Example(filepath.Join(os.TempDir(), "go-source.tsv"))
		r := Recipe(ExampleRecipe, path)
		r.Title = "Go source (words)"
		return r, sample, err
	}
	name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	return Recipe(name, file), filepath.Join(filepath.Dir(file), "models"), nil
}

// Recipe is a start for a file of the user's own: words and punctuation marks as tokens, two layers of one head of 64 values,
// the width of the machines. Every field may be changed before Open.
func Recipe(name, file string) experiment.Recipe {
	return experiment.Recipe{
		Name: name, Title: name, Task: "tsv",
		Data:  datasets.Options{File: file, Level: datasets.Pointed, VocabularySize: 4000, MaxTokens: 64, Overflow: datasets.Truncate},
		Model: transformer.Spec{Layers: 2, Hidden: 64, Heads: 1, FFN: 128, Tokens: 64, Dropout: 0.1},
		Dense: training.Options{Epochs: 3, Batch: 32, LearningRate: 2e-3, Seed: 1},
		// As for the workbench's own models.
		Lambda: 0.3, Target: 0.5, Thresholds: training.Options{Phase: "thresholds", Epochs: 1, Batch: 32, LearningRate: 1e-4, HookRate: 3e-3, Seed: 1}, Budget: 1,
	}
}

// Own is a trained model on its way through methods and machines.
type Own struct {
	experiment.Model
	Backend compute.Backend

	learning map[int][]experiment.Captured // heads of training examples, by bits
	hashes   map[float64]*hash
}

// Open reads the recipe's model from folder, or trains it there first; observer may be nil.
func Open(ctx context.Context, backend compute.Backend, r experiment.Recipe, folder string, observer training.Observer) (*Own, error) {
	where := experiment.Where{Checkpoints: folder, Observer: observer}
	if _, err := os.Stat(filepath.Join(folder, r.Name, "card.json")); errors.Is(err, fs.ErrNotExist) {
		where.Retrain = folder
	}
	m, err := r.Make(ctx, backend, where)
	if err != nil {
		return nil, err
	}
	return &Own{Model: m, Backend: backend, learning: map[int][]experiment.Captured{}, hashes: map[float64]*hash{}}, nil
}

// dense is attention that prunes nothing.
func dense(_ experiment.Site, h *attention.Head) *attention.Mask { return attention.Full(h) }

// choice says which keys of a head are kept.
type choice func(s experiment.Site, h *attention.Head) *attention.Mask

// through is attention that sees the keys of a choice and is exact otherwise.
func through(keep choice) experiment.HeadAttention {
	return func(s experiment.Site, h *attention.Head, context []float32) error {
		for i, x := range attention.Attend(h, keep(s, h)) {
			context[i] = float32(x)
		}
		return nil
	}
}

// heads are all heads of examples as the model computes them under a choice, Q, K and V of the given bits, without padding.
func (o *Own) heads(ctx context.Context, m *transformer.Encoder, examples []datasets.Example, bits int, keep choice) ([]experiment.Captured, error) {
	attend, captured := experiment.Capture(through(keep), func(experiment.Site) bool { return true })
	if _, err := experiment.AccuracyAt(ctx, o.Backend, m, examples, bits, attend); err != nil {
		return nil, fmt.Errorf("ownstudy: %s: %w", o.Title(), err)
	}
	all := captured()
	for i := range all {
		all[i].Head = unpadded(all[i].Head)
	}
	return all, nil
}

// unpadded is a head without its padding.
func unpadded(h *attention.Head) *attention.Head {
	c := *h
	n := h.Valid * h.Dim
	c.Tokens, c.Q, c.K, c.V = h.Valid, h.Q[:n], h.K[:n], h.V[:n]
	return &c
}

// learnedOn is how many training examples thresholds of hashes are learned on.
const learnedOn = 64

// training heads, captured once a width.
func (o *Own) trainingHeads(ctx context.Context, bits int) ([]experiment.Captured, error) {
	if o.learning[bits] == nil {
		heads, err := o.heads(ctx, o.Dense, o.Data.Train[:min(len(o.Data.Train), learnedOn)], bits, dense)
		if err != nil {
			return nil, err
		}
		o.learning[bits] = heads
	}
	return o.learning[bits], nil
}

// devSample is the first n dev examples; 0 is all.
func (o *Own) devSample(n int) []datasets.Example {
	return o.Data.Dev[:min(cmp.Or(n, len(o.Data.Dev)), len(o.Data.Dev))]
}
