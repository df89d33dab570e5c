package experiment

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/gomlx/compute"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// LanguageRecipe says how a decoder of the workbench is made: its text, its shape, its training, and the two ways in which
// it is trained on with something taken away: with learned thresholds, and with SpAtten's cascade.
type LanguageRecipe struct {
	Name       string // folder of its checkpoint
	Title      string // name in figures
	Task       string // name for datasets.Open
	Data       datasets.Options
	Model      transformer.Spec
	Dense      training.Options
	Lambda     float64 // weight of the count of kept scores; swept, LeOPArd's is not published
	Target     float64 // kept share of a layer below which the count stops pressing
	Thresholds training.Options
	Cascade    Decoding
	Cascading  training.Options
}

// OpticksRecipe is a byte-level decoder on a text that every Go installation has.
func OpticksRecipe() LanguageRecipe {
	return LanguageRecipe{
		Name: "opticks", Title: "Opticks (bytes)", Task: "opticks",
		Data:  datasets.Options{MaxTokens: 128},
		Model: transformer.LlamaSpec(3, 64, 4, 0, 192, 128, 0),
		Dense: training.Options{Phase: "dense", Epochs: 1, Batch: 8, LearningRate: 4e-3, SaveEvery: 100, Seed: 1, EvalBatch: 16},
		// Less pressure than on a classifier: every score of a row is some later token's evidence.
		Lambda: 0.1, Target: 0.4, Thresholds: training.Options{Phase: "thresholds", Epochs: 1, StepsPerEpoch: 80, Batch: 8, LearningRate: 4e-4, HookRate: 5e-3, SaveEvery: 50, Seed: 1, EvalBatch: 16},
		Cascade:   Decoding{TokenRatio: 0.9},
		Cascading: training.Options{Phase: "cascade", Epochs: 1, StepsPerEpoch: 80, Batch: 8, LearningRate: 1e-3, SaveEvery: 50, Seed: 1, EvalBatch: 16},
	}
}

// cascadedFile is beside the files of every checkpoint folder.
const cascadedFile = "cascaded.safetensors"

// LanguageCard says where a decoder's checkpoint comes from. Perplexities are per token of the dev split, computed in
// floating point.
type LanguageCard struct {
	Recipe, Task      string
	DataHash          string
	Train, Dev, Test  int // runs of text
	Seed              uint64
	Backend           string
	Steps             int
	Minutes           float64 // wall time of the training
	Unit              string  // what a token is
	DensePerplexity   float64
	PrunedPerplexity  float64   `json:",omitempty"` // with the learned thresholds
	Kept              []float64 `json:",omitempty"` // share of the visible scores that each layer keeps
	CascadePerplexity float64   `json:",omitempty"` // perplexity of the cascaded decoder, second half of each text under the cascade
	ModelParameters   int
	Note              string `json:",omitempty"`
}

// TrainedLanguage is a decoder of our own.
type TrainedLanguage struct {
	Recipe     LanguageRecipe
	Dense      *transformer.Encoder
	Pruned     *transformer.Encoder // trained on with thresholds; nil where there is none
	Thresholds *pruning.Threshold
	Cascaded   *transformer.Encoder // trained on with the cascade in the loop; nil where there is none
	Card       LanguageCard
}

// Open reads the recipe's text.
func (r LanguageRecipe) Open(folder string) (*datasets.Dataset, error) {
	o := r.Data
	o.Data = folder
	return datasets.Open(r.Task, o)
}

func (r LanguageRecipe) spec(d *datasets.Dataset) transformer.Spec {
	s := r.Model
	s.Vocabulary = d.Vocabulary.Size()
	return s
}

// Train makes the decoder anew and keeps each phase in root/<name> as soon as it is done; an interrupted call goes on from
// the checkpoints in scratch.
func (r LanguageRecipe) Train(ctx context.Context, backend compute.Backend, data *datasets.Dataset, root, scratch string, observer training.Observer) (*TrainedLanguage, error) {
	t := &TrainedLanguage{Recipe: r}
	var err error
	if t.Dense, err = transformer.NewEncoder(r.spec(data), r.Dense.Seed); err != nil {
		return nil, err
	}
	options := r.Dense
	options.Checkpoint, options.Observer = scratch, observer
	dense, err := training.Run(ctx, backend, t.Dense, data, nil, options)
	if err != nil {
		return nil, err
	}
	t.Card = LanguageCard{Recipe: r.Name, Task: data.Name, DataHash: data.Hash(), Train: len(data.Train), Dev: len(data.Dev), Test: len(data.Test),
		Seed: r.Dense.Seed, Backend: backend.Name(), Steps: dense.Steps, Unit: "byte", DensePerplexity: perplexityOf(dense.Best), ModelParameters: t.Dense.Spec.Size(),
		Minutes: dense.Seconds / 60}
	if err := t.Save(root); err != nil {
		return nil, err
	}
	if err := r.learnThresholds(ctx, backend, data, t, scratch, observer); err != nil {
		return nil, err
	}
	if err := t.Save(root); err != nil {
		return nil, err
	}
	if err := r.trainCascade(ctx, backend, data, t, scratch, observer); err != nil {
		return nil, err
	}
	return t, t.Save(root)
}

