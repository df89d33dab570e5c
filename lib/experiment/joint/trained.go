package joint

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/gomlx/compute"
	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// Trained is a trained Recipe.
type Trained struct {
	Recipe     Recipe
	Vocabulary *datasets.Vocabulary // nil for pixels
	Dense      *transformer.Encoder // trained for as long as the others, without a detector
	Seeds      []Detecting
	Card       Card
}

// Detecting is a model trained with its detector.
type Detecting struct {
	Seed     uint64
	Model    *transformer.Encoder
	Detector *pruning.Detector
}

// Card says where a checkpoint comes from.
type Card struct {
	Recipe, Task string
	DataHash     string
	Train, Dev   int
	Tokens       float64 // mean of the training examples
	Backend      string
	Steps        int // of each model
	Parameters   int
	Dense        float64   // dev accuracy, 0..1
	Joint        []float64 // by seed
	Kept         []float64 // by seed: mean share of pairs kept on the dev split
	Constant     float64   // accuracy of the most frequent class
	RootOnly     float64   `json:",omitempty"` // ListOps: accuracy of the predictor that reads only the root operator
	// Rates are examples a second of training on, as measured when the checkpoint was made; 0 where an earlier call trained.
	DenseRate, JointRate float64
}

// The files of a checkpoint folder.
const jointCardFile = "joint.json"

func jointFile(seed uint64) string { return fmt.Sprintf("joint-%d.safetensors", seed) }

