package anchor

import (
	"math"
	"os"
	"testing"

	"github.com/sparse-attention/workbench/lib/dram"
)

// TestAnchors holds our clocks, and for DRAMsim3 the commands and the energy, against what the simulators gave: all must be equal. By default the runs of 1e5
// requests; with WORKBENCH_LONG=1 those of 1e6 as well. The gates and goals of dram.md section 6 are far wider, and are
// checked too, so that a change of policy shows how far it goes.
func TestAnchors(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 89 {
		t.Errorf("%d runs, must be 89", len(all))
	}
	long := os.Getenv("WORKBENCH_LONG") != ""
	goals, runs := 0, 0
	for _, a := range all {
		if a.Requests > 100_000 && !long {
			continue
		}
		cycles, st, err := a.Run()
		if err != nil {
			t.Errorf("%s %s: %v", a.System, a.Series, err)
			continue
		}
		want := a.Metrics["cycles"]
		ratio := float64(cycles) / want
		gate, goal := a.Tolerance()
		runs++
		if math.Abs(ratio-1) <= goal {
			goals++
		}
		if math.Abs(ratio-1) > gate {
			t.Errorf("%s %s (%s): outside the gate of %g", a.System, a.Series, a.Config, gate)
		}
		if float64(cycles) != want {
			t.Errorf("%s %s (%s): %d cycles, measured %.0f", a.System, a.Series, a.Config, cycles, want)
		}
		for metric, op := range map[string]dram.Op{"read_cmds": dram.RD, "act_cmds": dram.ACT, "pre_cmds": dram.PRE, "ref_cmds": dram.REF} {
			if n, ok := a.Metrics[metric]; ok && n != float64(st.Ops[op]) {
				t.Errorf("%s %s: %d %v, measured %.0f", a.System, a.Series, st.Ops[op], op, n)
			}
		}
		if pj, ok := a.Metrics["energy_per_bit"]; ok && math.Abs(st.EnergyPerBit()-pj) > 0.00051 {
			t.Errorf("%s %s: %.4f pJ/bit, measured %.3f", a.System, a.Series, st.EnergyPerBit(), pj)
		}
		t.Logf("%-13s %-32s measured %8.0f ours %8d ratio %.5f", a.System, a.Series, want, cycles, ratio)
	}
	if 10*goals < 9*runs {
		t.Errorf("%d of %d runs reach the goal, must be nine in ten", goals, runs)
	}
}

// TestMicros holds the scenarios of a few banks against what the simulators gave: clocks and commands are equal.
func TestMicros(t *testing.T) {
	all, err := Micros()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 14 {
		t.Errorf("%d scenarios, must be 14", len(all))
	}
	for _, a := range all {
		cycles, st, err := a.Run()
		if err != nil || float64(cycles) != a.Metrics["cycles"] || st.Requests != int64(a.Requests) {
			t.Errorf("%s %s: %d reads take %d cycles, measured %.0f (%v)", a.System, a.Series, st.Requests, cycles, a.Metrics["cycles"], err)
		}
		for metric, op := range map[string]dram.Op{"read_cmds": dram.RD, "act_cmds": dram.ACT, "pre_cmds": dram.PRE} {
			if n, ok := a.Metrics[metric]; ok && n != float64(st.Ops[op]) {
				t.Errorf("%s %s: %d %v, measured %.0f", a.System, a.Series, st.Ops[op], op, n)
			}
		}
	}
}

// TestClosedForms holds the bounds of section 4.4 against the published ones.
func TestClosedForms(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, a := range all {
		want, ok := a.Metrics["closed_form_cycles"]
		if !ok {
			continue
		}
		got, err := a.ClosedForm()
		if err != nil {
			t.Fatal(err)
		}
		compared++
		if math.Abs(got-want) > 0.0005*want {
			t.Errorf("%s %s (%s): %.0f, must be %.0f", a.System, a.Series, a.Config, got, want)
		}
	}
	if compared < 30 {
		t.Errorf("only %d runs have a closed form", compared)
	}
}

func TestUnknownConfigurations(t *testing.T) {
	for _, a := range []Anchor{{Workload: "sorted-1e5"}, {Workload: "stream-1e5", Config: "map=diagonal"}, {Workload: "stream-1e5", Config: "colour=red"}} {
		if a.configure() == nil {
			t.Errorf("%+v was understood", a)
		}
	}
}
