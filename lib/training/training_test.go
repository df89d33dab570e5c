package training_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// firstToken is a task that any encoder learns in seconds: which of two words comes second.
func firstToken(n int) *datasets.Dataset {
	d := &datasets.Dataset{Name: "first-token", Classes: []string{"a", "b"}}
	for i := range n {
		ids := []int32{2, int32(5 + i%2), int32(7 + i%3), int32(7 + i%5)}
		d.Train = append(d.Train, datasets.Example{IDs: ids, Label: int32(i % 2)})
	}
	d.Dev = d.Train[:min(20, n)]
	return d
}

func tiny() transformer.Spec {
	return transformer.Spec{Layers: 2, Hidden: 8, Heads: 2, FFN: 16, Tokens: 16, Vocabulary: 12, Classes: 2, Dropout: 0.1}
}

func newEncoder() (*transformer.Encoder, error) { return transformer.NewEncoder(tiny(), 3) }

func encoder(t testing.TB, s transformer.Spec) *transformer.Encoder {
	t.Helper()
	m, err := transformer.NewEncoder(s, 3)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func options() training.Options {
	return training.Options{Epochs: 3, Batch: 8, LearningRate: 5e-3, Seed: 5, Multiple: 4}
}

func run(t testing.TB, m *transformer.Encoder, d *datasets.Dataset, h training.Hook, o training.Options) (training.Result, error) {
	t.Helper()
	return train(m, d, h, o)
}

func train(m *transformer.Encoder, d *datasets.Dataset, h training.Hook, o training.Options) (training.Result, error) {
	b, err := transformer.OpenBackend("")
	if err != nil {
		return training.Result{}, err
	}
	return training.Run(context.Background(), b, m, d, h, o)
}

func TestLearns(t *testing.T) {
	o := options()
	o.Epochs = 8
	r, err := run(t, encoder(t, tiny()), firstToken(160), nil, o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Best.Accuracy < 0.95 || r.Loss[len(r.Loss)-1] > r.Loss[0] {
		t.Errorf("accuracy %v, losses %v: the task is separable by one word", r.Best.Accuracy, r.Loss)
	}
}

func parameters(t *testing.T, m *transformer.Encoder) map[string][]float32 {
	t.Helper()
	out := map[string][]float32{}
	for _, p := range m.Spec.Parameters() {
		v, err := m.Values(p.Name)
		if err != nil {
			t.Fatal(err)
		}
		out[p.Name] = v
	}
	return out
}

// untimed leaves out what differs from run to run.
var untimed = cmpopts.IgnoreFields(training.Result{}, "Seconds")

func TestResumeGivesTheSameNumbers(t *testing.T) {
	d := firstToken(64)
	whole := encoder(t, tiny())
	want, err := run(t, whole, d, training.LeOPArd(2, 0.1), options())
	if err != nil {
		t.Fatal(err)
	}
	for _, stop := range []int{1, 5, 8, 9, 20} {
		o := options()
		o.Checkpoint = t.TempDir()
		ctx, cancel := context.WithCancel(t.Context())
		o.Observer = func(e training.Event) {
			if e.Step >= stop {
				cancel()
			}
		}
		b, _ := transformer.OpenBackend("")
		if _, err := training.Run(ctx, b, encoder(t, tiny()), d, training.LeOPArd(2, 0.1), o); !errors.Is(err, training.ErrInterrupted) {
			t.Fatalf("stop at %d: error is %v, must be ErrInterrupted", stop, err)
		}
		o.Observer = nil
		resumed := encoder(t, tiny())
		got, err := run(t, resumed, d, training.LeOPArd(2, 0.1), o)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, untimed); diff != "" {
			t.Errorf("stop at %d: the resumed run differs:\n%s", stop, diff)
		}
		again, err := run(t, encoder(t, tiny()), d, training.LeOPArd(2, 0.1), o)
		if err != nil || got.Seconds <= 0 || again.Seconds < got.Seconds/2 {
			t.Errorf("stop at %d: %v s, and %v s after a call that found the run finished (%v): time must add up", stop, got.Seconds, again.Seconds, err)
		}
		if diff := cmp.Diff(parameters(t, whole), parameters(t, resumed)); diff != "" {
			t.Errorf("stop at %d: the parameters differ", stop)
		}
	}
}

func TestDamagedCheckpointFallsBack(t *testing.T) {
	d, o := firstToken(64), options()
	o.Checkpoint = t.TempDir()
	if _, err := run(t, encoder(t, tiny()), d, nil, o); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(o.Checkpoint, "fine-tune.safetensors")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content[:len(content)-9], 0o644); err != nil {
		t.Fatal(err)
	}
	note := ""
	o.Observer = func(e training.Event) { note += e.Note }
	got, err := run(t, encoder(t, tiny()), d, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(note, path) || !strings.Contains(note, "previous") {
		t.Errorf("note is %q, must name the damaged file and the one used", note)
	}
	o.Checkpoint, o.Observer = "", nil
	want, err := run(t, encoder(t, tiny()), d, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, untimed); diff != "" {
		t.Error(diff)
	}
}

func TestCheckpointOfAnotherRunIsKept(t *testing.T) {
	d, o := firstToken(64), options()
	o.Checkpoint = t.TempDir()
	if _, err := run(t, encoder(t, tiny()), d, nil, o); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*training.Options){
		"its Seed is":                     func(o *training.Options) { o.Seed++ },
		"its number of steps an epoch is": func(o *training.Options) { o.StepsPerEpoch = 3 },
		"its objective is":                func(o *training.Options) { o.Objective = training.Classification{Smoothing: 0.1} },
		"Flip:true":                       func(o *training.Options) { o.Augment.Flip = true },
		"WeightDecay:0.2":                 func(o *training.Options) { o.WeightDecay = 0.2 },
	} {
		other := o
		change(&other)
		if _, err := run(t, encoder(t, tiny()), d, nil, other); err == nil || !strings.Contains(err.Error(), "another run") || !strings.Contains(err.Error(), name) {
			t.Errorf("error is %v, must refuse the checkpoint of another run, whose difference is %q", err, name)
		}
	}
	if _, err := run(t, encoder(t, tiny()), d, nil, o); err != nil {
		t.Errorf("the same run is refused: %v", err)
	}
}

