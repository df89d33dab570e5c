package sprint

import (
	"context"
	"testing"

	"github.com/sparse-attention/workbench/lib/reram"
	"github.com/sparse-attention/workbench/lib/unit"
	"pgregory.net/rapid"
)

// stepped is the CORELETs cycle by cycle: in each cycle a free CORELET takes the next key that is on chip, from where its
// rotate pointer stands, or waits.
func stepped(s Spec, w Workload, t *rapid.T) unit.Cycles {
	memory, err := reram.NewController(s.Timing, s.Layout, unit.Bytes(w.Head.Dim))
	if err != nil {
		t.Fatal(err)
	}
	clk := s.clocks()
	source := s.source(w, true)
	step := keyCycles(w.Head.Dim, s.Lanes)
	timed := w.Head.Valid
	if s.PaddedQueries && (s.Mode == Baseline || s.Mode == Pruning) {
		timed = w.Head.Tokens
	}
	var now, before, next unit.Cycles
	var d demand
	for from := 0; from < timed; from += s.CoreletWindow {
		at := make([]unit.Cycles, s.Corelets)
		for c := range at {
			at[c] = now
		}
		for q := from; q < min(from+s.CoreletWindow, timed); q++ {
			source.next(q, &d)
			asked, resident := clk.mem(before), now
			if s.Mode == SPRINT {
				if q == 0 {
					next = memory.Threshold(asked, w.Head.Valid)
				}
				vector := next
				next = memory.Threshold(asked, w.Head.Valid)
				asked, resident = max(asked, vector), clk.core(vector)
			}
			arrival := map[int]unit.Cycles{}
			for _, m := range d.missing {
				var a unit.Cycles
				if m.wantKey {
					a = memory.ReadKey(asked, int(m.key))
				}
				if m.wantValue {
					a = max(a, memory.ReadValue(asked, int(m.key)))
				}
				arrival[int(m.key)] = clk.core(a)
			}
			for c := range at {
				var keys []unit.Cycles // when each key of this CORELET is on chip, by index
				for j := c; j < w.Head.Tokens; j += s.Corelets {
					if !scores(s, w, q, j) {
						continue
					}
					if a, ok := arrival[j]; ok {
						keys = append(keys, a)
					} else {
						keys = append(keys, resident)
					}
				}
				at[c] = serve(keys, at[c], step, s.SkipLate)
			}
		}
		before = now
		for _, a := range at {
			now = max(now, a)
		}
	}
	return now
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
