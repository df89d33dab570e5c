// Package anchor replays the reference traces of dram.md section 2.3 in the configurations that two public simulators
// were measured in, so that their numbers and ours stand side by side: DRAMsim3 at commit 2981759 and Ramulator 2.1 at
// commit c5b1c3a, published/dram.csv.
//
// DRAMsim3 counts clocks until the last datum is back; Ramulator stops at the last request accepted. Cycles follows the
// simulator of the row.
package anchor

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/sparse-attention/workbench/lib/dram"
	"github.com/sparse-attention/workbench/lib/published"
)

// Systems are the names of the two simulators in the published data.
const (
	DRAMsim3  = "DRAMsim3"
	Ramulator = "Ramulator 2.1"
)

// Anchor is one measured run of a simulator.
type Anchor struct {
	System, Figure, Series string
	Workload, Config       string
	Spec                   dram.Spec
	Requests               int // 64-byte reads
	Random                 bool
	Metrics                map[string]float64 // published, by metric

	place func(i int) dram.Location // of read i of a scenario; nil for the reference traces
}

// mappings of section 2.4, by their names there.
var mappings = map[string]string{
	"rorabgbachco": "rorabgbachco", "rorabacobgch": "rorabacobgch",
	"RoBaRaCoCh-32B": "robabgpccoch", "RoBaRaCoCh-64B": "robabgpcco4chco1",
	"vec32": "robacobgpcch", "vec_col": "robaco4bgpcchco1", "vec_pc": "robacobgchpc",
}

// All returns the measured runs of whole traces, in the order of the data: figures anchor-1e6, anchor-1e5 and
// anchor-buffer.
func All() ([]Anchor, error) {
	var all []Anchor
	for _, system := range []string{DRAMsim3, Ramulator} {
		for _, r := range published.Rows(system) {
			if r.Figure == micro {
				continue
			}
			i := slices.IndexFunc(all, func(a Anchor) bool {
				return a.System == system && a.Figure == r.Figure && a.Series == r.Series
			})
			if i < 0 {
				a := Anchor{System: system, Figure: r.Figure, Series: r.Series, Workload: r.Workload, Config: r.Config, Metrics: map[string]float64{}}
				if err := a.configure(); err != nil {
					return nil, err
				}
				all = append(all, a)
				i = len(all) - 1
			}
			all[i].Metrics[r.Metric] = r.Value
		}
	}
	return all, nil
}

// configure turns the words of the published configuration into a Spec.
func (a *Anchor) configure() error {
	switch a.Workload {
	case "stream-1e5", "random-1e5":
		a.Requests = 100_000
	case "stream-1e6", "random-1e6":
		a.Requests = 1_000_000
	default:
		return fmt.Errorf("anchor: %s: workload is %q, must be stream or random of 1e5 or 1e6", a.Series, a.Workload)
	}
	a.Random = strings.HasPrefix(a.Workload, "random")
	return a.words(strings.Split(a.Config, "; "))
}

// words sets up the Spec from the words of a configuration.
func (a *Anchor) words(config []string) error {
	a.Spec = dram.HBM2(dram.DRAMsim3)
	if a.System == Ramulator {
		a.Spec = dram.HBM2(dram.Ramulator)
	}
	for _, word := range config {
		var n int
		switch key, value, _ := strings.Cut(word, "="); {
		case key == "map" && mappings[value] != "":
			a.Spec.Mapping = mappings[value]
		case word == "inject=1 request/clock in order":
			a.Spec.FrontEnd = dram.FrontEnd{Width: 1}
		case word == "inject=up to 64 requests/clock in order":
			a.Spec.FrontEnd = dram.FrontEnd{Width: 64}
		case word == "inject=one FIFO per channel":
			a.Spec.FrontEnd = dram.FrontEnd{Width: 1, PerChannel: true}
		case word == "inject=up to 16 requests/clock in order":
			a.Spec.FrontEnd = dram.FrontEnd{Width: 16, First: 1}
		case word == "refresh=off":
			a.Spec.Controller.Refresh = dram.NoRefresh
		case word == "refresh=on":
		case a.place != nil && (word == "channel 0" || word == "map=explicit coordinates"): // Location says it
		case scan(word, "tFAW=%d", &n):
			a.Spec.Timing.TFAW = n
		case scan(word, "read buffer %d", &n):
			a.Spec.Controller.ReadQueue = n
		case scan(word, "%d channels", &n):
			a.Spec.Channels = n
		default:
			return fmt.Errorf("anchor: %s: configuration has %q, which is not understood", a.Series, word)
		}
	}
	return nil
}

