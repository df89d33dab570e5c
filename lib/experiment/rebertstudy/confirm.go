package rebertstudy

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/gomlx/compute"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// finisher gives windows, and full attention beside them, the last fine-tuning: all begin with the encoder's weights and see the
// same batches at the same rates.
type finisher struct {
	*Encoder
	backend  compute.Backend
	folder   string // of the trained weights, which the searches of a task share
	options  training.Options
	batches  int
	firstKey bool
	seconds  float64 // that the fine-tunings took
}

func (f *finisher) window(half []int) training.Window {
	return training.Window{Window: pruning.Window{Half: half, FirstKey: f.firstKey}}
}

// maxConfirmations bounds how many windows are fine-tuned to the end.
const maxConfirmations = 5

// wider is by how much the mean of the next windows to be confirmed is above that of the last: nearly the same windows would fail
// again.
const wider = 1.25

// confirm walks back over the windows that the greedy search kept, the last and narrowest first: it kept the luckiest of its
// candidates. Each is fine-tuned to the end; s.Half becomes the first that loses no more than the search may spend on examples
// that it has not seen, against full attention fine-tuned as long. When none does, that is full attention.
func (f *finisher) confirm(ctx context.Context, s *Search) (control, windowed *transformer.Encoder, err error) {
	full := training.FullWindows(f.Model.Spec.Layers, f.Model.Spec.Tokens)
	control, score0, err := f.finish(ctx, nil)
	if err != nil {
		return nil, nil, err
	}
	reference, err := score(f.backend, control, f.Confirm, nil)
	if err != nil {
		return nil, nil, err
	}
	for _, half := range s.attempts() {
		if windowed, s.Final, err = f.finish(ctx, half); err != nil {
			return nil, nil, err
		}
		c := Confirmation{Half: half, Taken: true}
		if len(f.Confirm) > 0 {
			under, err := score(f.backend, windowed, f.Confirm, f.window(half))
			if err != nil {
				return nil, nil, err
			}
			c.Full = reference.Accuracy()
			if c.Loss, c.Within, err = under.Drop(reference); err != nil {
				return nil, nil, err
			}
			c.Taken = c.Loss <= s.Options.spend()+1e-9
		}
		if f.options.Observer != nil {
			f.options.Observer(training.Event{Phase: "confirm", Evaluated: true, Accuracy: (c.Full - c.Loss) / 100, Kept: 1, Note: fmt.Sprintf("%v loses %.2f +-%.2f points", half, c.Loss, c.Within)})
		}
		s.Tried = append(s.Tried, c)
		if c.Taken {
			s.Half = half
			return control, windowed, nil
		}
	}
	s.Half, s.Final = full, score0
	return control, control, nil
}

// attempts are the windows to confirm, narrowest first.
func (s *Search) attempts() [][]int {
	var all [][]int
	last := -1.0
	for _, t := range slices.Backward(s.Trials) {
		mean := training.MeanHalf(t.Half)
		if !t.Kept || last >= 0 && mean < last*wider || mean >= float64(s.Tokens-1) {
			continue
		}
		last = mean
		if all = append(all, t.Half); len(all) == maxConfirmations {
			break
		}
	}
	return all
}

// finish is the encoder trained on under the half-windows, full attention when they are nil, unless that makes it worse on the
// search split; and its accuracy there in per cent.
func (f *finisher) finish(ctx context.Context, half []int) (*transformer.Encoder, float64, error) {
	m, err := experiment.CopyOf(f.Model, 0)
	if err != nil {
		return nil, 0, err
	}
	var hook training.Hook
	name := "full"
	if half != nil {
		hook, name = f.window(half), fmt.Sprint(half)
	}
	before, err := training.Evaluate(f.backend, m, f.Data.Dev, hook, nil)
	if err != nil || f.batches == 0 {
		return m, 100 * before.Accuracy, err
	}
	o := f.options
	o.Phase, o.Epochs, o.StepsPerEpoch, o.Checkpoint = fmt.Sprintf("final %s, %d batches", name, f.batches), 3, max(1, f.batches/3), filepath.Join(f.folder, "state")
	if err := os.MkdirAll(o.Checkpoint, 0o755); err != nil {
		return nil, 0, fmt.Errorf("rebertstudy: %w", err)
	}
	result, err := training.Run(ctx, f.backend, m, f.Data, hook, o)
	if err != nil {
		return nil, 0, err
	}
	f.seconds += result.Seconds
	if result.Best.Accuracy < before.Accuracy {
		m, err = experiment.CopyOf(f.Model, 0)
		return m, 100 * before.Accuracy, err
	}
	return m, 100 * result.Best.Accuracy, nil
}
