package memory

import (
	"context"
	"fmt"

	"github.com/sparse-attention/workbench/lib/accelerator/sprint"
	"github.com/sparse-attention/workbench/lib/pool"
	"github.com/sparse-attention/workbench/lib/published"
	"github.com/sparse-attention/workbench/lib/trace"
)

// Bounds are the three ways in which SPRINT's machine may wait for its memory.
func Bounds() []sprint.MemoryBound {
	return []sprint.MemoryBound{sprint.Hidden, sprint.Bandwidth, sprint.Banks}
}

// Head is one workload of the SPRINT paper on the three sizes, in the modes Baseline and SPRINT, against the three memories.
type Head struct {
	Name    string
	Reports map[string]map[sprint.Mode]map[sprint.MemoryBound]sprint.Report // by size, mode, memory
}

// Heads are in the order of the paper's figures.
type Heads []Head

// Simulate synthesises a head of each workload of at most the given number of tokens and runs it.
func Simulate(ctx context.Context, tokens int) (Heads, error) {
	if err := atLeast("tokens", tokens, 384); err != nil {
		return nil, err
	}
	var recipes []trace.Synthesis
	for _, r := range trace.SPRINT() {
		if r.Tokens <= tokens {
			recipes = append(recipes, r)
		}
	}
	heads := make(Heads, len(recipes))
	return heads, pool.Each(ctx, len(recipes), func(i int) (err error) {
		i = len(recipes) - 1 - i // the longest first
		heads[i], err = simulate(ctx, recipes[i])
		return err
	})
}

func simulate(ctx context.Context, recipe trace.Synthesis) (Head, error) {
	h := Head{recipe.Name, map[string]map[sprint.Mode]map[sprint.MemoryBound]sprint.Report{}}
	w, err := workload(recipe)
	if err != nil {
		return h, err
	}
	for _, s := range []sprint.Spec{sprint.S(), sprint.M(), sprint.L()} {
		h.Reports[s.Name] = map[sprint.Mode]map[sprint.MemoryBound]sprint.Report{}
		for _, mode := range []sprint.Mode{sprint.Baseline, sprint.SPRINT} {
			h.Reports[s.Name][mode] = map[sprint.MemoryBound]sprint.Report{}
			for _, bound := range Bounds() {
				s := s.In(mode)
				s.MemoryBound = bound
				r, err := s.Simulate(ctx, w)
				if err != nil {
					return h, err
				}
				h.Reports[s.Name][mode][bound] = r
			}
		}
	}
	return h, nil
}

// workload makes the first head of a recipe.
func workload(recipe trace.Synthesis) (sprint.Workload, error) {
	recipe.Seed = 1
	made, err := recipe.Make()
	if err != nil {
		return sprint.Workload{}, fmt.Errorf("memory: %s: %w", recipe.Name, err)
	}
	return sprint.Workload{Name: recipe.Name, Head: made.Head, Mask: made.Mask}, nil
}

// Speedup is a size over its own baseline, both against the same memory.
func (h Head) Speedup(size string, bound sprint.MemoryBound) float64 {
	return sprint.Speedup(h.Reports[size][sprint.Baseline][bound], h.Reports[size][sprint.SPRINT][bound])
}

// Speedups of a size, by workload and memory; beside the hidden memory stands Fig. 11, where memory does not count.
func (hs Heads) Speedups(size string) *Numbers {
	n := &Numbers{}
	for _, h := range hs {
		for _, b := range Bounds() {
			row := published.Row{System: system, Figure: "sprint-speedup", Series: b.String(), Workload: h.Name, Config: size, Metric: "speedup", Unit: "x"}
			if paper, err := published.Find("sprint", "fig11-speedup", "SPRINT", h.Name, size, "speedup"); err == nil && b == sprint.Hidden {
				row.Value, row.Evidence, row.Source, row.Note = paper.Value, paper.Evidence, paper.Source, paper.Note
			}
			n.add(row, h.Speedup(size, b))
		}
	}
	return n
}

// Stalls is the share of time, in percent, for which a mode waits for its banks: below half it is compute-bound.
func (hs Heads) Stalls(mode sprint.Mode) *Numbers {
	n := &Numbers{}
	for _, h := range hs {
		for _, size := range []string{"S", "M", "L"} {
			c := h.Reports[size][mode][sprint.Banks].Cycles
			n.add(published.Row{System: system, Figure: "sprint-stall", Series: mode.String(), Workload: h.Name, Config: size, Metric: "stall", Unit: "%"},
				100*float64(c.Stall)/float64(c.Total()))
		}
	}
	return n
}

// Sweep is the slowdown by simulated banks of a machine in mode SPRINT, its time over that with hidden memory, for each value
// that set gives to something of it; 1 is compute-bound. The name of the swept thing stands before each value.
func Sweep(ctx context.Context, machine sprint.Spec, workloads []string, name string, values []int, set func(s *sprint.Spec, value int)) (*Numbers, error) {
	var recipes []trace.Synthesis
	for _, name := range workloads {
		for _, r := range trace.SPRINT() {
			if r.Name == name {
				recipes = append(recipes, r)
			}
		}
	}
	if len(recipes) < len(workloads) {
		return nil, fmt.Errorf("memory: workloads are %q, must be among those of trace.SPRINT", workloads)
	}
	slowdown := make([][]float64, len(recipes))
	err := pool.Each(ctx, len(recipes), func(i int) error {
		w, err := workload(recipes[i])
		if err != nil {
			return err
		}
		for _, v := range values {
			s := machine
			set(&s, v)
			var total [2]sprint.Report
			for k, bound := range []sprint.MemoryBound{sprint.Banks, sprint.Hidden} {
				s.MemoryBound = bound
				if total[k], err = s.Simulate(ctx, w); err != nil {
					return err
				}
			}
			slowdown[i] = append(slowdown[i], sprint.Speedup(total[0], total[1]))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	n := &Numbers{}
	for i, r := range recipes {
		for k, v := range values {
			n.add(published.Row{System: system, Figure: "sprint-" + name, Series: machine.Name, Workload: r.Name, Config: fmt.Sprintf("%s=%d", name, v), Metric: "slowdown", Unit: "x"}, slowdown[i][k])
		}
	}
	return n, nil
}
