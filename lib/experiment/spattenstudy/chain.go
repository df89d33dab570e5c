package spattenstudy

import (
	"context"
	"fmt"
	"math"

	"github.com/sparse-attention/workbench/lib/accelerator/processor"
	"github.com/sparse-attention/workbench/lib/accelerator/spatten"
)

// Step is a bar of Fig. 20.
type Step uint8

const (
	Datapath    Step = iota // the machine, dense and in FP32
	Cascade                 // tokens, heads and local values pruned, still in FP32
	Progressive             // and quantised progressively

	Steps int = iota
)

func (s Step) String() string {
	return [...]string{"specialised datapath", "cascade token and head pruning with parallel top-k", "progressive quantization"}[s]
}

// Chain holds the milliseconds of attention for 32 tokens at each step, and the TITAN Xp's.
type Chain struct {
	Benchmark spatten.Benchmark
	TITAN     float64
	Step      [Steps]float64
}

// Speedup over the TITAN Xp.
func (c Chain) Speedup(s Step) float64 { return c.TITAN / c.Step[s] }

// Sampled is a generation of which the first iteration, in which nothing is pruned yet, and the middle one of the others are
// run: within an iteration all repeats, and from one to the next only the length grows, by one.
type Sampled struct {
	Benchmark                                 spatten.Benchmark
	Milliseconds, Operations, DenseOperations float64
}

// sampled runs a workload of 32 iterations that way; operations are those of all of them.
func sampled(ctx context.Context, s spatten.Spec, w spatten.Workload) (Sampled, error) {
	all := w.Totals()
	out := Sampled{Operations: all.Operations, DenseOperations: all.DenseOperations}
	for iteration, of := range map[int]float64{0: 1, 16: 31} {
		some, err := w.Only(iteration)
		if err != nil {
			return Sampled{}, err
		}
		r, err := s.Simulate(ctx, some)
		if err != nil {
			return Sampled{}, err
		}
		out.Milliseconds += r.Seconds() * 1e3 * of
	}
	return out, nil
}

// Breakdown runs Fig. 20's chain for the eight benchmarks of GPT-2.
func Breakdown(ctx context.Context, o Options) ([]Chain, error) {
	benchmarks := spatten.Benchmarks()[22:]
	all := make([]Chain, len(benchmarks))
	for i, b := range benchmarks {
		t, err := processor.TITANXp().Generate(processor.Generation{Layers: b.Model.Layers, Width: width(b), Tokens: 32})
		if err != nil {
			return nil, err
		}
		all[i] = Chain{Benchmark: b, TITAN: float64(t) * 1e3}
	}
	err := o.each(ctx, len(all)*Steps, func(i int) error {
		c, step := &all[i/Steps], Step(i%Steps)
		if step == Datapath && i/Steps%4 > 0 {
			return nil // dense, all corpora of a model are alike
		}
		set := o.Keep
		set.Unquantised = step < Progressive
		set.WithoutPruning = step < Cascade
		w, err := set.Workload(c.Benchmark)
		if err != nil {
			return err
		}
		r, err := sampled(ctx, o.Machine, w)
		c.Step[step] = r.Milliseconds
		return err
	})
	for i := range all {
		all[i].Step[Datapath] = all[i/4*4].Step[Datapath]
	}
	return all, err
}

// Cumulative is the geometric mean of the speedups after a step.
func Cumulative(chains []Chain, s Step) float64 {
	sum := 0.0
	for _, c := range chains {
		sum += math.Log(c.Speedup(s))
	}
	return math.Exp(sum / float64(len(chains)))
}

func width(b spatten.Benchmark) processor.Width {
	if b.Model.Wide() {
		return processor.Wide
	}
	return processor.Narrow
}

// Point is one machine of a sweep.
type Point struct {
	Parameter  int
	Throughput float64 // operations a second
}

// Comparators sweeps the top-k engines' parallelism (Fig. 19(a)) over a workload.
func Comparators(ctx context.Context, o Options, w spatten.Workload, values ...int) ([]Point, error) {
	return sweep(ctx, o, w, values, func(m *spatten.Spec, v int) { m.TopK.Comparators = v })
}

// Buffers sweeps the size of the key and of the value SRAM in KB of Table I (Fig. 19(b)): 196 is 196,608 bytes.
func Buffers(ctx context.Context, o Options, w spatten.Workload, values ...int) ([]Point, error) {
	return sweep(ctx, o, w, values, func(m *spatten.Spec, v int) {
		scale := float64(v) / 196
		m.KeySRAM, m.ValueSRAM = bytes(m.KeySRAM, scale), bytes(m.ValueSRAM, scale)
	})
}

func sweep(ctx context.Context, o Options, w spatten.Workload, values []int, set func(*spatten.Spec, int)) ([]Point, error) {
	all := make([]Point, len(values))
	err := o.each(ctx, len(values), func(i int) error {
		m := o.Machine
		set(&m, values[i])
		r, err := m.Simulate(ctx, w)
		if err != nil {
			return fmt.Errorf("spattenstudy: sweep at %d: %w", values[i], err)
		}
		all[i] = Point{values[i], r.Throughput()}
		return nil
	})
	return all, err
}

func bytes[T ~int64](b T, scale float64) T { return T(math.Round(float64(b) * scale)) }
