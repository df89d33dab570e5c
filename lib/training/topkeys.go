package training

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"

	"github.com/sparse-attention/workbench/lib/legal"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// TopKeys keeps, for every query, the given share of its visible keys with the largest scores: what a detector that never errs
// would choose. Its rows are balanced as those of Detector are. pruning.TopKeys is the same rule in plain Go.
type TopKeys struct {
	Keep float64 // in (0,1]
}

// Prepare implements Hook: there is nothing to make.
func (t TopKeys) Prepare(m *transformer.Encoder) error {
	f := legal.Of("training: TopKeys")
	f.Share("Keep", t.Keep)
	if err := f.Err(); err != nil || !m.Spec.Causal {
		return err
	}
	return fmt.Errorf("training: the model has Spec.Causal set, must be clear: TopKeys balances rows that see all keys")
}

// Names implements Hook: there is nothing to train.
func (TopKeys) Names() []string { return nil }

// Separable implements Hook.
func (TopKeys) Separable() bool { return true }

// FirstTokenSuffices implements transformer.FirstTokenHook.
func (TopKeys) FirstTokenSuffices() {}

// Scores implements transformer.Hook.
func (t TopKeys) Scores(p *transformer.Pass, _ int, scores, visible *graph.Node) *graph.Node {
	kept := best(t.Keep, p.Q, p.K, nil, p.Valid)
	p.ReportKept(share(kept, p.Pairs(visible, scores.Shape().Dimensions...)))
	return transformer.Only(scores, kept)
}