func TestBadInputIsNamed(t *testing.T) {
	long := firstToken(16)
	long.Train[3].IDs = make([]int32, 17)
	empty := firstToken(16)
	empty.Dev = nil
	classes := firstToken(16)
	classes.Classes = []string{"a", "b", "c"}
	for want, f := range map[string]func() error{
		"train example 3 has 17 tokens": func() error { _, err := run(t, encoder(t, tiny()), long, nil, options()); return err },
		"0 dev examples":                func() error { _, err := run(t, encoder(t, tiny()), empty, nil, options()); return err },
		"Spec.Classes = 2":              func() error { _, err := run(t, encoder(t, tiny()), classes, nil, options()); return err },
		"Options.Epochs": func() error {
			o := options()
			o.Epochs = -1
			_, err := run(t, encoder(t, tiny()), firstToken(16), nil, o)
			return err
		},
		"Options.WarmUp": func() error {
			o := options()
			o.WarmUp = math.NaN()
			_, err := run(t, encoder(t, tiny()), firstToken(16), nil, o)
			return err
		},
		"SoftThreshold.Lambda": func() error {
			_, err := run(t, encoder(t, tiny()), firstToken(16), training.LeOPArd(2, -1), options())
			return err
		},
		"not finite, first in the head": func() error {
			m := encoder(t, tiny())
			if err := m.SetValues("pooler/biases", []int{8}, []float32{float32(math.NaN()), 0, 0, 0, 0, 0, 0, 0}); err != nil {
				return err
			}
			_, err := run(t, m, firstToken(16), nil, options())
			return err
		},
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error is %v, must be one line with %q", err, want)
		}
	}
}