// Load reads the checkpoint of a recipe from root/<name>.
func (r Recipe) Load(root string) (*Trained, error) {
	dir := filepath.Join(root, r.Name)
	j := &Trained{Recipe: r}
	err := experiment.ReadJSON(filepath.Join(dir, jointCardFile), &j.Card)
	if err != nil {
		return nil, err
	}
	if j.Dense, _, err = transformer.Load(filepath.Join(dir, experiment.DenseWeights)); err != nil {
		return nil, err
	}
	if j.Vocabulary, err = datasets.LoadVocabulary(filepath.Join(dir, experiment.StartVocabulary)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, seed := range r.Seeds {
		d, err := r.loadSeed(dir, seed)
		if err != nil {
			return nil, err
		}
		j.Seeds = append(j.Seeds, d)
	}
	return j, nil
}

func (r Recipe) loadSeed(dir string, seed uint64) (Detecting, error) {
	path := filepath.Join(dir, jointFile(seed))
	m, _, err := transformer.Load(path)
	if err != nil {
		return Detecting{}, err
	}
	ts, _, err := transformer.ReadTensors(path)
	if err != nil {
		return Detecting{}, err
	}
	for _, t := range ts {
		if training.IsDetector(t.Name) {
			if err := m.SetValues(t.Name, t.Shape, t.Values); err != nil {
				return Detecting{}, err
			}
		}
	}
	hook := r.hook(seed)
	if err := hook.Prepare(m); err != nil { // refuses a detector of other shapes
		return Detecting{}, fmt.Errorf("joint: %s: %w", path, err)
	}
	detector, err := hook.Export(m)
	return Detecting{seed, m, detector}, err
}

// Train makes the recipe's models. Every phase keeps its state in scratch, where an interrupted call goes on; finished phases are
// not repeated.
func (r Recipe) Train(ctx context.Context, backend compute.Backend, data *datasets.Dataset, scratch string, observer training.Observer) (*Trained, error) {
	start, first, err := r.phase(ctx, backend, data, nil, nil, r.Dense, scratch, observer)
	if err != nil {
		return nil, err
	}
	on := func(phase string, seed uint64) training.Options {
		o := r.Joint
		o.Phase, o.Seed = phase, seed
		return o
	}
	j := &Trained{Recipe: r, Vocabulary: data.Vocabulary}
	rate := 0.0
	watch := func(e training.Event) {
		rate = max(rate, e.ExamplesPerSecond)
		if observer != nil {
			observer(e)
		}
	}
	dense, second, err := r.phase(ctx, backend, data, start, nil, on("on", 1), scratch, watch)
	if err != nil {
		return nil, err
	}
	j.Dense = dense
	j.Card = Card{Recipe: r.Name, Task: data.Name, DataHash: data.Hash(), Train: len(data.Train), Dev: len(data.Dev), Tokens: datasets.MeanTokens(data.Train),
		Backend: backend.Name(), Steps: first.Steps + second.Steps, Parameters: dense.Spec.Size(), Dense: second.Best.Accuracy,
		Constant: datasets.ConstantAccuracy(data.Train, data.Dev), DenseRate: rate}
	if _, err := datasets.ParseListOps(data.Dev[0].Text); err == nil {
		j.Card.RootOnly = datasets.RootOperatorAccuracy(data.Train, data.Dev)
	}
	for _, seed := range r.Seeds {
		hook := r.hook(seed)
		rate = 0
		m, run, err := r.phase(ctx, backend, data, start, hook, on(fmt.Sprintf("joint-%d", seed), seed), scratch, watch)
		if err != nil {
			return nil, err
		}
		j.Card.JointRate = max(j.Card.JointRate, rate)
		detector, err := hook.Export(m)
		if err != nil {
			return nil, err
		}
		j.Seeds = append(j.Seeds, Detecting{seed, m, detector})
		j.Card.Joint, j.Card.Kept = append(j.Card.Joint, run.Best.Accuracy), append(j.Card.Kept, run.Best.MeanKept())
	}
	return j, nil
}

// phase trains a fresh model, or a copy of from; with a hook, from a detector that is fitted to it: the warm-up of the detector
// alone, in closed form.
func (r Recipe) phase(ctx context.Context, backend compute.Backend, data *datasets.Dataset, from *transformer.Encoder, hook *training.Detector, o training.Options, scratch string, observer training.Observer) (*transformer.Encoder, training.Result, error) {
	m, err := transformer.NewEncoder(r.spec(data), o.Seed)
	if err != nil {
		return nil, training.Result{}, err
	}
	if from != nil {
		weights, err := from.Tensors()
		if err != nil {
			return nil, training.Result{}, err
		}
		if err := m.SetTensors(weights); err != nil {
			return nil, training.Result{}, err
		}
	}
	o.Checkpoint, o.Observer = scratch, observer
	if hook == nil {
		result, err := training.Run(ctx, backend, m, data, nil, o)
		return m, result, err
	}
	fitted, err := FitDetector(ctx, backend, from, hook.Sigma, hook.Seed, data.Train[:min(fitExamples, len(data.Train))])
	if err != nil {
		return nil, training.Result{}, err
	}
	if err := hook.Import(m, fitted.Detector); err != nil {
		return nil, training.Result{}, err
	}
	result, err := training.Run(ctx, backend, m, data, hook, o)
	return m, result, err
}

// fitExamples is how many training inputs a detector is fitted on before it is trained.
const fitExamples = 6

// Save writes the checkpoint to root/<name>, its weights in half precision; the card goes last.
func (j *Trained) Save(root string) error {
	dir := filepath.Join(root, j.Recipe.Name)
	about := map[string]string{"recipe": j.Recipe.Name, "data": j.Card.DataHash}
	if err := j.Dense.Save(filepath.Join(dir, experiment.DenseWeights), transformer.Float16, about); err != nil {
		return err
	}
	for _, d := range j.Seeds {
		extra, err := j.Recipe.hook(d.Seed).Tensors(d.Model)
		if err != nil {
			return err
		}
		if err := d.Model.Save(filepath.Join(dir, jointFile(d.Seed)), transformer.Float16, about, extra...); err != nil {
			return err
		}
	}
	if j.Vocabulary != nil {
		if err := j.Vocabulary.Save(filepath.Join(dir, experiment.StartVocabulary)); err != nil {
			return err
		}
	}
	return experiment.WriteJSON(filepath.Join(dir, jointCardFile), j.Card)
}
