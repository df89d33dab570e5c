package taskstudy

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/gomlx/compute"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/experiment/joint"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// Method is a way to leave out pairs of query and key that a fine-tuned model is trained on with.
type Method struct {
	Name    string
	Trained bool // with the method in the loop; else the fine-tuned model is judged as it is
	// begin makes the hook and what it needs in the model; settle, which may be nil, brings the kept share of a trained model to
	// what was asked for.
	begin  func(ctx context.Context, c *course) (training.Hook, error)
	settle func(c *course, hook training.Hook) error
}

// Control is the method that leaves nothing out: the others are compared with it.
const Control = "full attention"

// Methods lists the control, the methods and, as a bound, the best keys of the fine-tuned model.
func Methods() []Method {
	return []Method{
		{Name: Control, Trained: true, begin: func(context.Context, *course) (training.Hook, error) { return nil, nil }},
		{Name: "thresholds", Trained: true, begin: thresholds, settle: shiftThresholds},
		{Name: "detector", Trained: true, begin: detector, settle: balance},
		{Name: "cascade", Trained: true, begin: cascade},
		{Name: "window", Trained: true, begin: window},
		{Name: "best keys, untrained", begin: bestKeys, settle: balance},
	}
}

// FindMethod returns the method of a name; the error lists the names.
func FindMethod(name string) (Method, error) {
	var names []string
	for _, m := range Methods() {
		if m.Name == name {
			return m, nil
		}
		names = append(names, m.Name)
	}
	return Method{}, fmt.Errorf("taskstudy: no method is called %q, must be one of %s", name, strings.Join(names, "; "))
}

// course is one model on its way through a method.
type course struct {
	data    *datasets.Dataset
	dense   *transformer.Encoder // fine-tuned
	model   *transformer.Encoder // a copy that is trained on
	seed    uint64
	keep    float64
	options training.Options // of training on
	backend compute.Backend
}

// firstOnly makes a hook content with the scores of the first token alone in the last layer, in training and judging: so all
// methods are pressed by, and count, the same pairs.
type firstOnly struct{ training.Hook }

// FirstTokenSuffices implements transformer.FirstTokenHook.
func (firstOnly) FirstTokenSuffices() {}

// countWeight is LeOPArd's weight of the count of kept scores. It is not published; of 0.3 to 0.6, which our other models were
// trained with, the smaller, since the share of this study is reached without it.
const countWeight = 0.3

// thresholds begin where all layers together keep the share, so that the model learns at that share from the first step, and move
// by themselves.
func thresholds(_ context.Context, c *course) (training.Hook, error) {
	soft := training.LeOPArd(c.model.Spec.Layers, countWeight)
	soft.Target = c.keep
	hook := firstOnly{soft}
	return hook, shiftThresholds(c, hook)
}

const (
	shiftExamples  = 256   // training examples that a share is measured on
	shiftTolerance = 0.002 // of the share
	shiftReach     = 64    // of a real score
)

// shiftThresholds moves all thresholds by one offset, found by bisection, at which the share that is kept of training examples is
// the one asked for.
func shiftThresholds(c *course, hook training.Hook) error {
	soft := hook.(firstOnly).Hook.(*training.SoftThreshold)
	e, err := training.NewEvaluator(c.backend, c.model, hook, c.options)
	if err != nil {
		return err
	}
	defer e.Close()
	learned, err := soft.Thresholds(c.model)
	if err != nil {
		return err
	}
	examples := datasets.Spread(c.data.Train, shiftExamples)
	surplus := func(offset float64) (float64, error) {
		for l, th := range learned {
			if err := c.model.SetValues(training.ThresholdName(l), nil, []float32{float32(th + offset)}); err != nil {
				return 0, err
			}
		}
		score, err := e.Evaluate(examples)
		return score.MeanKept() - c.keep, err
	}
	low, high := -1.0, 1.0
	for width := 1.0; width <= shiftReach; width *= 2 {
		more, err := surplus(high)
		if err != nil {
			return err
		}
		if more <= 0 {
			break
		}
		low, high = high, high+width
	}
	for width := 1.0; width <= shiftReach; width *= 2 {
		more, err := surplus(low)
		if err != nil {
			return err
		}
		if more >= 0 {
			break
		}
		low -= width
	}
	for range 20 {
		offset := (low + high) / 2
		more, err := surplus(offset)
		switch {
		case err != nil:
			return err
		case math.Abs(more) < shiftTolerance:
			return nil
		case more > 0:
			low = offset
		default:
			high = offset
		}
	}
	return nil
}

// fittedOn is how many training inputs a detector is fitted on.
const fittedOn = 24

// detector is DOTA's as its notebook trains it: fitted to the fine-tuned model first, then trained with it.
func detector(ctx context.Context, c *course) (training.Hook, error) {
	hook := joint.Gentle(lengthsOf(c.data.Train).balanced(c.keep), c.seed)
	fitted, err := joint.FitDetector(ctx, c.backend, c.dense, hook.Sigma, hook.Seed, datasets.Spread(c.data.Train, fittedOn))
	if err != nil {
		return nil, err
	}
	return hook, hook.Import(c.model, fitted.Detector)
}

// balance corrects the share that rows are asked for by what they keep of training examples: selection without a sort is right to
// within a key or so, which is much of a short row.
func balance(c *course, hook training.Hook) error {
	var asked *float64
	switch h := hook.(type) {
	case *training.Detector:
		asked = &h.Retention
	case *training.TopKeys:
		asked = &h.Keep
	}
	best, least := *asked, math.Inf(1)
	for range balanceRounds {
		kept, err := c.kept(hook)
		if err != nil {
			return err
		}
		if miss := math.Abs(kept - c.keep); miss < least {
			best, least = *asked, miss
		}
		if least < shiftTolerance {
			break
		}
		*asked = min(max(*asked+c.keep-kept, 0.001), 1)
	}
	*asked = best
	return nil
}

const balanceRounds = 4

// kept is the share that a hook keeps of training examples.
func (c *course) kept(hook training.Hook) (float64, error) {
	e, err := training.NewEvaluator(c.backend, c.model, hook, c.options)
	if err != nil {
		return 0, err
	}
	defer e.Close()
	score, err := e.Evaluate(datasets.Spread(c.data.Train, shiftExamples))
	return score.MeanKept(), err
}

// cascade is SpAtten's of tokens; heads and values stay. Every example is pruned fully from the first step.
func cascade(_ context.Context, c *course) (training.Hook, error) {
	layers := c.model.Spec.Layers
	tokens, err := lengthsOf(c.data.Train).cascade(layers, c.keep)
	return &training.Cascade{Tokens: tokens, Heads: make([]float64, layers)}, err
}

// window is ReBERT's, as wide in all layers to within one token: the search of widths is the study of its own notebook.
func window(_ context.Context, c *course) (training.Hook, error) {
	half := lengthsOf(c.data.Train).window(c.model.Spec.Layers, c.keep)
	return firstOnly{training.Window{Window: pruning.Window{Half: half, FirstKey: true}}}, nil
}

// bestKeys knows all scores.
func bestKeys(_ context.Context, c *course) (training.Hook, error) {
	return &training.TopKeys{Keep: lengthsOf(c.data.Train).balanced(c.keep)}, nil
}
