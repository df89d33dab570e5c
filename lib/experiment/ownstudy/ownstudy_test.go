package ownstudy_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/experiment/ownstudy"
	"github.com/sparse-attention/workbench/lib/trace"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// own trains a very small model on a file of two labels that one word decides.
func own(t *testing.T) (*ownstudy.Own, experiment.Recipe, string) {
	t.Helper()
	folder := t.TempDir()
	file := filepath.Join(folder, "mine.tsv")
	var text strings.Builder
	for i := range 200 {
		fmt.Fprintf(&text, "%s\tthe %s was number %d , they say .\n", []string{"bad", "good"}[i%2], []string{"storm", "feast"}[i%2], i%7)
	}
	if err := os.WriteFile(file, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	backend, err := transformer.OpenBackend("go")
	if err != nil {
		t.Fatal(err)
	}
	r := ownstudy.Recipe("mine", file)
	r.Data.MinCount, r.Data.MaxTokens = 1, 16
	r.Model = transformer.Spec{Layers: 2, Hidden: 16, Heads: 1, FFN: 16, Tokens: 16}
	r.Dense.Epochs, r.Dense.LearningRate = 10, 1e-2
	models := filepath.Join(folder, "models")
	o, err := ownstudy.Open(context.Background(), backend, r, models, nil)
	if err != nil {
		t.Fatal(err)
	}
	return o, r, models
}

func TestOwnModelThroughEverything(t *testing.T) {
	ctx := context.Background()
	o, r, folder := own(t)
	if o.Card.DenseAccuracy < 0.95 {
		t.Fatalf("dev accuracy %.2f: one word decides", o.Card.DenseAccuracy)
	}
	again, err := ownstudy.Open(ctx, o.Backend, r, folder, nil)
	if err != nil || again.Card.Steps != o.Card.Steps {
		t.Errorf("opened again: %v; it must be read, not trained", err)
	}
	curves, err := o.Measure(ctx, 12)
	if err != nil {
		t.Fatal(err)
	}
	last := map[string]float64{}
	for _, p := range curves.Points {
		if p.Kept < 0 || p.Kept > 100.001 {
			t.Errorf("%s at %g keeps %.1f %%", p.Method, p.Knob, p.Kept)
		}
		if before, ok := last[p.Method]; ok && p.Kept > before+1e-9 {
			t.Errorf("%s keeps %.2f %% at %g, more than the %.2f %% of the setting before", p.Method, p.Kept, p.Knob, before)
		}
		last[p.Method] = p.Kept
	}
	if len(last) != len(ownstudy.Methods()) {
		t.Errorf("%d methods measured, there are %d", len(last), len(ownstudy.Methods()))
	}
	chosen := curves.Choose(5)
	priced, err := o.Run(ctx, chosen, 10, 2)
	if err != nil {
		t.Fatal(err)
	}
	if len(priced) != len(ownstudy.Machines()) {
		t.Errorf("%d machines priced, there are %d", len(priced), len(ownstudy.Machines()))
	}
	for _, p := range priced {
		if !(p.Without.Seconds > 0 && p.With.Seconds > 0 && p.Without.Joules > 0 && p.With.Joules > 0) || p.Point.Knob != chosen[p.Point.Method].Knob {
			t.Errorf("%s: %+v and %+v at %g", p.Machine, p.Without, p.With, p.Point.Knob)
		}
	}
	if gpu, err := o.GPU(2); err != nil || !(gpu > 0) {
		t.Errorf("GPU: %v, %v", gpu, err)
	}
	paths, err := o.Export(ctx, filepath.Join(t.TempDir(), "new"), 2)
	if err != nil {
		t.Fatal(err)
	}
	records, err := trace.Read(paths[0])
	if err != nil || len(records) != 4 || records[3].Layer != 1 || records[3].Threshold != o.Thresholds.Layers[1] {
		t.Errorf("%d records, %v", len(records), err)
	}
	t.Chdir(t.TempDir())
	if _, err := ownstudy.Example("example.tsv"); err != nil {
		t.Fatal(err)
	}
	if d, err := datasets.Open("tsv", datasets.Options{File: "example.tsv"}); err != nil || len(d.Classes) != 10 || len(d.Train) != 4800 {
		t.Errorf("the example's file: %v", err)
	}
}

func TestChooseTakesTheSparsestWithinTheBudget(t *testing.T) {
	c := ownstudy.Curves{Points: []ownstudy.Point{
		{Method: "a", Knob: 1, Kept: 90, Drop: 0}, {Method: "a", Knob: 2, Kept: 50, Drop: 0.9}, {Method: "a", Knob: 3, Kept: 10, Drop: 4},
		{Method: "b", Knob: 1, Kept: 90, Drop: 3}, {Method: "b", Knob: 2, Kept: 50, Drop: 9},
		{Method: "c", Knob: 1, Kept: 30, Drop: 5}, {Method: "c", Knob: 2, Kept: 40, Drop: 1},
	}}
	for method, want := range map[string]float64{"a": 2, "b": 1, "c": 2} {
		if got := c.Choose(1)[method].Knob; got != want {
			t.Errorf("method %s: setting %g, want %g", method, got, want)
		}
	}
	if rows := c.Rows("t"); len(rows) != 7 || rows[1].Config != "kept=50.00" || rows[1].Unit != "%" {
		t.Errorf("rows %+v", rows)
	}
}

func TestForNamesTheModelAfterTheFile(t *testing.T) {
	r, folder, err := ownstudy.For(filepath.Join("data", "mails.tsv"), "sample")
	if err != nil || r.Name != "mails" || folder != filepath.Join("data", "models") || r.Data.File != filepath.Join("data", "mails.tsv") {
		t.Errorf("%s in %s of %s, %v", r.Name, folder, r.Data.File, err)
	}
}