// hooked evaluates a SoftThreshold on a row of scores in a graph: the changed scores, the loss, and the gradients of a
// probe loss (the sum of the changed scores) by x and by the threshold.
func hooked(t *testing.T, th float32, x []float32, train bool) (y []float32, loss float64, dx []float32, dth float32) {
	t.Helper()
	m := encoder(t, tiny())
	h := training.LeOPArd(1, 1)
	if err := m.SetValues(training.ThresholdName(0), nil, []float32{th}); err != nil {
		t.Fatal(err)
	}
	b, _ := transformer.OpenBackend("")
	n := len(x)
	out, err := model.CallOnceN(b, m.Store, func(_ *model.Scope, in *graph.Node) []*graph.Node {
		p := &transformer.Pass{Model: m, Graph: in.Graph(), Training: train}
		p.Valid = graph.BroadcastToDims(graph.Const(in.Graph(), true), 1, n)
		visible := graph.BroadcastToDims(graph.Const(in.Graph(), true), 1, 1, 1, n)
		// One query repeated n times, so that scores are square as in a model.
		square := graph.BroadcastToDims(graph.Reshape(in, 1, 1, 1, n), 1, 1, n, n)
		y := h.Scores(p, 0, square, visible)
		row := graph.Reshape(graph.Slice(y, graph.AxisRange(), graph.AxisRange(), graph.AxisElem(0), graph.AxisRange()), n)
		l := graph.ScalarZero(in.Graph(), in.DType())
		if train {
			l = p.Losses[0]
		}
		g := graph.Gradient(graph.ReduceAllSum(row), in, p.Parameter(training.ThresholdName(0)))
		return []*graph.Node{row, l, g[0], g[1]}
	}, tensors.FromFlatDataAndDimensions(x, n))
	if err != nil {
		t.Fatal(err)
	}
	return tensors.MustCopyFlatData[float32](out[0]), float64(tensors.ToScalar[float32](out[1])),
		tensors.MustCopyFlatData[float32](out[2]), tensors.ToScalar[float32](out[3])
}

func TestSoftThresholdEqualsThePlainOne(t *testing.T) {
	want := pruning.LeOPArd()
	x := []float32{1, 0.6, 0.5, 0.4, 0.3, 0, -0.05, 2}
	for _, th := range []float32{0.5, 0, -0.1} {
		y, loss, dx, dth := hooked(t, th, x, true)
		var ys []float64
		sum := 0.0
		for i, v := range x {
			ys = append(ys, want.Apply(float64(v), float64(th)))
			close(t, "y", float64(y[i]), ys[i])
			gx, gth := want.Gradient(float64(v), float64(th))
			close(t, "dy/dx", float64(dx[i]), gx)
			sum += gth
		}
		close(t, "dy/dTh", float64(dth), sum)
		close(t, "regulariser", loss, want.Regulariser(ys))
	}
}

func close(t *testing.T, name string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 2e-3*math.Max(1, math.Abs(want)) {
		t.Errorf("%s is %v, want %v", name, got, want)
	}
}

func TestHardThresholdKeepsTheRowMaximum(t *testing.T) {
	y, _, _, _ := hooked(t, 5, []float32{1, 3, 2}, false)
	if y[0] > transformer.Removed/2 || y[1] != 3 || y[2] > transformer.Removed/2 {
		t.Errorf("scores are %v, only the largest must stay", y)
	}
	y, _, _, _ = hooked(t, 2, []float32{1, 3, 2}, false)
	if y[0] > transformer.Removed/2 || y[1] != 3 || y[2] != 2 {
		t.Errorf("scores are %v, those at or above 2 must stay unchanged", y)
	}
}

func TestThresholdsMoveUnderTheRegulariser(t *testing.T) {
	o := options()
	o.Epochs = 4
	m := encoder(t, tiny())
	h := training.LeOPArd(2, 1)
	r, err := run(t, m, firstToken(160), h, o)
	if err != nil {
		t.Fatal(err)
	}
	ths, err := h.Thresholds(m)
	if err != nil {
		t.Fatal(err)
	}
	if ths[0] == 0 && ths[1] == 0 {
		t.Error("no threshold moved")
	}
	if k := r.Best.MeanKept(); !(k > 0 && k <= 1) || len(r.Best.Kept) != 2 {
		t.Errorf("kept shares are %v", r.Best.Kept)
	}
}
