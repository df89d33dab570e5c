package anchor

import (
	"os"
	"testing"
)

// TestAnchors holds our clocks against the simulators'. By default the runs of 1e5 requests; with WORKBENCH_LONG=1 all
// of them.
func TestAnchors(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
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
		if ratio >= 1-goal && ratio <= 1+goal {
			goals++
		}
		if ratio < 1-gate || ratio > 1+gate {
			t.Errorf("%s %s (%s): %d cycles, measured %.0f: outside the gate of %g", a.System, a.Series, a.Config, cycles, want, gate)
		}
		t.Logf("%-13s %-32s %8.0f %8d %.5f %v", a.System, a.Series, want, cycles, ratio, st.Ops)
	}
	if 10*goals < 9*runs {
		t.Errorf("%d of %d runs reach the goal, must be nine in ten", goals, runs)
	}
}