func scan(word, format string, n *int) bool {
	k, err := fmt.Sscanf(word, format, n)
	return k == 1 && err == nil
}

// Trace is the stream of requests of the run.
func (a Anchor) Trace() iter.Seq[dram.Request] {
	if a.place != nil {
		return a.placed
	}
	addresses := dram.Sequential(a.Requests, 64)
	if a.Random {
		addresses = dram.Random(a.Requests, 1, 1<<30, 64)
	}
	return dram.Reads(addresses, 64, a.Spec.AccessBytes)
}

// Run plays the trace and returns the clocks counted as the simulator counts them.
func (a Anchor) Run() (cycles int64, st dram.Stats, err error) {
	st, err = dram.Run(a.Spec, a.Trace(), nil)
	if a.System == Ramulator {
		return st.LastAccept, st, err
	}
	return int64(st.Cycles), st, err
}

// ClosedForm is the bound of section 4.4 that the run should come near: clocks that data, activates or the row bus need
// in the busiest channel, over the share of time that refresh leaves. It is 0 where there is no closed form: a stream in
// RoBaRaCoCh order.
func (a Anchor) ClosedForm() (float64, error) {
	s := a.Spec
	m, err := dram.ParseMapping(s)
	if err != nil {
		return 0, err
	}
	busiest := make([]int, s.Channels)
	for r := range a.Trace() {
		l, err := m.Locate(r.Addr)
		if err != nil {
			return 0, err
		}
		busiest[l.Channel]++
	}
	n := float64(slices.Max(busiest)) // accesses of the busiest channel
	share := s.RefreshFactor()
	if !a.Random {
		if a.System == Ramulator && strings.HasPrefix(s.Mapping, "robabg") {
			return 0, nil
		}
		bound := n * float64(s.Timing.Burst) / float64(max(1, s.Channels*s.Ranks/s.Channels)) / share
		return max(bound, a.injection()), nil
	}
	perRow := 1.0
	if a.System == Ramulator && strings.HasSuffix(s.Mapping, "co1") {
		perRow = 2 // both halves of 64 bytes lie in one row
	}
	interval := max(float64(s.Timing.TFAW)/4, float64(s.Timing.TRRDS)) / float64(s.Ranks)
	if s.Controller.Arbiter == dram.OldestFirst {
		interval = max(interval, float64(s.CommandCycles[dram.ACT]+1)) // ACT and PRE share the row bus
	}
	return max(n/perRow*interval/share, a.injection()), nil
}

// injection is the clocks that an in-order front end needs at least.
func (a Anchor) injection() float64 {
	if a.Spec.FrontEnd.PerChannel {
		return 0
	}
	return float64(a.Requests*64/a.Spec.AccessBytes) / float64(a.Spec.FrontEnd.Width)
}

// Tolerance is the gate and the goal of section 6 for the clocks of a run, as shares of the measured value.
func (a Anchor) Tolerance() (gate, goal float64) {
	if a.Figure != "anchor-1e6" { // the short runs have a gate only
		switch {
		case !a.Random:
			return 0.03, 0.03
		case a.System == DRAMsim3 && a.Spec.Timing.TFAW == 30:
			return 0.05, 0.05
		}
		return 0.10, 0.10
	}
	switch {
	case a.System == DRAMsim3 && a.Spec.FrontEnd.Width == 1 && !a.Spec.FrontEnd.PerChannel:
		return 0.03, 0.02
	case a.Spec.Controller.Refresh == dram.NoRefresh && !a.Random:
		return 0.001, 0.001 // peak
	case !a.Random:
		return 0.03, 0.01
	case a.System == DRAMsim3 && a.Spec.Timing.TFAW == 30:
		return 0.03, 0.01
	case a.System == DRAMsim3:
		return 0.10, 0.03
	case a.Series == "R5" || a.Series == "R12":
		return 0.10, 0.02
	}
	return 0.10, 0.05
}
