package rebertstudy

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gomlx/compute"
	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/accelerator/rebert"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// SearchOptions say how windows are searched on a trained encoder.
type SearchOptions struct {
	Budget   float64 // points of accuracy on the search split that may be lost
	Order    training.WindowOrder
	Step     training.WindowStep
	FirstKey bool
	Tune     int // batches of fine-tuning for a candidate out of budget; 0 = windows are only scored
	Final    int // batches of fine-tuning under the windows found, in three parts of which the best is kept; 0 = none
}

func (o SearchOptions) String() string {
	return fmt.Sprintf("budget %g, %v, %v, tune %d, final %d, first key %v", o.Budget, o.Order, o.Step, o.Tune, o.Final, o.FirstKey)
}

// Search is what a search found, on the search split and on the held-out examples.
type Search struct {
	Task    string
	Options SearchOptions
	Tokens  int     // N: the padded length, which the windows are counted against
	Greedy  []int   // half-windows of the greedy search
	Half    []int   // the narrowest of those that it kept which other examples confirm; Greedy when there are none
	Confirm int     // examples that confirm
	Global  int     // half-window of phase 1
	Full    float64 // accuracy in per cent on the search split, full attention
	Found   float64 // with the windows, before the last fine-tuning
	Final   float64 // after it
	Trials  []training.WindowTrial
	Tunings int     // candidates that the last call fine-tuned
	Minutes float64 // wall time of the last call, differs from run to run

	Held          int     // held-out examples
	Before        float64 // accuracy in per cent on them, full attention
	After         float64 // with the windows
	Control       float64 // with full attention, trained for as many batches more as the last fine-tuning takes
	Drop          float64 // Before - After, in points: what the budget is about
	Within        float64 // half width of the 95 % interval of Drop, paired
	Against       float64 // Control - After: what the windows cost when longer training is no merit of theirs
	AgainstWithin float64
}

// greedy is what the search found before it was confirmed.
func (s *Search) greedy() []int {
	if s.Greedy == nil {
		return s.Half
	}
	return s.Greedy
}

// Mean is the mean half-window.
func (s *Search) Mean() float64 { return training.MeanHalf(s.Half) }

// Holds says whether the held-out examples lose no more than the budget.
func (s *Search) Holds() bool { return s.Drop <= s.Options.Budget+1e-9 }

// Windows is the file that the machine reads.
func (s *Search) Windows(seed uint64) rebert.Windows {
	return rebert.Windows{Task: s.Task, Model: fmt.Sprintf("our encoder of %d layers", len(s.Half)), Origin: rebert.Searched, Tokens: s.Tokens, Half: s.Half,
		Metric: "accuracy, held-out examples, %", Budget: s.Options.Budget, Before: s.Before, After: s.After, Seed: int64(seed), Evaluations: len(s.Trials),
		Note: s.Options.String()}
}

// Search looks for the windows of the encoder, which it leaves as it is. Everything it measures is written to the folder
// models/<task>/budget-<points>, and an interrupted search goes on from there. It leaves search.json, windows.json and the weights.
func (e *Encoder) Search(ctx context.Context, backend compute.Backend, models string, o SearchOptions, observer training.Observer) (*Search, error) {
	began, folder := time.Now(), searchFolder(models, e.Task, o)
	m, err := copyOf(e.Model)
	if err != nil {
		return nil, err
	}
	rate := e.Task.Dense.LearningRate / 4 // assumed: the last part of the dense run's decay
	base := training.Options{Batch: e.Task.Dense.Batch, LearningRate: rate, Seed: e.Task.Dense.Seed, Observer: observer}
	tuner, err := training.NewWindowTuner(backend, m, e.Data, training.WindowTuning{Steps: o.Tune, FirstKey: o.FirstKey, Options: base})
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("%s %.12s %v", e.Task.Name, e.Card.DataHash, o)
	log, err := training.OpenWindowLog(folder, name, tuner)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	search := training.WindowSearch{Layers: m.Spec.Layers, Tokens: m.Spec.Tokens, Budget: o.Budget, Order: o.Order, Step: o.Step, Observer: observer}
	found, err := search.Run(ctx, log)
	if err == nil {
		err = log.CatchUp()
	}
	if closing := tuner.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return nil, err
	}
	s := &Search{Task: e.Task.Name, Options: o, Tokens: m.Spec.Tokens, Greedy: found.Half, Confirm: len(e.Confirm), Global: found.Global, Full: found.Full, Found: found.Score,
		Final: found.Score, Trials: found.Trials, Tunings: tuner.Tunings, Held: len(e.Data.Test)}
	if s.Half, err = e.confirm(backend, m, found, o); err != nil {
		return nil, err
	}
	window := training.Window{Window: pruning.Window{Half: s.Half, FirstKey: o.FirstKey}}
	control, err := copyOf(e.Model)
	if err != nil {
		return nil, err
	}
	if s.Final, err = e.finish(ctx, backend, m, window, folder, "final "+fmt.Sprint(s.Half), base, o.Final); err != nil {
		return nil, err
	}
	if _, err = e.finish(ctx, backend, control, nil, folder, "control", base, o.Final); err != nil {
		return nil, err
	}
	if err := s.judge(backend, e, m, control, window); err != nil {
		return nil, err
	}
	s.Minutes = time.Since(began).Minutes()
	if err := m.Save(filepath.Join(folder, "windowed.safetensors"), transformer.Float16, map[string]string{"search": name}); err != nil {
		return nil, err
	}
	if err := s.Windows(base.Seed).WriteFile(filepath.Join(folder, "windows.json")); err != nil {
		return nil, err
	}
	return s, errors.Join(writeJSON(filepath.Join(models, e.Task.Name, cardFile), e.Card), writeJSON(filepath.Join(folder, "search.json"), s))
}

