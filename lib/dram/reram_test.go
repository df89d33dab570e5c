package dram

import (
	"math"
	"testing"
)

// run pushes requests to a memory and returns when each was done, with the commands of channel 0 and whether they are
// legal.
func run(t *testing.T, s Spec, requests []Request) (done map[uint64]int64, log []Command, st Stats) {
	t.Helper()
	k, err := NewChecker(s)
	if err != nil {
		t.Fatal(err)
	}
	done = map[uint64]int64{}
	y, err := New(s, func(c Completion) { done[c.ID] = c.Done })
	if err != nil {
		t.Fatal(err)
	}
	y.Log(func(c Command) {
		log = append(log, c)
		if err := k.Observe(c); err != nil {
			t.Error(err)
		}
	})
	for _, r := range requests {
		if _, err := y.Push(r); err != nil {
			t.Fatal(err)
		}
	}
	st = y.Drain()
	if err := st.Verify(); err != nil {
		t.Error(err)
	}
	return done, log, st
}

// address of a location, or the test ends.
func address(t *testing.T, s Spec, l Location) uint64 {
	t.Helper()
	m, err := ParseMapping(s)
	if err != nil {
		t.Fatal(err)
	}
	a, err := m.Address(l)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestThresholding: the pruning vector is read tCL + tAxTh after CopyQ and arrives like a read; t_mem of sprint.md section
// 4.3 without the keys is tCL + tAxTh + t_ReadP = 6 + 8 + 10. No row is opened for either.
func TestThresholding(t *testing.T) {
	s := ReRAM()
	for _, axth := range []int{0, 1, 8, 20} {
		s.Timing.TAxTh = axth
		done, log, st := run(t, s, []Request{{ID: 1, Kind: Threshold}, {ID: 2, Kind: ReadPruning}})
		if log[0].Op != CopyQ || log[1].Op != ReadP || log[1].At-log[0].At != int64(6+axth) {
			t.Errorf("tAxTh %d: %v, must be ReadP %d clocks after CopyQ", axth, log, 6+axth)
		}
		if done[1] != log[0].At+6 || done[2] != log[0].At+int64(6+axth+10) {
			t.Errorf("tAxTh %d: query in place at %d, vector at %d; must be %d and %d", axth, done[1], done[2], log[0].At+6, log[0].At+int64(16+axth))
		}
		if st.Ops[ACT] != 0 || st.Thresholds != 1 || st.PruningReads != 1 || st.Bytes != 0 {
			t.Errorf("tAxTh %d: ACT %d, CopyQ %d, ReadP %d, %d bytes", axth, st.Ops[ACT], st.Thresholds, st.PruningReads, st.Bytes)
		}
	}
}

// TestBanksThresholdAtOnce: queries go to all banks of a channel one tCL apart and their arrays compare side by side.
func TestBanksThresholdAtOnce(t *testing.T) {
	s := ReRAM()
	var q []Request
	for b := range 4 {
		a := address(t, s, Location{Bank: b})
		q = append(q, Request{ID: uint64(b), Addr: a, Kind: Threshold}, Request{ID: uint64(10 + b), Addr: a, Kind: ReadPruning})
	}
	done, log, _ := run(t, s, q)
	var copies []int64
	for _, c := range log {
		if c.Op == CopyQ {
			copies = append(copies, c.At)
		}
	}
	for i := 1; i < len(copies); i++ {
		if copies[i]-copies[i-1] != 6 {
			t.Errorf("CopyQ at %v, must be 6 clocks apart", copies)
		}
	}
	if last := done[13] - copies[0]; last != 3*6+6+8+10 {
		t.Errorf("four vectors after %d clocks, must be 3 tCL + tCL + tAxTh + t_ReadP = 42", last)
	}
}

// TestTransposedReads: a key read along the other axis costs one row access, like any other, and shares no open row with
// the word lines.
func TestTransposedReads(t *testing.T) {
	s := ReRAM()
	a := address(t, s, Location{Row: 5})
	b := address(t, s, Location{Row: 5, Column: 1})
	_, log, st := run(t, s, []Request{{ID: 0, Addr: a, Kind: ReadTransposed}, {ID: 1, Addr: b, Kind: ReadTransposed}, {ID: 2, Addr: b}})
	if st.Ops[ACT] != 2 || st.RowHits != 1 || st.Reads != 3 {
		t.Errorf("ACT %d, row hits %d, reads %d; must be 2, 1, 3: %v", st.Ops[ACT], st.RowHits, st.Reads, log)
	}
	if log[0].Row != s.Rows+5 || log[len(log)-1].Row != 5 {
		t.Errorf("rows %d and %d, must be %d and 5", log[0].Row, log[len(log)-1].Row, s.Rows+5)
	}
}

// TestWritesAreSlower: a write holds its bank for the pulse, so that writes to one bank run slower than reads, and the
// more so the longer the pulse.
func TestWritesAreSlower(t *testing.T) {
	cycles := func(k Kind, twp int) float64 {
		s := ReRAM()
		s.Timing.TWP = twp
		var q []Request
		for i := range 400 { // one row of one bank
			q = append(q, Request{ID: uint64(i), Addr: address(t, s, Location{Column: i % 32, Row: i / 32}), Kind: k})
		}
		_, _, st := run(t, s, q)
		return float64(st.Cycles)
	}
	read, write, slow := cycles(Read, 4), cycles(Write, 4), cycles(Write, 20)
	if write < read+400*3.5 || slow < write+400*15 {
		t.Errorf("reads %g, writes %g, with 20 clocks of pulse %g", read, write, slow)
	}
	if same := cycles(Read, 20); same != read {
		t.Errorf("reads take %g cycles with a longer write pulse, %g without", same, read)
	}
}

// TestKeyInterleave: neighbouring keys lie in different channels and then banks, which makes sparse keys faster than
// NVMain's own order of the address when they are few and close.
func TestKeyInterleave(t *testing.T) {
	s := ReRAM()
	m, err := ParseMapping(s)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[[2]int]bool{}
	for key := range 16 {
		l, err := m.Locate(uint64(64 * key))
		if err != nil {
			t.Fatal(err)
		}
		seen[[2]int{l.Channel, l.Bank}] = true
	}
	if len(seen) != 16 {
		t.Errorf("16 neighbouring keys lie in %d banks", len(seen))
	}
	nearby := func(mapping string) float64 { // 32 neighbouring keys
		s := s
		s.Mapping = mapping
		st, err := Run(s, Reads(Sequential(32, 64), 64, 64), nil)
		if err != nil {
			t.Fatal(err)
		}
		return float64(st.Cycles)
	}
	if a, b := nearby("rocobgbarach"), nearby("rorabgbachco"); a > 0.75*b {
		t.Errorf("%g clocks interleaved, %g in NVMain's order R:RK:BK:CH:C", a, b)
	}
}

// TestMemoryBoundQuery is the fixture of sprint.md section 6.4: 512 vectors of 64 bytes at 25.6 GB/s take 1280 ns; the
// queues and the first row add to it.
func TestMemoryBoundQuery(t *testing.T) {
	s := ReRAM()
	st, err := Run(s, Reads(Sequential(512, 64), 64, 64), nil)
	if err != nil {
		t.Fatal(err)
	}
	ns := st.Cycles.Seconds(s.Clock) * 1e9
	if ns < 1280 || ns > 1280*1.05 {
		t.Errorf("%.1f ns, must be 1280 and at most 5 %% more", ns)
	}
	if e := st.EnergyPerBit(); math.Abs(e-3.1) > 1e-9 {
		t.Errorf("%g pJ/bit, must be 3.1", e)
	}
}

// TestLifetime is reram.md section 6: one write per inference of 1.408 ms.
func TestLifetime(t *testing.T) {
	for _, c := range []struct{ endurance, days, within float64 }{{1e9, 16.3, 0.05}, {1e12, 44.6 * 365.25, 20}} {
		if got := Lifetime(c.endurance, 1, 1.408e-3) / 86400; math.Abs(got-c.days) > c.within {
			t.Errorf("endurance %g: %g days, must be %g", c.endurance, got, c.days)
		}
	}
	if !math.IsInf(Lifetime(1e9, 0, 1), 1) {
		t.Error("cells that are never written wear out")
	}
}
