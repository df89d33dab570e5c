package cascadestudy_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/experiment/cascadestudy"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// The goal is the mildest cascade that reaches 1.9 times fewer keys and values, at every depth.
func TestGoal(t *testing.T) {
	for _, layers := range []int{2, 3, 12, 24} {
		c, tokens, err := cascadestudy.Goal(layers)
		if err != nil {
			t.Fatal(err)
		}
		kept := 0.0
		for _, r := range c.Tokens {
			kept += (1 - r) / float64(layers)
		}
		if reduction := 2 / (kept * (1 + c.Values)); reduction < 1.9 || reduction > 2.1 {
			t.Errorf("%d layers: %v of the tokens pruned behind the front, reduction %v, want 1.9 and hardly more", layers, tokens, reduction)
		}
	}
}

// small is a recipe of a few steps on generated data, with its pretrained encoder under a folder.
func small(t *testing.T) (cascadestudy.Recipe, cascadestudy.Where) {
	t.Helper()
	data := datasets.Options{DocumentBytes: 32, MaxTokens: 40, Train: 64, Dev: 12, Test: 20}
	d, err := datasets.Open("gosource", data)
	if err != nil {
		t.Fatal(err)
	}
	where := cascadestudy.Where{Starts: t.TempDir(), Root: t.TempDir(), State: t.TempDir()}
	start, err := transformer.NewEncoder(transformer.Spec{Layers: 2, Hidden: 16, Heads: 2, FFN: 16, Tokens: 40, Vocabulary: d.Vocabulary.Size(), Classes: 1, Head: transformer.Language}, 3)
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(where.Starts, "small")
	if err := errors.Join(start.Save(filepath.Join(folder, "model.safetensors"), transformer.Float32, nil), d.Vocabulary.Save(filepath.Join(folder, "vocabulary.json"))); err != nil {
		t.Fatal(err)
	}
	steps := training.Options{Epochs: 1, Batch: 16, StepsPerEpoch: 2, LearningRate: 1e-3, Seed: 1}
	return cascadestudy.Recipe{Task: "gosource", Title: "small", Start: "small", Data: data, Dense: steps, Options: steps, Tokens: 0.6, Heads: 0.25, Sweep: 4, Goal: 12}, where
}

// From the pretrained encoder to the file beside the checkpoint, and back: what was measured is read, and is not done twice.
func TestMake(t *testing.T) {
	backend, err := transformer.OpenBackend("")
	if err != nil {
		t.Fatal(err)
	}
	r, where := small(t)
	m, err := r.Make(t.Context(), backend, where, nil)
	if err != nil {
		t.Fatal(err)
	}
	if m.Split != "test" || m.Held != 20 {
		t.Errorf("judged on %d of %s, want all 20 of test", m.Held, m.Split)
	}
	goals := 0
	for _, p := range m.Points {
		if p.Sweep != "goal" {
			if p.Examples != 4 {
				t.Errorf("%s %v rests on %d examples, want 4", p.Sweep, p.Setting, p.Examples)
			}
			continue
		}
		goals++
		if p.Examples != 12 || p.Reduction < 1.8 || p.LSB < 0 || p.LSB > 1 || p.MeanBits < 6 || p.MeanBits > 10 {
			t.Errorf("goal: %+v", p)
		}
	}
	if goals != 1 {
		t.Errorf("%d goals, want 1", goals)
	}
	again, err := r.Make(t.Context(), backend, where, func(training.Event) { t.Error("what was measured is done again") })
	if err != nil || again.Answer != m.Answer || len(again.Points) != len(m.Points) {
		t.Errorf("read back: %v, %d points of %d", err, len(again.Points), len(m.Points))
	}
	c, err := r.Load(where)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := c.Survive(t.Context(), backend, 0, 0.6); err != nil || len(s.Layers) != 2 || len(s.Layers[1]) >= len(s.Layers[0]) {
		t.Errorf("survivors %v, %v", s, err)
	}
	row, err := c.Repeat(t.Context(), backend, where.Root, m, 12)
	if err != nil || row[1] != "12" || row[2] != "12" {
		t.Errorf("run again: %v, %v", row, err)
	}
}

func TestMeasuredIsRefusedByName(t *testing.T) {
	r := cascadestudy.Recipe{Task: "x"}
	root := t.TempDir()
	if _, err := r.ReadMeasured(root); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	for want, text := range map[string]string{
		"unexpected end of JSON":     "{",
		"Points[0].Examples is 9":    `{"Held":8,"Points":[{"Examples":9}]}`,
		"Points[1].Examples is 0":    `{"Held":8,"Points":[{"Examples":8},{}]}`,
		"measured.json: Points[0].E": `{"Points":[{"Examples":1}]}`,
	} {
		if err := transformer.ReplaceFile(filepath.Join(root, r.Name(), "measured.json"), []byte(text)); err != nil {
			t.Fatal(err)
		}
		if _, err := r.ReadMeasured(root); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, must say %q", text, err, want)
		}
	}
}

func TestFind(t *testing.T) {
	if _, err := cascadestudy.Find("squad"); err == nil || !strings.Contains(err.Error(), "mrpc") {
		t.Errorf("%v, must list the recipes", err)
	}
	for _, r := range cascadestudy.Recipes() {
		for _, layers := range []int{2, 3} {
			hook, err := r.Hook(layers)
			if err == nil {
				err = hook.Validate(layers)
			}
			if err != nil {
				t.Errorf("%s, %d layers: %v", r.Name(), layers, err)
			}
		}
	}
}

// Seeds of a recipe are one row: the mean of what they lose, with Student's interval over them.
func TestSeedsAreOneRow(t *testing.T) {
	root := t.TempDir()
	r, err := cascadestudy.Find("mrpc")
	if err != nil {
		t.Fatal(err)
	}
	runs := r.Runs()
	if len(runs) != 3 || runs[0].Name() != "mrpc-cascade" || runs[2].Name() != "mrpc-cascade-seed3" || runs[2].Dense.Seed != 3 {
		t.Fatalf("runs are %+v", runs)
	}
	for i, drop := range []float64{1, 3} {
		m := cascadestudy.Measured{Split: "dev", Held: 408, Points: []cascadestudy.Point{{InLoop: true, Sweep: "goal", Drop: drop, Half: 2, Dense: 70, Accuracy: 70 - drop, Examples: 408}}}
		if err := experiment.WriteJSON(filepath.Join(root, runs[i].Name(), "measured.json"), m); err != nil {
			t.Fatal(err)
		}
	}
	s, err := cascadestudy.Read(root)
	if err != nil {
		t.Fatal(err)
	}
	headings, rows := s.Goals()
	if len(rows) != 1 || rows[0][slices.Index(headings, "seeds")] != "2" || rows[0][slices.Index(headings, "difference")] != "-2.00 ± 12.71 points" {
		t.Errorf("goals are %v", rows)
	}
}
