package rivalstudy

import (
	"context"
	"fmt"
	"math"
	"sync"

	"github.com/gomlx/compute"
	"github.com/sparse-attention/workbench/lib/accelerator/mnnfast"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/published"
)

// Skip is one threshold of zero skipping on one of our models.
type Skip struct {
	Model      string
	Theta      float64
	Accuracy   float64 // %
	Drop, Half float64 // points below theta 0, with the 95 % interval
	Skipped    float64 // share of the values
}

// Thetas are the thresholds of the sweep; 0 skips nothing.
func Thetas() []float64 { return []float64{0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3} }

// Skipping measures what skipping values with small probabilities costs our models.
func Skipping(ctx context.Context, backend compute.Backend, models []experiment.Model, examples int) ([]Skip, error) {
	var all []Skip
	for _, m := range models {
		e, err := experiment.NewEvaluator(backend, m.Dense)
		if err != nil {
			return nil, err
		}
		defer e.Close()
		var base experiment.Score
		for _, theta := range Thetas() {
			var mu sync.Mutex
			var kept, pairs int
			unit := mnnfast.Projected()
			unit.Skip = pruning.ZeroSkip{Theta: theta}
			unit.Stabilise = true // real scores of a trained model may pass 709
			score, err := e.Accuracy(ctx, m.Sample(examples), 8, func(_ experiment.Site, h *attention.Head, context []float32) error {
				out, err := unit.Attend(h)
				for i, x := range out {
					context[i] = float32(x)
				}
				mask := unit.Mask(h)
				mu.Lock()
				defer mu.Unlock()
				kept += mask.Count()
				pairs += h.Valid * h.Valid
				return err
			})
			if err != nil {
				return nil, fmt.Errorf("rivalstudy: MNNFast, %s: %w", m.Title(), err)
			}
			if theta == 0 {
				base = score
			}
			s := Skip{Model: m.Title(), Theta: theta, Accuracy: score.Accuracy(), Skipped: 1 - float64(kept)/float64(pairs)}
			if s.Drop, s.Half, err = score.Drop(base); err != nil {
				return nil, err
			}
			all = append(all, s)
		}
	}
	return all, nil
}

// MNNFast is the projected machine on heads of BERT's size, and what each of its ideas gives there and on one query at a time.
type MNNFast struct {
	Throughput, Efficiency float64            // GOP/s and GOP/J, one operation a multiplication
	Gains                  map[string]float64 // idea -> speedup over the same hardware without any
}

// Ideas of the paper, in the order in which they are added.
func Ideas() []string { return []string{"baseline", "column streaming", "+ zero skipping"} }

// RunMNNFast runs it on 320 drawn tokens.
func RunMNNFast(ctx context.Context) (*MNNFast, error) {
	out := &MNNFast{Gains: map[string]float64{}}
	w := mnnfast.Workload{Name: "320 drawn tokens", Head: drawn(320, 64)}
	projected := mnnfast.Projected()
	r, err := projected.Simulate(ctx, w)
	if err != nil {
		return nil, fmt.Errorf("rivalstudy: %w", err)
	}
	out.Throughput, out.Efficiency = r.Throughput(), r.Efficiency()
	streaming := projected
	streaming.Skip.Theta = 0
	base := projected.Baseline()
	var cycles [3]float64
	for i, s := range []mnnfast.Spec{base, streaming, projected} {
		r, err := s.Simulate(ctx, w)
		if err != nil {
			return nil, fmt.Errorf("rivalstudy: %w", err)
		}
		cycles[i] = float64(r.Cycles)
		out.Gains[Ideas()[i]] = cycles[0] / cycles[i]
	}
	return out, nil
}

// Ours is our number for a published row of MNNFast, NaN where there is none.
func (r *MNNFast) Ours(row published.Row) float64 {
	switch {
	case row.Figure == "spatten-table3" && row.Series == "MNNFast" && row.Metric == "throughput":
		return r.Throughput
	case row.Figure == "spatten-table3" && row.Series == "MNNFast" && row.Metric == "energy_efficiency":
		return r.Efficiency
	case row.Metric == "utilisation_of_128_GOPs":
		return r.Throughput / 128
	}
	return math.NaN()
}

// Verdicts judges SpAtten's rows of MNNFast; its own abstract's gains are upper bounds over unknown workloads on other platforms.
func (r *MNNFast) Verdicts() []published.Verdict {
	var out []published.Verdict
	for _, row := range published.Figure("mnnfast", "spatten-table3") {
		if ours := r.Ours(row); ours == ours {
			out = append(out, published.Judge(row, ours, published.Modelled, published.Percent(15), published.Because("320 tokens, one operation a multiplication; 1 W is assumed by the paper")))
		}
	}
	for _, row := range published.Figure("mnnfast", "abstract") {
		out = append(out, published.Judge(row, math.NaN(), published.NotComparable, published.Because("the most over unknown workloads, on a platform that is not modelled")))
	}
	return out
}
