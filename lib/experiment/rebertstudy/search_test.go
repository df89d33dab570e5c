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

// The search split takes whole texts, and no part of one of them stays behind for training.
func TestCarveLeavesNoPhrases(t *testing.T) {
	train := examples("a fine film", "fine film", "film", "a dull long play of words", "long play", "play of", "another thing", "fine", "nothing new here", "words")
	rest, search := carve(train, 2)
	if len(search) != 2 || len(rest) == 0 {
		t.Fatalf("%d for the search, %d rest", len(search), len(rest))
	}
	for _, s := range search {
		for _, r := range rest {
			if strings.Contains(" "+s.Text+" ", " "+r.Text+" ") {
				t.Errorf("%q stays for training, %q is in the search split", r.Text, s.Text)
			}
		}
	}
	if n := len(thin(train, 3)); n != 3 {
		t.Errorf("thin gives %d of 3", n)
	}
}

// What is thinned out and what is left are the whole, once each.
func TestOthersAreTheRest(t *testing.T) {
	for _, n := range []int{0, 1, 3, 7, 10, 11} {
		all := examples(strings.Split("a b c d e f g h i j", " ")...)
		seen := map[string]int{}
		for _, e := range append(append([]datasets.Example(nil), thin(all, n)...), others(all, n)...) {
			seen[e.Text]++
		}
		for _, e := range all {
			if seen[e.Text] != 1 {
				t.Errorf("n = %d: %q is there %d times", n, e.Text, seen[e.Text])
			}
		}
	}
}

// small is a task that trains in a second; its accuracy does not matter.
func small() Task {
	return Task{Name: "small", Title: "small", Dataset: "listops-short", Data: datasets.Options{Train: 96, Dev: 40, Test: 40, MinLength: 4, MaxLength: 16, MaxTokens: 16},
		Spec: transformer.Spec{Layers: 2, Hidden: 8, Heads: 1, FFN: 8, Tokens: 16}, Dense: training.Options{Epochs: 1, Batch: 32, Seed: 1}, Search: 20, Tune: 1, Final: 3}
}

// Training, search and judgement on files: the windows file is what the machine reads, a second call measures nothing anew and
// finds the same.
func TestSearchLeavesWindowsForTheMachine(t *testing.T) {
	b, err := transformer.OpenBackend("")
	if err != nil {
		t.Fatal(err)
	}
	task, at := small(), Folders{Models: t.TempDir()}
	search := func() (*Search, int) {
		e, err := task.LoadOrTrain(t.Context(), b, at, nil)
		if err != nil {
			t.Fatal(err)
		}
		seen := 0
		s, err := e.Search(t.Context(), b, at.Models, task.Options(100), func(e progress.Event) {
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
		t.Errorf("a budget of 100 points leaves %v, want %v", first.Half, want)
	}
	second, _ := search()
	second.Minutes, second.Tunings = first.Minutes, first.Tunings
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("the second call differs:\n%s", diff)
	}
	w, err := rebert.ReadWindows(filepath.Join(at.Models, "small", "budget-100", "windows.json"))
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
	x, err := e.Exhaust(context.Background(), b, at.Models, 0, 0, nil)
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
		Search: &Search{Task: "x", Tokens: 64, Half: []int{4, 2}, Before: before, After: before - drop, Drop: drop, Held: held, Options: SearchOptions{Budget: budget}}}
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
	// Output: budget 0.5, first to last, halve, then bisect, tune 40, final 240, first key false
}
