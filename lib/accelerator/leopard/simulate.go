package leopard

import (
	"context"

	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/energy"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/unit"
)

// Simulate runs one head and reports decisions, cycles, events and energy. It fails when the Spec or the workload is not
// legal, and when ctx ends.
func (s Spec) Simulate(ctx context.Context, w Workload) (Report, error) {
	if err := s.Validate(); err != nil {
		return Report{}, err
	}
	o, err := s.operands(w)
	if err != nil {
		return Report{}, err
	}
	t := &tile{Spec: s, operands: o, free: make([]int, s.QKUnits), back: make([]int64, s.ScoreBuffers), shown: make([]int, o.Valid)}
	t.report = Report{Machine: s.Name, Mode: s.Mode, Workload: w.Name, Clock: s.Clock, Area: s.Area,
		KeyBits: s.BitSerial.KeyBits, BitsPerCycle: s.BitSerial.BitsPerCycle,
		ByCycles: make([]int64, s.BitSerial.Cycles()+1), Mask: attention.NewMask(o.Tokens, o.Tokens)}
	if err := t.run(ctx); err != nil {
		return Report{}, err
	}
	return t.finish(), nil
}

// tile is a Spec in the course of one head. Times are cycles since the start.
type tile struct {
	Spec
	operands
	report Report

	free  []int   // when each query-key unit ends its key, from the start of the query
	back  []int64 // when the value unit ended the last queries, as a ring
	step  int     // queries through the tile so far, of all blocks
	front int64   // when the front end is free
	shown []int   // survivors of each query so far
	bits  int64   // key bits read, of one element each
}

// run takes the keys in blocks that fit in the buffers, and all queries for each block.
func (t *tile) run(ctx context.Context) error {
	keys, values := t.Vectors(t.Dim)
	block := min(keys, values)
	for from := 0; from < t.Valid; from += block {
		to := min(from+block, t.Valid)
		t.report.Blocks++
		for q := range t.Valid {
			if err := ctx.Err(); err != nil {
				return err
			}
			t.query(q, from, min(to, t.Keys(q)), to == t.Valid || t.Keys(q) <= to)
		}
	}
	return nil
}

// query scores keys from..to-1; last says that no later block has keys for the query.
func (t *tile) query(q, from, to int, last bool) {
	if to <= from {
		return
	}
	clear(t.free)
	survivors := 0
	for j := from; j < to; j++ {
		kept, cycles := t.key(q, j)
		t.report.Keys++
		t.report.ByCycles[cycles]++
		t.place(cycles)
		if kept {
			survivors++
			t.report.Mask.Keep(q, j)
		}
	}
	t.shown[q] += survivors
	if last && t.shown[q] == 0 && t.EmptyRow == pruning.KeepMaximum && t.Mode != Baseline {
		t.rescore(q)
		survivors, t.shown[q] = 1, 1
	}
	front := 0
	for _, f := range t.free {
		front = max(front, f)
	}
	values := survivors
	if t.Mode == Baseline {
		values = to - from
	}
	t.report.Survivors += int64(values)
	t.advance(int64(front), int64(values*t.passes()))
}

// key decides one key and says how many steps of BitsPerCycle bits it was read for.
func (t *tile) key(q, j int) (kept bool, cycles int) {
	if t.Mode == EarlyTermination {
		out := t.BitSerial.Decide(t.Query(q), t.Key(j), t.threshold, nil)
		return out.Kept, out.Cycles
	}
	cycles = t.BitSerial.Cycles()
	return t.Mode == Baseline || int64(attention.Dot(t.Query(q), t.Key(j))) >= t.threshold, cycles
}

// place gives a key to the unit that is free first.
func (t *tile) place(cycles int) {
	first := 0
	for u, f := range t.free {
		if f < t.free[first] {
			first = u
		}
	}
	t.free[first] += cycles * t.passes()
	t.report.Front += unit.Cycles(cycles * t.passes())
	t.bits += int64(min(cycles*t.BitSerial.BitsPerCycle, t.BitSerial.KeyBits))
}

// rescore reads all keys of a query to the end and keeps the first highest score.
func (t *tile) rescore(q int) {
	t.report.Rescored++
	best, top := 0, int32(0)
	for j := range t.Keys(q) {
		if t.Mode == EarlyTermination { // otherwise the scores are known
			t.place(t.BitSerial.Cycles())
		}
		if x := attention.Dot(t.Query(q), t.Key(j)); j == 0 || x > top {
			best, top = j, x
		}
	}
	t.report.Mask.Keep(q, best)
}

// advance moves a query through the two stages: the front end waits for a score buffer, the back end for the scores.
func (t *tile) advance(front, back int64) {
	buffer := &t.back[t.step%len(t.back)]
	t.front = max(t.front, *buffer) + front
	previous := t.back[(t.step+len(t.back)-1)%len(t.back)]
	*buffer = max(t.front, previous) + back
	t.report.Back += unit.Cycles(back)
	t.report.Cycles = unit.Cycles(*buffer)
	t.step++
}

func (t *tile) passes() int { return (t.Dim + t.Taps - 1) / t.Taps }

// finish turns the totals into events and energy.
func (t *tile) finish() Report {
	r := t.report
	d, survivors := float64(t.Dim), float64(r.Survivors)
	bits := float64(t.bits)
	const product = 8 * 8 // bit products of the energy table's MAC
	r.Events[energy.OnChipRead] = d*bits + survivors*d*float64(t.ValueBits)
	r.Events[energy.QKPU] = d * float64(t.QueryBits) * bits / product
	r.Events[energy.VPU] = survivors * d * float64(t.ProbabilityBits*t.ValueBits) / product
	r.Events[energy.Softmax] = survivors
	r.Energy = t.Energy.Of(r.Events)
	r.Loaded = unit.Bytes(t.Valid*t.Dim*(t.BitSerial.KeyBits+t.ValueBits+r.Blocks*t.QueryBits)+7) / 8
	r.Operations = 4 * int64(t.Dim) * r.Keys
	r.BitsRead = t.bits
	return r
}
