package dram

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// anySpec draws a memory: a preset with the policies and some timings changed.
func anySpec(t *rapid.T) Spec {
	p := presets()
	names := make([]string, 0, len(p))
	for n := range p {
		names = append(names, n)
	}
	slices.Sort(names)
	s := p[rapid.SampledFrom(names).Draw(t, "preset")]
	c := &s.Controller
	c.ClosedPage = rapid.Bool().Draw(t, "closed page")
	c.Merge = rapid.Bool().Draw(t, "merge")
	c.AgeLimit = rapid.SampledFrom([]int64{0, 200, ageLimit}).Draw(t, "age limit")
	c.StaggerRefresh = rapid.Bool().Draw(t, "stagger")
	if s.Timing.TRFC > 0 {
		modes := []RefreshMode{NoRefresh, AllBankRefresh}
		if s.Timing.TRFCB > 0 {
			modes = append(modes, PerBankRefresh)
		}
		c.Refresh = rapid.SampledFrom(modes).Draw(t, "refresh")
	}
	if !s.InMemory && rapid.Bool().Draw(t, "other arbiter") {
		if c.Arbiter == RoundRobin {
			c.Arbiter, c.BankQueue, c.HitCap = OldestFirst, 0, 0
		} else {
			c.Arbiter, c.BankQueue, c.HitCap = RoundRobin, rapid.IntRange(1, 8).Draw(t, "bank queue"), rapid.IntRange(0, 6).Draw(t, "hit cap")
		}
	}
	c.ReadQueue = rapid.IntRange(1, 64).Draw(t, "read queue")
	c.WriteQueue = rapid.IntRange(1, 64).Draw(t, "write queue")
	c.WriteHigh = rapid.IntRange(1, c.WriteQueue).Draw(t, "high")
	c.WriteLow = rapid.IntRange(0, c.WriteHigh-1).Draw(t, "low")
	s.FrontEnd = FrontEnd{Width: rapid.IntRange(1, 16).Draw(t, "width"), PerChannel: rapid.Bool().Draw(t, "per channel")}
	s.Timing.TFAW = rapid.IntRange(s.Timing.TRRDS, 60).Draw(t, "tFAW")
	if rapid.Bool().Draw(t, "slow activate") {
		s.CommandCycles = map[Op]int{ACT: rapid.IntRange(1, 4).Draw(t, "ACT cycles")}
	}
	return s
}

// anyRequests draws a stream with hot rows, bursts of writes, pauses and repeats.
func anyRequests(t *rapid.T, s Spec) []Request {
	g := SplitMix(rapid.Uint64().Draw(t, "seed"))
	n := rapid.IntRange(1, 600).Draw(t, "requests")
	window := uint64(s.AccessBytes) << rapid.IntRange(0, 16).Draw(t, "window")
	writes := rapid.Uint64Range(0, 4).Draw(t, "writes of 4")
	pause := rapid.SampledFrom([]uint64{0, 0, 3, 50, 2000}).Draw(t, "pause")
	var all []Request
	var now int64
	thresholds := map[uint64]bool{}
	for i := range n {
		if pause > 0 && g.Next()%8 == 0 {
			now += int64(g.Next() % pause)
		}
		r := Request{ID: uint64(i), At: now, Addr: g.Next() % window &^ uint64(s.AccessBytes-1)}
		if g.Next()%4 < writes {
			r.Kind = Write
		} else if s.InMemory {
			r.Kind = []Kind{Read, ReadTransposed, Threshold, ReadPruning}[g.Next()%4]
			if r.Kind == Threshold {
				thresholds[r.Addr] = true
			} else if r.Kind == ReadPruning && !thresholds[r.Addr] {
				r.Kind = Read
			}
		}
		all = append(all, r)
	}
	return all
}

