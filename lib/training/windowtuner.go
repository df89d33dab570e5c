package training

import (
	"context"
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// WindowTuner scores windows on the dev split of a data set and fine-tunes the model under those that need it. Its graphs are
// compiled once for all candidates.
type WindowTuner struct {
	model   *transformer.Encoder
	data    *datasets.Dataset
	window  *Window
	options WindowTuning
	stepper *stepper
	held    []transformer.Tensor // weights that candidates start from
	tried   []transformer.Tensor // of the last Try
	Tunings int                  // candidates that were fine-tuned
}

// WindowTuning is how candidates are fine-tuned and scored. A candidate that meets the budget with the weights as they are is not
// fine-tuned unless Always is set: the sheet's search always tunes, which costs many times more and can only help.
type WindowTuning struct {
	Steps    int  // batches of fine-tuning for a candidate; 0 = only score
	Always   bool // tune every candidate
	FirstKey bool // every word sees the first one as well
	// Objective, Batch, LearningRate, Seed and the like; Epochs and Checkpoint are not used. The objective's deciding metric is the
	// score: its value times 100, or minus its value where less is better.
	Options
}

// NewWindowTuner prepares the search on m, which it changes: Close leaves m with the weights that were kept last.
func NewWindowTuner(backend compute.Backend, m *transformer.Encoder, data *datasets.Dataset, t WindowTuning) (*WindowTuner, error) {
	if t.Objective == nil {
		t.Objective = objectiveOf(m, data)
	}
	t.Options = t.withDefaults()
	if err := t.Validate(); err != nil {
		return nil, err
	}
	if t.Steps < 0 {
		return nil, fmt.Errorf("training: WindowTuning.Steps is %d, must be at least 0", t.Steps)
	}
	if err := fits(m, data, t.Objective); err != nil {
		return nil, err
	}
	t.tokens = m.Spec.Tokens
	w := &WindowTuner{model: m, data: data, options: t,
		window: &Window{pruning.Window{Half: FullWindows(m.Spec.Layers, m.Spec.Tokens), FirstKey: t.FirstKey}}}
	var err error
	if w.held, err = m.Tensors(); err != nil {
		return nil, err
	}
	w.tried = w.held
	w.stepper, err = newStepper(backend, m, w.window, t.Options)
	return w, err
}

// Close frees the compiled graphs.
func (w *WindowTuner) Close() error {
	w.stepper.close()
	return w.model.SetTensors(w.held)
}

// set gives the model windows and weights.
func (w *WindowTuner) set(half []int, weights []transformer.Tensor) error {
	w.window.Half = half
	if err := w.window.Prepare(w.model); err != nil {
		return err
	}
	return w.model.SetTensors(weights)
}

func (w *WindowTuner) score() (float64, error) {
	score, err := w.stepper.evaluate(w.data.Dev, w.options.evalBatches())
	if err != nil {
		return 0, err
	}
	first := score.Metrics[0]
	if first.Lower {
		return -first.Value, nil
	}
	return 100 * first.Value, nil
}

// Try implements WindowModel.
func (w *WindowTuner) Try(ctx context.Context, half []int, floor float64) (float64, error) {
	if err := w.set(slices.Clone(half), w.held); err != nil {
		return 0, err
	}
	w.tried = w.held
	score, err := w.score()
	if err != nil || w.options.Steps == 0 || score >= floor && !w.options.Always {
		return score, err
	}
	if err := w.tune(ctx); err != nil {
		return 0, err
	}
	tuned, err := w.score()
	if err != nil || tuned <= score {
		return score, err
	}
	w.tried, err = w.model.Tensors()
	return tuned, err
}

// tune trains the model for a few batches, the same ones every time, with moments that start at zero.
func (w *WindowTuner) tune(ctx context.Context) error {
	w.Tunings++
	if err := w.model.SeedDropout(w.options.Seed); err != nil {
		return err
	}
	for _, n := range w.stepper.weights.moments() {
		shape, err := w.model.Shape(n)
		if err != nil {
			return err
		}
		size := 1
		for _, d := range shape {
			size *= d
		}
		if err := w.model.SetValues(n, shape, make([]float32, size)); err != nil {
			return err
		}
	}
	for epoch, step := 1, 0; step < w.options.Steps; epoch++ {
		batches := datasets.Batches(w.data.Train, w.options.trainBatches(epoch))
		for b := range w.stepper.prepare(batches, 0, w.options.Seed+uint64(epoch)<<32) {
			if step == w.options.Steps {
				b.release()
				break
			}
			if ctx.Err() != nil {
				b.release()
				return fmt.Errorf("%w while fine-tuning under windows", ErrInterrupted)
			}
			step++
			_, err := w.stepper.step(b, w.options.rate(step, w.options.Steps), 0, step)
			b.release()
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// Keep implements WindowModel.
func (w *WindowTuner) Keep() error {
	w.held = w.tried
	return nil
}

// Save writes the held weights.
func (w *WindowTuner) Save(path string) error {
	return transformer.WriteTensors(path, w.held, transformer.Float32, nil)
}

// Restore reads weights that Save wrote and holds them.
func (w *WindowTuner) Restore(path string) error {
	ts, _, err := transformer.ReadTensors(path)
	if err != nil {
		return err
	}
	w.held, w.tried = ts, ts
	return w.model.SetTensors(ts)
}
