package rebertstudy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// Task is an encoder whose windows are searched: its data, shape and fine-tuning.
type Task struct {
	Name    string // folder of what it leaves
	Recipe  string // a committed model of package experiment, instead of one that is trained here; "" = none
	Title   string // in figures
	Dataset string // name for datasets.Open
	Data    datasets.Options
	Spec    transformer.Spec // Vocabulary and Classes come from the data
	Dense   training.Options
	Search  int // examples that the search sees, at most
	Held    int // held-out examples that it is judged on, at most; 0 = all
	Tune    int // batches of fine-tuning for a candidate out of budget
	Final   int // batches of fine-tuning under the windows found
}

// Tasks lists them. The vocabularies and widths are small enough to train each in minutes on two cores.
func Tasks() []Task {
	shape := func(layers, hidden, tokens int, dropout float64) transformer.Spec {
		return transformer.Spec{Layers: layers, Hidden: hidden, Heads: 2, FFN: 4 * hidden, Tokens: tokens, Dropout: dropout}
	}
	words := func(vocabulary, tokens int) datasets.Options {
		return datasets.Options{VocabularySize: vocabulary, MaxTokens: tokens, Overflow: datasets.Truncate}
	}
	dense := func(epochs, batch, steps int, rate float64) training.Options {
		return training.Options{Epochs: epochs, Batch: batch, StepsPerEpoch: steps, LearningRate: rate, Seed: 1}
	}
	return []Task{
		{Name: "sst2", Title: "SST-2", Dataset: "sst2", Data: words(8000, 64), Spec: shape(4, 64, 64, 0.1), Dense: dense(3, 64, 500, 1e-3), Search: 1500, Tune: 40, Final: 240},
		{Name: "imdb", Title: "IMDb", Dataset: "imdb", Data: words(8000, 128), Spec: shape(4, 64, 128, 0.2), Dense: dense(2, 32, 350, 1e-3), Search: 600, Held: 2000, Tune: 20, Final: 100},
		{Name: "gosource", Title: "Go source", Recipe: "gosource", Search: 600, Tune: 10, Final: 60},
		{Name: "listops", Title: "ListOps (short)", Recipe: "listops-short", Search: 600, Tune: 10, Final: 60},
		{Name: "wordnet", Title: "WordNet glosses", Dataset: "wordnet", Data: words(8000, 48), Spec: shape(3, 64, 48, 0.1), Dense: dense(2, 64, 350, 1.5e-3), Search: 1000, Held: 2500, Tune: 30, Final: 200},
		{Name: "sst2-2", Title: "SST-2, 2 layers", Dataset: "sst2", Data: words(8000, 64), Spec: shape(2, 64, 64, 0.1), Dense: dense(3, 64, 500, 1e-3), Search: 1500, Tune: 40, Final: 200},
		{Name: "sst2-6", Title: "SST-2, 6 layers", Dataset: "sst2", Data: words(8000, 64), Spec: shape(6, 64, 64, 0.1), Dense: dense(3, 64, 500, 1e-3), Search: 1500, Tune: 40, Final: 200},
		{Name: "cola", Title: "CoLA", Dataset: "cola", Data: words(8000, 64), Spec: shape(4, 64, 64, 0.2), Dense: dense(4, 32, 0, 5e-4), Search: 850, Tune: 20, Final: 80},
		{Name: "mrpc", Title: "MRPC", Dataset: "mrpc", Data: words(8000, 96), Spec: shape(4, 64, 96, 0.2), Dense: dense(5, 32, 0, 5e-4), Search: 400, Tune: 20, Final: 80},
		{Name: "rte", Title: "RTE", Dataset: "rte", Data: words(8000, 128), Spec: shape(4, 64, 128, 0.2), Dense: dense(4, 32, 0, 5e-4), Search: 300, Tune: 20, Final: 80},
	}
}