// confirm walks back over the windows that the greedy search kept, the last and narrowest first, to those that lose no more than the
// budget on examples that the search has not seen: it kept the luckiest of its candidates. Each is tried with the weights of the
// search and with those that it began with; m keeps the ones that do. When nothing is confirmed, that is full attention.
func (e *Encoder) confirm(backend compute.Backend, m *transformer.Encoder, found training.FoundWindows, o SearchOptions) ([]int, error) {
	if len(e.Confirm) == 0 {
		return found.Half, nil
	}
	full, err := score(backend, e.Model, e.Confirm, nil)
	if err != nil {
		return nil, err
	}
	searched, err := m.Tensors()
	if err != nil {
		return nil, err
	}
	began, err := e.Model.Tensors()
	if err != nil {
		return nil, err
	}
	window := training.Window{Window: pruning.Window{Half: found.Half, FirstKey: o.FirstKey}}
	p, err := training.NewPredictor(backend, m, window)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	for _, t := range slices.Backward(found.Trials) {
		if !t.Kept {
			continue
		}
		window.Half = t.Half
		for _, weights := range [][]transformer.Tensor{searched, began} {
			if err := errors.Join(m.SetTensors(weights), window.Prepare(m)); err != nil {
				return nil, err
			}
			under, err := rightAnswers(p, e.Confirm)
			if err != nil {
				return nil, err
			}
			if full.Accuracy()-under.Accuracy() <= o.Budget+1e-9 {
				return t.Half, nil
			}
		}
	}
	return training.FullWindows(m.Spec.Layers, m.Spec.Tokens), m.SetTensors(began)
}

func copyOf(m *transformer.Encoder) (*transformer.Encoder, error) {
	c, err := transformer.NewEncoder(m.Spec, 0)
	if err != nil {
		return nil, err
	}
	weights, err := m.Tensors()
	if err != nil {
		return nil, err
	}
	return c, c.SetTensors(weights)
}

// finish trains m on, unless that makes it worse on the search split, and gives its accuracy there in per cent.
func (e *Encoder) finish(ctx context.Context, backend compute.Backend, m *transformer.Encoder, hook training.Hook, folder, phase string, o training.Options, batches int) (float64, error) {
	before, err := training.Evaluate(backend, m, e.Data.Dev, hook, nil)
	if err != nil || batches == 0 {
		return 100 * before.Accuracy, err
	}
	weights, err := m.Tensors()
	if err != nil {
		return 0, err
	}
	o.Phase, o.Epochs, o.StepsPerEpoch, o.Checkpoint = phase, 3, max(1, batches/3), filepath.Join(folder, "state")
	if err := os.MkdirAll(o.Checkpoint, 0o755); err != nil {
		return 0, fmt.Errorf("rebertstudy: %w", err)
	}
	result, err := training.Run(ctx, backend, m, e.Data, hook, o)
	if err != nil {
		return 0, err
	}
	if result.Best.Accuracy < before.Accuracy {
		return 100 * before.Accuracy, m.SetTensors(weights)
	}
	return 100 * result.Best.Accuracy, nil
}

// judge compares full attention and windows on the held-out examples.
func (s *Search) judge(backend compute.Backend, e *Encoder, windowed, control *transformer.Encoder, window training.Window) error {
	full, err := score(backend, e.Model, e.Data.Test, nil)
	if err != nil {
		return err
	}
	under, err := score(backend, windowed, e.Data.Test, window)
	if err != nil {
		return err
	}
	longer, err := score(backend, control, e.Data.Test, nil)
	if err != nil {
		return err
	}
	s.Before, s.After, s.Control = full.Accuracy(), under.Accuracy(), longer.Accuracy()
	if s.Drop, s.Within, err = under.Drop(full); err != nil {
		return err
	}
	s.Against, s.AgainstWithin, err = under.Drop(longer)
	return err
}

// score answers the examples one by one.
func score(backend compute.Backend, m *transformer.Encoder, examples []datasets.Example, hook training.Hook) (experiment.Score, error) {
	p, err := training.NewPredictor(backend, m, hook)
	if err != nil {
		return experiment.Score{}, err
	}
	defer p.Close()
	return rightAnswers(p, examples)
}

func rightAnswers(p *training.Predictor, examples []datasets.Example) (experiment.Score, error) {
	predicted, err := p.Predict(examples)
	if err != nil {
		return experiment.Score{}, err
	}
	out := experiment.Score{Examples: len(examples), Right: make([]bool, len(examples))}
	for i, e := range examples {
		if predicted[i] == e.Label {
			out.Right[i] = true
			out.Correct++
		}
	}
	return out, nil
}
