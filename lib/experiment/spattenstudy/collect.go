package spattenstudy

import (
	"context"

	"github.com/sparse-attention/workbench/lib/accelerator/spatten"
)

// Results is everything that the figures need.
type Results struct {
	Options     Options
	Runs        []Run     // the 30 benchmarks
	AllHeads    []Sampled // the eight of GPT-2 without head pruning
	Eighth      []Run     // BERT on SpAtten-1/8
	Chains      []Chain
	Sweep       string  // benchmark of Fig. 19, see SweepApplication
	Comparators []Point // Fig. 19(a)
	Buffers     []Point // Fig. 19(b)
}

// Collect runs all of it: about 20 seconds on two cores.
func Collect(ctx context.Context, o Options) (*Results, error) {
	r := &Results{Options: o}
	all := spatten.Benchmarks()
	var err error
	if r.Runs, err = Evaluate(ctx, o, all); err != nil {
		return nil, err
	}
	if err := r.collectEndToEnd(ctx, all[22:]); err != nil {
		return nil, err
	}
	eighth := o
	eighth.Machine = spatten.Eighth()
	if r.Eighth, err = Evaluate(ctx, eighth, all[:22]); err != nil {
		return nil, err
	}
	if r.Chains, err = Breakdown(ctx, o); err != nil {
		return nil, err
	}
	b := r.SweepApplication()
	r.Sweep = b.Name()
	w, err := o.Keep.Workload(b)
	if err != nil {
		return nil, err
	}
	if w, err = w.Only(16); err != nil {
		return nil, err
	}
	if r.Comparators, err = Comparators(ctx, o, w, 1, 2, 4, 8, 16, 32); err != nil {
		return nil, err
	}
	r.Buffers, err = Buffers(ctx, o, w, 196, 392, 784)
	return r, err
}

// SweepApplication is the GPT-2 benchmark with the highest throughput. The paper does not name its own, whose 776 GFLOPS are
// far above the mean of 430 over all eight.
func (r *Results) SweepApplication() spatten.Benchmark {
	var best Run
	for _, x := range r.Runs {
		if GPT2(x) && (best.Report.Cycles == 0 || x.Report.Throughput() > best.Report.Throughput()) {
			best = x
		}
	}
	return best.Benchmark
}

func (r *Results) collectEndToEnd(ctx context.Context, benchmarks []spatten.Benchmark) error {
	k := r.Options.Keep
	k.Heads = 0
	r.AllHeads = make([]Sampled, len(benchmarks))
	return r.Options.each(ctx, len(benchmarks), func(i int) error {
		w, err := k.Workload(benchmarks[i])
		if err != nil {
			return err
		}
		r.AllHeads[i], err = sampled(ctx, r.Options.Machine, w)
		r.AllHeads[i].Benchmark = benchmarks[i]
		return err
	})
}

// find finds a benchmark's run by name.
func find(runs []Run, name string) (Run, bool) {
	for _, r := range runs {
		if r.Benchmark.Name() == name {
			return r, true
		}
	}
	return Run{}, false
}

// Split is mean power by the parts of Table II in watts.
type Split struct{ Logic, SRAM, DRAM float64 }

// Total is the sum.
func (s Split) Total() float64 { return s.Logic + s.SRAM + s.DRAM }

// Power is the mean over the runs of GPT-2, on which the modules are fitted: Table II's DRAM power is 205 GB/s, GPT-2's rate,
// at 3.48 pJ/bit.
func (r *Results) Power() Split {
	var s Split
	chip := Mean(r.Runs, GPT2, func(x Run) float64 { c, _ := x.Report.Power(); return float64(c) })
	s.Logic, s.SRAM = chip*r.Options.Machine.Logic, chip*(1-r.Options.Machine.Logic)
	s.DRAM = Mean(r.Runs, GPT2, func(x Run) float64 { _, m := x.Report.Power(); return float64(m) })
	return s
}

// ModulePower is the mean watts of a module over the runs of GPT-2.
func (r *Results) ModulePower(m spatten.Module) float64 {
	return Mean(r.Runs, GPT2, func(x Run) float64 {
		return float64(x.Report.Energy.OnChip[m].Power(x.Report.Cycles, x.Report.Clock))
	})
}

// Roofline is a point of Fig. 18, means over the runs of a family: operations a byte, and operations a second.
func (r *Results) Roofline(family func(Run) bool) (intensity, throughput float64) {
	return Mean(r.Runs, family, func(x Run) float64 { return x.Report.Intensity() }),
		Mean(r.Runs, family, func(x Run) float64 { return x.Report.Throughput() })
}

// TableIII is SpAtten-1/8 on BERT: operations a second with pruned ones counted, the same a joule and a square millimetre;
// geometric means.
func (r *Results) TableIII() (throughput, perJoule, perArea float64) {
	throughput = Geomean(r.Eighth, nil, func(x Run) float64 { return x.Report.Effective() })
	perJoule = Geomean(r.Eighth, nil, func(x Run) float64 {
		return x.Report.Totals.DenseOperations / x.Report.Energy.Total().Joules()
	})
	return throughput, perJoule, throughput / float64(spatten.Eighth().Modules.Sum(0, spatten.Modules).Area)
}
