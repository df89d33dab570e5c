package sprint

import (
	"context"
	"slices"
	"testing"

	"github.com/sparse-attention/workbench/lib/dram"
	"github.com/sparse-attention/workbench/lib/unit"
	"pgregory.net/rapid"
)

// stepped is the CORELETs cycle by cycle: in each cycle a free CORELET takes the next key that is on chip, from where its
// rotate pointer stands, or waits. Its memory gets the same requests in the same order as the machine's.
func stepped(s Spec, w Workload, t *rapid.T) unit.Cycles {
	type part struct{ query, key int } // key -1: the pruning vector
	where := s.place(w.Head)
	var ids []part
	left, done := map[part]int{}, map[part]int64{}
	memory, err := dram.New(s.main(), func(c dram.Completion) {
		if c.Kind != dram.Threshold {
			left[ids[c.ID]]--
			done[ids[c.ID]] = max(done[ids[c.ID]], c.Done)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	last := int64(0)
	ask := func(p part, kind dram.Kind, at int64, addresses ...uint64) {
		for _, a := range addresses {
			last = max(last, at)
			ids = append(ids, p)
			left[p]++
			if _, err := memory.Push(dram.Request{ID: uint64(len(ids) - 1), Addr: a, At: last, Kind: kind}); err != nil {
				t.Fatal(err)
			}
		}
	}
	threshold := func(q int, at int64) {
		if q >= w.Head.Valid {
			return
		}
		for _, a := range where.arrays {
			ask(part{q, -2}, dram.Threshold, at, a.addr)
		}
		for _, a := range where.arrays {
			for range a.reads {
				ask(part{q, -1}, dram.ReadPruning, at, a.addr)
			}
		}
	}
	arrival := func(p part) int64 {
		if left[p] > 0 && !memory.Until(func() bool { return left[p] == 0 }) {
			t.Fatalf("the memory lost %+v", p)
		}
		return done[p]
	}
	clk := s.clocks()
	source := s.source(w, true)
	step := keyCycles(w.Head.Dim, s.Lanes)
	timed := w.Head.Valid
	if s.PaddedQueries && (s.Mode == Baseline || s.Mode == Pruning) {
		timed = w.Head.Tokens
	}
	var d demand
	missing := make([][]int, timed)
	starts := []unit.Cycles{0, 0} // of the window before the first, and of the first
	request := func(window int) {
		for q := window * s.CoreletWindow; q < min((window+1)*s.CoreletWindow, timed); q++ {
			source.next(q, &d)
			at := int64(clk.mem(starts[window]))
			if s.Mode == SPRINT {
				if q == 0 {
					threshold(0, at)
				}
				threshold(q+1, at)
				at = max(at, arrival(part{q, -1}))
			}
			for _, m := range d.missing {
				j, p := int(m.key), part{q, int(m.key)}
				missing[q] = append(missing[q], j)
				lower := where.lower[j*(where.half+where.whole):][:where.half+where.whole]
				if m.wantKey {
					ask(p, dram.ReadTransposed, at, where.upper[j*where.half:][:where.half]...)
					ask(p, dram.Read, at, lower[:where.half]...)
				}
				if m.wantValue {
					ask(p, dram.Read, at, lower[where.half:]...)
				}
			}
		}
	}
	request(0)
	for window := 0; window*s.CoreletWindow < timed; window++ {
		request(window + 1)
		now := starts[window+1]
		at := make([]unit.Cycles, s.Corelets)
		for c := range at {
			at[c] = now
		}
		for q := window * s.CoreletWindow; q < min((window+1)*s.CoreletWindow, timed); q++ {
			resident := now
			if s.Mode == SPRINT {
				resident = clk.core(unit.Cycles(arrival(part{q, -1})))
			}
			for c := range at {
				var keys []unit.Cycles // when each key of this CORELET is on chip, by index
				for j := c; j < w.Head.Tokens; j += s.Corelets {
					if !scores(s, w, q, j) {
						continue
					}
					if slices.Contains(missing[q], j) {
						keys = append(keys, clk.core(unit.Cycles(arrival(part{q, j}))))
					} else {
						keys = append(keys, resident)
					}
				}
				at[c] = serve(keys, at[c], step, s.SkipLate)
			}
		}
		starts = append(starts, max(now, slices.Max(at)))
	}
	return starts[len(starts)-1]
}

func scores(s Spec, w Workload, q, j int) bool {
	switch s.Mode {
	case MaskOnly:
		return j < w.Head.Valid
	case SPRINT:
		return w.Mask.Kept(q, j)
	}
	return true
}

func serve(keys []unit.Cycles, t, step unit.Cycles, skip bool) unit.Cycles {
	pointer := 0
	for len(keys) > 0 {
		taken := false
		for i := range keys {
			k := (pointer + i) % len(keys)
			if keys[k] <= t {
				keys = append(keys[:k], keys[k+1:]...)
				pointer, taken = k, true
				break
			}
			if !skip {
				break // the pointer waits
			}
		}
		if taken {
			t += step
			if !skip {
				pointer = 0
			}
			if len(keys) > 0 {
				pointer %= len(keys)
			}
		} else {
			t++
		}
	}
	return t
}

// The closed run of a query over sorted arrivals is the machine stepped cycle by cycle.
func TestBanksCycleByCycle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, w := drawSpec(t), drawWorkload(t)
		s.MemoryBound = Banks
		r, err := s.Simulate(context.Background(), w)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := r.Cycles.Compute+r.Cycles.Stall, stepped(s, w, t); got != want {
			t.Fatalf("%d cycles, %d when stepped", got, want)
		}
	})
}
