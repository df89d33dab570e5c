package taskstudy_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/experiment/taskstudy"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

func row(seed uint64, value float64) taskstudy.Row {
	return taskstudy.Row{Task: "t", Model: "m, wide", Pretrained: "none", Seed: seed, Split: "dev", Metric: "accuracy", Value: value, Examples: 10, Seconds: 3}
}

func TestMergeReplacesAndAverages(t *testing.T) {
	path := filepath.Join(t.TempDir(), "training", "results.csv")
	if err := taskstudy.Merge(path, []taskstudy.Row{row(1, 0.5), row(2, 0.9)}); err != nil {
		t.Fatal(err)
	}
	other := row(1, 0.1)
	other.Split = "test"
	if err := taskstudy.Merge(path, []taskstudy.Row{row(2, 0.7), other}); err != nil {
		t.Fatal(err)
	}
	rows, err := taskstudy.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 3 {
		t.Fatalf("%d rows, want 3: a row of the same seed is replaced", len(rows))
	}
	// Student's t of one degree of freedom times the standard error of 0.5 and 0.7.
	want := 12.7062 * math.Sqrt(0.02/2)
	for _, r := range rows[:2] {
		if r.Mean != 0.6 || math.Abs(r.Half-want) > 1e-4 || r.Model != "m, wide" || r.Examples != 10 || r.Seconds != 3 {
			t.Errorf("%+v, want mean 0.6 and half width %.5f", r, want)
		}
	}
	if rows[2].Split != "test" || rows[2].Half != 0 {
		t.Errorf("%+v: one seed has no interval", rows[2])
	}
}