func (r LanguageRecipe) trainCascade(ctx context.Context, backend compute.Backend, data *datasets.Dataset, t *TrainedLanguage, scratch string, observer training.Observer) error {
	m, err := CopyOf(t.Dense, r.Cascading.Seed)
	if err != nil {
		return err
	}
	cascade, err := r.Cascade.withDefaults().cascade(m.Spec.Layers)
	if err != nil {
		return err
	}
	options := r.Cascading
	if options.Objective, err = training.NewCascadedLanguage(m, cascade); err != nil {
		return err
	}
	options.Checkpoint, options.Observer = scratch, observer
	run, err := training.Run(ctx, backend, m, data, nil, options)
	if err != nil {
		return err
	}
	t.Cascaded = m
	t.Card.Steps += run.Steps
	t.Card.Minutes += run.Seconds / 60
	t.Card.CascadePerplexity = perplexityOf(run.Best)
	return nil
}

func (r LanguageRecipe) learnThresholds(ctx context.Context, backend compute.Backend, data *datasets.Dataset, t *TrainedLanguage, scratch string, observer training.Observer) error {
	pruned, err := CopyOf(t.Dense, r.Thresholds.Seed)
	if err != nil {
		return err
	}
	hook := training.LeOPArd(pruned.Spec.Layers, r.Lambda)
	hook.Target = r.Target
	options := r.Thresholds
	options.Checkpoint, options.Observer = scratch, observer
	run, err := training.Run(ctx, backend, pruned, data, hook, options)
	if err != nil {
		return err
	}
	thresholds, err := hook.Thresholds(pruned)
	if err != nil {
		return err
	}
	t.Pruned, t.Thresholds = pruned, &pruning.Threshold{Model: r.Name, Seed: r.Thresholds.Seed, Layers: thresholds}
	t.Card.Steps += run.Steps
	t.Card.Minutes += run.Seconds / 60
	t.Card.PrunedPerplexity, t.Card.Kept = perplexityOf(run.Best), run.Best.Kept
	return nil
}

func perplexityOf(s training.Score) float64 {
	for _, m := range s.Metrics {
		if m.Name == "perplexity" {
			return m.Value
		}
	}
	return math.NaN()
}

// Save writes the checkpoint to root/<name>, its weights in half precision, the card last.
func (t *TrainedLanguage) Save(root string) error {
	dir := filepath.Join(root, t.Recipe.Name)
	about := map[string]string{"recipe": t.Recipe.Name, "data": t.Card.DataHash, "seed": fmt.Sprint(t.Card.Seed)}
	if err := t.Dense.Save(filepath.Join(dir, DenseWeights), transformer.Float16, about); err != nil {
		return err
	}
	if t.Pruned != nil {
		if err := t.Pruned.Save(filepath.Join(dir, prunedFile), transformer.Float16, about); err != nil {
			return err
		}
		if err := t.Thresholds.Save(filepath.Join(dir, thresholdsFile)); err != nil {
			return err
		}
	}
	if t.Cascaded != nil {
		if err := t.Cascaded.Save(filepath.Join(dir, cascadedFile), transformer.Float16, about); err != nil {
			return err
		}
	}
	return WriteCard(dir, t.Card)
}

// Load reads the checkpoint of a recipe from root/<name>.
func (r LanguageRecipe) Load(root string) (*TrainedLanguage, error) {
	dir := filepath.Join(root, r.Name)
	t := &TrainedLanguage{Recipe: r}
	err := ReadCard(dir, &t.Card)
	if err != nil {
		return nil, err
	}
	if t.Dense, _, err = transformer.Load(filepath.Join(dir, DenseWeights)); err != nil {
		return nil, err
	}
	t.Cascaded, _, err = transformer.Load(filepath.Join(dir, cascadedFile))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	t.Thresholds, err = pruning.LoadThreshold(filepath.Join(dir, thresholdsFile))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return t, nil
	case err != nil:
		return nil, err
	}
	if t.Pruned, _, err = transformer.Load(filepath.Join(dir, prunedFile)); err != nil {
		return nil, err
	}
	if n := t.Pruned.Spec.Layers; len(t.Thresholds.Layers) != n {
		return nil, fmt.Errorf("experiment: %s holds %d thresholds, the model has Spec.Layers = %d", filepath.Join(dir, thresholdsFile), len(t.Thresholds.Layers), n)
	}
	return t, nil
}

// LoadOrTrain reads the recipe's checkpoint; with Where.Retrain it is that of the folder named there, in which the decoder is
// trained first when it is not there yet, in about half an hour on two cores.
func (r LanguageRecipe) LoadOrTrain(ctx context.Context, backend compute.Backend, where Where) (*TrainedLanguage, error) {
	if where.Retrain == "" {
		return r.Load(where.Checkpoints)
	}
	t, err := r.Load(where.Retrain)
	if !errors.Is(err, os.ErrNotExist) && (err != nil || t.Cascaded != nil) {
		return t, err
	}
	data, err := r.Open(where.Data)
	if err != nil {
		return nil, err
	}
	return r.Train(ctx, backend, data, where.Retrain, filepath.Join(where.Retrain, r.Name, "state"), where.Observer)
}
