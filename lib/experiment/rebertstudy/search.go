package rebertstudy

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gomlx/compute"
	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/accelerator/rebert"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// SearchOptions say how windows are searched on a trained encoder.
type SearchOptions struct {
	Budget   float64 // points of accuracy that may be lost
	Reserve  float64 // share of the budget, in [0,1), that neither the search nor its confirmation may spend: the judging examples are noisy too
	Order    training.WindowOrder
	Step     training.WindowStep
	FirstKey bool
	Tune     int // batches of fine-tuning for a candidate out of budget; 0 = windows are only scored
	Final    int // batches of fine-tuning under the windows found, in three parts of which the best is kept; 0 = none
}

func (o SearchOptions) String() string {
	return fmt.Sprintf("budget %g, reserve %g, %v, %v, tune %d, final %d, first key %v", o.Budget, o.Reserve, o.Order, o.Step, o.Tune, o.Final, o.FirstKey)
}

// spend is the part of the budget that may be lost on the examples that choose.
func (o SearchOptions) spend() float64 { return o.Budget * (1 - o.Reserve) }

// Search is what a search found, on the search split and on the held-out examples.
type Search struct {
	Task    string
	Options SearchOptions
	Tokens  int     // N: the padded length, which the windows are counted against
	Greedy  []int   // half-windows of the greedy search
	Half    []int   // the narrowest of those that it kept which other examples confirm; Greedy when there are none
	Confirm int     // examples that confirm
	Global  int     // half-window of phase 1
	Full    float64 // accuracy in per cent on the search split, full attention fine-tuned as long as a candidate
	Found   float64 // with the windows, before the last fine-tuning
	Final   float64 // after it
	Trials  []training.WindowTrial
	Tried   []Confirmation `json:",omitempty"` // windows that were fine-tuned to the end and looked at again, in order
	Tunings int            // candidates that the last call fine-tuned
	Minutes float64        // of all candidates and fine-tunings, over all calls; differs from run to run

	Held          int     // held-out examples
	Before        float64 // accuracy in per cent on them, full attention
	After         float64 // with the windows
	Control       float64 // with full attention, trained for as many batches more as the last fine-tuning takes
	Drop          float64 // Before - After, in points
	Within        float64 // half width of the 95 % interval of Drop, paired
	Against       float64 // Control - After: what the windows cost when longer training is no merit of theirs
	AgainstWithin float64
}

// Confirmation is what windows lose, fine-tuned to the end, on examples that the search has not seen.
type Confirmation struct {
	Half   []int
	Full   float64 // accuracy in per cent of full attention trained as long
	Loss   float64 // points
	Within float64 // half width of its 95 % interval, paired
	Taken  bool
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

// Loss is what the windows cost on the held-out examples, in points, against full attention before the search or trained as long,
// whichever is better, and the half width of its 95 % interval.
func (s *Search) Loss() (points, within float64) {
	if s.Drop > s.Against {
		return s.Drop, s.Within
	}
	return s.Against, s.AgainstWithin
}

// Holds says whether the held-out examples lose no more than the budget.
func (s *Search) Holds() bool {
	loss, _ := s.Loss()
	return loss <= s.Options.Budget+1e-9
}

// Windows is the file that the machine reads.
func (s *Search) Windows(seed uint64) rebert.Windows {
	return rebert.Windows{Task: s.Task, Model: fmt.Sprintf("our encoder of %d layers", len(s.Half)), Origin: rebert.Searched, Tokens: s.Tokens, Half: s.Half,
		Metric: "accuracy, held-out examples, %", Budget: s.Options.Budget, Before: s.Before, After: s.After, Seed: int64(seed), Evaluations: len(s.Trials),
		Note: s.Options.String()}
}

// Search looks for the windows of the encoder, which it leaves as it is. Everything it measures is written to the folder
// <models>/<task>/budget-<points>, and an interrupted search goes on from there. It leaves the weights there, and search.json and
// windows.json in the same place under the folder of results.
//
// Three sets of examples keep the luck of one choice out of the next: the search split chooses candidate by candidate, others confirm
// what it found, and the held-out ones judge. Windows are compared with full attention that was trained as long, everywhere.
func (e *Encoder) Search(ctx context.Context, backend compute.Backend, at Folders, o SearchOptions, observer training.Observer) (*Search, error) {
	if !(o.Reserve >= 0 && o.Reserve < 1) {
		return nil, fmt.Errorf("rebertstudy: SearchOptions.Reserve is %v, must be in [0,1)", o.Reserve)
	}
	folder := searchFolder(at.Models, e.Task, o)
	m, err := experiment.CopyOf(e.Model, 0)
	if err != nil {
		return nil, err
	}
	rate := e.Task.Dense.LearningRate / 4 // assumed: the last part of the dense run's decay
	base := training.Options{Batch: e.Task.Dense.Batch, LearningRate: rate, Seed: e.Task.Dense.Seed, Augment: e.Task.Dense.Augment, Observer: observer}
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
	search := training.WindowSearch{Layers: m.Spec.Layers, Tokens: m.Spec.Tokens, Budget: o.spend(), Order: o.Order, Step: o.Step, Observer: observer}
	found, err := search.Run(ctx, log)
	if closing := tuner.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return nil, err
	}
	s := &Search{Task: e.Task.Name, Options: o, Tokens: m.Spec.Tokens, Greedy: found.Half, Confirm: len(e.Confirm), Global: found.Global, Full: found.Full, Found: found.Score,
		Trials: found.Trials, Tunings: tuner.Tunings, Held: len(e.Data.Test)}
	f := finisher{Encoder: e, backend: backend, folder: filepath.Join(at.Models, e.Task.Name, "final-"+e.Card.DataHash[:12]), options: base, batches: o.Final, firstKey: o.FirstKey}
	control, windowed, err := f.confirm(ctx, s)
	if err != nil {
		return nil, err
	}
	if err := s.judge(backend, e, windowed, control, f.window(s.Half)); err != nil {
		return nil, err
	}
	s.Minutes = (log.Seconds + f.seconds) / 60
	if err := windowed.Save(filepath.Join(folder, "windowed.safetensors"), transformer.Float16, map[string]string{"search": name}); err != nil {
		return nil, err
	}
	results := searchFolder(at.results(), e.Task, o)
	if err := os.MkdirAll(results, 0o755); err != nil {
		return nil, fmt.Errorf("rebertstudy: %w", err)
	}
	if err := s.Windows(base.Seed).WriteFile(filepath.Join(results, "windows.json")); err != nil {
		return nil, err
	}
	return s, errors.Join(experiment.WriteCard(filepath.Join(at.results(), e.Task.Name), e.Card), experiment.WriteJSON(filepath.Join(results, "search.json"), s))
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
