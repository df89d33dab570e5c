package rebertstudy

import (
	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// Task is an encoder whose windows are searched: its data, shape and fine-tuning.
type Task struct {
	Name    string // folder of what it leaves
	Recipe  string // a committed model of package experiment, instead of one that is trained here; "" = none
	Start   string // a pretrained encoder that it is fine-tuned from; "" = fresh weights
	Title   string // in figures
	Dataset string // name for datasets.Open
	Data    datasets.Options
	Spec    transformer.Spec // Vocabulary, Classes and Patch come from the data; all but Tokens and Dropout from Start
	Dense   training.Options

	Search  int // examples that the search sees, at most
	Confirm int // others that confirm it, at most
	Held    int // those that it is judged on, which nothing sees before, at most; 0 = all
	Tune    int // batches of fine-tuning for a candidate out of budget
	Final   int // batches of fine-tuning under the windows found, and with full attention beside them
}

// pretrained is the encoder that tasks are fine-tuned from.
const pretrained = "pretrained-l2-h128"

// Tasks lists them. Each is trained and searched in minutes on one core.
func Tasks() []Task {
	shape := func(layers, hidden, tokens int, dropout float64) transformer.Spec {
		return transformer.Spec{Layers: layers, Hidden: hidden, Heads: max(2, hidden/32), FFN: 4 * hidden, Tokens: tokens, Dropout: dropout}
	}
	words := func(vocabulary, tokens int) datasets.Options {
		return datasets.Options{VocabularySize: vocabulary, MaxTokens: tokens, Overflow: datasets.Truncate}
	}
	dense := func(epochs, batch, steps int, rate float64) training.Options {
		return training.Options{Epochs: epochs, Batch: batch, StepsPerEpoch: steps, LearningRate: rate, Seed: 1, SaveEvery: 100}
	}
	tuned := func(name, title string, tokens, epochs, batch int, rate float64, search, confirm int) Task {
		return Task{Name: name, Start: pretrained, Title: title, Dataset: name, Data: words(0, tokens), Spec: transformer.Spec{Tokens: tokens, Dropout: 0.1},
			Dense: dense(epochs, batch, 0, rate), Search: search, Confirm: confirm, Tune: 16, Final: 120}
	}
	sst2 := tuned("sst2", "SST-2", 64, 2, 64, 5e-4, 1000, 1200)
	sst2.Dense.StepsPerEpoch, sst2.Tune, sst2.Final = 450, 40, 240
	imdb := tuned("imdb", "IMDb", 128, 2, 32, 5e-4, 1000, 2000)
	imdb.Held, imdb.Tune, imdb.Final = 5000, 16, 300
	vit := transformer.Spec{Layers: 3, Hidden: 96, Heads: 3, FFN: 192, Tokens: 50}
	image := dense(2, 64, 500, 2e-3)
	image.Augment = datasets.Augment{Flip: true}
	small := shape(4, 64, 64, 0.1)
	small.Heads = 2
	deeper := small
	deeper.Layers = 6
	return []Task{
		sst2,
		imdb,
		{Name: "gosource", Title: "Go source", Recipe: "gosource", Data: datasets.Options{Dev: 4000, Test: 4000}, Search: 1000, Confirm: 2000, Tune: 10, Final: 120},
		{Name: "listops", Title: "ListOps (short)", Recipe: "listops-short", Data: datasets.Options{Dev: 4000, Test: 5000}, Search: 1000, Confirm: 2000, Tune: 10, Final: 120},
		{Name: "wordnet", Title: "WordNet glosses", Dataset: "wordnet", Data: words(8000, 48), Spec: shape(3, 64, 48, 0.1), Dense: dense(2, 128, 0, 2e-3), Search: 3000, Confirm: 4000, Held: 8000, Tune: 20, Final: 240},
		{Name: "fashion-mnist", Title: "Fashion-MNIST (patches)", Dataset: "fashion-mnist", Data: datasets.Options{Patch: 4, Overlap: 2}, Spec: vit, Dense: image, Search: 2000, Confirm: 3000, Tune: 12, Final: 150},
		{Name: "sst2-4", Title: "SST-2, 4 layers, from scratch", Dataset: "sst2", Data: words(8000, 64), Spec: small, Dense: dense(3, 64, 500, 1e-3), Search: 1000, Confirm: 1200, Tune: 40, Final: 240},
		{Name: "sst2-6", Title: "SST-2, 6 layers, from scratch", Dataset: "sst2", Data: words(8000, 64), Spec: deeper, Dense: dense(3, 64, 500, 1e-3), Search: 1000, Confirm: 1200, Tune: 40, Final: 240},
		tuned("cola", "CoLA", 48, 4, 32, 3e-4, 1000, 1000),
		tuned("mrpc", "MRPC", 128, 5, 32, 3e-4, 450, 450),
		tuned("rte", "RTE", 192, 4, 32, 3e-4, 300, 300),
	}
}

// Options are those of the task's search at a budget: first layer to last, halving and bisecting. Half of the budget is the
// search's own; the other half is left for the noise of the examples that judge it.
func (t Task) Options(budget float64) SearchOptions {
	return SearchOptions{Budget: budget, Reserve: 0.5, Step: training.Bisect, Tune: t.Tune, Final: t.Final}
}

// Trial is the task on a few examples and batches, in which everything happens once. Its numbers mean nothing.
func (t Task) Trial() Task {
	t.Name += "-trial"
	t.Search, t.Confirm, t.Held, t.Tune, t.Final = 32, 32, 64, 2, 3
	t.Dense.Epochs, t.Dense.StepsPerEpoch = 1, 3
	return t
}

// FindTask returns the task of a name; the error lists the names.
func FindTask(name string) (Task, error) {
	return experiment.ByName("rebertstudy", "task", Tasks(), func(t Task) string { return t.Name }, name)
}
