package taskstudy

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"pgregory.net/rapid"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

func goBackend(t *testing.T) compute.Backend {
	t.Helper()
	b, err := transformer.OpenBackend("go")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sentences makes texts of 20 to 40 tokens whose class is whether one of them is there.
func sentences(n int) *datasets.Dataset {
	v, _ := datasets.NewVocabulary(datasets.Exact, []string{"a", "b", "c", "d", "e"})
	d := &datasets.Dataset{Name: "sentences", Classes: []string{"without", "with"}, Vocabulary: v}
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		ids := []int32{datasets.CLS}
		for range 19 + rng.IntN(21) {
			ids = append(ids, int32(v.Size()-1-rng.IntN(4)))
		}
		if i%2 == 1 {
			ids[1+rng.IntN(len(ids)-1)] = int32(v.Size() - 5)
		}
		d.Train = append(d.Train, datasets.Example{IDs: ids, Label: int32(i % 2)})
	}
	d.Dev, d.Test = d.Train[:n/4], d.Train[n/4:]
	return d
}

func smallTask() Task {
	return Task{Name: "sentences", Shape: "tiny", Model: transformer.Spec{Layers: 2, Hidden: 32, Heads: 2, FFN: 16}, Train: training.Options{LearningRate: 1e-3, Multiple: 40}, Steps: 4}
}

// Every method keeps the share that it is asked for, of examples that it has not seen, or says that it cannot.
func TestMethodsKeepWhatIsAskedFor(t *testing.T) {
	backend, d, task := goBackend(t), sentences(80), smallTask()
	dense, err := transformer.NewEncoder(task.Spec(d), 1)
	if err != nil {
		t.Fatal(err)
	}
	before, err := dense.Tensors()
	if err != nil {
		t.Fatal(err)
	}
	for _, keep := range []float64{0.25, 0.6} {
		for _, m := range Methods() {
			if byLength := m.Name == "cascade" || m.Name == "window"; keep > 0.5 && !byLength {
				continue // seen at the smaller share
			}
			rows, err := task.Learn(context.Background(), 1, d, dense, m, keep, Where{Backend: backend})
			if m.Name == "cascade" && keep < 0.5 { // the first of two layers keeps all
				if !errors.Is(err, ErrOutOfReach) {
					t.Errorf("%s at %g: error %v, want one out of reach", m.Name, keep, err)
				}
				continue
			}
			if err != nil {
				t.Fatal(m.Name, err)
			}
			want, tolerance := keep, 0.02
			if m.Name == Control {
				want, tolerance = 1, 0
			}
			if got := rows[1]; len(rows) != 2 || got.Metric != keptShare || got.Split != "test" || got.Examples != 60 || math.Abs(got.Value-want) > tolerance {
				t.Errorf("%s at %g: rows %+v, must keep within %g of %g", m.Name, keep, rows, tolerance, want)
			}
		}
	}
	after, _ := dense.Tensors()
	for i := range after {
		if !slices.Equal(after[i].Values, before[i].Values) {
			t.Fatalf("%s of the fine-tuned model has changed", after[i].Name)
		}
	}
}

// An interrupted run ends as an uninterrupted one does, and what is finished is not trained again.
func TestLearnResumes(t *testing.T) {
	backend, d, task := goBackend(t), sentences(80), smallTask()
	dense, err := transformer.NewEncoder(task.Spec(d), 1)
	if err != nil {
		t.Fatal(err)
	}
	m, err := FindMethod("detector")
	if err != nil {
		t.Fatal(err)
	}
	want, err := task.Learn(context.Background(), 1, d, dense, m, 0.25, Where{Backend: backend})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	w := Where{Backend: backend, State: t.TempDir(), Observer: func(e training.Event) {
		if e.Step == 2 {
			stop()
		}
	}}
	if _, err := task.Learn(ctx, 1, d, dense, m, 0.25, w); !errors.Is(err, training.ErrInterrupted) {
		t.Fatalf("error %v, want that of an interruption", err)
	}
	first := 0
	w.Observer = func(e training.Event) {
		if first == 0 {
			first = e.Step
		}
	}
	for range 2 {
		got, err := task.Learn(context.Background(), 1, d, dense, m, 0.25, w)
		if err != nil {
			t.Fatal(err)
		}
		for i := range got {
			if math.Abs(got[i].Value-want[i].Value) > 1e-5 { // the file has five digits
				t.Errorf("%s %s is %v, without an interruption %v", got[i].Model, got[i].Metric, got[i].Value, want[i].Value)
			}
		}
		if first != 3 {
			t.Errorf("went on at step %d, must be 3", first)
		}
		w.Observer = func(training.Event) { t.Error("trained again") }
	}
}

