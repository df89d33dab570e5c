package experiment

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gomlx/compute"
	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// Trained is a model with and without learned thresholds.
type Trained struct {
	Recipe     Recipe
	Vocabulary *datasets.Vocabulary
	Dense      *transformer.Encoder // fine-tuned, nothing pruned
	Pruned     *transformer.Encoder // trained on with the thresholds
	Thresholds *pruning.Threshold
	Card       Card
}

// Card says where a checkpoint comes from.
type Card struct {
	Recipe, Task    string
	DataHash        string // of the examples it was trained on
	Train, Dev      int    // examples
	Seed            uint64
	Backend         string
	Steps           int
	Minutes         float64 // wall time of the training; differs from run to run
	DenseAccuracy   float64 // dev split, 0..1, scores computed in floating point
	PrunedAccuracy  float64
	Kept            []float64 // share of the visible scores that each layer keeps, dev split
	RootOnlyDev     float64   `json:",omitempty"` // ListOps: accuracy of the predictor that reads only the root operator
	ModelParameters int
	Note            string `json:",omitempty"` // how the training differed from the recipe
}

// The files of a checkpoint folder.
const (
	DenseWeights   = "dense.safetensors"
	prunedFile     = "pruned.safetensors"
	thresholdsFile = "thresholds.json"
	vocabularyFile = "vocabulary.json"
	cardFile       = "card.json"
)

// Load reads the checkpoint of a recipe from root/<name>.
func (r Recipe) Load(root string) (*Trained, error) {
	dir := filepath.Join(root, r.Name)
	t := &Trained{Recipe: r}
	err := ReadCard(dir, &t.Card)
	if err != nil {
		return nil, err
	}
	if t.Vocabulary, err = datasets.LoadVocabulary(filepath.Join(dir, vocabularyFile)); err != nil {
		return nil, err
	}
	if t.Dense, _, err = transformer.Load(filepath.Join(dir, DenseWeights)); err != nil {
		return nil, err
	}
	if t.Pruned, _, err = transformer.Load(filepath.Join(dir, prunedFile)); err != nil {
		return nil, err
	}
	if t.Thresholds, err = pruning.LoadThreshold(filepath.Join(dir, thresholdsFile)); err != nil {
		return nil, err
	}
	if n := t.Pruned.Spec.Layers; len(t.Thresholds.Layers) != n {
		return nil, fmt.Errorf("experiment: %s holds %d thresholds, the model has Spec.Layers = %d", filepath.Join(dir, thresholdsFile), len(t.Thresholds.Layers), n)
	}
	return t, nil
}

// Save writes the checkpoint to root/<name>, its weights in half precision; the card goes last, so that a folder with a card
// is whole.
func (t *Trained) Save(root string) error {
	dir := filepath.Join(root, t.Recipe.Name)
	about := map[string]string{"recipe": t.Recipe.Name, "data": t.Card.DataHash, "seed": fmt.Sprint(t.Card.Seed)}
	if err := t.Dense.Save(filepath.Join(dir, DenseWeights), transformer.Float16, about); err != nil {
		return err
	}
	if err := t.Pruned.Save(filepath.Join(dir, prunedFile), transformer.Float16, about); err != nil {
		return err
	}
	if err := t.Thresholds.Save(filepath.Join(dir, thresholdsFile)); err != nil {
		return err
	}
	if err := t.Vocabulary.Save(filepath.Join(dir, vocabularyFile)); err != nil {
		return err
	}
	return WriteCard(dir, t.Card)
}

// Train makes the model of a recipe anew, from where Begin says: fine-tuning, then the thresholds. With a scratch folder both phases keep
// checkpoints there and an interrupted call goes on from them.
func (r Recipe) Train(ctx context.Context, backend compute.Backend, data *datasets.Dataset, scratch string, observer training.Observer) (*Trained, error) {
	if r.Start != "" && r.start == nil {
		return nil, fmt.Errorf("experiment: recipe %s begins with %s, call Begin before Train", r.Name, r.Start)
	}
	dense, err := r.model(data)
	if err != nil {
		return nil, err
	}
	options := r.Dense
	options.Checkpoint, options.Observer = scratch, observer
	first, err := training.Run(ctx, backend, dense, data, nil, options)
	if err != nil {
		return nil, err
	}
	t, err := r.LearnThresholds(ctx, backend, data, dense, first.Best.Accuracy, scratch, observer)
	if err != nil {
		return nil, err
	}
	t.Card.Steps += first.Steps
	t.Card.Minutes += first.Seconds / 60
	return t, nil
}

