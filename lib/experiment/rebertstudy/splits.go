package rebertstudy

import (
	"cmp"
	"errors"
	"os"
	"strings"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/experiment"
)

// Open reads or generates the data: Train, Dev, which the search and every choice of an epoch see, and Test, which nothing sees
// before the end; confirm are examples that are in none of them. A vocabulary that came with a checkpoint is used as it is.
//
// Where the labels of the test split are public, Dev and Test are the data set's own, and what they have beyond Task.Search and
// Task.Held confirms. Else the official dev split is the held-out one, and the others are cut from the training split.
func (t Task) Open(at Folders, vocabulary *datasets.Vocabulary) (d *datasets.Dataset, confirm []datasets.Example, err error) {
	dataset, o := t.Dataset, t.Data
	if t.Recipe != "" {
		r, err := experiment.FindRecipe(t.Recipe)
		if err != nil {
			return nil, nil, err
		}
		dataset, o = r.Task, r.Data
		o.Dev, o.Test = t.Data.Dev, t.Data.Test // more of them; the training split stays what it was
	}
	if t.Start != "" && vocabulary == nil {
		p, err := t.pretrained(at)
		if err != nil {
			return nil, nil, err
		}
		vocabulary = p.Vocabulary
	}
	o.Data, o.Vocabulary = at.Data, vocabulary
	if d, err = datasets.Open(dataset, o); err != nil {
		return nil, nil, err
	}
	if len(d.Test) > 0 {
		confirm = append(datasets.Between(d.Dev, t.Search), datasets.Between(d.Test, t.Held)...)
		d.Dev, d.Test = datasets.Spread(d.Dev, t.Search), datasets.Spread(d.Test, t.Held)
		confirm = datasets.Spread(confirm, t.Confirm)
		return d, confirm, nil
	}
	whole := d.Train
	if dataset == "sst2" { // its training split holds the phrases of its sentences, too
		o.SentencesOnly, o.Vocabulary = true, d.Vocabulary
		sentences, err := datasets.Open(dataset, o)
		if err != nil {
			return nil, nil, err
		}
		whole = sentences.Train
	}
	cut := datasets.Spread(whole, t.Search+t.Confirm)
	d.Train, d.Test = without(d.Train, cut), datasets.Spread(d.Dev, t.Held)
	d.Dev = datasets.Spread(cut, t.Search)
	if t.Confirm > 0 {
		confirm = datasets.Spread(datasets.Between(cut, t.Search), t.Confirm)
	}
	return d, confirm, nil
}

// pretrained reads the encoder that the task is fine-tuned from.
func (t Task) pretrained(at Folders) (*experiment.Start, error) {
	p, err := experiment.LoadStart(cmp.Or(at.Starts, at.Recipes), t.Start)
	if errors.Is(err, os.ErrNotExist) {
		// What the caller may train is the task, not this.
		return nil, errors.New(err.Error())
	}
	return p, err
}

// longestPhrase is the longest text, in words, whose parts are looked for; longer ones are no sentences of a phrase data set.
const longestPhrase = 100

// without are the examples that are neither one of cut nor a run of words of one: a phrase would give its sentence away.
func without(examples, cut []datasets.Example) []datasets.Example {
	spans := map[string]bool{}
	for _, e := range cut {
		spans[e.Text] = true
		words := strings.Fields(e.Text)
		if len(words) > longestPhrase || strings.Contains(e.Text, "\t") {
			continue
		}
		for from := range words {
			for to := from + 1; to <= len(words); to++ {
				spans[strings.Join(words[from:to], " ")] = true
			}
		}
	}
	var rest []datasets.Example
	for _, e := range examples {
		if !spans[e.Text] && !spans[strings.Join(strings.Fields(e.Text), " ")] {
			rest = append(rest, e)
		}
	}
	return rest
}
