package taskstudy

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gomlx/compute"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/experiment/joint"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// Task is a model and how it is trained on a data set.
type Task struct {
	Name  string // of the task in the table; Open sets it to that of the data that were found
	Set   string // for datasets.Open
	Data  datasets.Options
	Shape string           // name of the model in the table
	Model transformer.Spec // Vocabulary, Classes, Patch and, when 0, Tokens come from the data
	White bool             // the patch embedding begins whitened
	Start string           // pretrained encoder whose weights, shape and vocabulary the model begins with; "" = none
	Fresh bool             // only the shape and the vocabulary of Start are taken: what pretraining gives is the difference
	Long  string           // recipe of package joint for shorter inputs, whose dense model the model begins with, its positions repeated; "" = none
	Train training.Options
	Seeds int // seeds that the table is made from
	Steps int // of training on with a method, batches of 32; 0 = 150
	Judge int // examples of the held-out split that judge a method; 0 = all

	start *experiment.Start    // read by Open
	short *transformer.Encoder // of Long, read by Open
}

// encoder is a shape with heads of 64 values, or of 32 where heads says so.
func encoder(layers, hidden, heads int, dropout float64) transformer.Spec {
	return transformer.Spec{Layers: layers, Hidden: hidden, Heads: heads, FFN: 2 * hidden, Dropout: dropout}
}

// sharp lets a narrow encoder begin with weights of about 1/sqrt(Hidden) and positions that can be told apart: after three epochs
// of Fashion-MNIST it is two points ahead, on the dev split, of one that begins as BERT does.
func sharp(s transformer.Spec) transformer.Spec {
	s.Deviation, s.Sines = 0.1, true
	return s
}

// Tasks lists what this package trains. Sizes are what two cores carry in minutes.
func Tasks() []Task {
	return append(fineTuned(), []Task{
		{
			Name: "fashion-mnist", Set: "fashion-mnist", Shape: "ViT L3 H96 A3, 4x4 patches", Model: sharp(encoder(3, 96, 3, 0)), White: true,
			Data: datasets.Options{Patch: 4, Overlap: 2},
			Train: training.Options{Epochs: 24, Batch: 64, LearningRate: 2e-3, WeightDecay: 0.05, SaveEvery: 200,
				Objective: training.Classification{Smoothing: 0.1}, Augment: datasets.Augment{Shift: 1, Flip: true, Erase: 10}},
			Seeds: 3,
		},
		{
			Name: "cifar-10", Set: "cifar-10", Shape: "ViT L4 H96 A3, 4x4 patches", Model: encoder(4, 96, 3, 0), White: true,
			Data:  datasets.Options{Patch: 4, Overlap: 2},
			Train: training.Options{Epochs: 9, Batch: 64, LearningRate: 1.5e-3, SaveEvery: 100, Augment: datasets.Augment{Flip: true}}, Seeds: 3,
		},
		{
			Name: "wordnet", Set: "wordnet", Shape: "L2 H96 A3", Model: encoder(2, 96, 3, 0.1),
			Data:  datasets.Options{VocabularySize: 10000, MaxTokens: 32, Overflow: datasets.Truncate},
			Train: training.Options{Epochs: 3, Batch: 128, Multiple: 8, LearningRate: 2e-3, SaveEvery: 100}, Seeds: 3,
		},
		listOpsShort(),
		{
			// The benchmark's own length. Two cores train six examples a second there, so that the model begins with that of DOTA's
			// notebook, which has seen lists of up to 511 tokens.
			Name: "listops", Set: "listops", Shape: "L2 H64 A1", Long: "dota-listops",
			Data:  datasets.Options{MaxTokens: 2000},
			Train: training.Options{Epochs: 1, StepsPerEpoch: 120, Batch: 16, LearningRate: 5e-4, Multiple: 250, EvalBatch: 16, SaveEvery: 20}, Seeds: 1,
		},
	}...)
}

// listOpsShort is the dense model of SPRINT's notebook, whose checkpoint is seed 1.
func listOpsShort() Task {
	r, err := experiment.FindRecipe("listops-short")
	if err != nil {
		panic(err)
	}
	return Task{Name: r.Task, Set: r.Task, Shape: "L5 H128 A2", Model: r.Model, Data: r.Data, Train: r.Dense, Seeds: 3}
}

// Find returns the task of a name; the error lists the names.
func Find(name string) (Task, error) {
	return experiment.ByName("taskstudy", "task", Tasks(), func(t Task) string { return t.Name }, name)
}

// Each calls f for every task of a list of names, with the seeds of another list or, where that is empty, the task's own.
func Each(names, seeds string, f func(Task, []uint64) error) error {
	for name := range strings.SplitSeq(names, ",") {
		t, err := Find(name)
		if err != nil {
			return err
		}
		numbers, err := t.seedsOf(seeds)
		if err != nil {
			return err
		}
		if err := f(t, numbers); err != nil {
			return err
		}
	}
	return nil
}

