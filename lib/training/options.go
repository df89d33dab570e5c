package training

import (
	"fmt"

	"github.com/sparse-attention/workbench/datasets"
)

// Options of a training run. The zero value of a field means the default in its comment.
type Options struct {
	Objective     Objective        // nil: what the data set's Kind asks for
	Phase         string           // name in events and in the checkpoint; "fine-tune"
	Epochs        int              // 3
	Batch         int              // examples a step; 32
	BatchTokens   int              // where not 0: a batch has at most this many tokens with its padding, and at most Batch examples
	LearningRate  float64          // peak; 5e-4 (a small encoder from scratch; BERT's own fine-tuning uses 2e-5 to 5e-5)
	WarmUp        float64          // share of the steps over which the rate rises; 0.1, then it falls linearly to 0
	WeightDecay   float64          // decoupled; 0.01
	ClipNorm      float64          // gradient norm of the weights; 1
	HookRate      float64          // constant learning rate of the hook's variables; 1e-2
	HookClipNorm  float64          // gradient norm of the hook's variables; 1
	Patience      int              // epochs without a better dev score before the run stops; 0 = never
	Seed          uint64           // shuffling and dropout
	Shards        int              // of a batch, on the pure Go backend computed side by side; 4 there, else 1; a Hook that is not Separable: 1
	Multiple      int              // padded widths are multiples of this; 16
	EvalBatch     int              // examples a batch when evaluating; 128
	Augment       datasets.Augment // how training images are varied
	Checkpoint    string           // folder; "" keeps none
	SaveEvery     int              // steps from one checkpoint to the next within an epoch; 0 = only at its end
	Observer      Observer
	StepsPerEpoch int // stop an epoch early; 0 = the whole training split
	// Better decides which epoch is kept; nil keeps the one with the best deciding metric on the dev split.
	Better func(candidate, best Score) bool

	tokens int // Spec.Tokens of the model: no batch is padded beyond it
}

func (o Options) withDefaults() Options {
	def := func(v *float64, d float64) {
		if *v == 0 {
			*v = d
		}
	}
	defInt := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	if o.Objective == nil {
		o.Objective = Classification{}
	}
	if o.Phase == "" {
		o.Phase = "fine-tune"
	}
	defInt(&o.Epochs, 3)
	defInt(&o.Batch, 32)
	def(&o.LearningRate, 5e-4)
	def(&o.WarmUp, 0.1)
	def(&o.WeightDecay, 0.01)
	def(&o.ClipNorm, 1)
	def(&o.HookRate, 1e-2)
	def(&o.HookClipNorm, 1)
	defInt(&o.Multiple, 16)
	defInt(&o.EvalBatch, 128)
	if o.Observer == nil {
		o.Observer = func(Event) {}
	}
	return o
}

// Validate names the first field that no run can use.
func (o Options) Validate() error {
	for _, f := range []struct {
		name  string
		value int
		min   int
	}{
		{"Epochs", o.Epochs, 1}, {"Batch", o.Batch, 1}, {"Multiple", o.Multiple, 1}, {"EvalBatch", o.EvalBatch, 1},
		{"Patience", o.Patience, 0}, {"StepsPerEpoch", o.StepsPerEpoch, 0},
		{"SaveEvery", o.SaveEvery, 0}, {"Shards", o.Shards, 0}, {"BatchTokens", o.BatchTokens, 0},
	} {
		if f.value < f.min {
			return fmt.Errorf("training: Options.%s is %d, must be at least %d", f.name, f.value, f.min)
		}
	}
	for _, f := range []struct {
		name     string
		value    float64
		min, max float64
	}{
		{"LearningRate", o.LearningRate, 0, 10}, {"WarmUp", o.WarmUp, 0, 1}, {"WeightDecay", o.WeightDecay, 0, 10},
		{"ClipNorm", o.ClipNorm, 0, 1e9}, {"HookRate", o.HookRate, 0, 10}, {"HookClipNorm", o.HookClipNorm, 0, 1e9},
	} {
		if !(f.value >= f.min && f.value <= f.max) {
			return fmt.Errorf("training: Options.%s is %v, must be in [%g,%g]", f.name, f.value, f.min, f.max)
		}
	}
	return nil
}

func (o Options) trainBatches(epoch int) datasets.BatchOptions {
	return datasets.BatchOptions{Size: o.Batch, Tokens: o.BatchTokens, Seed: o.Seed, Epoch: epoch, Shuffle: true, Multiple: o.Multiple, Limit: o.tokens, Augment: o.Augment}
}

func (o Options) evalBatches() datasets.BatchOptions {
	return datasets.BatchOptions{Size: o.EvalBatch, Multiple: o.Multiple, Limit: o.tokens}
}

// rate is the linear warm-up and linear decay of BERT's fine-tuning; step counts from 1.
func (o Options) rate(step, steps int) float64 {
	warm := o.WarmUp * float64(steps)
	if s := float64(step); s <= warm {
		return o.LearningRate * s / warm
	}
	return o.LearningRate * float64(steps-step+1) / (float64(steps) - warm + 1)
}
