package datasets

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// glueTask describes the official TSV files of a GLUE task (Wang et al., ICLR 2019).
type glueTask struct {
	name, folder  string
	columns       []string // of a file without a header row, else nil
	text, second  string   // columns of the texts; second is empty in a single-sentence task
	label         string   // column
	labels        []string // as written in the file, in label order; nil in a regression task
	classes       []string // readable names in label order
	lowest, upper float64  // regression range
	level         Level    // of the vocabulary
}

// glueTasks: folders, columns and label spellings of the official files.
var glueTasks = []glueTask{
	{name: "sst2", folder: "SST-2", level: Words, text: "sentence", label: "label", labels: []string{"0", "1"}, classes: []string{"negative", "positive"}},
	{name: "cola", folder: "CoLA", level: Pointed, columns: []string{"source", "label", "annotation", "sentence"}, text: "sentence", label: "label",
		labels: []string{"0", "1"}, classes: []string{"unacceptable", "acceptable"}},
	{name: "mrpc", folder: "MRPC", level: Words, text: "#1 String", second: "#2 String", label: "Quality", labels: []string{"0", "1"}, classes: []string{"different", "paraphrase"}},
	{name: "rte", folder: "RTE", level: Pointed, text: "sentence1", second: "sentence2", label: "label",
		labels: []string{"entailment", "not_entailment"}, classes: []string{"entailment", "not_entailment"}},
	{name: "qnli", folder: "QNLI", level: Pointed, text: "question", second: "sentence", label: "label",
		labels: []string{"entailment", "not_entailment"}, classes: []string{"entailment", "not_entailment"}},
	{name: "wnli", folder: "WNLI", level: Pointed, text: "sentence1", second: "sentence2", label: "label", labels: []string{"0", "1"}, classes: []string{"not_entailment", "entailment"}},
	{name: "stsb", folder: "STS-B", level: Pointed, text: "sentence1", second: "sentence2", label: "score", classes: []string{"similarity"}, lowest: 0, upper: 5},
}

func init() {
	for _, task := range glueTasks {
		openers[task.name] = task.open
	}
}

// Size of a word-level vocabulary, when the options leave it open. Assumed: room for all 14,309 words that SST-2's
// training split has at least twice; 6 % of the words of its dev split are then unknown (9 % with 8,000, 19 % with 2,000).
const (
	defaultVocabulary = 16000
	defaultMinCount   = 2
)

// open reads train.tsv and dev.tsv. The official test labels are not public, so Test stays empty. Where only dev.tsv is
// found (QNLI's training file is often left out for its size) every fifth example of it is the dev split and the rest
// trains: numbers from such a run must not be compared with published ones, and the name of the set says so.
func (task glueTask) open(o Options) (*Dataset, error) {
	folder, err := findAny(o.Data, filepath.Join("glue", task.folder), task.folder, filepath.Join("glue_data", task.folder))
	if err != nil {
		return nil, err
	}
	d := &Dataset{Name: task.name, Classes: task.classes}
	if task.labels == nil {
		d.Kind = Regression
	}
	dev, err := task.read(filepath.Join(folder, "dev.tsv"))
	if err != nil {
		return nil, err
	}
	trainPath := filepath.Join(folder, "train.tsv")
	if _, err := os.Stat(trainPath); errors.Is(err, fs.ErrNotExist) && task.name == "qnli" {
		d.Name = "qnli-dev-only"
		for i, e := range dev {
			if i%5 == 0 {
				d.Dev = append(d.Dev, e)
			} else {
				d.Train = append(d.Train, e)
			}
		}
	} else {
		if d.Train, err = task.read(trainPath); err != nil {
			return nil, err
		}
		d.Dev = dev
	}
	if o.SentencesOnly {
		d.Train = maximal(d.Train)
	}
	if o.Test > 0 {
		return nil, fmt.Errorf("datasets: Options.Test is %d, must be 0: the test labels of %s are not public", o.Test, d.Name)
	}
	return d, d.finish(task.level, o)
}

// read gives the examples of a file without ids.
func (task glueTask) read(path string) ([]Example, error) {
	var examples []Example
	err := readFile(path, task.columns, func(t *table) error {
		var e Example
		var err error
		if e.Text, err = t.text(task.text); err != nil {
			return err
		}
		if task.second != "" {
			second, err := t.text(task.second)
			if err != nil {
				return err
			}
			e.Text += "\t" + second
		}
		if task.labels == nil {
			e.Score, err = t.score(task.label, task.lowest, task.upper)
		} else {
			e.Label, err = t.label(task.label, task.labels)
		}
		examples = append(examples, e)
		return err
	})
	return examples, err
}
