package dram

import (
	"fmt"
	"strings"
	"testing"
)

// presets are all memories that the package offers.
func presets() map[string]Spec {
	return map[string]Spec{"HBM2 A": HBM2(DRAMsim3), "HBM2 B": HBM2(Ramulator), "DDR4": DDR4_2400(), "LPDDR4": LPDDR4(), "ReRAM": ReRAM(),
		"DDR4 x2": func() Spec { s := DDR4_2400(); s.Ranks = 2; return s }()}
}

// everyOp has a device keep the rules of all commands.
func everyOp() (u [numOps]bool) {
	for o := range u {
		u[o] = true
	}
	return u
}

// apart is a bank that shares level l with bank 0 and nothing below, or for a sibling rule lies in another rank; -1 where
// the memory has none.
func apart(s Spec, c Constraint) int {
	switch {
	case c.Sibling:
		if s.Ranks == 1 {
			return -1
		}
		return s.Groups * s.Banks
	case c.Level == Channel && s.Ranks > 1:
		return s.Groups * s.Banks
	case c.Level <= Rank && s.Groups > 1:
		return s.Banks
	case c.Level <= Group && s.Banks > 1:
		return 1
	}
	return 0
}

// applies says whether a rule binds a command at bank b after one at bank 0.
func applies(s Spec, c Constraint, b int, following Op) bool {
	rank, group := b/(s.Groups*s.Banks), b/s.Banks
	if c.Sibling {
		return rank != 0
	}
	switch c.Level {
	case Channel:
		return true
	case Rank:
		return rank == 0
	case Group:
		return group == 0 && !following.rankWide()
	}
	return b == 0 && !following.rankWide()
}

// TestEveryRowProbed starts the preceding command of every row of every table and probes the following one a clock
// before it is legal and at the first legal clock, against the largest gap of all rows that bind the pair.
func TestEveryRowProbed(t *testing.T) {
	for name, s := range presets() {
		rules := s.Table()
		for _, c := range rules {
			b := apart(s, c)
			if b < 0 {
				continue
			}
			for _, p := range c.Preceding {
				for _, f := range c.Following {
					if c.Level == Channel && s.FirstClock(c, p, f) == 1 {
						continue // the controller starts one command a clock on each bus
					}
					const start = 1000
					d := newDevice(s, everyOp())
					for range c.Window { // a full window in one clock leaves only the window rule
						d.issue(p, 0, start)
					}
					want := int64(0)
					for _, r := range rules {
						if contains(r.Preceding, p) && contains(r.Following, f) && r.Window <= c.Window && applies(s, r, b, f) &&
							(r.Level != Channel || s.FirstClock(r, p, f) > 1) {
							want = max(want, start+int64(s.FirstClock(r, p, f)))
						}
					}
					if own := start + int64(s.FirstClock(c, p, f)); want < own {
						t.Fatalf("%s: %v: probe does not see the row", name, c)
					}
					if legal := d.earliest(f, b) <= want-1; legal {
						t.Errorf("%s: %v: %v is ready at t-1 = %d", name, c, f, want-1)
					}
					if legal := d.earliest(f, b) <= want; !legal {
						t.Errorf("%s: %v: %v is not ready at t = %d but at %d", name, c, f, want, d.earliest(f, b))
					}
				}
			}
		}
	}
}

// TestCheckerSeesEveryRow lets the checker find every row broken at t-1 and not at t.
func TestCheckerSeesEveryRow(t *testing.T) {
	for name, s := range presets() {
		for _, c := range s.Table() {
			b := apart(s, c)
			if b < 0 {
				continue
			}
			for _, p := range c.Preceding {
				for _, f := range c.Following {
					gap := int64(s.FirstClock(c, p, f))
					for _, at := range []int64{gap - 1, gap} {
						k, err := NewChecker(s)
						if err != nil {
							t.Fatal(err)
						}
						for range c.Window {
							k.Observe(at0(s, p, 0, 1000)) // its own faults do not matter here
						}
						err = k.Observe(at0(s, f, b, 1000+at))
						named := err != nil && strings.Contains(err.Error(), fmt.Sprintf("%s: %d clocks after %s", c.Name, at, p))
						if named != (at < gap) {
							t.Errorf("%s: %v: %v %d clocks after %v: broken %v, want %v: %v", name, c, f, at, p, named, at < gap, err)
						}
					}
				}
			}
		}
	}
}

