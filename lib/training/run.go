package training

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gomlx/compute"
	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// ErrInterrupted is returned when the context ends a run; its checkpoint, if one is kept, continues from the same step.
var ErrInterrupted = errors.New("training: interrupted")

// Result is what a run reached.
type Result struct {
	Best   Score   // dev score of the parameters that the model now holds
	Epoch  int     // the epoch that they come from, 1-based
	Epochs []Score // dev score after each epoch
	Loss   []float64
	Steps  int

	Seconds float64 // of wall time, in all calls that the run took
}

// Run trains m on the training split of data, with the hook's variables when hook is not nil, and leaves in m the
// parameters of the best epoch on the dev split. With Options.Checkpoint it writes its whole state after every epoch and
// when ctx ends, and a later Run with the same options continues to the same numbers.
func Run(ctx context.Context, backend compute.Backend, m *transformer.Encoder, data *datasets.Dataset, hook Hook, o Options) (Result, error) {
	if o.Objective == nil {
		o.Objective = objectiveOf(m, data)
	}
	o = o.withDefaults()
	if err := o.Validate(); err != nil {
		return Result{}, err
	}
	if err := fits(m, data, o.Objective); err != nil {
		return Result{}, err
	}
	o.tokens = m.Spec.Tokens
	s, err := newStepper(backend, m, hook, o)
	if err != nil {
		return Result{}, err
	}
	defer s.close()
	if err := m.SeedDropout(o.Seed); err != nil {
		return Result{}, err
	}
	r := &run{stepper: s, data: data, options: o, perEpoch: o.steps(data)}
	if err := r.resume(); err != nil {
		return Result{}, err
	}
	err = r.train(ctx)
	return r.result, err
}

// fits checks once that every example can enter the model.
func fits(m *transformer.Encoder, data *datasets.Dataset, o Objective) error {
	if len(data.Train) == 0 || len(data.Dev) == 0 {
		return fmt.Errorf("training: data set %s has %d training and %d dev examples, must have at least 1 of each", data.Name, len(data.Train), len(data.Dev))
	}
	patch := 0
	if i := data.Train[0].Image; i != nil {
		patch = i.PatchValues()
	}
	if patch != m.Spec.Patch {
		return fmt.Errorf("training: data set %s has patches of %d values, the model has Spec.Patch = %d", data.Name, patch, m.Spec.Patch)
	}
	for _, split := range []struct {
		name     string
		examples []datasets.Example
	}{{"train", data.Train}, {"dev", data.Dev}, {"test", data.Test}} {
		for i, e := range split.examples {
			if n := len(e.IDs); n < 1 || n > m.Spec.Tokens {
				return fmt.Errorf("training: %s, %s example %d has %d tokens, must be in 1..%d (Spec.Tokens)", data.Name, split.name, i, n, m.Spec.Tokens)
			}
		}
	}
	return o.Check(m, data)
}

// steps is the number of batches of an epoch.
func (o Options) steps(data *datasets.Dataset) int {
	n := o.trainBatches(1).Count(data.Train)
	if o.StepsPerEpoch > 0 {
		n = min(n, o.StepsPerEpoch)
	}
	return n
}

// run is one training run in progress.
type run struct {
	*stepper
	data     *datasets.Dataset
	options  Options
	perEpoch int

	epoch, done int // epochs finished, steps finished in the present one
	result      Result
	best        []transformer.Tensor // parameters and hook variables of the best epoch

	began    time.Time
	earlier  float64 // seconds of the calls before
	examples int     // since began
	steps    int
	loss     float64 // running mean
}

func (r *run) train(ctx context.Context) error {
	o := r.options
	r.began, r.earlier = time.Now(), r.result.Seconds
	defer r.clock()
	for r.epoch < o.Epochs {
		if o.Patience > 0 && r.epoch-r.result.Epoch >= o.Patience && r.result.Epoch > 0 {
			break
		}
		if err := r.trainEpoch(ctx); err != nil {
			if errors.Is(err, ErrInterrupted) {
				return errors.Join(err, r.save())
			}
			return err
		}
		score, err := r.evaluate(r.data.Dev, o.evalBatches())
		if err != nil {
			return err
		}
		r.epoch, r.done = r.epoch+1, 0
		r.result.Epochs = append(r.result.Epochs, score)
		r.result.Loss = append(r.result.Loss, r.loss)
		if r.best == nil || o.better(score, r.result.Best) {
			r.result.Best, r.result.Epoch = score, r.epoch
			if r.best, err = r.trained(); err != nil {
				return err
			}
		}
		r.observe(score)
		if err := r.save(); err != nil {
			return err
		}
	}
	for _, t := range r.best {
		if err := r.model.SetValues(t.Name, t.Shape, t.Values); err != nil {
			return err
		}
	}
	return nil
}

// clock writes down how long the run has taken.
func (r *run) clock() { r.result.Seconds = r.earlier + time.Since(r.began).Seconds() }

func (o Options) better(candidate, best Score) bool {
	if o.Better != nil {
		return o.Better(candidate, best)
	}
	return candidate.better(best)
}

func (r *run) trainEpoch(ctx context.Context) error {
	o := r.options
	total := o.Epochs * r.perEpoch
	batches := datasets.Batches(r.data.Train, o.trainBatches(r.epoch+1))
	for b := range r.prepare(batches, r.done, o.Seed+uint64(r.epoch+1)<<32) {
		if b.number > r.perEpoch {
			b.release()
			break
		}
		if ctx.Err() != nil {
			b.release()
			return fmt.Errorf("%w after step %d of epoch %d", ErrInterrupted, r.done, r.epoch+1)
		}
		at := r.epoch*r.perEpoch + b.number
		task, err := r.step(b, o.rate(at, total), o.HookRate, at)
		b.release()
		if err != nil {
			return err
		}
		if r.loss == 0 {
			r.loss = task
		}
		r.loss += (task - r.loss) * 0.02
		r.done, r.examples = b.number, r.examples+b.Count
		r.steps++
		r.result.Steps = at
		o.Observer(r.event())
		if o.SaveEvery > 0 && at%o.SaveEvery == 0 && r.done < r.perEpoch {
			if err := r.save(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *run) event() Event {
	o := r.options
	elapsed := time.Since(r.began)
	e := Event{Phase: o.Phase, Epoch: min(r.epoch+1, o.Epochs), Epochs: o.Epochs, Step: r.result.Steps, Steps: o.Epochs * r.perEpoch,
		Loss: r.loss, Kept: 1}
	if elapsed > 0 && r.examples > 0 {
		e.ExamplesPerSecond = float64(r.examples) / elapsed.Seconds()
		e.Remaining = time.Duration(float64(elapsed) / float64(r.steps) * float64(e.Steps-e.Step))
	}
	return e
}

func (r *run) observe(s Score) {
	e := r.event()
	e.Epoch, e.Evaluated, e.Accuracy, e.Kept = r.epoch, true, s.Accuracy, s.MeanKept()
	e.Metric, e.Value = s.Metrics[0].Name, s.Metrics[0].Value
	r.options.Observer(e)
}

// trained copies the parameters and the hook's variables.
func (r *run) trained() ([]transformer.Tensor, error) {
	ts, err := r.model.Tensors()
	if err != nil {
		return nil, err
	}
	for _, n := range r.hooks.names {
		values, err := r.model.Values(n)
		if err != nil {
			return nil, err
		}
		ts = append(ts, transformer.Tensor{Name: n, Shape: r.hooks.shapes[n], Values: values})
	}
	return ts, nil
}