// seedsOf reads numbers separated by commas; without any it is the task's own number of seeds, from 1.
func (t Task) seedsOf(text string) (seeds []uint64, err error) {
	if text == "" {
		for s := range t.Seeds {
			seeds = append(seeds, uint64(s+1))
		}
		return seeds, nil
	}
	for number := range strings.SplitSeq(text, ",") {
		seed, err := strconv.ParseUint(number, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("taskstudy: seeds are %q, must be numbers separated by commas", text)
		}
		seeds = append(seeds, seed)
	}
	return seeds, nil
}

// Where says where a run finds its data and keeps its state.
type Where struct {
	Data     string // data folder, "" to look in the usual places
	State    string // folder of checkpoints, from which an interrupted run goes on; "" keeps none
	Backend  compute.Backend
	Observer training.Observer
}

// Open reads the task's data and, from root, the encoder that it begins with.
func (t *Task) Open(folder, root string) (*datasets.Dataset, error) {
	o := t.Data
	o.Data = folder
	if t.Start != "" {
		start, err := experiment.LoadStart(root, t.Start)
		if err != nil {
			return nil, err
		}
		t.start, o.Vocabulary = start, start.Vocabulary
		t.Model = start.Fit(t.Model.Head, o.MaxTokens, 2, t.Model.Dropout)
	}
	if t.Long != "" {
		r, err := joint.FindRecipe(t.Long)
		if err != nil {
			return nil, err
		}
		short, err := r.Load(root)
		if err != nil {
			return nil, err
		}
		t.short, o.Vocabulary, t.Model = short.Dense, short.Vocabulary, short.Dense.Spec
		t.Model.Tokens = o.MaxTokens
	}
	d, err := datasets.Open(t.Set, o)
	if err == nil {
		t.Name = d.Name // what was found says what it is: QNLI without its training file is no QNLI
	}
	return d, err
}

// pretrained is what the weights were before.
func (t Task) pretrained() string {
	if t.Fresh {
		return "none"
	}
	return cmp.Or(t.Start, t.Long, "none")
}

// Spec is the model's shape for these data.
func (t Task) Spec(d *datasets.Dataset) transformer.Spec {
	s := t.Model
	s.Vocabulary, s.Classes = d.Vocabulary.Size(), len(d.Classes)
	if d.Kind == datasets.Spans {
		s.Classes = 2 // an answer's first and last token
	}
	if image := d.Train[0].Image; image != nil {
		s.Patch = image.PatchValues()
	}
	if s.Tokens == 0 {
		for _, split := range [][]datasets.Example{d.Train, d.Dev, d.Test} {
			for _, e := range split {
				s.Tokens = max(s.Tokens, len(e.IDs))
			}
		}
	}
	return s
}

// model is what a run begins with.
func (t Task) model(seed uint64, d *datasets.Dataset) (*transformer.Encoder, error) {
	switch {
	case t.Fresh:
	case t.short != nil:
		return t.short.Longer(t.Model.Tokens, seed)
	case t.start != nil:
		return t.start.Model(t.Spec(d), seed)
	}
	m, err := transformer.NewEncoder(t.Spec(d), seed)
	if err != nil || !t.White {
		return m, err
	}
	return m, experiment.Whiten(m, d)
}

// Run trains the task with one seed and judges the epoch that is best on the dev split, there and on the test split.
func (t Task) Run(ctx context.Context, seed uint64, d *datasets.Dataset, w Where) (*transformer.Encoder, []Row, error) {
	m, err := t.model(seed, d)
	if err != nil {
		return nil, nil, err
	}
	o := t.Train
	o.Seed, o.Observer = seed, w.Observer
	if w.State != "" {
		o.Checkpoint = t.state(w, seed)
	}
	result, err := training.Run(ctx, w.Backend, m, d, nil, o)
	if err != nil {
		return nil, nil, err
	}
	rows := t.rows(seed, "dev", result.Best, result.Seconds)
	if len(d.Test) > 0 {
		score, err := t.judge(w.Backend, m, d.Test)
		if err != nil {
			return nil, nil, err
		}
		rows = append(rows, t.rows(seed, "test", score, result.Seconds)...)
	}
	return m, rows, nil
}

// judge scores a model in batches as large as those that training evaluates with.
func (t Task) judge(backend compute.Backend, m *transformer.Encoder, examples []datasets.Example) (training.Score, error) {
	e, err := training.NewEvaluator(backend, m, nil, t.Train)
	if err != nil {
		return training.Score{}, err
	}
	defer e.Close()
	return e.Evaluate(examples)
}

// state is the folder of one run's state.
func (t Task) state(w Where, seed uint64) string {
	return filepath.Join(w.State, fmt.Sprintf("%s-%s-seed%d", t.Name, t.pretrained(), seed))
}

func (t Task) rows(seed uint64, split string, s training.Score, seconds float64) (out []Row) {
	for _, m := range s.Metrics {
		out = append(out, Row{Task: t.Name, Model: t.Shape, Pretrained: t.pretrained(), Seed: seed, Split: split, Metric: m.Name, Value: m.Value, Examples: s.Examples, Seconds: seconds})
	}
	return out
}