// Options are those of the task's search at a budget: first layer to last, halving and bisecting.
func (t Task) Options(budget float64) SearchOptions {
	return SearchOptions{Budget: budget, Step: training.Bisect, Tune: t.Tune, Final: t.Final}
}

// FindTask returns the task of a name; the error lists the names.
func FindTask(name string) (Task, error) {
	var names []string
	for _, t := range Tasks() {
		if t.Name == name {
			return t, nil
		}
		names = append(names, t.Name)
	}
	return Task{}, fmt.Errorf("rebertstudy: no task is called %q, must be one of %s", name, strings.Join(names, ", "))
}

// Open reads or generates the data: Train, Dev, which the search and every choice of an epoch see, and Test, which nothing sees
// before the end. A vocabulary that came with a checkpoint is used as it is.
//
// Where the labels of the test split are public, Dev and Test are the data set's own. Else the official dev split is the
// held-out one, and the search split is cut from the training split. What a dev split has beyond the search confirms the search.
func (t Task) Open(folder string, vocabulary *datasets.Vocabulary) (d *datasets.Dataset, confirm []datasets.Example, err error) {
	dataset, o := t.Dataset, t.Data
	if t.Recipe != "" {
		r, err := experiment.FindRecipe(t.Recipe)
		if err != nil {
			return nil, nil, err
		}
		dataset, o = r.Task, r.Data
	}
	o.Data, o.Vocabulary = folder, vocabulary
	if d, err = datasets.Open(dataset, o); err != nil {
		return nil, nil, err
	}
	if len(d.Test) == 0 {
		d.Test = d.Dev
		d.Train, d.Dev = carve(d.Train, t.Search)
	}
	confirm = thin(others(d.Dev, t.Search), maxConfirm)
	d.Dev, d.Test = thin(d.Dev, t.Search), thin(d.Test, t.Held)
	return d, confirm, nil
}

// maxConfirm is the most examples that confirm a search.
const maxConfirm = 1500

// others are the examples that thin leaves out.
func others(examples []datasets.Example, n int) []datasets.Example {
	if n <= 0 || len(examples) <= n {
		return nil
	}
	var rest []datasets.Example
	for i, next := 0, 0; i < len(examples); i++ {
		if next < n && i == next*len(examples)/n {
			next++
			continue
		}
		rest = append(rest, examples[i])
	}
	return rest
}

// thin takes n examples at equal distances, all of them when n is 0 or there are no more.
func thin(examples []datasets.Example, n int) []datasets.Example {
	if n <= 0 || len(examples) <= n {
		return examples
	}
	out := make([]datasets.Example, n)
	for i := range out {
		out[i] = examples[i*len(examples)/n]
	}
	return out
}

// carve takes n of the longer examples for the search and leaves those of the rest that are no part of one of them: SST-2's
// training split holds the phrases of its sentences, which would give the answers away.
func carve(train []datasets.Example, n int) (rest, search []datasets.Example) {
	lengths := make([]int, len(train))
	for i, e := range train {
		lengths[i] = len(strings.Fields(e.Text))
	}
	sorted := slices.Sorted(slices.Values(lengths))
	middle := sorted[len(sorted)/2]
	var long []int
	for i, l := range lengths {
		if l >= middle {
			long = append(long, i)
		}
	}
	spans, taken := map[string]bool{}, map[int]bool{}
	for k := range min(n, len(long)) {
		i := long[k*len(long)/min(n, len(long))]
		if spans[train[i].Text] {
			continue // a part of one that is there
		}
		taken[i] = true
		words := strings.Fields(train[i].Text)
		for from := range words {
			for to := from + 1; to <= len(words); to++ {
				spans[strings.Join(words[from:to], " ")] = true
			}
		}
	}
	for i, e := range train {
		switch {
		case taken[i]:
			search = append(search, e)
		case !spans[strings.Join(strings.Fields(e.Text), " ")]:
			rest = append(rest, e)
		}
	}
	return rest, search
}
