package rebert_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/lib/accelerator/rebert"
)

func searched() rebert.Windows {
	return rebert.Windows{Task: "sst2", Model: "encoder-4", Origin: rebert.Searched, Tokens: 64, Half: []int{12, 6, 6, 20},
		Metric: "accuracy", Budget: 1, Before: 0.83, After: 0.825, Seed: 7, Evaluations: 23, Note: "a note"}
}

func TestWindowsGoRound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "windows.json")
	if err := searched().WriteFile(path); err != nil {
		t.Fatal(err)
	}
	got, err := rebert.ReadWindows(path)
	if err != nil || !reflect.DeepEqual(got, searched()) {
		t.Errorf("%+v, %v", got, err)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("%d files left", len(left))
	}
	bad := searched()
	bad.Budget = -1
	if err := bad.WriteFile(path); err == nil || !strings.Contains(err.Error(), "Windows.budget_points is -1, must be at least 0") {
		t.Errorf("got %v", err)
	}
	if again, err := rebert.ReadWindows(path); err != nil || !reflect.DeepEqual(again, searched()) {
		t.Errorf("the refused file replaced the good one: %v", err)
	}
	if _, err := rebert.ReadWindows(filepath.Join(t.TempDir(), "none.json")); err == nil || !strings.HasPrefix(err.Error(), "rebert: ") {
		t.Errorf("got %v", err)
	}
}