// TestNoRuleIsBroken lets the checker replay the commands of any controller under any load, and holds the run against
// the conservation laws: each request completes exactly once, no sooner than the column latency allows.
func TestNoRuleIsBroken(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySpec(t)
		requests := anyRequests(t, s)
		k, err := NewChecker(s)
		if err != nil {
			t.Fatal(err)
		}
		served := make([]int, len(requests))
		y, err := New(s, func(c Completion) {
			served[c.ID]++
			r := requests[c.ID]
			if c.Accepted < r.At || c.Done <= c.Accepted || c.Kind != r.Kind {
				t.Errorf("request %+v completes as %+v", r, c)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		y.Log(func(c Command) {
			if err := k.Observe(c); err != nil {
				t.Error(err)
			}
		})
		for _, r := range requests {
			if _, err := y.Push(r); err != nil {
				t.Fatal(err)
			}
		}
		st := y.Drain()
		if err := st.Verify(); err != nil {
			t.Error(err)
		}
		for id, n := range served {
			if n != 1 {
				t.Errorf("request %d completed %d times", id, n)
			}
		}
		var ops int64
		for _, n := range st.Ops {
			ops += n
		}
		if ops != k.Commands() {
			t.Errorf("%d commands counted, %d logged", ops, k.Commands())
		}
		if s.Controller.Refresh == AllBankRefresh {
			if limit := int64(9 * s.Timing.TREFI); k.LongestRefreshGap() > limit {
				t.Errorf("%d clocks between refreshes, JEDEC allows %d", k.LongestRefreshGap(), limit)
			}
		}
	})
}

// everyClock plays a stream without jumps: each channel is worked on in every single clock.
func everyClock(t *rapid.T, s Spec, requests []Request, log func(Command)) Stats {
	y, err := New(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	y.Log(log)
	step := func(c *channel, to int64) {
		c.now = max(c.now, 0) // nothing is there to do before the first request
		for c.now < to {
			c.next = c.now + 1
			c.tick()
		}
	}
	for _, r := range requests {
		f := y.mapping.decode(r.Addr)
		c := y.channels[f[FieldChannel]]
		k := 0
		if s.FrontEnd.PerChannel {
			k = c.index
		}
		at := max(r.At, y.clock[k])
		if at == y.clock[k] && y.handed[k] >= s.FrontEnd.Width {
			at++
		}
		step(c, at)
		for !c.space(r.Kind) {
			step(c, c.now+1)
		}
		if _, err := y.Push(Request{ID: r.ID, Addr: r.Addr, Kind: r.Kind, At: r.At}); err != nil {
			t.Fatal(err)
		}
	}
	return y.Drain()
}

// TestJumpsLoseNothing: time jumps to the next legal command, and the commands come out as if every clock were looked at.
func TestJumpsLoseNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySpec(t)
		requests := anyRequests(t, s)
		byChannel := func(log *[][]Command) func(Command) {
			*log = make([][]Command, s.Channels)
			return func(c Command) { (*log)[c.Channel] = append((*log)[c.Channel], c) }
		}
		var jumps, clocks [][]Command
		y, err := New(s, nil)
		if err != nil {
			t.Fatal(err)
		}
		y.Log(byChannel(&jumps))
		for _, r := range requests {
			if _, err := y.Push(r); err != nil {
				t.Fatal(err)
			}
		}
		a := y.Drain()
		b := everyClock(t, s, requests, byChannel(&clocks))
		if a.Cycles != b.Cycles || a.LastAccept != b.LastAccept {
			t.Errorf("%d cycles with jumps, %d without; last accepted %d and %d", a.Cycles, b.Cycles, a.LastAccept, b.LastAccept)
		}
		for c := range jumps {
			if !slices.Equal(jumps[c], clocks[c]) {
				for i := range jumps[c] {
					if i >= len(clocks[c]) || jumps[c][i] != clocks[c][i] {
						t.Fatalf("channel %d: command %d is %v with jumps", c, i, jumps[c][i])
					}
				}
				t.Fatalf("channel %d: %d commands with jumps, %d without", c, len(jumps[c]), len(clocks[c]))
			}
		}
	})
}

// TestNoStarvation floods one row of a bank with hits and asks for another row once: the wait ends soon after the age
// limit, under both arbiters. Without a limit and without refresh the flood wins, which shows that the test bites.
func TestNoStarvation(t *testing.T) {
	for _, reading := range []Reading{DRAMsim3, Ramulator} {
		for _, limit := range []int64{0, 2000} {
			s := HBM2(reading)
			s.Controller.Refresh = NoRefresh
			s.Controller.AgeLimit = limit
			s.Controller.Merge = false
			s.FrontEnd = FrontEnd{Width: 16}
			m, err := ParseMapping(s)
			if err != nil {
				t.Fatal(err)
			}
			const n, odd = 40_000, 100
			var wait int64
			y, err := New(s, func(c Completion) {
				if c.ID == odd {
					wait = c.Done - c.Accepted
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			for i := range n {
				l := Location{Column: i % s.Bursts}
				if i == odd {
					l.Row = 1
				}
				a, err := m.Address(l)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := y.Push(Request{ID: uint64(i), Addr: a}); err != nil {
					t.Fatal(err)
				}
			}
			y.Drain()
			if limit > 0 && wait > limit+300 {
				t.Errorf("set %v: waited %d clocks under a limit of %d", reading, wait, limit)
			}
			if limit == 0 && wait < 40_000 {
				t.Errorf("set %v: waited only %d clocks without a limit: the flood does not starve it", reading, wait)
			}
		}
	}
}

// TestRepeatable: the same stream gives the same clocks, and a drained memory goes on where it stood.
func TestRepeatable(t *testing.T) {
	s := HBM2(DRAMsim3)
	one := func() string {
		st, err := Run(s, Reads(Random(3000, 5, 1<<26, 64), 64, 64), nil)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(st.Cycles, st.Ops, st.Energy)
	}
	if a, b := one(), one(); a != b {
		t.Errorf("%s, then %s", a, b)
	}
	y, err := New(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	var last int64
	for round := range 5 {
		for i := range 100 {
			at, err := y.Push(Request{Addr: uint64(i) * 4096, At: last})
			if err != nil || at < last {
				t.Fatalf("round %d: accepted at %d, must not be before %d (%v)", round, at, last, err)
			}
		}
		st := y.Drain()
		if err := st.Verify(); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		last = int64(st.Cycles)
	}
}
