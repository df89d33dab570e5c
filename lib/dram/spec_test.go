package dram

import (
	"math"
	"strings"
	"testing"
)

func TestPresetsAreLegal(t *testing.T) {
	for name, s := range presets() {
		if err := s.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, want := range map[string]float64{"HBM2 A": 256e9, "HBM2 B": 256e9, "DDR4": 19.2e9, "LPDDR4": 25.6e9, "ReRAM": 25.6e9, "DDR4 x2": 19.2e9} {
		if got := presets()[name].PeakBandwidth(); math.Abs(got-want) > 1 {
			t.Errorf("%s: peak %g B/s, must be %g", name, got, want)
		}
	}
	for name, want := range map[string]float64{"HBM2 A": 0.92487, "HBM2 B": 0.90179} { // dram.md section 4.2
		if got := presets()[name].RefreshFactor(); math.Abs(got-want) > 5e-6 {
			t.Errorf("%s: refresh leaves %.6f, must be %.5f", name, got, want)
		}
	}
	if got := HBM2(DRAMsim3).Capacity(); got != 8<<30 {
		t.Errorf("capacity %v, must be 8 GiB", got)
	}
}

// TestBadSpecs: the error names the field, its value and what is legal.
func TestBadSpecs(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Spec)
		want   []string
	}{
		{"tRAS > tRC", func(s *Spec) { s.Timing.TRAS = 50 }, []string{"Timing.TRC is 48", "at least TRAS + TRP = 64"}},
		{"tFAW < tRRD", func(s *Spec) { s.Timing.TFAW = 3 }, []string{"Timing.TFAW is 3", "at least TRRDS = 4"}},
		{"tRRD_L < tRRD_S", func(s *Spec) { s.Timing.TRRDL = 1 }, []string{"Timing.TRRDL is 1"}},
		{"tCCD_L < tCCD_S", func(s *Spec) { s.Timing.TCCDL = 0 }, []string{"Timing.TCCDL is 0"}},
		{"negative time", func(s *Spec) { s.Timing.TWR = -1 }, []string{"Timing.TWR is -1", "0..16777216"}},
		{"no burst", func(s *Spec) { s.Timing.Burst = 0 }, []string{"Timing.Burst is 0", "at least 1"}},
		{"late write data", func(s *Spec) { s.Timing.CWL = 17 }, []string{"Timing.CWL is 17", "at most"}},
		{"refresh without time", func(s *Spec) { s.Timing.TREFI = 300 }, []string{"Timing.TREFI is 300"}},
		{"bank refresh without time", func(s *Spec) { s.Controller.Refresh = PerBankRefresh; s.Timing.TREFIB = 1 }, []string{"Timing.TREFIB is 1"}},
		{"unknown refresh", func(s *Spec) { s.Controller.Refresh = 9 }, []string{"Controller.Refresh is RefreshMode(9)"}},
		{"zero queue", func(s *Spec) { s.Controller.ReadQueue = 0 }, []string{"Controller.ReadQueue is 0", "1..4096"}},
		{"zero bank queue", func(s *Spec) { s.Controller.BankQueue = 0 }, []string{"Controller.BankQueue is 0"}},
		{"watermark above queue", func(s *Spec) { s.Controller.WriteHigh = 33 }, []string{"Controller.WriteHigh is 33", "1..WriteQueue = 32"}},
		{"watermarks crossed", func(s *Spec) { s.Controller.WriteLow = 32 }, []string{"Controller.WriteLow is 32"}},
		{"negative age", func(s *Spec) { s.Controller.AgeLimit = -5 }, []string{"Controller.AgeLimit is -5"}},
		{"unknown arbiter", func(s *Spec) { s.Controller.Arbiter = 7 }, []string{"Controller.Arbiter is Arbiter(7)"}},
		{"bank queue of OldestFirst", func(s *Spec) { s.Controller.Arbiter = OldestFirst }, []string{"Controller.BankQueue is 8", "0..0"}},
		{"in memory", func(s *Spec) { s.InMemory = true }, []string{"InMemory is true", "false under RoundRobin"}},
		{"no channel", func(s *Spec) { s.Channels = 0 }, []string{"Channels is 0", "power of two"}},
		{"three banks", func(s *Spec) { s.Banks = 3 }, []string{"Banks is 3", "power of two"}},
		{"too many banks", func(s *Spec) { s.Groups, s.Banks = 16, 8 }, []string{"is 128", "at most 64"}},
		{"odd access", func(s *Spec) { s.AccessBytes = 32 }, []string{"AccessBytes is 32", "= 64"}},
		{"no clock", func(s *Spec) { s.Clock = 0 }, []string{"Clock is 0"}},
		{"no clock at all", func(s *Spec) { s.Clock = -1 }, []string{"Clock is -1"}},
		{"no width", func(s *Spec) { s.FrontEnd.Width = 0 }, []string{"FrontEnd.Width is 0", "1..65536"}},
		{"first above width", func(s *Spec) { s.FrontEnd.First = 2 }, []string{"FrontEnd.First is 2"}},
		{"command length", func(s *Spec) { s.CommandCycles = map[Op]int{ACT: 0} }, []string{"CommandCycles[ACT] is 0", "1..16"}},
		{"energy", func(s *Spec) { s.Energy.ReadBurst = -1 }, []string{"Energy.ReadBurst is -1"}},
		{"extra rule", func(s *Spec) { s.Extra = []Constraint{{Level: Bank, Window: 0}} }, []string{"Extra[0]"}},
		{"extra sibling", func(s *Spec) {
			s.Extra = []Constraint{{"x", Bank, []Op{RD}, []Op{RD}, 1, 1, true}}
		}, []string{"Extra[0].Sibling"}},
		{"extra refresh of a bank", func(s *Spec) {
			s.Extra = []Constraint{{"x", Bank, []Op{REF}, []Op{RD}, 1, 1, false}}
		}, []string{"Extra[0]", "PREA and REF only"}},
	} {
		s := HBM2(DRAMsim3)
		c.change(&s)
		err := s.Validate()
		if err == nil {
			t.Errorf("%s: accepted", c.name)
			continue
		}
		for _, w := range append(c.want, "dram: Spec.") {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: error is %q, must name %q", c.name, err, w)
			}
		}
		if _, err := New(s, nil); err == nil {
			t.Errorf("%s: New built it", c.name)
		}
		if _, err := NewChecker(s); err == nil {
			t.Errorf("%s: NewChecker took it", c.name)
		}
	}
}

// TestExtraRuleBinds: a rule added to a Spec holds in the controller and in the checker.
func TestExtraRuleBinds(t *testing.T) {
	s := HBM2(DRAMsim3)
	s.Controller.Refresh = NoRefresh
	plain, err := Run(s, Reads(Sequential(1000, 64), 64, 64), nil)
	if err != nil {
		t.Fatal(err)
	}
	s.Extra = []Constraint{{"slow reads", Rank, []Op{RD}, []Op{RD}, 10, 1, false}}
	slow, err := Run(s, Reads(Sequential(1000, 64), 64, 64), nil)
	if err != nil {
		t.Fatal(err)
	}
	if plain.Cycles > 300 || slow.Cycles < 1240 {
		t.Errorf("%d cycles without the rule, %d with: 125 reads a channel, 10 clocks apart, need 1240", plain.Cycles, slow.Cycles)
	}
}
