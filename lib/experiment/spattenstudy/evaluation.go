package spattenstudy

import (
	"context"
	"fmt"
	"math"

	"github.com/sparse-attention/workbench/lib/accelerator/processor"
	"github.com/sparse-attention/workbench/lib/accelerator/spatten"
	"github.com/sparse-attention/workbench/lib/pool"
)

// Run is one benchmark on SpAtten and on the four platforms.
type Run struct {
	Benchmark spatten.Benchmark
	Report    spatten.Report
	Seconds   [4]float64 // of processor.Platforms
	Joules    [4]float64
}

// Speedup is over platform p.
func (r Run) Speedup(p int) float64 { return r.Seconds[p] / r.Report.Seconds() }

// Saving is the energy of platform p over that of the machine.
func (r Run) Saving(p int) float64 { return r.Joules[p] / r.Report.Energy.Total().Joules() }

// Options of an evaluation.
type Options struct {
	Machine spatten.Spec
	Keep    spatten.Keep
	Workers int // at least 1
}

// Default is the full machine with the declared ratios.
func Default() Options { return Options{spatten.Full(), spatten.Declared(), 2} }

// Evaluate runs benchmarks; the result does not depend on the number of workers.
func Evaluate(ctx context.Context, o Options, benchmarks []spatten.Benchmark) ([]Run, error) {
	if o.Workers < 1 {
		return nil, fmt.Errorf("spattenstudy: Options.Workers is %d, must be at least 1", o.Workers)
	}
	runs := make([]Run, len(benchmarks))
	err := o.each(ctx, len(benchmarks), func(i int) (err error) {
		runs[i], err = one(ctx, o, benchmarks[i])
		return err
	})
	return runs, err
}

// each calls f for n-1 down to 0, since benchmarks go from short to long ones.
func (o Options) each(ctx context.Context, n int, f func(i int) error) error {
	return pool.On(ctx, o.Workers, n, func(i int) error { return f(n - 1 - i) })
}

func one(ctx context.Context, o Options, b spatten.Benchmark) (Run, error) {
	w, err := o.Keep.Workload(b)
	if err != nil {
		return Run{}, err
	}
	r := Run{Benchmark: b}
	if r.Report, err = o.Machine.Simulate(ctx, w); err != nil {
		return Run{}, err
	}
	for i, p := range processor.Platforms() {
		var t processor.Seconds
		power := p.Summarising
		if b.Stage == spatten.Generation {
			t, err = p.Generate(processor.Generation{Layers: b.Model.Layers, Width: width(b), Tokens: 32})
			power = p.Generating[width(b)]
		} else {
			t, err = p.Summarise(processor.Summary{Layers: b.Model.Layers, Model: b.Model.Heads * b.Model.Dim, Tokens: b.Task.Tokens, Long: b.Task.Long})
		}
		if err != nil {
			return Run{}, err
		}
		r.Seconds[i], r.Joules[i] = float64(t), processor.Joules(power, t)
	}
	return r, nil
}

// Geomean is the geometric mean of f over the runs that keep accepts; nil accepts all.
func Geomean(runs []Run, keep func(Run) bool, f func(Run) float64) float64 {
	sum, n := 0.0, 0
	for _, r := range runs {
		if keep == nil || keep(r) {
			sum += math.Log(f(r))
			n++
		}
	}
	return math.Exp(sum / float64(n))
}

// Mean is the arithmetic mean likewise.
func Mean(runs []Run, keep func(Run) bool, f func(Run) float64) float64 {
	sum, n := 0.0, 0
	for _, r := range runs {
		if keep == nil || keep(r) {
			sum += f(r)
			n++
		}
	}
	return sum / float64(n)
}

// BERT and GPT2 tell the two families apart.
func BERT(r Run) bool { return r.Benchmark.Stage == spatten.Summarisation }
func GPT2(r Run) bool { return r.Benchmark.Stage == spatten.Generation }

// RankCorrelation is Spearman's, ties at their mean rank.
func RankCorrelation(a, b []float64) float64 {
	ra, rb := ranks(a), ranks(b)
	mean := float64(len(a)+1) / 2
	var ab, aa, bb float64
	for i := range ra {
		x, y := ra[i]-mean, rb[i]-mean
		ab += x * y
		aa += x * x
		bb += y * y
	}
	return ab / math.Sqrt(aa*bb)
}

func ranks(v []float64) []float64 {
	r := make([]float64, len(v))
	for i, x := range v {
		for _, y := range v {
			switch {
			case y < x:
				r[i]++
			case y == x:
				r[i] += 0.5
			}
		}
		r[i] += 0.5
	}
	return r
}
