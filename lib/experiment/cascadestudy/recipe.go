package cascadestudy

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/gomlx/compute"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// Recipe says how a classifier is trained with cascade pruning in the loop. Its dense model is fine-tuned from a pretrained encoder
// (Start) or that of a recipe of package experiment (Base). From that both twins are trained on for the same number of steps, one
// with the cascade and one without, and the one is judged by the other.
type Recipe struct {
	Task, Title   string
	Base          string           // recipe of package experiment; "" = Start
	Start         string           // folder of a pretrained encoder, whose shape and vocabulary the model takes
	Stack         int              // times that the start's layers stand on each other; 0 is once
	Data          datasets.Options // with Start; a Base has its own
	Dense         training.Options // with Start: from the pretrained encoder to the dense model
	Options       training.Options // of the twins
	Seeds         int              // times that it is made, with seeds from 1; 0 is once
	Tokens, Heads float64          // mean pruned shares at full pressure; examples are pruned by all shares up to these
	Values        float64          // share of its keys whose values a query reads at full pressure
	Sweep, Goal   int              // held-out examples of a point of a sweep and of the goal; 0 = all
}

const encoder = "pretrained-l2-h128"

// Recipes are the models of SpAtten's notebook.
func Recipes() []Recipe {
	// The last epoch is kept, whatever the dev split says: so the dev split of a task whose test labels are not public has chosen
	// nothing, and may judge. MRPC's is small, so that three seeds stand beside each other.
	last := func(training.Score, training.Score) bool { return true }
	fine := func(epochs, batch, steps int, rate float64) training.Options {
		return training.Options{Epochs: epochs, Batch: batch, LearningRate: rate, StepsPerEpoch: steps, Seed: 1, SaveEvery: 100, Better: last}
	}
	// Tokens are pruned from the second layer on, so that the second of two layers would bear all of it; the paper's models have 12
	// and more. So the pretrained layers stand twice on each other.
	const deep = 2
	cut := func(tokens int) datasets.Options {
		return datasets.Options{MaxTokens: tokens, Overflow: datasets.Truncate}
	}
	return []Recipe{
		{Task: "listops-short", Title: "ListOps (at most 128 tokens)", Base: "listops-short", Tokens: 0.45, Values: goalValues, Options: fine(1, 32, 2000, 3e-4), Sweep: 200},
		{Task: "gosource", Title: "Go source (bytes)", Base: "gosource", Tokens: 0.45, Values: goalValues, Heads: 0.25, Options: fine(1, 32, 150, 5e-4), Sweep: 200, Goal: 1000},
		{Task: "sst2", Title: "SST-2", Start: encoder, Stack: deep, Data: cut(64), Tokens: 0.45, Values: goalValues, Dense: fine(1, 64, 0, 5e-4), Options: fine(1, 64, 500, 2e-4), Sweep: 400},
		{Task: "mrpc", Title: "MRPC (sentence pairs)", Start: encoder, Stack: deep, Data: cut(128), Tokens: 0.45, Values: goalValues, Dense: fine(3, 32, 0, 3e-4), Options: fine(1, 32, 0, 1e-4), Seeds: 3, Sweep: 200},
		{Task: "imdb", Title: "IMDb (at most 256 tokens)", Start: encoder, Stack: deep, Data: cut(256), Tokens: 0.45, Values: goalValues, Dense: fine(1, 32, 0, 5e-4), Options: fine(1, 32, 300, 2e-4), Sweep: 100, Goal: 3000},
		{Task: "wordnet", Title: "WordNet glosses (45 classes)", Start: encoder, Stack: deep, Data: cut(32), Tokens: 0.45, Values: goalValues, Dense: fine(1, 64, 0, 5e-4), Options: fine(1, 64, 1500, 2e-4), Sweep: 400, Goal: 3000},
	}
}

// Find returns the recipe of a task; the error lists the tasks.
func Find(task string) (Recipe, error) {
	return experiment.ByName("cascadestudy", "recipe", Recipes(), func(r Recipe) string { return r.Task }, task)
}

