package taskstudy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// Training on: how a fine-tuned model learns with a method.
const (
	onSteps = 150 // where a task does not say
	onBatch = 32
	onRate  = 0.3  // of the learning rate of the fine-tuning (assumed)
	onHook  = 3e-3 // learning rate of thresholds and detectors, as for our other models
	watched = 200  // dev examples that a run is watched on; they choose nothing
)

// Weights is the file of a fine-tuned model in a folder.
func (t Task) Weights(folder string, seed uint64) string {
	name := t.Name
	if t.Start != "" && t.Fresh {
		name += "-fresh"
	}
	return filepath.Join(folder, fmt.Sprintf("%s-seed%d.safetensors", name, seed))
}

// FineTuned reads a model that the command taskstudy/train left in a folder.
func (t Task) FineTuned(folder string, seed uint64, d *datasets.Dataset) (*transformer.Encoder, error) {
	path := t.Weights(folder, seed)
	m, _, err := transformer.Load(path)
	if err != nil {
		return nil, fmt.Errorf("taskstudy: fine-tuned weights of %s, seed %d: %w", t.Name, seed, err)
	}
	if want := t.Spec(d); m.Spec != want {
		return nil, fmt.Errorf("taskstudy: %s holds a model of the shape %+v, must have the task's, %+v", path, m.Spec, want)
	}
	return m, nil
}

// held are the examples that judge a method: the test split where its labels are public, else the dev split.
func (t Task) held(d *datasets.Dataset) (examples []datasets.Example, split string) {
	if len(d.Test) > 0 {
		return datasets.Spread(d.Test, t.Judge), "test"
	}
	return datasets.Spread(d.Dev, t.Judge), "dev"
}

// on are the options of training on. The parameters of the last step are kept, whatever the dev split says: so the dev split of a
// task whose test labels are not public has chosen nothing, and may judge.
func (t Task) on(d *datasets.Dataset, seed uint64) training.Options {
	o := t.Train
	steps, most := cmp.Or(t.Steps, onSteps), max(1, len(d.Train)/onBatch)
	o.Epochs = (steps + most - 1) / most
	o.StepsPerEpoch = (steps + o.Epochs - 1) / o.Epochs
	o.Batch, o.LearningRate, o.HookRate, o.SaveEvery, o.Patience, o.Seed = onBatch, onRate*t.Train.LearningRate, onHook, 50, 0, seed
	o.EvalBatch = 32 // few examples are judged: most of larger batches would be filling
	o.Better = func(training.Score, training.Score) bool { return true }
	return o
}

// name of a method at a kept share, in the table's models and in a state's files.
func (m Method) name(keep float64) string {
	if m.Name == Control {
		return m.Name
	}
	return fmt.Sprintf("%s at %.4g %%", m.Name, 100*keep)
}

// Learn trains a copy of the fine-tuned model on with a method that keeps about the given share of the visible pairs, and judges it;
// the share that it really kept of the judged examples is a row of its own. With w.State an interrupted call goes on where it
// stopped, and what is finished is not repeated. The error matches ErrOutOfReach where the method cannot keep as little.
func (t Task) Learn(ctx context.Context, seed uint64, d *datasets.Dataset, dense *transformer.Encoder, m Method, keep float64, w Where) ([]Row, error) {
	if !(keep > 0 && keep < 1) {
		return nil, fmt.Errorf("taskstudy: kept share is %v, must be above 0 and below 1", keep)
	}
	o := t.on(d, seed)
	o.Phase, o.Observer = strings.NewReplacer(" %", "", ",", "", " ", "-").Replace(m.name(keep)), w.Observer
	finished := ""
	if w.State != "" {
		o.Checkpoint = filepath.Join(t.state(w, seed), fmt.Sprintf("methods-%d-steps", cmp.Or(t.Steps, onSteps)))
		finished = filepath.Join(o.Checkpoint, o.Phase+".csv")
		if rows, err := Read(finished); !errors.Is(err, fs.ErrNotExist) {
			return rows, err
		}
		if err := os.MkdirAll(o.Checkpoint, 0o755); err != nil {
			return nil, fmt.Errorf("taskstudy: %w", err)
		}
	}
	rows, err := t.learn(ctx, seed, d, dense, m, keep, w, o)
	if err != nil || finished == "" {
		return rows, err
	}
	return rows, Merge(finished, rows)
}

func (t Task) learn(ctx context.Context, seed uint64, d *datasets.Dataset, dense *transformer.Encoder, m Method, keep float64, w Where, o training.Options) ([]Row, error) {
	copied, err := experiment.CopyOf(dense, seed)
	if err != nil {
		return nil, err
	}
	held, split := t.held(d)
	short := *d
	short.Dev = datasets.Spread(d.Dev, watched)
	c := &course{data: &short, dense: dense, model: copied, seed: seed, keep: keep, options: o, backend: w.Backend}
	began := time.Now()
	hook, err := m.begin(ctx, c)
	if err != nil {
		return nil, err
	}
	if m.Trained {
		if _, err := training.Run(ctx, w.Backend, c.model, &short, hook, o); err != nil {
			return nil, err
		}
	}
	if m.settle != nil {
		if err := m.settle(c, hook); err != nil {
			return nil, err
		}
	}
	seconds := time.Since(began).Seconds()
	e, err := training.NewEvaluator(w.Backend, c.model, hook, o)
	if err != nil {
		return nil, err
	}
	defer e.Close()
	score, err := e.Evaluate(held)
	if err != nil {
		return nil, err
	}
	score.Metrics = append(score.Metrics, training.Metric{Name: keptShare, Value: score.MeanKept()})
	t.Shape += separator + m.name(keep)
	return t.rows(seed, split, score, seconds), nil
}

const (
	keptShare = "kept share"
	separator = "; " // between a model and its method
)
