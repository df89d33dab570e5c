package sprintstudy

import (
	"context"
	"fmt"
	"math"

	"github.com/sparse-attention/workbench/lib/accelerator/sprint"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/pool"
	"github.com/sparse-attention/workbench/lib/published"
	"github.com/sparse-attention/workbench/lib/trace"
)

// Runs holds the reports of every workload of the SPRINT paper on every size of the machine in every mode.
type Runs struct {
	Heads     int // heads per workload; a number below is the mean over them
	Workloads []Workload
}

// Workload is one workload with the masks that it ran on.
type Workload struct {
	Name        string
	Statistics  attention.Statistics // of the first head's mask: what the numbers rest on
	Correlation float64              // of the synthesised scores, fitted on Fig. 10 S
	Overlap     float64              // mean over the heads: kept cells that the row before kept too
	Chance      float64              // the same for a random mask with the same row counts
	Reports     map[string]map[sprint.Mode][]sprint.Report
}

// Sizes are the three machines of the paper.
func Sizes() []sprint.Spec { return []sprint.Spec{sprint.S(), sprint.M(), sprint.L()} }

// Modes are the four configurations of one machine that its figures compare.
func Modes() []sprint.Mode {
	return []sprint.Mode{sprint.Baseline, sprint.MaskOnly, sprint.Pruning, sprint.SPRINT}
}

// Run synthesises the given number of heads of each of the paper's workloads and simulates them. Configure, which may be
// nil, changes each machine before it runs, so that a knob can be swept.
func Run(ctx context.Context, heads int, configure func(*sprint.Spec)) (*Runs, error) {
	if heads < 1 {
		return nil, fmt.Errorf("sprintstudy: heads is %d, must be at least 1", heads)
	}
	recipes := trace.SPRINT()
	runs := &Runs{Heads: heads, Workloads: make([]Workload, len(recipes))}
	return runs, pool.Each(ctx, len(recipes), func(i int) (err error) {
		i = len(recipes) - 1 - i // the longest first, so that no worker is left with Synth-2 at the end
		runs.Workloads[i], err = runWorkload(ctx, recipes[i], heads, configure)
		return err
	})
}

func runWorkload(ctx context.Context, recipe trace.Synthesis, heads int, configure func(*sprint.Spec)) (Workload, error) {
	w := Workload{Name: recipe.Name, Reports: map[string]map[sprint.Mode][]sprint.Report{}}
	for h := range heads {
		recipe.Seed = uint64(h + 1)
		made, err := recipe.Make()
		if err != nil {
			return w, err
		}
		measured := attention.Measure(made.Head, made.Mask)
		if h == 0 {
			w.Statistics, w.Correlation = measured, made.Correlation
		}
		w.Overlap += measured.Overlap / float64(heads)
		w.Chance += attention.Measure(made.Head, trace.Shuffled(made.Head, made.Mask, recipe.Seed)).Overlap / float64(heads)
		for _, size := range Sizes() {
			if configure != nil {
				configure(&size)
			}
			if w.Reports[size.Name] == nil {
				w.Reports[size.Name] = map[sprint.Mode][]sprint.Report{}
			}
			for _, mode := range Modes() {
				report, err := size.In(mode).Simulate(ctx, sprint.Workload{Name: recipe.Name, Head: made.Head, Mask: made.Mask})
				if err != nil {
					return w, err
				}
				w.Reports[size.Name][mode] = append(w.Reports[size.Name][mode], report)
			}
		}
	}
	return w, nil
}

// over is the mean over heads of f, which compares a run with the baseline run of the same head.
func (w *Workload) over(baseSize string, size string, mode sprint.Mode, f func(base, run sprint.Report) float64) float64 {
	base, runs := w.Reports[baseSize][sprint.Baseline], w.Reports[size][mode]
	sum := 0.0
	for i := range runs {
		sum += f(base[i], runs[i])
	}
	return sum / float64(len(runs))
}

// Traffic is Fig. 10: main-memory traffic that a size saves in a mode, in percent of the S baseline's.
func (w *Workload) Traffic(size string, mode sprint.Mode) float64 {
	return 100 * w.over("S", size, mode, sprint.TrafficReduction)
}

// Speedup is Fig. 11: over the baseline of the same size.
func (w *Workload) Speedup(size string, mode sprint.Mode) float64 {
	return w.over(size, size, mode, sprint.Speedup)
}

// EnergyReduction is the label of the energy figure: over the baseline of the same size.
func (w *Workload) EnergyReduction(size string, mode sprint.Mode) float64 {
	return w.over(size, size, mode, sprint.EnergyReduction)
}

// find returns a workload by name.
func (r *Runs) find(name string) *Workload {
	for i := range r.Workloads {
		if r.Workloads[i].Name == name {
			return &r.Workloads[i]
		}
	}
	return nil
}

// mean of f over the workloads.
func (r *Runs) mean(mean func([]float64) float64, f func(*Workload) float64) float64 {
	values := make([]float64, len(r.Workloads))
	for i := range r.Workloads {
		values[i] = f(&r.Workloads[i])
	}
	return mean(values)
}

// either is f of the named workload, or its mean over all when the name is the paper's word for that.
func (r *Runs) either(name string, f func(*Workload) float64) float64 {
	if w := r.find(name); w != nil {
		return f(w)
	}
	switch name {
	case "Average":
		return r.mean(published.Arithmetic, f)
	case "Geomean":
		return r.mean(published.Geometric, f)
	}
	return math.NaN()
}

// modeOf reads a series of the paper's figures.
func modeOf(series string) (sprint.Mode, bool) {
	for _, m := range Modes() {
		if m.String() == series {
			return m, true
		}
	}
	return 0, false
}
