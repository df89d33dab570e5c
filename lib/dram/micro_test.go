package dram

import (
	"iter"
	"math"
	"testing"
)

// at makes reads of locations.
func at(t testing.TB, s Spec, n int, where func(i int) Location) iter.Seq[Request] {
	m, err := ParseMapping(s)
	if err != nil {
		t.Fatal(err)
	}
	return func(yield func(Request) bool) {
		for i := range n {
			a, err := m.Address(where(i))
			if err != nil {
				t.Fatal(err)
			}
			if !yield(Request{ID: uint64(i), Addr: a}) {
				return
			}
		}
	}
}

// rotating goes through the groups first, then the banks, then the rows.
func rotating(i int) Location { return Location{Group: i % 4, Bank: i / 4 % 4, Row: i / 16} }

// TestMicroDRAMsim3 is F1 of dram.md section 6: clocks to the end of the run and commands, measured with DRAMsim3.
func TestMicroDRAMsim3(t *testing.T) {
	s := HBM2(DRAMsim3)
	s.FrontEnd = FrontEnd{Width: 64}
	s.Controller.Refresh = NoRefresh
	row := func(i int) Location { return Location{Row: i} }
	for _, c := range []struct {
		name          string
		n             int
		where         func(int) Location
		cycles        int64
		act, pre, rds int64
	}{
		{"1 read, closed bank", 1, row, 33, 1, 0, 1},
		{"2 reads, same row", 2, func(i int) Location { return Location{Column: i} }, 35, 1, 0, 2},
		{"32 reads, same row", 32, func(i int) Location { return Location{Column: i} }, 95, 1, 0, 32},
		{"2 rows of one bank", 2, row, 81, 2, 1, 2},
		{"1000 rows of one bank", 1000, row, 47985, 1000, 999, 1000},
		{"4 banks, 4 groups", 4, rotating, 45, 4, 0, 4},
		{"4 banks, one group", 4, func(i int) Location { return Location{Bank: i} }, 51, 4, 0, 4},
		{"5 banks, rotating groups", 5, rotating, 63, 5, 0, 5},
		{"16 banks, rotating groups", 16, rotating, 135, 16, 0, 16},
		{"16 banks x 100 rows", 1600, rotating, 12057, 1600, 1584, 1600},
	} {
		st, err := Run(s, at(t, s, c.n, c.where), nil)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if int64(st.Cycles) != c.cycles || st.Ops[ACT] != c.act || st.Ops[PRE] != c.pre || st.Ops[RD] != c.rds {
			t.Errorf("%s: %d cycles, ACT %d, PRE %d, RD %d; must be %d, %d, %d, %d", c.name, st.Cycles, st.Ops[ACT], st.Ops[PRE], st.Ops[RD],
				c.cycles, c.act, c.pre, c.rds)
		}
	}
}

// TestMicroRamulator is F2: the clock at which the last request was accepted, measured with Ramulator 2.1.
func TestMicroRamulator(t *testing.T) {
	s := HBM2(Ramulator)
	s.FrontEnd = FrontEnd{Width: 16, First: 1}
	s.Controller.Refresh = NoRefresh
	for _, c := range []struct {
		name  string
		n     int
		where func(int) Location
		last  int64
	}{
		{"1000 rows of one bank", 1000, func(i int) Location { return Location{Row: i} }, 44881},
		{"1600 reads, 16 banks, one pseudo channel", 1600, rotating, 6141},
		{"6400 reads, one pseudo channel", 6400, rotating, 25341},
		{"6400 reads, alternating pseudo channels", 6400, func(i int) Location {
			l := rotating(i / 2)
			l.Rank = i % 2
			return l
		}, 18976},
	} {
		st, err := Run(s, at(t, s, c.n, c.where), nil)
		if err != nil || st.LastAccept != c.last {
			t.Errorf("%s: last accepted at %d, must be %d (%v)", c.name, st.LastAccept, c.last, err)
		}
	}
}

// TestClosedPage is F4: with auto-precharge n random reads take n activates and n reads.
func TestClosedPage(t *testing.T) {
	for name, s := range presets() {
		s.Controller.ClosedPage = true
		s.Controller.HitCap = 0
		s.Controller.Merge = false
		s.Controller.Refresh = NoRefresh
		const n = 5000
		st, err := Run(s, Reads(Random(n, 3, 1<<24, uint64(s.AccessBytes)), s.AccessBytes, s.AccessBytes), nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if st.Ops[ACT] != n || st.Ops[RDA] != n || st.Ops[RD] != 0 || st.Ops[PRE] != 0 {
			t.Errorf("%s: ACT %d, RDA %d, RD %d, PRE %d; must be %d, %d, 0, 0", name, st.Ops[ACT], st.Ops[RDA], st.Ops[RD], st.Ops[PRE], n, n)
		}
	}
}

// TestEnergyFromCounts is section 4.5: pJ per event from the currents, and the total of channel 0 of run D7, which
// DRAMsim3 counts as 125,000 reads, 4,460 activates, 69 refreshes, 252,900 open and 18,908 idle clocks.
func TestEnergyFromCounts(t *testing.T) {
	s := HBM2(DRAMsim3)
	e := s.Energy
	for _, c := range []struct {
		name string
		got  float64
		want float64
	}{{"ACT+PRE", float64(e.Activate), 828}, {"RD", float64(e.ReadBurst), 804}, {"REF", float64(e.Refresh), 60840},
		{"open clock", float64(e.OpenClock), 66}, {"idle clock", float64(e.IdleClock), 48}} {
		if math.Abs(c.got-c.want) > 1e-9*c.want {
			t.Errorf("%s: %v pJ, must be %v", c.name, c.got, c.want)
		}
	}
	st, err := Run(s, Reads(Sequential(1_000_000, 64), 64, 64), nil)
	if err != nil {
		t.Fatal(err)
	}
	c := st.Channels[0]
	if c.Ops[RD] != 125_000 || c.Ops[ACT] != 4460 || c.Ops[REF] != 69 || c.OpenClocks != 252_900 || c.IdleClocks != 18_908 {
		t.Errorf("channel 0: RD %d, ACT %d, REF %d, open %d, idle %d", c.Ops[RD], c.Ops[ACT], c.Ops[REF], c.OpenClocks, c.IdleClocks)
	}
	if got := float64(c.Energy.Total()); math.Abs(got-125_989_824) > 0.5 {
		t.Errorf("channel 0: %.1f pJ, must be 125989824", got)
	}
	if got := st.EnergyPerBit(); math.Abs(got-1.969) > 0.0005 {
		t.Errorf("%.4f pJ/bit, must be 1.969", got)
	}
}

// TestOConnor: 909 pJ per activated KiB and 3.48 pJ/bit give about 3.9 pJ/bit for whole rows of 1 KiB read once:
// 909/8192 + 3.48 = 3.59, and 3.9 when 2.2 KiB-activates fall on each KiB read.
func TestOConnor(t *testing.T) {
	s := HBM2(Ramulator)
	s.Controller.Refresh = NoRefresh
	st, err := Run(s, Reads(Sequential(1<<18, 64), 64, s.AccessBytes), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := 909.0/8192*float64(st.Ops[ACT])*1024/float64(st.Bytes) + 3.48
	if got := st.EnergyPerBit(); math.Abs(got-want) > 1e-9 {
		t.Errorf("%.6f pJ/bit, must be %.6f", got, want)
	}
}