// at0 is a command at the flat bank b of channel 0.
func at0(s Spec, o Op, b int, t int64) Command {
	c := Command{At: t, Op: o, Rank: b / (s.Groups * s.Banks), Group: b / s.Banks % s.Groups, Bank: b % s.Banks, Row: 0}
	if o.rankWide() {
		c.Group, c.Bank = -1, -1
	}
	return c
}

// TestEarliestLegal is the table of dram.md section 4.1, in gaps between first clocks.
func TestEarliestLegal(t *testing.T) {
	const sameBank, sameGroup, otherGroup = 0, 1, 4
	for _, c := range []struct {
		before, after Op
		bank          int
		a, b          int64
	}{
		{ACT, RD, sameBank, 14, 15},
		{ACT, PRE, sameBank, 34, 35},
		{PRE, ACT, sameBank, 14, 13},
		{ACT, ACT, sameBank, 48, 48},
		{ACT, ACT, sameGroup, 6, 4},
		{ACT, ACT, otherGroup, 4, 4},
		{RD, RD, sameGroup, 2, 4},
		{RD, RD, otherGroup, 2, 2},
		{RD, PRE, sameBank, 5, 5},
		{REF, ACT, sameGroup, 260, 349},
		{ACT, WR, sameBank, 14, 13},
		{RD, WR, otherGroup, 14, 13},
		{WR, RD, otherGroup, 12, 13},
		{WR, RD, sameGroup, 14, 15},
		{WR, PRE, sameBank, 22, 23},
	} {
		for set, want := range map[Reading]int64{DRAMsim3: c.a, Ramulator: c.b} {
			d := newDevice(HBM2(set), everyOp())
			d.issue(c.before, 0, 0)
			if got := d.earliest(c.after, c.bank); got != want {
				t.Errorf("set %v: %v -> %v at bank %d: %d clocks, must be %d", set, c.before, c.after, c.bank, got, want)
			}
		}
	}
	for set, want := range map[Reading]int64{DRAMsim3: 30, Ramulator: 16} { // the fifth activate; tRRD makes 16 of 15
		d := newDevice(HBM2(set), everyOp())
		at := int64(0)
		for i := range 4 {
			at = d.earliest(ACT, 4*i)
			d.issue(ACT, 4*i, at)
		}
		if got := d.earliest(ACT, 1); got != want {
			t.Errorf("set %v: fifth ACT after %d clocks, must be %d", set, got, want)
		}
	}
	d := newDevice(HBM2(Ramulator), everyOp()) // the row bus is held by an ACT for two clocks, across pseudo channels
	d.issue(ACT, 0, 10)
	for _, o := range []Op{ACT, PRE, PREA, REF} {
		if got := d.earliest(o, 16); got != 12 {
			t.Errorf("%v to the other pseudo channel at %d, must be 12", o, got)
		}
	}
	if got := d.earliest(RD, 16); got > 10 {
		t.Errorf("RD to the other pseudo channel waits until %d, must not wait", got)
	}
}

// TestReadLatency: RD to last datum takes CL + burst = 16 clocks in both sets.
func TestReadLatency(t *testing.T) {
	for _, r := range []Reading{DRAMsim3, Ramulator} {
		if got := HBM2(r).Timing.readLatency(); got != 16 {
			t.Errorf("set %v: %d clocks, must be 16", r, got)
		}
	}
}