// The settings that follow from lengths alone give the share, for any lengths that are long enough to be cut so finely.
func TestSettingsFromLengths(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := lengths{}
		for range rapid.IntRange(1, 20).Draw(t, "lengths") {
			l[rapid.IntRange(40, 200).Draw(t, "n")]++
		}
		layers := rapid.IntRange(2, 6).Draw(t, "layers")
		keep := rapid.Float64Range(0.1, 0.9).Draw(t, "keep")
		r := l.balanced(keep)
		if got := l.share(1, func(_, n int) float64 { return math.Ceil(r*float64(n)-1e-4) / float64(n) }); math.Abs(got-keep) > 0.03 {
			t.Errorf("balanced rows of %.3f keep %.3f, want %.3f", r, got, keep)
		}
		half := l.window(layers, keep)
		if !slices.IsSorted(half) || half[layers-1] > half[0]+1 {
			t.Errorf("half-windows %v", half)
		}
		tokens, err := l.cascade(layers, keep)
		if err != nil && !errors.Is(err, ErrOutOfReach) || err == nil && (tokens[0] != 0 || !slices.IsSorted(tokens)) {
			t.Errorf("cascade of %v: %v", tokens, err)
		}
		if least := 1/float64(layers) + 0.05; keep < 1/float64(layers)-0.05 && err == nil || keep > max(least, 0.6) && err != nil {
			t.Errorf("%d layers at %.3f: error %v", layers, keep, err)
		}
	})
	for n := 1; n < 9; n++ { // pair by pair
		for half := range n {
			want := 0
			for q := range n {
				for k := range n {
					if k == 0 || max(q-k, k-q) <= half {
						want++
					}
				}
			}
			if got := windowed(n, half); got != want {
				t.Errorf("%d tokens under %d: %d pairs, want %d", n, half, got, want)
			}
		}
	}
}

func TestFineTunedWeights(t *testing.T) {
	task, d, folder := smallTask(), sentences(16), t.TempDir()
	m, err := transformer.NewEncoder(task.Spec(d), 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Save(task.Weights(folder, 2), transformer.Float16, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := task.FineTuned(folder, 2, d); err != nil {
		t.Error(err)
	}
	if _, err := task.FineTuned(folder, 3, d); err == nil || !strings.Contains(err.Error(), "sentences-seed3") {
		t.Errorf("no weights: error %v", err)
	}
	task.Model.Layers = 3
	if _, err := task.FineTuned(folder, 2, d); err == nil || !strings.Contains(err.Error(), "Layers:3") {
		t.Errorf("another shape: error %v", err)
	}
	task.Start, task.Fresh = "encoder", true
	if got := filepath.Base(task.Weights(folder, 2)); got != "sentences-fresh-seed2.safetensors" {
		t.Errorf("fresh weights lie in %s, must not lie in the others' file", got)
	}
}

func TestCostsFromRows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.csv")
	var rows []Row
	add := func(task, method, metric string, values ...float64) {
		for i, v := range values {
			rows = append(rows, Row{Task: task, Model: "L2, wide; " + method, Pretrained: "e", Seed: uint64(i + 1), Split: "dev", Metric: metric, Value: v, Examples: 408})
		}
	}
	add("mrpc", Control, "accuracy", 0.71, 0.72)
	add("mrpc", Control, "f1", 0.81, 0.82)
	add("mrpc", Control, keptShare, 1, 1)
	add("mrpc", "thresholds at 25 %", "f1", 0.80, 0.80, 0.1) // the third has no control
	add("mrpc", "thresholds at 25 %", "accuracy", 0.71, 0.72)
	add("mrpc", "thresholds at 25 %", keptShare, 0.251, 0.249, 0.25)
	add("mrpc", "best keys, untrained at 62.5 %", "f1", 0.83)
	add("mrpc", "best keys, untrained at 62.5 %", keptShare, 0.625)
	add("sst2", "window at 25 %", "accuracy", 0.8) // no control at all
	add("sst2", "window at 25 %", keptShare, 0.25)
	rows = append(rows, Row{Task: "sst2", Model: "L2, wide", Pretrained: "e", Seed: 1, Split: "dev", Metric: "accuracy", Value: 0.8, Examples: 872})
	if err := Merge(path, rows); err != nil {
		t.Fatal(err)
	}
	read, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	all := Costs(read)
	if len(all) != 3 || !slices.Equal(Asked(all), []float64{25, 62.5}) {
		t.Fatalf("%+v", all)
	}
	l := all[0]
	if l.Metric != "f1" || !l.Deciding || l.Method != "thresholds" || l.Seeds != 2 || l.Model != "L2, wide" || math.Abs(l.Points-1.5) > 1e-9 || math.Abs(l.Kept-25) > 1e-9 || math.Abs(l.Control-81.5) > 1e-9 {
		t.Errorf("%+v", l)
	}
	if want := 12.7062 * 0.5; math.Abs(l.Half-want) > 1e-3 { // Student's t of one degree of freedom times the standard error of 1 and 2
		t.Errorf("half width %.4f, want %.4f", l.Half, want)
	}
	if all[1].Deciding || all[1].Points != 0 {
		t.Errorf("%+v", all[1])
	}
	bars, half := CostBars(all, 25)
	if len(bars) != 1 || bars[0].Workload != "mrpc (f1)" || bars[0].Series != "thresholds" || half[bars[0].Key()] != l.Half {
		t.Errorf("%+v %v", bars, half)
	}
	if bars, half := CostBars(all, 62.5); len(bars) != 1 || bars[0].Series != "best keys, untrained" || half[bars[0].Key()] != 0 {
		t.Errorf("%+v: one seed has no interval", bars)
	}
	if _, table := CostTable(all); len(table) != 3 || table[0][8] != "-1.5 ± 6.4 (2 seeds)" {
		t.Errorf("%q", table)
	}
	if _, table := Table(Summarise(read)); len(table) != 1 {
		t.Errorf("the table of tasks has %d lines, must have 1: methods have their own", len(table))
	}
}
