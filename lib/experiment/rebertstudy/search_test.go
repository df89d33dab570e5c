package rebertstudy

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/accelerator/rebert"
	"github.com/sparse-attention/workbench/lib/progress"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

func examples(texts ...string) []datasets.Example {
	var out []datasets.Example
	for i, t := range texts {
		out = append(out, datasets.Example{Text: t, Label: int32(i % 2)})
	}
	return out
}

// No part of a text that is cut out stays behind for training, nor the text itself; of a pair only the pair is taken out.
func TestWithoutLeavesNoPhrases(t *testing.T) {
	train := examples("a fine film", "fine film", "film", "a dull long play of words", "long play", "play  of", "another thing", "fine", "nothing new here", "one\ttwo", "one")
	cut := []datasets.Example{train[0], train[3], train[9]}
	var rest []string
	for _, e := range without(train, cut) {
		rest = append(rest, e.Text)
	}
	if want := []string{"another thing", "nothing new here", "one"}; !cmp.Equal(rest, want) {
		t.Errorf("%q stay for training, want %q", rest, want)
	}
}

// The four sets of examples of a task are disjoint, whether its test labels are public or not.
func TestSplitsAreDisjoint(t *testing.T) {
	for _, task := range []Task{small(), {Name: "cola", Dataset: "cola", Data: datasets.Options{MaxTokens: 64, Overflow: datasets.Truncate}, Search: 30, Confirm: 40}} {
		at := Folders{}
		if task.Dataset == "cola" {
			at.Data = fewSentences(t)
			task.Search, task.Confirm = 3, 4
		}
		d, confirm, err := task.Open(at, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(d.Dev) != task.Search || len(confirm) != task.Confirm || len(d.Test) == 0 {
			t.Errorf("%s: %d examples for the search, %d confirm, %d are held out", task.Name, len(d.Dev), len(confirm), len(d.Test))
		}
		seen := map[string]string{}
		for _, s := range []struct {
			name     string
			examples []datasets.Example
		}{{"train", d.Train}, {"search", d.Dev}, {"confirm", confirm}, {"test", d.Test}} {
			for _, e := range s.examples {
				if other, ok := seen[e.Text]; ok && other != s.name {
					t.Errorf("%s: %q is in %s and in %s", task.Name, e.Text, other, s.name)
				}
				seen[e.Text] = s.name
			}
		}
	}
}

// fewSentences is a data folder with a CoLA of 20 sentences for training and 5 for dev.
func fewSentences(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	dir := filepath.Join(folder, "glue", "CoLA")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, s := range []struct {
		file string
		n    int
	}{{"train.tsv", 20}, {"dev.tsv", 5}} {
		var text strings.Builder
		for i := range s.n {
			fmt.Fprintf(&text, "x\t%d\t\tsentence %d of %s\n", i%2, i, s.file)
		}
		if err := os.WriteFile(filepath.Join(dir, s.file), []byte(text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// small is a task that trains in a second; its accuracy does not matter.
func small() Task {
	return Task{Name: "small", Title: "small", Dataset: "listops-short", Data: datasets.Options{Train: 96, Dev: 40, Test: 40, MinLength: 4, MaxLength: 16, MaxTokens: 16},
		Spec: transformer.Spec{Layers: 2, Hidden: 8, Heads: 1, FFN: 8, Tokens: 16}, Dense: training.Options{Epochs: 1, Batch: 32, Seed: 1}, Search: 20, Confirm: 12, Tune: 1, Final: 3}
}

// Training, search and judgement on files: the windows file is what the machine reads, a second call measures nothing anew and
// finds the same.
func TestSearchLeavesWindowsForTheMachine(t *testing.T) {
	b, err := transformer.OpenBackend("")
	if err != nil {
		t.Fatal(err)
	}
	task, at := small(), Folders{Models: t.TempDir(), Results: t.TempDir()}
	search := func() (*Search, int) {
		e, err := task.LoadOrTrain(t.Context(), b, at, nil)
		if err != nil {
			t.Fatal(err)
		}
		seen := 0
		s, err := e.Search(t.Context(), b, at, task.Options(200), func(e progress.Event) {
			if strings.HasPrefix(e.Phase, "windows") {
				seen++
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		return s, seen
	}
	first, seen := search()
	if seen != len(first.Trials) || first.Held != 40 {
		t.Errorf("%d events for %d candidates, %d held out", seen, len(first.Trials), first.Held)
	}
	if want := []int{0, 0}; !cmp.Equal(first.Half, want) || !cmp.Equal(first.Greedy, want) {
		t.Errorf("a budget of 200 points leaves %v, want %v", first.Half, want)
	}
	if len(first.Tried) != 1 || !first.Tried[0].Taken || first.Confirm != 12 {
		t.Errorf("confirmed on %d examples: %+v", first.Confirm, first.Tried)
	}
	second, _ := search()
	second.Minutes, second.Tunings = first.Minutes, first.Tunings
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("the second call differs:\n%s", diff)
	}
	w, err := rebert.ReadWindows(filepath.Join(at.Results, "small", "budget-200", "windows.json"))
	if err != nil {
		t.Fatal(err)
	}
	x, err := w.Extend(rebert.BERTBase(), Tokens)
	if err != nil || len(x.Half) != 12 || w.Before != first.Before || w.After != first.After {
		t.Errorf("%+v, %v", w, err)
	}
}

func TestExhaustSharesItsLog(t *testing.T) {
	b, err := transformer.OpenBackend("")
	if err != nil {
		t.Fatal(err)
	}
	task, at := small(), Folders{Models: t.TempDir()}
	task.Data.Dev = 8
	e, err := task.LoadOrTrain(t.Context(), b, at, nil)
	if err != nil {
		t.Fatal(err)
	}
	x, err := e.Exhaust(context.Background(), b, at, 0, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if x.BestScore < x.Full || x.Combinations != 25 {
		t.Errorf("%+v", x)
	}
	for order, half := range x.Greedy {
		if x.GreedyScore[order] < x.Full || training.MeanHalf(half) < training.MeanHalf(x.Best) {
			t.Errorf("%s finds %v at %v, the best is %v", order, half, x.GreedyScore[order], x.Best)
		}
	}
}

func outcome(before float64, held int, majority, drop, budget float64) Outcome {
	return Outcome{Task: Task{Name: "x", Title: "X"}, Card: Card{Majority: majority, MeanTokens: 10},
		Search: &Search{Task: "x", Tokens: 64, Half: []int{4, 2}, Before: before, Control: before, After: before - drop, Drop: drop, Against: drop, Held: held, Options: SearchOptions{Budget: budget}}}
}

// A task is at chance when it is not better than its most frequent class by more than the interval.
func TestChanceIsApart(t *testing.T) {
	all := []Outcome{outcome(69.2, 1043, 0.691, 0, 1), outcome(80, 872, 0.51, 0.5, 1), outcome(80, 872, 0.51, 1.5, 1)}
	if real := Real(all); len(real) != 2 || all[1].AtChance() || !all[0].AtChance() {
		t.Errorf("%d of 3 are real", len(real))
	}
	if !all[1].Search.Holds() || all[2].Search.Holds() {
		t.Error("a loss of 0.5 holds a budget of 1, 1.5 does not")
	}
	verdicts := AccuracyVerdicts(all)
	if len(verdicts) != 2 {
		t.Fatalf("%d verdicts", len(verdicts))
	}
	for _, v := range verdicts {
		if want := map[string]float64{"accuracy_loss_min": 0.5, "accuracy_loss_max": 1.5}[v.Metric]; v.Ours != want {
			t.Errorf("%s is %v, want %v", v.Metric, v.Ours, want)
		}
	}
}

// The loss is against the better of the two with full attention.
func TestLossIsAgainstTheBetter(t *testing.T) {
	s := Search{Drop: 0.4, Within: 1, Against: 1.3, AgainstWithin: 2, Options: SearchOptions{Budget: 1}}
	if points, within := s.Loss(); points != 1.3 || within != 2 || s.Holds() {
		t.Errorf("loss %v +- %v, holds %v", points, within, s.Holds())
	}
	s.Drop = 1.4
	if points, within := s.Loss(); points != 1.4 || within != 1 {
		t.Errorf("loss %v +- %v", points, within)
	}
}

// Windows are confirmed from the narrowest on, each clearly wider than the one before, and never full attention.
func TestAttempts(t *testing.T) {
	s := Search{Tokens: 64}
	for _, x := range []struct {
		kept bool
		half int
	}{{true, 63}, {true, 32}, {true, 24}, {false, 16}, {true, 12}, {true, 11}, {true, 10}} {
		s.Trials = append(s.Trials, training.WindowTrial{Kept: x.kept, Half: []int{x.half, x.half}})
	}
	if want := [][]int{{10, 10}, {24, 24}, {32, 32}}; !cmp.Equal(s.attempts(), want) {
		t.Errorf("%v, want %v", s.attempts(), want)
	}
}

// A task counts once, and only with windows that hold.
func TestClaims(t *testing.T) {
	all := []Outcome{outcome(80, 872, 0.51, 0.5, 1), outcome(80, 872, 0.51, 1.5, 1), outcome(80, 872, 0.51, 0.2, 1), outcome(69.2, 1043, 0.691, 0, 1)}
	for i, name := range []string{"a", "b", "a", "c"} {
		all[i].Card.Dataset, all[i].Task.Title = name, fmt.Sprint(name, i)
	}
	c := Claims(all)
	if c.Tasks != 2 || !cmp.Equal(c.Held, []string{"a0"}) || !cmp.Equal(c.Narrow, []string{"a0"}) {
		t.Errorf("%v", c)
	}
}

// The tables show losses against the better baseline, and what was looked at again.
func TestSearchTables(t *testing.T) {
	half, one := outcome(80, 872, 0.51, 0.2, 0.5), outcome(80, 872, 0.51, 1.5, 1)
	one.Search.Tried = []Confirmation{{Half: []int{4, 2}, Full: 80, Loss: 0.7, Within: 1}, {Half: []int{8, 8}, Full: 80, Loss: 0.4, Within: 1, Taken: true}}
	if _, rows := BudgetTable([]Outcome{half}, []Outcome{one}); len(rows) != 2 || rows[1][5] != "1.50 +-0.00" || rows[1][6] != "missed" || rows[0][6] != "held" {
		t.Errorf("%q", rows)
	}
	if _, rows := ConfirmTable([]Outcome{half, one}); len(rows) != 2 || rows[0][7] != "wider ones next" || rows[1][7] != "confirmed" {
		t.Errorf("%q", rows)
	}
	if rows := BudgetRows([]Outcome{half}, []Outcome{one}); len(rows) != 2 || rows[0].Value != 100*3/64. {
		t.Errorf("%v", rows)
	}
}

// An encoder that was trained on other splits is trained anew.
func TestOtherSplitsAreTrainedAnew(t *testing.T) {
	b, err := transformer.OpenBackend("")
	if err != nil {
		t.Fatal(err)
	}
	task, at := small(), Folders{Models: t.TempDir()}
	if _, err := task.LoadOrTrain(t.Context(), b, at, nil); err != nil {
		t.Fatal(err)
	}
	task.Search = 30
	if _, err := task.Load(at); err == nil || !strings.Contains(err.Error(), "other splits") {
		t.Errorf("an encoder of other splits is loaded: %v", err)
	}
	trained := 0
	e, err := task.LoadOrTrain(t.Context(), b, at, func(progress.Event) { trained++ })
	if err != nil {
		t.Fatal(err)
	}
	if trained == 0 || e.Card.Dev != 30 {
		t.Errorf("%d events of training, a search split of %d", trained, e.Card.Dev)
	}
}

func TestLoadingWhatIsNotThere(t *testing.T) {
	if all, err := LoadOutcomes(t.TempDir(), 1); err != nil || len(all) != 0 {
		t.Errorf("%d outcomes, %v", len(all), err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "sst2", "budget-1", "search.json")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadOutcomes(dir, 1); err == nil || !strings.Contains(err.Error(), "search.json") {
		t.Errorf("%v", err)
	}
}

func ExampleTask_Options() {
	t, _ := FindTask("sst2")
	fmt.Println(t.Options(0.5))
	// Output: budget 0.5, reserve 0.5, first to last, halve, then bisect, tune 40, final 240, first key false
}
