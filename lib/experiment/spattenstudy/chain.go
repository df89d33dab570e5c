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

// sampled is the time of a generation of which the first iteration, in which nothing is pruned yet, and some of the others
// are run: within an iteration all repeats.
func sampled(ctx context.Context, s spatten.Spec, w spatten.Workload) (milliseconds float64, err error) {
	for _, part := range []struct {
		iterations []int
		of         float64
	}{{[]int{0}, 1}, {[]int{10, 22}, 31}} {
		some, err := w.Only(part.iterations...)
		if err != nil {
			return 0, err
		}
		r, err := s.Simulate(ctx, some)
		if err != nil {
			return 0, err
		}
		milliseconds += r.Seconds() * 1e3 * part.of / float64(len(part.iterations))
	}
	return milliseconds, nil
}

// Breakdown runs Fig. 20's chain for the eight benchmarks of GPT-2.
func Breakdown(ctx context.Context, s spatten.Spec, k spatten.Keep) ([]Chain, error) {
	var all []Chain
	dense := map[string]float64{} // the same for all corpora of a model
	for _, b := range spatten.Benchmarks() {
		if b.Stage != spatten.Generation {
			continue
		}
		c := Chain{Benchmark: b}
		t, err := processor.TITANXp().Generate(processor.Generation{Layers: b.Model.Layers, Width: width(b), Tokens: 32})
		if err != nil {
			return nil, err
		}
		c.TITAN = float64(t) * 1e3
		for step := range Step(Steps) {
			if ms := dense[b.Model.Name]; step == Datapath && ms > 0 {
				c.Step[step] = ms
				continue
			}
			set := k
			set.Unquantised = step < Progressive
			set.WithoutPruning = step < Cascade
			w, err := set.Workload(b)
			if err != nil {
				return nil, err
			}
			if c.Step[step], err = sampled(ctx, s, w); err != nil {
				return nil, err
			}
			if step == Datapath {
				dense[b.Model.Name] = c.Step[step]
			}
		}
		all = append(all, c)
	}
	return all, nil
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
func Comparators(ctx context.Context, s spatten.Spec, w spatten.Workload, values ...int) ([]Point, error) {
	var all []Point
	for _, v := range values {
		m := s
		m.TopK.Comparators = v
		r, err := m.Simulate(ctx, w)
		if err != nil {
			return nil, fmt.Errorf("spattenstudy: %d comparators: %w", v, err)
		}
		all = append(all, Point{v, r.Throughput()})
	}
	return all, nil
}

// Buffers sweeps the size of the key and of the value SRAM in KB of Table I (Fig. 19(b)): 196 is 196,608 bytes.
func Buffers(ctx context.Context, s spatten.Spec, w spatten.Workload, values ...int) ([]Point, error) {
	var all []Point
	for _, v := range values {
		m := s
		scale := float64(v) / 196
		m.KeySRAM, m.ValueSRAM = bytes(s.KeySRAM, scale), bytes(s.ValueSRAM, scale)
		r, err := m.Simulate(ctx, w)
		if err != nil {
			return nil, fmt.Errorf("spattenstudy: %d KB: %w", v, err)
		}
		all = append(all, Point{v, r.Throughput()})
	}
	return all, nil
}

func bytes[T ~int64](b T, scale float64) T { return T(math.Round(float64(b) * scale)) }
