package joint

import (
	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// Recipe says how a model with a detector is made (DOTA, ASPLOS 2022): a dense model first, then training on with the
// detector, once for each seed; and, as what that is compared with, training on for as long without one.
type Recipe struct {
	Name     string // folder of its checkpoint
	Title    string // name in figures
	Task     string // name for datasets.Open
	Data     datasets.Options
	Model    transformer.Spec // Vocabulary and Classes come from the data
	Dense    training.Options
	Detector training.Detector // Seed is set for each run
	Joint    training.Options  // Seed likewise
	Seeds    []uint64
	// Size says how the task differs from the Long Range Arena's, for tables.
	Size string
}

// Gentle is DOTA's detector, which presses the model less than by default to agree with it. Where all attention goes to one token, as
// to a list's root operator, the full weight takes the scores apart instead: the dev loss of ListOps rose from 2.0 to 2.3. IMDb's
// models lost two points under it even where they kept 20 % of the connections, as many as with random ones; Fashion-MNIST's patches
// lost fourteen where they kept 60 %, of which this weight leaves less than one.
func Gentle(retention float64, seed uint64) *training.Detector {
	d := training.DOTA(retention, seed)
	d.Lambda = 0.1
	return d
}

// Recipes lists the models of DOTA's notebook. They are small enough to train on two cores in minutes; a head has the 64
// values of the machines.
func Recipes() []Recipe {
	small := func(tokens int) transformer.Spec {
		return transformer.Spec{Layers: 2, Hidden: 64, Heads: 1, FFN: 128, Tokens: tokens, Vocabulary: 2, Classes: 2}
	}
	dense := func(steps int, rate float64) training.Options {
		return training.Options{Phase: "dense", Epochs: 2, StepsPerEpoch: steps / 2, Batch: 16, LearningRate: rate, Multiple: 256, EvalBatch: 20, Seed: 1, SaveEvery: 25}
	}
	joint := func(steps int, rate float64) training.Options {
		return training.Options{Epochs: 1, StepsPerEpoch: steps, Batch: 16, LearningRate: rate, HookRate: 3e-3, Multiple: 256, EvalBatch: 20, SaveEvery: 25}
	}
	seeds := []uint64{1, 2, 3}
	return []Recipe{
		{
			Name: "dota-imdb", Title: "IMDb (words, at most 512)", Task: "imdb", Size: "reviews as words, the first 512, vocabulary 2,000; the arena reads bytes",
			Data:  datasets.Options{MaxTokens: 512, Overflow: datasets.Truncate, VocabularySize: 2000, Dev: 1000, Test: 1000},
			Model: small(512), Dense: dense(2800, 1e-3),
			Detector: *Gentle(0.15, 0), Joint: joint(800, 5e-4), Seeds: seeds,
		},
		{
			Name: "dota-listops", Title: "ListOps (256 to 511 tokens)", Task: "listops", Size: "lists of 257 to 511 tokens; the arena's have 501 to 1,999",
			Data:  datasets.Options{MinLength: 256, MaxLength: 512, MaxTokens: 512, Train: 12000, Dev: 1000, Test: 1000},
			Model: small(512), Dense: dense(3000, 2e-3),
			Detector: *Gentle(0.1, 0), Joint: joint(300, 1e-3), Seeds: seeds,
		},
		{
			Name: "dota-gosource", Title: "Go source (511 bytes)", Task: "gosource", Size: "documents of at most 511 bytes in 10 classes; the arena's byte-level text has up to 4,000",
			Data:  datasets.Options{DocumentBytes: 511, MaxTokens: 512, Train: 8000, Dev: 1000, Test: 1000},
			Model: small(512), Dense: dense(1500, 1e-3),
			Detector: *Gentle(0.1, 0), Joint: joint(300, 5e-4), Seeds: seeds,
		},
		{
			Name: "dota-fashion", Title: "Fashion-MNIST (784 pixels)", Task: "fashion-mnist-pixels", Size: "28 x 28 grey pixels; the arena's CIFAR-10 has 32 x 32",
			Data:  datasets.Options{Train: 12000, Dev: 100, Test: 150},
			Model: small(785), Dense: dense(400, 2e-3),
			Detector: *Gentle(0.1, 0), Joint: joint(100, 1e-3), Seeds: seeds,
		},
	}
}

// FindRecipe returns the recipe of a name; the error lists the names.
func FindRecipe(name string) (Recipe, error) {
	return experiment.ByName("joint", "joint recipe", Recipes(), func(r Recipe) string { return r.Name }, name)
}

// Open reads or generates the recipe's data, with a trained model's vocabulary where it has one of its own.
func (r Recipe) Open(folder string, vocabulary *datasets.Vocabulary) (*datasets.Dataset, error) {
	return experiment.Recipe{Task: r.Task, Data: r.Data}.Open(folder, vocabulary)
}

func (r Recipe) spec(d *datasets.Dataset) transformer.Spec {
	s := r.Model
	s.Vocabulary, s.Classes = d.Vocabulary.Size(), len(d.Classes)
	return s
}

// hook is the detector of one run.
func (r Recipe) hook(seed uint64) *training.Detector {
	h := r.Detector
	h.Seed = seed
	return &h
}
