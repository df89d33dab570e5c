package training_test

import (
	"errors"
	"math"
	"path/filepath"
	"testing"

	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

func TestNaNNamesThePlace(t *testing.T) {
	for where, parameter := range map[string]string{"layer 0": "layer_0/qkv/biases", "layer 1": "layer_1/expand/biases", "head": "classifier/biases"} {
		m := encoder(t, tiny())
		values, err := m.Values(parameter)
		if err != nil {
			t.Fatal(err)
		}
		values[0] = float32(math.NaN())
		shape, _ := m.Shape(parameter)
		if err := m.SetValues(parameter, shape, values); err != nil {
			t.Fatal(err)
		}
		var e *training.ErrNotFinite
		if _, err := run(t, m, firstToken(16), nil, options()); !errors.As(err, &e) || e.Step != 1 || e.Where != where {
			t.Errorf("error is %v, must name step 1 and the %s", err, where)
		}
	}
}

// The vector of one rare word is not a number: the run goes well until the word comes, and what it had reached is kept.
func TestNaNKeepsTheLastGoodCheckpoint(t *testing.T) {
	d := firstToken(64)
	d.Train[17].IDs = []int32{2, 5, 11, 7}
	d.Dev = d.Train[:8]
	m := encoder(t, tiny())
	values, _ := m.Values("embedding/token")
	for i := range 8 {
		values[11*8+i] = float32(math.NaN())
	}
	if err := m.SetValues("embedding/token", []int{12, 8}, values); err != nil {
		t.Fatal(err)
	}
	o := options()
	o.Checkpoint, o.SaveEvery = t.TempDir(), 1
	reached := 0
	o.Observer = func(e training.Event) { reached = e.Step }
	var e *training.ErrNotFinite
	if _, err := run(t, m, d, nil, o); !errors.As(err, &e) || e.Where != "embedding" || e.Step != reached+1 || e.Step < 2 {
		t.Fatalf("error is %v after step %d, must name the next step, at least the second, and the embedding", err, reached)
	}
	if _, _, err := transformer.ReadTensors(filepath.Join(o.Checkpoint, "fine-tune.safetensors")); err != nil {
		t.Error(err)
	}
	after, _ := m.Values("pooler/weights")
	for _, v := range after {
		if v != v {
			t.Fatal("the failed step reached the weights")
		}
	}
	first := 0
	o.Observer = func(e training.Event) { first = e.Step }
	if _, err := run(t, encoder(t, tiny()), d, nil, o); !errors.As(err, &e) || first != 0 || e.Step != reached+1 {
		t.Errorf("error is %v, must come again at the step after the checkpoint", err)
	}
}