func TestReadNamesTheField(t *testing.T) {
	head := strings.Join(taskstudy.Columns, ",") + "\n"
	for want, text := range map[string]string{
		":1: columns must be task,": "a,b,c,d,e,f,g,h,i,j,k\n",
		":3: field seed is \"one\"": head + "t,m,none,1,dev,accuracy,0.5,0.5,0,10,1\nt,m,none,one,dev,accuracy,0.5,0.5,0,10,1\n",
		":2: field value is \"\"":   head + "t,m,none,1,dev,accuracy,,0.5,0,10,1\n",
		"wrong number of fields":    head + "t,m\n",
	} {
		path := filepath.Join(t.TempDir(), "r.csv")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := taskstudy.Read(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if _, err := taskstudy.Find("mnist"); err == nil || !strings.Contains(err.Error(), "fashion-mnist") {
		t.Errorf("error %v", err)
	}
}

// images makes a small data set whose class is the brighter half.
func images(n int) *datasets.Dataset {
	raster := &datasets.Raster{Height: 4, Width: 4, Channels: 1, Patch: 2}
	v, _ := datasets.NewVocabulary(datasets.Exact, []string{"patch"})
	d := &datasets.Dataset{Name: "halves", Classes: []string{"upper", "lower"}, Vocabulary: v}
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range n {
		pixels := make([]byte, 16)
		for p := range pixels {
			pixels[p] = byte(rng.IntN(60))
			if p/8 == i%2 {
				pixels[p] += 150
			}
		}
		d.Train = append(d.Train, datasets.Example{IDs: []int32{2, 5, 5, 5, 5}, Label: int32(i % 2), Image: &datasets.Image{Raster: raster, Pixels: pixels}})
	}
	d.Dev, d.Test = d.Train[:n/4], d.Train[n/4:n/2]
	return d
}

func TestRunLearnsAndFillsTheTable(t *testing.T) {
	backend, err := transformer.OpenBackend("go")
	if err != nil {
		t.Fatal(err)
	}
	task := taskstudy.Task{Name: "halves", Shape: "tiny", White: true, Model: transformer.Spec{Layers: 1, Hidden: 16, Heads: 2, FFN: 16},
		Train: training.Options{Epochs: 25, Batch: 16, LearningRate: 5e-3}}
	where := taskstudy.Where{Backend: backend, State: t.TempDir()}
	m, rows, err := task.Run(context.Background(), 1, images(160), where)
	if err != nil {
		t.Fatal(err)
	}
	if m.Spec.Patch != 4 || m.Spec.Tokens != 5 || len(rows) != 2 {
		t.Errorf("spec %+v, %d rows", m.Spec, len(rows))
	}
	for _, r := range rows {
		if r.Value < 0.95 || r.Metric != "accuracy" || r.Pretrained != "none" {
			t.Errorf("%+v: brightness of a half is easy", r)
		}
	}
	_, again, err := task.SoFar(1, images(160), where)
	if err != nil || len(again) != 2 || again[1].Value != rows[1].Value || again[1].Model != "tiny, 25 of 25 epochs" {
		t.Errorf("judged from the state: %+v, %v", again, err)
	}
	if _, _, err := task.SoFar(2, images(160), where); err == nil || !strings.Contains(err.Error(), "seed2") {
		t.Errorf("no state: error %v", err)
	}
}

// After whitening the components of the embedded patches are uncorrelated; those that vary at all have a variance of nearly 1.
func TestWhiten(t *testing.T) {
	d := images(500)
	spec := transformer.Spec{Layers: 1, Hidden: 4, Heads: 1, FFN: 4, Tokens: 5, Vocabulary: 6, Classes: 2, Patch: 4}
	m, err := transformer.NewEncoder(spec, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := experiment.Whiten(m, d); err != nil {
		t.Fatal(err)
	}
	w, err := m.Values("embedding/patch/weights")
	if err != nil {
		t.Fatal(err)
	}
	var sums [4]float64
	var products [4][4]float64
	n := 0.0
	for b := range datasets.Batches(d.Train, datasets.BatchOptions{Size: 1, Limit: 5}) {
		for p := 1; p < 5; p++ {
			var y [4]float64
			for h := range y {
				for v := range 4 {
					y[h] += float64(b.Patches[p*4+v]) * float64(w[v*4+h])
				}
			}
			for i := range y {
				sums[i] += y[i]
				for j := range y {
					products[i][j] += y[i] * y[j]
				}
			}
			n++
		}
	}
	for i := range 4 {
		for j := range 4 {
			c := products[i][j]/n - sums[i]/n*sums[j]/n
			if i == j && (c < 0.3 || c > 1.001) || i != j && math.Abs(c) > 1e-3 {
				t.Errorf("covariance of components %d and %d is %.4f", i, j, c)
			}
		}
	}
	text, _ := transformer.NewEncoder(transformer.Tiny(8, 10, 2), 1)
	if err := experiment.Whiten(text, d); err == nil || !strings.Contains(err.Error(), "Spec.Patch = 0") {
		t.Errorf("a model of tokens: error %v", err)
	}
}

func ExampleFind() {
	task, err := taskstudy.Find("cifar-10")
	if err != nil {
		panic(err)
	}
	fmt.Println(task.Shape, task.Data.Patch, task.Model.Layers)
	// Output: ViT L4 H96 A3, 4x4 patches 4 4
}

// Where a model reads images, the detector alone is trained before it takes part.
func TestDetectorOfImages(t *testing.T) {
	backend, err := transformer.OpenBackend("go")
	if err != nil {
		t.Fatal(err)
	}
	task := taskstudy.Task{Name: "halves", Shape: "tiny", Steps: 4, Model: transformer.Spec{Layers: 2, Hidden: 32, Heads: 2, FFN: 16}, Train: training.Options{LearningRate: 1e-3}}
	d := images(80)
	dense, err := transformer.NewEncoder(task.Spec(d), 1)
	if err != nil {
		t.Fatal(err)
	}
	detector, err := taskstudy.FindMethod("detector")
	if err != nil {
		t.Fatal(err)
	}
	phases := map[string]bool{}
	rows, err := task.Learn(context.Background(), 1, d, dense, detector, 0.6, taskstudy.Where{Backend: backend, Observer: func(e training.Event) { phases[e.Phase] = true }})
	if err != nil {
		t.Fatal(err)
	}
	if kept := rows[1]; kept.Metric != "kept share" || math.Abs(kept.Value-0.6) > 0.101 { // half a token
		t.Errorf("%+v, must keep 3 of 5 tokens", kept)
	}
	if !phases["detector-at-60"] {
		t.Errorf("phases %v", phases)
	}
}
