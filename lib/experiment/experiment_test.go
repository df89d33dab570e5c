package experiment_test

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// exact is unpruned attention on the quantised head, in floating point.
func exact(_ experiment.Site, h *attention.Head, context []float32) error {
	for i, v := range attention.Attend(h, attention.Full(h)) {
		context[i] = float32(v)
	}
	return nil
}

// small is a recipe that trains in a second or two.
func small() (experiment.Recipe, *datasets.Dataset) {
	r := experiment.Recipe{
		Name: "small", Task: "listops-short",
		Model:  transformer.Spec{Layers: 2, Hidden: 16, Heads: 2, FFN: 16, Tokens: 24},
		Dense:  training.Options{Epochs: 8, Batch: 8, LearningRate: 1e-2},
		Lambda: 0.1, Thresholds: training.Options{Phase: "thresholds", Epochs: 1, Batch: 8}, Budget: 5,
	}
	d := &datasets.Dataset{Name: "two words", Classes: []string{"a", "b"}, Vocabulary: datasets.ByteVocabulary()}
	for i := range 48 {
		ids := []int32{datasets.CLS, int32(10 + i%2)}
		for j := range 3 + i%9 {
			ids = append(ids, int32(20+(i*7+j)%11))
		}
		d.Train = append(d.Train, datasets.Example{IDs: ids, Label: int32(i % 2), Text: "x"})
	}
	d.Dev = d.Train[:24]
	return r, d
}

func TestTrainSaveLoadAndMeasure(t *testing.T) {
	r, d := small()
	b, err := transformer.OpenBackend("")
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	made, err := r.LoadOrTrain(t.Context(), b, d, root, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if made.Card.DenseAccuracy < 0.9 {
		t.Fatalf("the model reached %v on a separable task", made.Card.DenseAccuracy)
	}
	loaded, err := r.Load(root)
	if err != nil {
		t.Fatal(err)
	}
	score, err := experiment.Accuracy(t.Context(), b, loaded.Dense, d.Dev, exact)
	if err != nil {
		t.Fatal(err)
	}
	// 8-bit operands and half-precision weights must not cost an easy task anything.
	if got, want := score.Accuracy(), 100*made.Card.DenseAccuracy; got < want-5 {
		t.Errorf("accuracy through plain Go is %.1f %%, in the graph it was %.1f %%", got, want)
	}
	again, err := experiment.Accuracy(t.Context(), b, loaded.Dense, d.Dev, exact)
	if err != nil || again.Correct != score.Correct {
		t.Errorf("a second run gives %d right answers after %d (%v)", again.Correct, score.Correct, err)
	}
	if err := os.Remove(filepath.Join(root, "small", "pruned.safetensors")); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Load(root); err == nil || !strings.Contains(err.Error(), "pruned.safetensors") {
		t.Errorf("error is %v, must name the missing file", err)
	}
}

func TestModelsComeFromCheckpoints(t *testing.T) {
	b, err := transformer.OpenBackend("")
	if err != nil {
		t.Fatal(err)
	}
	where := experiment.Where{Checkpoints: experiment.Checkpoints("../.."), Data: t.TempDir()}
	models, absent, err := experiment.Models(t.Context(), b, where)
	if err != nil {
		t.Fatal(err)
	}
	if len(models) != 2 || len(absent) != 1 || !strings.Contains(absent[0], "SST-2") {
		t.Errorf("%d models, left out %q: without a data folder only SST-2 is missing", len(models), absent)
	}
	for _, m := range models {
		if m.Held != "test" || len(m.Sample(7)) != 7 || m.Card.Kept == nil {
			t.Errorf("%s: %s, %d samples, kept %v", m.Title(), m.Split(), len(m.Sample(7)), m.Card.Kept)
		}
	}
	if _, _, err := experiment.Models(t.Context(), b, experiment.Where{Checkpoints: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "card.json") {
		t.Errorf("error is %v, must name the missing card", err)
	}
}

func TestCaptureKeepsEverySite(t *testing.T) {
	r, d := small()
	b, _ := transformer.OpenBackend("")
	spec := r.Model
	spec.Vocabulary, spec.Classes = d.Vocabulary.Size(), 2
	m, err := transformer.NewEncoder(spec, 1)
	if err != nil {
		t.Fatal(err)
	}
	attend, captured := experiment.Capture(exact, func(s experiment.Site) bool { return s.Example%2 == 0 })
	if _, err := experiment.Accuracy(t.Context(), b, m, d.Dev, attend); err != nil {
		t.Fatal(err)
	}
	heads := captured()
	if want := 12 * 2 * 2; len(heads) != want {
		t.Fatalf("%d heads, want examples x layers x heads = %d", len(heads), want)
	}
	for i, c := range heads {
		if want := (experiment.Site{Example: i / 4 * 2, Layer: i / 2 % 2, Head: i % 2}); c.Site != want {
			t.Fatalf("head %d is of %+v, want %+v", i, c.Site, want)
		}
		if err := c.Head.Validate(); err != nil {
			t.Error(err)
		}
		if n := len(d.Dev[c.Site.Example].IDs); c.Head.Valid != n {
			t.Errorf("head %d has %d valid tokens, the example %d", i, c.Head.Valid, n)
		}
	}
}

func TestCancelledRunStops(t *testing.T) {
	r, d := small()
	b, _ := transformer.OpenBackend("")
	spec := r.Model
	spec.Vocabulary, spec.Classes = d.Vocabulary.Size(), 2
	m, err := transformer.NewEncoder(spec, 1)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := experiment.Accuracy(ctx, b, m, d.Dev, exact); err == nil {
		t.Error("a cancelled run returned a score")
	}
}

func TestPairedDrop(t *testing.T) {
	base := experiment.Score{Examples: 4, Correct: 3, Right: []bool{true, true, true, false}}
	s := experiment.Score{Examples: 4, Correct: 2, Right: []bool{true, false, false, true}}
	points, half, err := s.Drop(base)
	if err != nil || points != 25 {
		t.Errorf("drop is %v points (%v), want 25", points, err)
	}
	// Two lost, one won of four: variance of the mean difference (3 - 1/4)/16.
	if want := 196 * math.Sqrt((3-0.25)/16); math.Abs(half-want) > 1e-9 {
		t.Errorf("half width is %v, want %v", half, want)
	}
	if _, _, err := s.Drop(experiment.Score{Examples: 3}); err == nil {
		t.Error("scores of other examples were paired")
	}
}

func TestRecipesOpenTheirData(t *testing.T) {
	for _, r := range experiment.Recipes() {
		if got, err := experiment.FindRecipe(r.Name); err != nil || got.Title != r.Title {
			t.Errorf("%s is not found: %v", r.Name, err)
		}
	}
	if _, err := experiment.FindRecipe("none"); err == nil || !strings.Contains(err.Error(), "gosource") {
		t.Errorf("error is %v, must list the names", err)
	}
}
