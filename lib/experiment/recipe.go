package experiment

import (
	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// Recipe says how a model of the workbench is made: its data, its shape, its fine-tuning and the learning of its
// thresholds.
type Recipe struct {
	Name       string // folder of its checkpoint
	Title      string // name in figures
	Task       string // name for datasets.Open
	Data       datasets.Options
	Start      string           // pretrained encoder that the model begins with, for its shape but for Tokens and Dropout, weights and vocabulary; "" = none
	Model      transformer.Spec // Vocabulary and Classes come from the data
	Dense      training.Options
	Lambda     float64 // weight of the count of kept scores in the loss; LeOPArd's is not published, this one was swept
	Target     float64 // kept share of a layer below which the count stops pressing
	Thresholds training.Options
	Budget     float64 // points of dev accuracy that the thresholds may cost

	start *Start // read by Begin
}

// Recipes lists the models that the notebooks use. The first two need nothing but a Go installation.
func Recipes() []Recipe {
	tiny := func(layers, tokens int, dropout float64) transformer.Spec {
		s := transformer.Tiny(tokens, 2, 2)
		s.Layers, s.Dropout = layers, dropout
		return s
	}
	return []Recipe{
		{
			Name: "listops-short", Title: "ListOps (at most 128 tokens)", Task: "listops-short",
			Data: datasets.Options{Train: 120000, MaxTokens: 128, InnerValues: true},
			// Deep enough for lists in lists; it is told what the inner ones are worth while it trains, and is judged by the whole.
			Model: transformer.Spec{Family: transformer.PreNorm, Layers: 5, Hidden: 128, Heads: 2, FFN: 256, Tokens: 128, Vocabulary: 2, Classes: 2, Deviation: 0.09, Sines: true},
			Dense: training.Options{Objective: training.Nested{Weight: 1}, Epochs: 4, Batch: 64, LearningRate: 1e-3, Seed: 1, SaveEvery: 200},
			// No dropout: the training set is generated and never runs out of new expressions.
			Lambda: 0.5, Target: 0.36, Budget: 1,
			Thresholds: training.Options{Objective: training.Nested{Weight: 1}, Phase: "thresholds", Epochs: 2, StepsPerEpoch: 700, Batch: 64, LearningRate: 3e-4, HookRate: 3e-3, Seed: 1, SaveEvery: 200},
		},
		{
			Name: "gosource", Title: "Go source (bytes)", Task: "gosource",
			Data:   datasets.Options{DocumentBytes: 127, MaxTokens: 128},
			Model:  tiny(2, 128, 0.1),
			Dense:  training.Options{Epochs: 12, Batch: 32, LearningRate: 1e-3, Seed: 1},
			Lambda: 0.3, Target: 0.5, Thresholds: training.Options{Phase: "thresholds", Epochs: 1, Batch: 32, LearningRate: 1e-4, HookRate: 3e-3, Seed: 1}, Budget: 1,
		},
		{
			Name: "sst2", Title: "SST-2", Task: "sst2",
			Data:   datasets.Options{MaxTokens: 64, Overflow: datasets.Truncate},
			Start:  "pretrained-l2-h128",
			Model:  transformer.Spec{Tokens: 64, Dropout: 0.1},
			Dense:  training.Options{Epochs: 3, Batch: 64, LearningRate: 4e-4, Seed: 1},
			Lambda: 0.6, Target: 0.2, Thresholds: training.Options{Phase: "thresholds", Epochs: 1, Batch: 64, LearningRate: 2e-4, HookRate: 3e-3, Seed: 1}, Budget: 1,
		},
	}
}

// FindRecipe returns the recipe of a name; the error lists the names.
func FindRecipe(name string) (Recipe, error) {
	return ByName("experiment", "recipe", Recipes(), func(r Recipe) string { return r.Name }, name)
}

// Open reads or generates the recipe's data; folder is the data folder, "" to look in the usual places. A vocabulary that
// came with a checkpoint is used as it is.
func (r Recipe) Open(folder string, vocabulary *datasets.Vocabulary) (*datasets.Dataset, error) {
	o := r.Data
	if vocabulary == nil && r.start != nil {
		vocabulary = r.start.Vocabulary
	}
	o.Data, o.Vocabulary = folder, vocabulary
	return datasets.Open(r.Task, o)
}

// model is what the training begins with.
func (r Recipe) model(d *datasets.Dataset) (*transformer.Encoder, error) {
	if r.start != nil {
		return r.start.Classifier(r.Model.Tokens, len(d.Classes), r.Model.Dropout, r.Dense.Seed)
	}
	s := r.Model
	s.Vocabulary, s.Classes = d.Vocabulary.Size(), len(d.Classes)
	return transformer.NewEncoder(s, r.Dense.Seed)
}

// Begin reads the pretrained encoder that a training begins with, from root; a recipe without one stays as it is.
func (r *Recipe) Begin(root string) (err error) {
	if r.Start != "" {
		r.start, err = LoadStart(root, r.Start)
	}
	return err
}