// Name is the folder of its checkpoint.
func (r Recipe) Name() string {
	if s := r.Options.Seed; s > 1 {
		return fmt.Sprintf("%s-cascade-seed%d", r.Task, s)
	}
	return r.Task + "-cascade"
}

// Runs is the recipe once for each of its seeds.
func (r Recipe) Runs() (out []Recipe) {
	for s := range uint64(max(1, r.Seeds)) {
		r.Dense.Seed, r.Options.Seed = s+1, s+1
		out = append(out, r)
	}
	return out
}

// Hook is the pruning of a training run.
func (r Recipe) Hook(layers int) (*training.Cascade, error) {
	c, err := experiment.CascadeOf(layers, r.Tokens, r.Heads, r.Values)
	if err != nil {
		return nil, err
	}
	return &training.Cascade{Tokens: c.Tokens, Heads: c.Heads, Values: c.Values, Vary: true}, nil
}

// begin is what a recipe begins with.
type begin struct {
	data  *datasets.Dataset
	dense *transformer.Encoder // of the base; nil with a start
	start *experiment.Start    // the pretrained encoder, without a base
}

// Where says where models and data are.
type Where struct {
	Starts string // folder of the models that recipes begin with
	Root   string // folder of the recipes' own checkpoints
	Data   string // data folder, "" to look in the usual places
	State  string // folder from which an interrupted training goes on; "" keeps nothing
}

// open reads the data and the models that a recipe begins with.
func (r Recipe) open(where Where) (b begin, err error) {
	if r.Base != "" {
		base, err := experiment.FindRecipe(r.Base)
		if err != nil {
			return b, err
		}
		t, err := base.Load(where.Starts)
		if err != nil {
			return b, err
		}
		b.dense = t.Dense
		b.data, err = base.Open(where.Data, t.Vocabulary)
		return b, err
	}
	start, err := experiment.LoadStart(where.Starts, r.Start)
	if err != nil {
		return b, err
	}
	if b.start, err = start.Stacked(max(1, r.Stack)); err != nil {
		return b, err
	}
	o := r.Data
	o.Data, o.Vocabulary = where.Data, b.start.Vocabulary
	b.data, err = datasets.Open(r.Task, o)
	return b, err
}

// devExamples bounds the dev split that a training run is watched on.
const devExamples = 1000

// run is what the training phases of a recipe share.
type run struct {
	recipe   Recipe
	backend  compute.Backend
	data     *datasets.Dataset
	state    string
	observer training.Observer
}

// train trains a model in place for one phase.
func (u run) train(ctx context.Context, phase string, o training.Options, m *transformer.Encoder, hook training.Hook) (training.Result, error) {
	o.Phase, o.Observer = phase, u.observer
	if u.state != "" {
		o.Checkpoint = filepath.Join(u.state, u.recipe.Name(), phase)
	}
	watched := *u.data
	watched.Dev = datasets.Spread(u.data.Dev, devExamples)
	return training.Run(ctx, u.backend, m, &watched, hook, o)
}

// dense is the model that the twins begin with, and the seconds that it took to train.
func (u run) dense(ctx context.Context, b begin) (*transformer.Encoder, float64, error) {
	if b.dense != nil {
		return b.dense, 0, nil
	}
	m, err := b.start.Classifier(u.recipe.Data.MaxTokens, len(b.data.Classes), b.start.Spec.Dropout, u.recipe.Dense.Seed)
	if err != nil {
		return nil, 0, err
	}
	result, err := u.train(ctx, "dense", u.recipe.Dense, m, nil)
	return m, result.Seconds, err
}

// twin is a model of its own that was trained on from the dense one.
func (u run) twin(ctx context.Context, phase string, dense *transformer.Encoder, hook training.Hook) (*transformer.Encoder, training.Result, error) {
	m, err := experiment.CopyOf(dense, u.recipe.Options.Seed)
	if err != nil {
		return nil, training.Result{}, err
	}
	result, err := u.train(ctx, phase, u.recipe.Options, m, hook)
	return m, result, err
}

// held are the examples that judge: the test split where its labels are known, else the dev split.
func held(d *datasets.Dataset) (examples []datasets.Example, split string) {
	if len(d.Test) > 0 {
		return d.Test, "test"
	}
	return d.Dev, "dev"
}
