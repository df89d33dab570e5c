package joint

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// tiny trains in a second or two on any machine.
func tiny() Recipe {
	return Recipe{
		Name: "tiny", Title: "tiny", Task: "listops-short",
		Data:  datasets.Options{Train: 192, Dev: 24, Test: 24, MaxTokens: 48, MaxLength: 44},
		Model: transformer.Spec{Layers: 2, Hidden: 16, Heads: 2, FFN: 16, Tokens: 48, Vocabulary: 2, Classes: 2},
		Dense: training.Options{Phase: "dense", Epochs: 1, Batch: 16, Seed: 1, Multiple: 48},
		Joint: training.Options{Epochs: 1, StepsPerEpoch: 4, Batch: 16, Multiple: 48}, Detector: *training.DOTA(0.25, 0), Seeds: []uint64{1, 2},
	}
}

func TestTrainSaveLoadAndSweep(t *testing.T) {
	ctx := context.Background()
	backend, err := transformer.OpenBackend("")
	if err != nil {
		t.Fatal(err)
	}
	r := tiny()
	data, err := r.Open("", nil)
	if err != nil {
		t.Fatal(err)
	}
	trained, err := r.Train(ctx, backend, data, t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	if err := trained.Save(root); err != nil {
		t.Fatal(err)
	}
	j, err := r.Load(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(j.Seeds) != 2 || j.Card.Steps != 12+4 || j.Card.RootOnly == 0 || slices.Equal(j.Seeds[0].Detector.Layers[0].P, j.Seeds[1].Detector.Layers[0].P) {
		t.Errorf("card %+v, %d seeds", j.Card, len(j.Seeds))
	}

	o := SweepOptions{Split: "test", Examples: data.Test, Training: data.Train[:8], Methods: []string{DOTAMethod, OracleMethod, RandomMethod, ELSAMethod},
		Retentions: []float64{0.1, 1}, P: []float64{0.01, 2}}
	points, err := j.Sweep(ctx, backend, o)
	if err != nil {
		t.Fatal(err)
	}
	if want := 1 + 2*2 + 2 + 2 + 2; len(points) != want {
		t.Fatalf("%d points, must be %d", len(points), want)
	}
	dense := points[0]
	// Dense attention in plain Go answers as the graph does.
	graph, err := training.Evaluate(backend, j.Dense, data.Test, nil, training.Classification{})
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(dense.Accuracy()-100*graph.Accuracy) > 100.0/24+1e-9 {
		t.Errorf("dense accuracy %v, in the graph %v", dense.Accuracy(), 100*graph.Accuracy)
	}
	for _, p := range points {
		if p.Method == ELSAMethod {
			continue
		}
		if p.Retention < p.Knob-1e-9 || p.Retention > p.Knob+0.05 {
			t.Errorf("%s keeps %v, must keep %v and what rounding up adds", p.Method, p.Retention, p.Knob)
		}
		if (p.Method == OracleMethod || p.Method == RandomMethod) && p.Knob == 1 && (p.Correct != dense.Correct || p.Lost+p.Won != 0) {
			t.Errorf("%s keeps everything and is not the dense model: %+v", p.Method, p)
		}
	}
	if a, b := points[len(points)-2], points[len(points)-1]; a.Retention <= b.Retention {
		t.Errorf("ELSA keeps %v at p = 0.01 and %v at p = 2, must keep fewer", a.Retention, b.Retention)
	}

	// What was done is not done again.
	o.Done = points
	cancelled, cancel := context.WithCancel(ctx)
	o.Observer = func(p Point) {
		if p.Method == DenseMethod {
			cancel() // from here on nothing may run
		}
	}
	again, err := j.Sweep(cancelled, backend, SweepOptions{Split: o.Split, Examples: o.Examples, Training: o.Training, Methods: o.Methods[:3],
		Retentions: o.Retentions, Done: points, Observer: o.Observer})
	if err != nil || !slices.Equal(again, points[:len(again)]) {
		t.Errorf("a sweep goes on with %v, %v", again, err)
	}

	for field, change := range map[string]func(*SweepOptions){
		"Examples":   func(o *SweepOptions) { o.Examples = nil },
		"Training":   func(o *SweepOptions) { o.Training = nil },
		"Methods":    func(o *SweepOptions) { o.Methods = []string{"magic"} },
		"Retentions": func(o *SweepOptions) { o.Retentions = []float64{0} },
		"P":          func(o *SweepOptions) { o.P = []float64{-1} },
	} {
		bad := o
		change(&bad)
		if _, err := j.Sweep(ctx, backend, bad); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}

	// A detector of other shapes is refused.
	other := r
	other.Detector.Sigma = 1
	if _, err := other.Load(root); err == nil || !strings.Contains(err.Error(), "detector projects") {
		t.Errorf("a detector trained for other shapes: %v", err)
	}
	if _, err := r.Load(t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no checkpoint: %v", err)
	}
}

func TestSummarise(t *testing.T) {
	points := []Point{
		{Task: "a", Split: "test", Method: DOTAMethod, Seed: 1, Knob: 0.1, Retention: 0.1, Examples: 100, Correct: 80, Lost: 3, Won: 1},
		{Task: "a", Split: "test", Method: DOTAMethod, Seed: 2, Knob: 0.1, Retention: 0.12, Examples: 100, Correct: 82, Lost: 2, Won: 2},
		{Task: "a", Split: "test", Method: ELSAMethod, Knob: 1, Retention: 0.5, Examples: 100, Correct: 70, Lost: 20, Won: 8},
		{Task: "a", Split: "dev", Method: ELSAMethod, Knob: 1, Retention: 0.5, Examples: 100, Correct: 70},
	}
	s := Summarise(points, "a", "test")
	if len(s) != 2 || s[0].Seeds != 2 || math.Abs(s[0].Retention-0.11) > 1e-12 || s[0].Accuracy != 81 || s[0].Drop != 1 {
		t.Fatalf("summaries %+v", s)
	}
	if want := 12.706 * 1; math.Abs(s[0].Half-want) > 1e-9 { // deviation sqrt(2) over sqrt(2) seeds
		t.Errorf("interval of two seeds ± %v, must be %v", s[0].Half, want)
	}
	if want := 1.96 * math.Sqrt(28-1.44); math.Abs(s[1].Half-want) > 1e-9 {
		t.Errorf("interval of paired examples ± %v, must be %v", s[1].Half, want)
	}
}
