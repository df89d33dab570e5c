package datasets_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sparse-attention/workbench/datasets"
)

func open(t testing.TB, name string, o datasets.Options) *datasets.Dataset {
	t.Helper()
	d, err := datasets.Open(name, o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestOpenIsDeterministic(t *testing.T) {
	o := datasets.Options{Train: 200, Dev: 50, Test: 50, Seed: 3}
	for _, name := range []string{"listops-short", "gosource"} {
		a, b := open(t, name, o), open(t, name, o)
		if diff := cmp.Diff(a.Train, b.Train); diff != "" || a.Hash() != b.Hash() {
			t.Errorf("%s differs from itself:\n%.400s", name, diff)
		}
		o := o
		o.Seed++
		if c := open(t, name, o); c.Hash() == a.Hash() {
			t.Errorf("%s is the same with another seed", name)
		}
	}
}

func TestEveryExampleIsWellFormed(t *testing.T) {
	for _, name := range []string{"listops-short", "gosource"} {
		d := open(t, name, datasets.Options{Train: 500, Dev: 100, Test: 100})
		for _, e := range slices.Concat(d.Train, d.Dev, d.Test) {
			if len(e.IDs) < 2 || e.IDs[0] != datasets.CLS || e.Label < 0 || int(e.Label) >= len(d.Classes) {
				t.Fatalf("%s: %d ids, first %d, label %d of %d", name, len(e.IDs), e.IDs[0], e.Label, len(d.Classes))
			}
			for _, id := range e.IDs[1:] {
				if id <= datasets.Mask || int(id) >= d.Vocabulary.Size() {
					t.Fatalf("%s: id %d, must be in %d..%d", name, id, datasets.Mask+1, d.Vocabulary.Size()-1)
				}
			}
			if got := d.Vocabulary.Decode(e.IDs); got != e.Text {
				t.Fatalf("%s: ids say %q, text is %q", name, got, e.Text)
			}
		}
	}
}

func TestMaxTokens(t *testing.T) {
	o := datasets.Options{Train: 200, Dev: 50, Test: 50, MaxTokens: 40}
	_, err := datasets.Open("listops-short", o)
	if err == nil || !strings.Contains(err.Error(), "train example ") || !strings.Contains(err.Error(), "at most 40 (Options.MaxTokens)") {
		t.Errorf("refusing: error %v", err)
	}
	o.Overflow = datasets.Truncate
	longest := 0
	for _, e := range open(t, "listops-short", o).Train {
		longest = max(longest, len(e.IDs))
	}
	if longest != 40 {
		t.Errorf("longest truncated example has %d tokens, want 40", longest)
	}
}

func TestOpenBadOptions(t *testing.T) {
	for want, c := range map[string]struct {
		name string
		o    datasets.Options
	}{
		`"mnist"`:                              {"mnist", datasets.Options{}},
		"Options.Train is -1":                  {"listops", datasets.Options{Train: -1}},
		"Options.MaxTokens is -5":              {"gosource", datasets.Options{MaxTokens: -5}},
		"Options.Overflow is 7":                {"gosource", datasets.Options{Overflow: 7}},
		"ListOps.MinLength is 60":              {"listops-short", datasets.Options{MinLength: 60, MaxLength: 50}},
		"Options.DocumentBytes is 8":           {"gosource", datasets.Options{DocumentBytes: 8}},
		"Options.Test is 10000000, must be at": {"gosource", datasets.Options{Train: 10, Dev: 10, Test: 10000000}},
	} {
		if _, err := datasets.Open(c.name, c.o); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "datasets: ") {
			t.Errorf("%+v: error %v, want %q", c, err, want)
		}
	}
}

func ExampleOpen() {
	d, err := datasets.Open("gosource", datasets.Options{Train: 1000, Dev: 200, Test: 200})
	if err != nil {
		panic(err)
	}
	fmt.Println(len(d.Train), len(d.Dev), len(d.Test), d.Vocabulary.Size(), d.Classes)
	fmt.Println(datasets.LabelShares(d.Dev, len(d.Classes)))
	// Output:
	// 1000 200 200 261 [crypto encoding net system go math text runtime media diagnostics]
	// [0.1 0.1 0.1 0.1 0.1 0.1 0.1 0.1 0.1 0.1]
}
