package dram

import (
	"strings"
	"testing"
)

// TestBadRequests: the error names the index of the request, the value and what is legal, and the stream can go on.
func TestBadRequests(t *testing.T) {
	for _, c := range []struct {
		name string
		spec Spec
		r    Request
		want []string
	}{
		{"back in time", HBM2(DRAMsim3), Request{At: 9}, []string{"request 1", "At is 9", "10"}},
		{"negative time", HBM2(DRAMsim3), Request{At: -1}, []string{"request 1", "At is -1"}},
		{"beyond capacity", HBM2(DRAMsim3), Request{At: 10, Addr: 8 << 30}, []string{"request 1", "0x200000000", "below the capacity"}},
		{"unaligned", HBM2(DRAMsim3), Request{At: 10, Addr: 32}, []string{"request 1", "0x20", "multiple of 64"}},
		{"across an access", HBM2(DRAMsim3), Request{At: 10, Addr: 32, Bytes: 64}, []string{"request 1", "across the end of an access of 64"}},
		{"larger than an access", HBM2(Ramulator), Request{At: 10, Bytes: 64}, []string{"request 1", "Bytes 64", "access of 32"}},
		{"negative size", HBM2(DRAMsim3), Request{At: 10, Bytes: -1}, []string{"Bytes is -1"}},
		{"reserved ID", HBM2(DRAMsim3), Request{At: 10, ID: 1 << 63}, []string{"request 1", "ID is 0x8000000000000000"}},
		{"unknown kind", HBM2(DRAMsim3), Request{At: 10, Kind: 99}, []string{"Kind is 99"}},
		{"CopyQ to DRAM", HBM2(DRAMsim3), Request{At: 10, Kind: Threshold}, []string{"CopyQ", "InMemory"}},
		{"ReadP before CopyQ", ReRAM(), Request{At: 10, Kind: ReadPruning}, []string{"ReadP", "must follow a CopyQ"}},
	} {
		y, err := New(c.spec, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := y.Push(Request{At: 10}); err != nil {
			t.Fatal(err)
		}
		if _, err = y.Push(c.r); err == nil {
			t.Errorf("%s: accepted", c.name)
			continue
		}
		for _, w := range append(c.want, "dram: request") {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: error is %q, must name %q", c.name, err, w)
			}
		}
		if _, err := y.Push(Request{At: 11, Addr: 64, Bytes: 8}); err != nil {
			t.Errorf("%s: the next request is refused: %v", c.name, err)
		}
		if st := y.Drain(); st.Requests != 2 || st.Verify() != nil {
			t.Errorf("%s: %d requests served, must be 2 (%v)", c.name, st.Requests, st.Verify())
		}
	}
}

// TestEarliestClock: a request is never taken before its own clock, and an idle memory serves it with the latency of a
// closed bank.
func TestEarliestClock(t *testing.T) {
	for _, c := range []struct {
		spec    Spec
		latency int64
	}{
		{HBM2(DRAMsim3), 2 + 14 + 16},  // two clocks through the queues, tRCD, CL + burst
		{HBM2(Ramulator), 1 + 15 + 16}, // one clock, tRCD after a two-clock ACT, CL + burst
		{ReRAM(), 1 + 10 + 10},
	} {
		c.spec.Controller.Refresh = NoRefresh
		var done []Completion
		y, err := New(c.spec, func(d Completion) { done = append(done, d) })
		if err != nil {
			t.Fatal(err)
		}
		for bank, at := range []int64{0, 1000, 1_000_000} {
			addr, err := y.Mapping().Address(Location{Bank: bank})
			if err != nil {
				t.Fatal(err)
			}
			got, err := y.Push(Request{ID: uint64(at), Addr: addr, At: at})
			if err != nil || got != at {
				t.Errorf("%s: taken at %d, must be %d (%v)", c.spec.Name, got, at, err)
			}
		}
		y.Drain()
		for _, d := range done {
			if d.Accepted != int64(d.ID) || d.Done != int64(d.ID)+c.latency {
				t.Errorf("%s: %+v, must be done %d clocks after %d", c.spec.Name, d, c.latency, d.ID)
			}
		}
		if len(done) != 3 {
			t.Errorf("%s: %d of 3 done", c.spec.Name, len(done))
		}
	}
}

// TestSharedServices: reads of waiting writes, writes over them and merged reads need no burst of their own.
func TestSharedServices(t *testing.T) {
	s := HBM2(DRAMsim3)
	var order []uint64
	y, err := New(s, func(c Completion) { order = append(order, c.ID) })
	if err != nil {
		t.Fatal(err)
	}
	for id, k := range []Kind{Write, Write, Read, Read} {
		if _, err := y.Push(Request{ID: uint64(id), Addr: 0, Kind: k}); err != nil {
			t.Fatal(err)
		}
	}
	for id := range 3 {
		if _, err := y.Push(Request{ID: uint64(10 + id), Addr: 1 << 20}); err != nil {
			t.Fatal(err)
		}
	}
	st := y.Drain()
	if err := st.Verify(); err != nil {
		t.Error(err)
	}
	if st.Coalesced != 1 || st.Forwarded != 2 || st.Merged != 2 || st.Ops[RD] != 1 || st.Ops[WR] != 1 || len(order) != 7 {
		t.Errorf("coalesced %d, forwarded %d, merged %d, RD %d, WR %d, %d done; must be 1, 2, 2, 1, 1, 7",
			st.Coalesced, st.Forwarded, st.Merged, st.Ops[RD], st.Ops[WR], len(order))
	}
}

