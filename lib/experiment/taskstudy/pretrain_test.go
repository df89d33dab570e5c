package taskstudy

import (
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// reviews writes an IMDb folder of short made-up reviews.
func reviews(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "imdb"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, split := range []string{"train", "test"} {
		f, err := os.Create(filepath.Join(root, "imdb", split+".tsv.gz"))
		if err != nil {
			t.Fatal(err)
		}
		z := gzip.NewWriter(f)
		fmt.Fprintln(z, "label\trating\tid\ttext")
		for i := range 60 {
			label := (i + i/10) % 2 // both in the dev split, every tenth
			word := []string{"dreadful", "wonderful"}[label]
			fmt.Fprintf(z, "%d\t%d\t%d\tthe film was %s from start to end and the people who made it were %s too %s\n", label, 1+9*label, i, word, word, split)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestPretrainedEncoderIsFineTuned(t *testing.T) {
	backend, err := transformer.OpenBackend("")
	if err != nil {
		t.Fatal(err)
	}
	w, root := Where{Data: reviews(t), State: t.TempDir(), Backend: backend}, t.TempDir()
	p := Pretraining{Name: "small", Pieces: 70,
		Shape: transformer.Spec{Layers: 1, Hidden: 16, Heads: 2, FFN: 32, Tokens: 32, Classes: 1, Head: transformer.Language},
		Begin: training.SkipGram{Width: 16, Subsample: 1, Seed: 1},
		Train: training.Options{Objective: training.MaskedLanguage{}, Epochs: 2, Batch: 16, BatchTokens: 256, Multiple: 8, LearningRate: 5e-3, Seed: 1}}
	card, err := p.Run(t.Context(), root, w)
	if err != nil {
		t.Fatal(err)
	}
	if card.Perplexity > 70 || card.Steps == 0 || card.Sources[0] != (Source{"imdb", 54, card.Sources[0].Words}) {
		t.Errorf("card is %+v: 54 of 60 reviews train, and a perplexity above the size of the vocabulary is no learning", card)
	}
	start, err := experiment.LoadStart(root, "small")
	if err != nil {
		t.Fatal(err)
	}
	if start.Vocabulary.Level() != datasets.Pieces {
		t.Errorf("vocabulary of level %s", start.Vocabulary.Level())
	}
	spec := p.Shape
	spec.Head = transformer.Pooled
	task := Task{Name: "imdb", Set: "imdb", Shape: "small", Model: spec, Start: "small", start: start,
		Train: training.Options{Epochs: 10, Batch: 8, LearningRate: 5e-3, Multiple: 8}}
	d, err := datasets.Open("imdb", datasets.Options{Data: w.Data, Vocabulary: start.Vocabulary, MaxTokens: 32, Overflow: datasets.Truncate})
	if err != nil {
		t.Fatal(err)
	}
	for _, fresh := range []bool{false, true} {
		task.Fresh = fresh
		m, rows, err := task.Run(t.Context(), 1, d, Where{Backend: backend})
		if err != nil {
			t.Fatal(err)
		}
		want := map[bool]string{false: "small", true: "none"}[fresh]
		if rows[0].Pretrained != want || rows[1].Split != "test" || rows[1].Value < 0.9 || m.Spec.Head != transformer.Pooled {
			t.Errorf("rows are %+v, must be of %s, with a test accuracy near 1", rows, want)
		}
	}
}

func TestCorpusHasNoJudgedText(t *testing.T) {
	texts, _, held, err := Corpus(reviews(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(texts) != 54 || len(held) != 6 {
		t.Errorf("%d texts and %d held out, must be 54 and 6", len(texts), len(held))
	}
	for _, text := range texts {
		if strings.HasSuffix(text, " test") {
			t.Fatalf("%q comes from the test split", text)
		}
	}
	if _, _, _, err := Corpus(t.TempDir()); err == nil {
		t.Error("a folder without reviews is accepted")
	}
}

func TestMissingStartIsNamed(t *testing.T) {
	task, err := Find("mrpc")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := task.Open("", t.TempDir()); err == nil || !strings.Contains(err.Error(), "pretrained-l2-h128") {
		t.Errorf("error is %v, must name the encoder", err)
	}
}

// A real task opens on a pretrained encoder, here one that never trained, and takes its shape, vocabulary and weights.
func TestTaskBeginsWithItsEncoder(t *testing.T) {
	words, err := datasets.Open("mrpc", datasets.Options{})
	if errors.Is(err, datasets.ErrNoData) {
		t.Skip("MRPC is not on this machine")
	} else if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, e := range words.Train[:500] {
		texts = append(texts, e.Text)
	}
	v, err := datasets.LearnPieces(slices.Values(texts), 400)
	if err != nil {
		t.Fatal(err)
	}
	task, err := Find("mrpc")
	if err != nil {
		t.Fatal(err)
	}
	p, err := FindPretraining(task.Start)
	if err != nil {
		t.Fatal(err)
	}
	spec := p.Shape
	spec.Vocabulary = v.Size()
	m, err := transformer.NewEncoder(spec, 1)
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	dir := filepath.Join(root, p.Name)
	for _, err := range []error{m.Save(filepath.Join(dir, weightsFile), transformer.Float16, nil), v.Save(filepath.Join(dir, vocabularyFile)),
		os.WriteFile(filepath.Join(dir, "card.json"), []byte("{}"), 0o644)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	d, err := task.Open("", root)
	if err != nil {
		t.Fatal(err)
	}
	short := func(examples []datasets.Example) []datasets.Example {
		return slices.DeleteFunc(examples, func(e datasets.Example) bool { return len(e.IDs) > 96 })[:4]
	}
	d.Train, d.Dev = short(d.Train), short(d.Dev)
	task.Train.Epochs, task.Train.Batch, task.Train.EvalBatch = 1, 4, 4
	backend, err := transformer.OpenBackend("")
	if err != nil {
		t.Fatal(err)
	}
	_, rows, err := task.Run(t.Context(), 1, d, Where{Backend: backend})
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 2 || rows[0].Metric != "f1" || rows[1].Metric != "accuracy" || rows[0].Pretrained != p.Name || d.Vocabulary.Level() != datasets.Pieces {
		t.Errorf("rows are %+v", rows)
	}
}

// The committed encoders are whole, and their cards tell what their recipes say.
func TestCommittedEncoders(t *testing.T) {
	root := filepath.Join("..", "..", "..", "datasets", "checkpoints")
	for _, p := range Pretrainings() {
		start, err := experiment.LoadStart(root, p.Name)
		if err != nil {
			t.Fatal(err)
		}
		spec := p.Shape
		spec.Vocabulary = p.Pieces
		if start.Spec != spec || start.Vocabulary.Size() != p.Pieces {
			t.Errorf("%s has the shape %+v and %d pieces, must have %+v", p.Name, start.Spec, start.Vocabulary.Size(), spec)
		}
		c, err := ReadCard(root, p.Name)
		if err != nil {
			t.Fatal(err)
		}
		if c.Steps != p.Train.Epochs*p.Train.StepsPerEpoch || c.Seed != p.Train.Seed || c.Parameters != spec.Size() {
			t.Errorf("%s: card %+v", p.Name, c)
		}
	}
}
