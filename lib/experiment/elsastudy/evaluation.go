package elsastudy

import (
	"context"
	"fmt"

	"github.com/sparse-attention/workbench/lib/accelerator/elsa"
	"github.com/sparse-attention/workbench/lib/pruning"
)

// Run is one benchmark on Base and at each degree.
type Run struct {
	elsa.Benchmark
	Base elsa.Report
	At   [elsa.Degrees]elsa.Report
}

// Results is the whole evaluation.
type Results struct {
	Runs []Run
	Bias float64 // theta_bias of d = k = 64, measured
}

// Evaluate simulates the twelve benchmarks, with the kept keys of a query placed as p says, and measures the bias of the hash.
func Evaluate(ctx context.Context, p elsa.Placement) (*Results, error) {
	benchmarks, err := elsa.Benchmarks()
	if err != nil {
		return nil, err
	}
	r := &Results{}
	for _, b := range benchmarks {
		x := Run{Benchmark: b}
		for d := range elsa.Degrees {
			w := b.Workload(elsa.Degree(d), p, 1)
			if x.At[d], err = elsa.ELSA().Simulate(ctx, w); err != nil {
				return nil, err
			}
			if d > 0 {
				continue
			}
			if x.Base, err = elsa.Base().Simulate(ctx, w); err != nil {
				return nil, err
			}
		}
		r.Runs = append(r.Runs, x)
	}
	r.Bias, err = bias()
	return r, err
}

// bias repeats the paper's recipe for theta_bias: the mean over sixteen sets of 64 orthogonal vectors, because single sets differ by 0.005.
func bias() (float64, error) {
	const sets, pairs = 16, 2000
	sum := 0.0
	for i := range uint64(sets) {
		p, err := pruning.RandomProjection(i, 64)
		if err != nil {
			return 0, fmt.Errorf("elsastudy: %w", err)
		}
		h := pruning.Hash{Projections: []*pruning.Projection{p}}
		sum += h.AngleBias(pairs, i)
	}
	return sum / sets, nil
}

// at is the report of a series of the figures, and whether there is one.
func (x Run) at(series string) (elsa.Report, bool) {
	if series == "ELSA-Base" {
		return x.Base, true
	}
	for d, r := range x.At {
		if elsa.Degree(d).Series() == series {
			return r, true
		}
	}
	return elsa.Report{}, false
}

func (r *Results) run(workload string) (Run, bool) {
	for _, x := range r.Runs {
		if x.Name == workload {
			return x, true
		}
	}
	return Run{}, false
}