// TestTransfers: bulk moves of any alignment, alone and side by side.
func TestTransfers(t *testing.T) {
	s := HBM2(DRAMsim3)
	s.Controller.Refresh = NoRefresh
	others := 0
	y, err := New(s, func(Completion) { others++ })
	if err != nil {
		t.Fatal(err)
	}
	end, err := y.Move(Transfer{Addr: 100, Bytes: 1, At: 50})
	if err != nil || end != 50+2+14+16 {
		t.Errorf("one byte arrives at %d, must be %d (%v)", end, 50+32, err)
	}
	a, err := y.Start(Transfer{Addr: 1 << 20, Bytes: 64 << 10, At: end})
	if err != nil {
		t.Fatal(err)
	}
	b, err := y.Start(Transfer{Addr: 2 << 20, Bytes: 64 << 10, At: end, Kind: Write})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := y.Push(Request{ID: 5, Addr: 3 << 20, At: end}); err != nil {
		t.Fatal(err)
	}
	ea, eb := a.Await(), b.Await()
	least := end + 64<<10/256                                        // at 256 bytes a clock
	if ea < least || eb < least || max(ea, eb) > end+5*(least-end) { // both use the same banks, in other rows
		t.Errorf("64 KiB from %d on arrive at %d and %d, must take at least until %d", end, ea, eb, least)
	}
	if again := a.Await(); again != ea {
		t.Errorf("a finished move is over at %d, then at %d", ea, again)
	}
	st := y.Drain()
	if err := st.Verify(); err != nil {
		t.Error(err)
	}
	if want := int64(1 + 2*1024 + 1); st.Requests != want || others != 1 {
		t.Errorf("%d accesses and %d of others, must be %d and 1", st.Requests, others, want)
	}
	if end, err := y.Move(Transfer{Addr: 63, Bytes: 2, At: int64(st.Cycles)}); err != nil || end <= int64(st.Cycles) {
		t.Errorf("two bytes across a boundary arrive at %d (%v)", end, err)
	}
	if st := y.Drain(); st.Requests != int64(1+2*1024+1+2) {
		t.Errorf("%d accesses in all, must be %d: two bytes touch two accesses", st.Requests, 1+2*1024+1+2)
	}
	for _, m := range []Transfer{{Bytes: -1}, {Addr: 8<<30 - 64, Bytes: 65}, {Addr: ^uint64(0), Bytes: 64}, {Bytes: 1, Kind: Threshold}, {Bytes: 1, Kind: 77}} {
		if _, err := y.Move(m); err == nil {
			t.Errorf("%+v was accepted", m)
		}
	}
	if end, err := y.Move(Transfer{At: 1 << 40}); err != nil || end != 1<<40 {
		t.Errorf("nothing arrives at %d, must be at once (%v)", end, err)
	}
}

// TestLaws: each law of Verify notices what it is for.
func TestLaws(t *testing.T) {
	st, err := Run(HBM2(DRAMsim3), Reads(Random(2000, 1, 1<<24, 64), 64, 64), nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Stats){
		"lost request":     func(s *Stats) { s.Completed-- },
		"burst too many":   func(s *Stats) { s.Ops[RD]++ },
		"hit too many":     func(s *Stats) { s.RowHits++ },
		"row not opened":   func(s *Stats) { s.Ops[ACT] = 1 },
		"bus over time":    func(s *Stats) { s.Channels[0].BusClocks += int64(s.Cycles) },
		"clock lost":       func(s *Stats) { s.Channels[3].IdleClocks-- },
		"channel lost":     func(s *Stats) { s.Channels[3].Requests-- },
		"above the peak":   func(s *Stats) { s.Merged, s.Cycles = 0, 100 },
		"merged out of it": func(s *Stats) { s.Merged++ },
	} {
		bad := st
		bad.Channels = append([]ChannelStats(nil), st.Channels...)
		spoil(&bad)
		if bad.Verify() == nil {
			t.Errorf("%s: no law is broken", name)
		}
	}
}

// TestNoAllocations: once the queues are warm, a request costs no allocation.
func TestNoAllocations(t *testing.T) {
	for name, s := range presets() {
		y, err := New(s, func(Completion) {})
		if err != nil {
			t.Fatal(err)
		}
		g := SplitMix(1)
		push := func() {
			for range 500 {
				r := Request{Addr: g.Next() & (1<<24 - 1) &^ uint64(s.AccessBytes-1), Kind: Kind(g.Next() & 1)}
				if _, err := y.Push(r); err != nil {
					t.Fatal(err)
				}
			}
		}
		for range 20 {
			push()
		}
		if n := testing.AllocsPerRun(20, push); n > 0 {
			t.Errorf("%s: %g allocations for 500 requests", name, n)
		}
	}
}