// LearnThresholds trains a fine-tuned model on with one threshold a layer, by the recipe's second phase; accuracy (0..1) is
// what the model reaches on the dev split without pruning. The dense model is left as it is.
func (r Recipe) LearnThresholds(ctx context.Context, backend compute.Backend, data *datasets.Dataset, dense *transformer.Encoder, accuracy float64, scratch string, observer training.Observer) (*Trained, error) {
	pruned, err := CopyOf(dense, r.Thresholds.Seed)
	if err != nil {
		return nil, err
	}
	hook := training.LeOPArd(dense.Spec.Layers, r.Lambda)
	hook.Target = r.Target
	options := r.Thresholds
	options.Checkpoint, options.Observer = scratch, observer
	options.Better = r.sparser(accuracy)
	run, err := training.Run(ctx, backend, pruned, data, hook, options)
	if err != nil {
		return nil, err
	}
	best, err := r.calibrate(backend, pruned, hook, data, run.Best, accuracy)
	if err != nil {
		return nil, err
	}
	thresholds, err := hook.Thresholds(pruned)
	if err != nil {
		return nil, err
	}
	t := &Trained{Recipe: r, Vocabulary: data.Vocabulary, Dense: dense, Pruned: pruned,
		Thresholds: &pruning.Threshold{Model: r.Name, Seed: r.Thresholds.Seed, Layers: thresholds},
		Card: Card{Recipe: r.Name, Task: data.Name, DataHash: data.Hash(), Train: len(data.Train), Dev: len(data.Dev), Seed: r.Dense.Seed,
			Backend: backend.Name(), Steps: run.Steps, Minutes: run.Seconds / 60,
			DenseAccuracy: accuracy, PrunedAccuracy: best.Accuracy, Kept: best.Kept, ModelParameters: dense.Spec.Size()}}
	if _, err := datasets.ParseListOps(data.Dev[0].Text); err == nil {
		t.Card.RootOnlyDev = datasets.RootOperatorAccuracy(data.Train, data.Dev)
	}
	return t, nil
}

// The thresholds may be lowered together, in steps, to win back accuracy.
const (
	calibrationStep  = 0.05 // of a real score
	calibrationSteps = 8
)

// calibrate lowers all thresholds by the least number of steps at which the dev accuracy is within the budget again; when
// none is, they stay as learned.
func (r Recipe) calibrate(backend compute.Backend, m *transformer.Encoder, hook *training.SoftThreshold, data *datasets.Dataset, learned training.Score, dense float64) (training.Score, error) {
	floor := dense - r.Budget/100
	start, err := hook.Thresholds(m)
	if err != nil || learned.Accuracy >= floor {
		return learned, err
	}
	set := func(lower float64) error {
		for l, th := range start {
			if err := m.SetValues(training.ThresholdName(l), nil, []float32{float32(th - lower)}); err != nil {
				return err
			}
		}
		return nil
	}
	for step := 1; step <= calibrationSteps; step++ {
		if err := set(float64(step) * calibrationStep); err != nil {
			return learned, err
		}
		score, err := training.Evaluate(backend, m, data.Dev, hook, nil)
		if err != nil || score.Accuracy >= floor {
			return score, err
		}
	}
	return learned, set(0)
}

// sparser keeps the epoch that prunes most among those within the budget, else the most accurate one.
func (r Recipe) sparser(dense float64) func(candidate, best training.Score) bool {
	floor := dense - r.Budget/100
	return func(candidate, best training.Score) bool {
		c, b := candidate.Accuracy >= floor, best.Accuracy >= floor
		switch {
		case c != b:
			return c
		case c:
			return candidate.MeanKept() < best.MeanKept()
		}
		return candidate.Accuracy > best.Accuracy
	}
}

// LoadOrTrain reads the recipe's checkpoint; where there is none it trains the model and saves it there.
func (r Recipe) LoadOrTrain(ctx context.Context, backend compute.Backend, data *datasets.Dataset, root, scratch string, observer training.Observer) (*Trained, error) {
	t, err := r.Load(root)
	if !errors.Is(err, os.ErrNotExist) {
		return t, err
	}
	if t, err = r.Train(ctx, backend, data, scratch, observer); err != nil {
		return nil, err
	}
	return t, t.Save(root)
}
