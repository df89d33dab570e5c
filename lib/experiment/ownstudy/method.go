package ownstudy

import (
	"context"
	"sync"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// Method is a way to prune, with a knob from little pruning to much.
type Method struct {
	Name  string
	Knob  string // what the knob turns
	Knobs []float64
	run   func(ctx context.Context, o *Own, knob float64, examples []datasets.Example) (experiment.Score, float64, error)
	mask  func(ctx context.Context, o *Own, knob float64) (choice, error) // nil where pruning is no mask a head
	model func(o *Own) *transformer.Encoder
}

// The names of the methods.
const (
	Thresholds = "learned thresholds"
	Oracle     = "best keys (oracle)"
	Chance     = "random keys"
	Hashing    = "sign hash (ELSA)"
	Greedy     = "candidate search (A3)"
	Skipping   = "zero skipping (MNNFast)"
	Windows    = "window (ReBERT)"
	Cascading  = "token cascade (SpAtten)"
)

// Methods lists what can prune a model of the user's own. A new one is one line.
func Methods() []Method {
	return []Method{
		masked(Thresholds, "real score added to every threshold", trainedOn, thresholds, -1, -0.5, 0, 0.5, 1),
		masked(Oracle, "share of the keys", untouched, oracle, 0.7, 0.5, 0.3, 0.15, 0.05),
		masked(Chance, "share of the keys", untouched, chance, 0.9, 0.7, 0.5, 0.3, 0.15),
		masked(Hashing, "p of the learned threshold", untouched, hashing, 0.25, 0.5, 1, 2, 4),
		masked(Greedy, "iterations over keys", untouched, greedy, 1, 0.5, 0.25, 0.125, 0.0625),
		masked(Skipping, "least probability", untouched, skipping, 0.001, 0.01, 0.02, 0.03, 0.1),
		masked(Windows, "half-width in tokens", untouched, window, 32, 16, 8, 4, 2),
		{Name: Cascading, Knob: "mean share of tokens dropped", Knobs: []float64{0.1, 0.2, 0.3, 0.4, 0.5}, run: cascading, model: untouched},
	}
}

func masked(name, knob string, model func(*Own) *transformer.Encoder, mask func(context.Context, *Own, float64) (choice, error), knobs ...float64) Method {
	m := Method{Name: name, Knob: knob, Knobs: knobs, mask: mask, model: model}
	m.run = func(ctx context.Context, o *Own, knob float64, examples []datasets.Example) (experiment.Score, float64, error) {
		keep, err := mask(ctx, o, knob)
		if err != nil {
			return experiment.Score{}, 0, err
		}
		var mu sync.Mutex
		var rates pruning.Rates
		score, err := experiment.Accuracy(ctx, o.Backend, model(o), examples, through(func(s experiment.Site, h *attention.Head) *attention.Mask {
			chosen := keep(s, h)
			mu.Lock()
			defer mu.Unlock()
			rates.Add(s.Layer, s.Head, h, chosen)
			return chosen
		}))
		return score, 1 - rates.Total().Rate(), err
	}
	return m
}

func untouched(o *Own) *transformer.Encoder { return o.Dense }
func trainedOn(o *Own) *transformer.Encoder { return o.Pruned }

// of makes a choice of a pruning.Method.
func of(m pruning.Method) (choice, error) {
	return func(s experiment.Site, h *attention.Head) *attention.Mask { return m.Mask(h, s.Layer) }, nil
}

func thresholds(_ context.Context, o *Own, offset float64) (choice, error) {
	return of(o.shifted(offset))
}

// shifted are the learned thresholds with an offset.
func (o *Own) shifted(offset float64) *pruning.Threshold {
	t := *o.Thresholds
	t.Layers = make([]float64, len(o.Thresholds.Layers))
	for l, th := range o.Thresholds.Layers {
		t.Layers[l] = th + offset
	}
	return &t
}

func oracle(_ context.Context, _ *Own, keep float64) (choice, error) {
	return of(pruning.TopKeys{Keep: keep})
}

func chance(_ context.Context, _ *Own, keep float64) (choice, error) {
	return func(s experiment.Site, h *attention.Head) *attention.Mask {
		seed := uint64(s.Example)<<16 | uint64(s.Head)
		return pruning.Random{Keep: keep, Seed: seed}.Mask(h, s.Layer)
	}, nil
}

func greedy(_ context.Context, _ *Own, iterations float64) (choice, error) {
	c := pruning.A3Conservative()
	c.Iterations = iterations
	return of(c)
}

func skipping(_ context.Context, _ *Own, theta float64) (choice, error) {
	return of(pruning.ZeroSkip{Theta: theta})
}

func window(_ context.Context, o *Own, half float64) (choice, error) {
	return of(o.window(int(half)))
}

// window is the same half-width in every layer; the first token, which the classifier reads, is always seen.
func (o *Own) window(half int) pruning.Window {
	w := pruning.Window{FirstKey: true}
	for range o.Dense.Spec.Layers {
		w.Half = append(w.Half, half)
	}
	return w
}

// hash is ELSA's filter with thresholds learned for one p.
type hash = pruning.Hash

const (
	biasPairs    = 1000 // pairs of vectors that theta_bias is measured on
	hashSeed     = 1
	kroneckerDim = 64 // the head width that ELSA's three factors of 4 make
)

func hashing(ctx context.Context, o *Own, p float64) (choice, error) {
	h, err := o.hash(ctx, p)
	if err != nil {
		return nil, err
	}
	return of(h)
}

func (o *Own) hash(ctx context.Context, p float64) (*hash, error) {
	if o.hashes[p] != nil {
		return o.hashes[p], nil
	}
	heads, err := o.trainingHeads(ctx, 8)
	if err != nil {
		return nil, err
	}
	factors := []int{o.Dense.Spec.HeadDim()}
	if factors[0] == kroneckerDim {
		factors = []int{4, 4, 4}
	}
	projection, err := pruning.RandomProjection(hashSeed, factors...)
	if err != nil {
		return nil, err
	}
	h := &hash{Projections: []*pruning.Projection{projection}, Thresholds: make([]float64, o.Dense.Spec.Layers)}
	h.Bias = h.AngleBias(biasPairs, hashSeed)
	for l := range h.Thresholds {
		var own []*attention.Head
		for _, c := range heads {
			if c.Site.Layer == l {
				own = append(own, c.Head)
			}
		}
		h.Thresholds[l] = pruning.LearnThreshold(own, p, nil)
	}
	o.hashes[p] = h
	return h, h.Validate()
}

// cascade drops tokens by the paper's schedule; heads and values stay.
func (o *Own) cascade(dropped float64) (experiment.Cascade, error) {
	return experiment.CascadeOf(o.Dense.Spec.Layers, dropped, 0, 1)
}

func cascading(ctx context.Context, o *Own, dropped float64, examples []datasets.Example) (experiment.Score, float64, error) {
	c, err := o.cascade(dropped)
	if err != nil {
		return experiment.Score{}, 0, err
	}
	score, err := experiment.Cascading(ctx, o.Backend, o.Dense, examples, c, nil)
	if err != nil {
		return experiment.Score{}, 0, err
	}
	// A dropped token neither asks nor is asked: what is left of the pairs is about the square.
	kept := 0.0
	for _, l := range score.Layers {
		kept += l * l / float64(len(score.Layers))
	}
	return score.Score, kept, nil
}
