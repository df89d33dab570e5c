package datasets

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
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
}

// glueTasks: folders, columns and label spellings of the official files.
var glueTasks = []glueTask{
	{name: "sst2", folder: "SST-2", text: "sentence", label: "label", labels: []string{"0", "1"}, classes: []string{"negative", "positive"}},
	{name: "cola", folder: "CoLA", columns: []string{"source", "label", "annotation", "sentence"}, text: "sentence", label: "label",
		labels: []string{"0", "1"}, classes: []string{"unacceptable", "acceptable"}},
	{name: "mrpc", folder: "MRPC", text: "#1 String", second: "#2 String", label: "Quality", labels: []string{"0", "1"}, classes: []string{"different", "paraphrase"}},
	{name: "rte", folder: "RTE", text: "sentence1", second: "sentence2", label: "label",
		labels: []string{"entailment", "not_entailment"}, classes: []string{"entailment", "not_entailment"}},
	{name: "qnli", folder: "QNLI", text: "question", second: "sentence", label: "label",
		labels: []string{"entailment", "not_entailment"}, classes: []string{"entailment", "not_entailment"}},
	{name: "wnli", folder: "WNLI", text: "sentence1", second: "sentence2", label: "label", labels: []string{"0", "1"}, classes: []string{"not_entailment", "entailment"}},
	{name: "stsb", folder: "STS-B", text: "sentence1", second: "sentence2", label: "score", classes: []string{"similarity"}, lowest: 0, upper: 5},
}

func init() {
	for _, task := range glueTasks {
		openers[task.name] = task.open
	}
}

// Word-level vocabulary, when the options leave it open. Assumed: SST-2's training text has 14,816 distinct words, and
// the rarest half of them make less than 2 % of its running words.
const (
	defaultVocabulary = 8000
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
	d := &Dataset{Name: task.name, Classes: task.classes, Regression: task.labels == nil}
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
	return d, d.finish(o)
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

// score is a field that must be a number in [low, high].
func (t *table) score(column string, low, high float64) (float32, error) {
	s, err := t.field(column)
	if err != nil {
		return 0, err
	}
	v, err := strconv.ParseFloat(s, 32)
	if err != nil || !(v >= low && v <= high) {
		return 0, t.errorf("field %s is %q, must be a number in [%g,%g]", column, s, low, high)
	}
	return float32(v), nil
}

// finish samples the splits to the sizes asked for, builds the word-level vocabulary from the training split unless one
// is given, and makes the ids.
func (d *Dataset) finish(o Options) error {
	for _, s := range []struct {
		name     string
		examples *[]Example
		want     int
	}{{"Train", &d.Train, o.Train}, {"Dev", &d.Dev, o.Dev}, {"Test", &d.Test, o.Test}} {
		if s.want > len(*s.examples) {
			return fmt.Errorf("datasets: Options.%s is %d, must be at most %d, all that %s has", s.name, s.want, len(*s.examples), d.Name)
		}
		if s.want > 0 {
			*s.examples = sample(*s.examples, s.want, o.Seed)
		}
	}
	var err error
	if d.Vocabulary = o.Vocabulary; d.Vocabulary == nil {
		d.Vocabulary, err = CountWords(texts(d.Train), cmp.Or(o.VocabularySize, defaultVocabulary), cmp.Or(o.MinCount, defaultMinCount))
		if err != nil {
			return err
		}
	}
	for _, s := range d.splits() {
		for i := range s.examples {
			s.examples[i].IDs = d.Vocabulary.encodeText(s.examples[i].Text)
		}
	}
	return nil
}

// sample takes n of examples at random, in their order.
func sample(examples []Example, n int, seed uint64) []Example {
	picked := rand.New(rand.NewPCG(seed, mix(uint64(n)))).Perm(len(examples))[:n]
	slices.Sort(picked)
	out := make([]Example, n)
	for i, p := range picked {
		out[i] = examples[p]
	}
	return out
}

// texts yields the text of each example.
func texts(examples []Example) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, e := range examples {
			if !yield(e.Text) {
				return
			}
		}
	}
}