func TestWindowFileRefusals(t *testing.T) {
	for text, want := range map[string]string{
		``:                              "w.json:1: ends within the value",
		"{\n\"task\"":                   "w.json:2: ends within the value",
		"{\n\n\"half_windows\": \"x\"}": "w.json:3: half_windows is a string, must be []int",
		"{\n\"windows\": [1]}":          `unknown field "windows"`,
		"{\n]":                          "w.json:2: invalid character",
		`{"origin": "searched", "tokens": 8, "half_windows": [1]} {}`:               "w.json:1: text after the value",
		`{"origin": "guessed", "tokens": 8, "half_windows": [1]}`:                   `w.json: Windows.origin is "guessed", must be one of`,
		`{"origin": "fitted", "tokens": 0, "half_windows": [1]}`:                    "w.json: Windows.tokens is 0, must be in 1..65536",
		`{"origin": "fitted", "tokens": 8, "half_windows": []}`:                     "w.json: Windows.half_windows is for 0 layers, must be for 1..1024",
		`{"origin": "fitted", "tokens": 8, "half_windows": [1, 8]}`:                 "w.json: Windows.half_windows[1] is 8, must be in 0..7",
		`{"origin": "fitted", "tokens": 8, "half_windows": [-1]}`:                   "w.json: Windows.half_windows[0] is -1, must be in 0..7",
		`{"origin": "fitted", "tokens": 8, "half_windows": [1], "evaluations": -1}`: "w.json: Windows.evaluations is -1",
	} {
		if _, err := rebert.ParseWindows("w.json", strings.NewReader(text)); err == nil || !strings.HasPrefix(err.Error(), "rebert: w.json") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

func TestWindowsOnModels(t *testing.T) {
	w := searched()
	if _, err := w.On(rebert.BERTBase(), 128); err == nil || !strings.Contains(err.Error(), "Windows is for 4 layers, must be for the 12 of BERT-base") {
		t.Errorf("got %v", err)
	}
	if _, err := w.On(rebert.TinyBERT(), 20); err == nil || !strings.Contains(err.Error(), "Windows[3] is 20, must be in 0..19") {
		t.Errorf("got %v", err)
	}
	if work, err := w.On(rebert.TinyBERT(), 64); err != nil || !slices.Equal(work.Windows, w.Half) {
		t.Errorf("%+v, %v", work, err)
	}
	if w.Mean() != 11 {
		t.Errorf("mean %v", w.Mean())
	}
}

// The stated rule: the searched layer at the same relative depth; shorter sentences cut a window.
func TestExtend(t *testing.T) {
	e, err := searched().Extend(rebert.BERTBase(), 16)
	if err != nil || e.Origin != rebert.Extended || e.Before != 0 || e.Tokens != 16 ||
		!slices.Equal(e.Half, []int{12, 12, 12, 6, 6, 6, 6, 6, 6, 15, 15, 15}) {
		t.Errorf("%+v, %v", e, err)
	}
	if e, _ := searched().Extend(rebert.TinyBERT(), 64); !slices.Equal(e.Half, searched().Half) {
		t.Errorf("the same depth gives %v", e.Half)
	}
	if e, _ := searched().Extend(rebert.Encoder("two", 2, 8, 1, 8), 64); !slices.Equal(e.Half, []int{6, 20}) {
		t.Errorf("half the depth gives %v", e.Half)
	}
	fitted := rebert.FittedPoints()[0].Windows
	if e, _ := fitted.Extend(rebert.BERTLarge(), 128); e.Origin != rebert.Fitted || len(e.Half) != 24 {
		t.Errorf("extended fitted windows are %q", e.Origin)
	}
	if _, err := searched().Extend(rebert.BERTBase(), 0); err == nil || !strings.Contains(err.Error(), "tokens is 0") {
		t.Errorf("got %v", err)
	}
}

// Windows as a mask policy: those of the machine, with key 0 where it is the extra key.
func TestPolicy(t *testing.T) {
	w := example(8, 1, 2)
	if p := w.Policy(rebert.Advanced()); !slices.Equal(p.Half, []int{1, 2}) || p.FirstKey {
		t.Errorf("%+v", p)
	}
	s := rebert.Baseline()
	s.ExtraKey = rebert.FirstKey
	if p := w.Policy(s); !slices.Equal(p.Half, []int{7, 7}) || !p.FirstKey {
		t.Errorf("%+v", p)
	}
}

// Whatever is accepted can be written and read again, and run.
func FuzzParseWindows(f *testing.F) {
	f.Add(`{"task":"sst2","model":"m","origin":"searched","tokens":64,"half_windows":[12,6,6,20],"budget_points":1}`)
	f.Add(`{"origin":"fitted","tokens":1,"half_windows":[0]}`)
	f.Add("{\"origin\":\"extended\",\n\"tokens\":8,\"half_windows\":[1,8]}")
	f.Add(`{"half_windows":[1e3]}`)
	f.Add(`[]`)
	f.Fuzz(func(t *testing.T, text string) {
		w, err := rebert.ParseWindows("f.json", strings.NewReader(text))
		if err != nil {
			if !strings.HasPrefix(err.Error(), "rebert: f.json") {
				t.Fatalf("error %v", err)
			}
			return
		}
		path := filepath.Join(t.TempDir(), "w.json")
		if err := w.WriteFile(path); err != nil {
			t.Fatal(err)
		}
		if again, err := rebert.ReadWindows(path); err != nil || !reflect.DeepEqual(again, w) {
			t.Fatalf("%+v became %+v, %v", w, again, err)
		}
		if _, err := w.On(rebert.Encoder("f", len(w.Half), 8, 1, 8), w.Tokens); err != nil {
			t.Fatal(err)
		}
	})
}

func ExampleWindows_On() {
	w := rebert.Windows{Task: "sst2", Model: "encoder-4", Origin: rebert.Searched, Tokens: 64, Half: []int{12, 6, 6, 20}}
	work, _ := w.On(rebert.Encoder("encoder-4", 4, 128, 4, 512), 64)
	base, _ := rebert.Baseline().Simulate(context.Background(), work)
	advanced, _ := rebert.Advanced().Simulate(context.Background(), work)
	fmt.Printf("%v of %v steps, %.2fx\n", advanced.Steps, base.Steps, advanced.Speedup(base))
	// Output: 144 of 352 steps, 2.44x
}
