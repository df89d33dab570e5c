package a3

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/unit"
)

// Workload is one head of one input.
type Workload struct {
	Name   string
	Head   *attention.Head
	Sorted bool // the keys were sorted beforehand, as those of a memory network are
}

func (s Spec) check(w Workload) error {
	if err := w.Head.Validate(); err != nil {
		return fmt.Errorf("a3: Workload: %w", err)
	}
	if w.Head.Dim > s.Lanes {
		return fmt.Errorf("a3: Workload.Head.Dim is %d, must be in 1..%d (Spec.Lanes)", w.Head.Dim, s.Lanes)
	}
	return nil
}

// Simulate runs one head, query by query, and reports what was selected, cycles and energy. It fails when the Spec or the
// workload is not legal, and when ctx ends.
func (s Spec) Simulate(ctx context.Context, w Workload) (Report, error) {
	if err := s.Validate(); err != nil {
		return Report{}, err
	}
	if err := s.check(w); err != nil {
		return Report{}, err
	}
	h := w.Head
	r := Report{Machine: s.Name, Mode: s.Mode, Workload: w.Name, Clock: s.Clock, Area: s.Area(), Queries: h.Valid,
		Mask: attention.NewMask(h.Tokens, h.Tokens)}
	if s.Mode == Approximate && !w.Sorted {
		r.Sort = unit.Cycles(math.Round(s.SortCycles(h.Valid, h.Dim)))
	}
	u := newUnit(s, h)
	var p pipeline
	for t := range h.Valid {
		if err := ctx.Err(); err != nil {
			return Report{}, err
		}
		var stages []stage
		var rows Rows
		if s.Mode == Exact {
			rows, stages = u.exact(t, r.Mask)
		} else {
			rows, stages = u.approximate(t, r.Mask)
		}
		end := p.enter(stages)
		if t == 0 {
			r.Latency = unit.Cycles(end)
		}
		r.Cycles = r.Sort + unit.Cycles(end)
		r.add(rows, s.Busy(rows))
	}
	r.Streamed = u.streamed
	r.Energy = s.energy(r)
	r.Operations = 4 * int64(h.Dim) * int64(r.Rows.N)
	return r, nil
}

// stage is one module's part of a query: it takes the next query after busy cycles, and the result leaves depth later.
type stage struct{ busy, depth int64 }

// pipeline holds when each module is free.
type pipeline struct{ free []int64 }

// enter sends a query through and returns when it leaves.
func (p *pipeline) enter(stages []stage) int64 {
	if p.free == nil {
		p.free = make([]int64, len(stages))
	}
	var at int64
	for i, s := range stages {
		start := max(at, p.free[i])
		p.free[i] = start + s.busy
		at = start + s.busy + s.depth
	}
	return at
}

// unitState is the working memory of a head.
type unitState struct {
	Spec
	head     *attention.Head
	search   *pruning.Search
	distance float64 // in integer scores
	scores   []int32
	streamed unit.Bytes
}

func newUnit(s Spec, h *attention.Head) *unitState {
	u := &unitState{Spec: s, head: h}
	if s.Mode == Approximate {
		u.search = pruning.NewSearch(pruning.SortKeys(h.K[:h.Valid*h.Dim], h.Dim))
		u.distance = s.Candidates.Distance() / h.ScoreScale()
	}
	return u
}

func (u *unitState) exact(t int, m *attention.Mask) (Rows, []stage) {
	n := u.head.Keys(t)
	for j := range n {
		m.Keep(t, j)
		u.stream(j, 2)
	}
	module := stage{busy: int64(n + u.ModuleOverhead)}
	return Rows{N: float64(n)}, []stage{module, module, module}
}

// approximate searches, scores, filters, and times each step by the rows that came out of it.
func (u *unitState) approximate(t int, m *attention.Mask) (Rows, []stage) {
	h := u.head
	n := h.Keys(t)
	iterations := max(1, int(math.Ceil(u.Candidates.Iterations*float64(n))))
	rows := u.search.Run(h.Query(t), n, iterations)
	u.scores = u.scores[:0]
	issue := 0 // cycle after which the last candidate left the scan
	for _, j := range rows {
		u.scores = append(u.scores, attention.Dot(h.Query(t), h.Key(j)))
		issue = max(issue, j/u.ScanWidth) + 1
		u.stream(j, 1)
	}
	top, selected := slices.Max(u.scores), 0
	for i, j := range rows {
		if float64(top-u.scores[i]) <= u.distance {
			m.Keep(t, j)
			selected++
			u.stream(j, 1)
		}
	}
	return Rows{N: float64(n), Iterations: float64(iterations), Candidates: float64(len(rows)), Selected: float64(selected)},
		[]stage{
			{busy: int64(iterations + u.SelectorOverhead)},
			{busy: int64(issue), depth: int64(u.Alpha - u.SelectorOverhead - u.ModuleOverhead)},
			{busy: int64(selected)},
			{busy: int64(selected + u.ModuleOverhead)},
		}
}

// stream counts vectors of row j that are not on chip, a byte an element.
func (u *unitState) stream(j, vectors int) {
	if j >= u.Rows {
		u.streamed += unit.Bytes(vectors * u.Lanes)
	}
}
