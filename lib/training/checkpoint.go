package training

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// A checkpoint is one safetensors file: the parameters, AdamW's moments and, under "best/", the parameters of the best
// epoch so far; its metadata hold the progress below. The one before it is kept beside it, so that a damaged file costs
// one interval and no more.

// progress is the part of a run's state that is no tensor.
type progress struct {
	Dataset     string
	Objective   string
	Spec        transformer.Spec
	Seed        uint64
	Epochs      int
	Batch       int
	PerEpoch    int // steps; 0 in files that do not tell
	Shards      int // 0 in files that do not tell
	Rate        float64
	Course      *course // nil in files that do not tell
	Epoch, Done int
	Result      Result
	Loss        float64
	Dropout     []uint64 // state of the dropout generator
}

// course is what else decides where a run goes.
type course struct {
	Augment                                               datasets.Augment
	BatchTokens, Multiple                                 int
	WarmUp, WeightDecay, ClipNorm, HookRate, HookClipNorm float64
}

// differs names the first field in which a checkpoint's run is not the one that is wanted; "" if it is the same.
func (p progress) differs(want progress) string {
	for _, f := range []struct {
		name        string
		told        bool
		have, wants any
	}{
		{"data set", true, p.Dataset, want.Dataset}, {"objective", true, p.Objective, want.Objective}, {"Spec", true, p.Spec, want.Spec},
		{"Seed", true, p.Seed, want.Seed}, {"Epochs", true, p.Epochs, want.Epochs}, {"Batch", true, p.Batch, want.Batch},
		{"number of steps an epoch", p.PerEpoch != 0, p.PerEpoch, want.PerEpoch}, {"Shards", p.Shards != 0, p.Shards, want.Shards},
		{"LearningRate", true, p.Rate, want.Rate},
	} {
		if f.told && f.have != f.wants {
			return fmt.Sprintf("its %s is %+v, not %+v", f.name, f.have, f.wants)
		}
	}
	if p.Course != nil && *p.Course != *want.Course {
		return fmt.Sprintf("it was trained with %+v, not with %+v", *p.Course, *want.Course)
	}
	return ""
}

const (
	progressKey = "progress"
	bestPrefix  = "best/"
)

func (r *run) path() string {
	return filepath.Join(r.options.Checkpoint, strings.ReplaceAll(r.options.Phase, "/", "-")+".safetensors")
}

func previous(path string) string {
	return strings.TrimSuffix(path, ".safetensors") + ".previous.safetensors"
}

func (r *run) progress() progress {
	o := r.options
	return progress{Dataset: r.data.Name, Objective: o.Objective.Name(), Spec: r.model.Spec, Seed: o.Seed, Epochs: o.Epochs, Batch: o.Batch, PerEpoch: r.perEpoch, Shards: r.shards, Rate: o.LearningRate,
		Course: &course{o.Augment, o.BatchTokens, o.Multiple, o.WarmUp, o.WeightDecay, o.ClipNorm, o.HookRate, o.HookClipNorm}}
}

func (r *run) save() error {
	if r.options.Checkpoint == "" {
		return nil
	}
	ts, err := r.trained()
	if err != nil {
		return err
	}
	for _, g := range []*group{&r.weights, &r.hooks} {
		for _, n := range g.moments() {
			values, err := r.model.Values(n)
			if err != nil {
				return err
			}
			shape, err := r.model.Shape(n)
			if err != nil {
				return err
			}
			ts = append(ts, transformer.Tensor{Name: n, Shape: shape, Values: values})
		}
	}
	for _, t := range r.best {
		t.Name = bestPrefix + t.Name
		ts = append(ts, t)
	}
	r.clock()
	state := r.progress()
	state.Epoch, state.Done, state.Result, state.Loss = r.epoch, r.done, r.result, r.loss
	generator, err := r.model.Store.GetVariable(model.ScopeSeparator + model.RNGStateVariableName).Value()
	if err != nil {
		return fmt.Errorf("training: dropout state: %w", err)
	}
	if state.Dropout, err = tensors.CopyFlatData[uint64](generator); err != nil {
		return fmt.Errorf("training: dropout state: %w", err)
	}
	text, err := json.Marshal(state)
	if err != nil {
		return fmt.Errorf("training: %w", err)
	}
	path := r.path()
	if err := os.Rename(path, previous(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("training: keeping the last checkpoint: %w", err)
	}
	return transformer.WriteTensors(path, ts, transformer.Float32, map[string]string{progressKey: string(text)})
}

// resume continues from the newest readable checkpoint of the same run; one of another run is an error, because
// overwriting it would lose it.
func (r *run) resume() error {
	if r.options.Checkpoint == "" {
		return nil
	}
	path := r.path()
	err := r.restore(path)
	if err == nil || errors.Is(err, errOtherRun) {
		return err
	}
	older := r.restore(previous(path))
	switch {
	case older == nil:
		if !errors.Is(err, fs.ErrNotExist) {
			r.options.Observer(Event{Phase: r.options.Phase, Note: fmt.Sprintf("%v; continuing from %s", err, previous(path))})
		}
		return nil
	case errors.Is(err, fs.ErrNotExist) && errors.Is(older, fs.ErrNotExist):
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return older
	}
	return err
}

var errOtherRun = errors.New("belongs to another run")

func (r *run) restore(path string) error {
	ts, metadata, err := transformer.ReadTensors(path)
	if err != nil {
		return err
	}
	var state progress
	if err := json.Unmarshal([]byte(metadata[progressKey]), &state); err != nil {
		return fmt.Errorf("training: %s: metadata entry %q: %w", path, progressKey, err)
	}
	if why := state.differs(r.progress()); why != "" {
		return fmt.Errorf("training: checkpoint %s %w: %s; move it away to start anew", path, errOtherRun, why)
	}
	var best []transformer.Tensor
	for _, t := range ts {
		if name, ok := strings.CutPrefix(t.Name, bestPrefix); ok {
			t.Name = name
			best = append(best, t)
			continue
		}
		shape, err := r.model.Shape(t.Name)
		if err != nil {
			return fmt.Errorf("training: %s: %w", path, err)
		}
		if fmt.Sprint(shape) != fmt.Sprint(t.Shape) {
			return fmt.Errorf("training: %s: tensor %s has shape %v, must be %v", path, t.Name, t.Shape, shape)
		}
		if err := r.model.SetValues(t.Name, t.Shape, t.Values); err != nil {
			return err
		}
	}
	generator := r.model.Store.GetVariable(model.ScopeSeparator + model.RNGStateVariableName)
	if err := generator.SetValue(tensors.FromFlatDataAndDimensions(state.Dropout, len(state.Dropout))); err != nil {
		return fmt.Errorf("training: %s: dropout state: %w", path, err)
	}
	r.epoch, r.done, r.result, r.loss, r.best = state.Epoch, state.Done, state.Result, state.Loss, best
	return nil
}
