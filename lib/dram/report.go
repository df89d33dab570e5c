package dram

import (
	"fmt"
	"strings"
)

// String is a report of a run in a few lines, each number with its unit.
func (s Stats) String() string {
	var b strings.Builder
	percent := func(x float64) float64 { return 100 * x }
	fmt.Fprintf(&b, "%s, mapping %s, %v\n", s.Spec.Name, s.Spec.Mapping, s.Spec.Controller.Arbiter)
	fmt.Fprintf(&b, "  %d requests (%d reads, %d writes), %v in %d clocks of %v\n", s.Requests, s.Reads, s.Writes, s.Bytes, s.Cycles, s.Spec.Clock)
	fmt.Fprintf(&b, "  %.2f GB/s, %.1f %% of the peak; data buses busy %.1f %% of the time\n",
		s.Bandwidth()/1e9, percent(s.Bandwidth()/s.Spec.PeakBandwidth()), percent(s.BusUtilisation()))
	fmt.Fprintf(&b, "  row hits %.1f %%, bank conflicts %d, busiest channel %.3f x mean\n", percent(s.RowHitRate()), s.BankConflicts, s.Imbalance())
	fmt.Fprintf(&b, "  clocks: stalled before acceptance %.1f, queued %.1f, latency mean %.1f, p50 %d, p99 %d, max %d\n",
		s.Stall, s.Wait, s.Latency.Mean(), s.Latency.Quantile(0.5), s.Latency.Quantile(0.99), s.Latency.Max())
	b.WriteString("  commands:")
	for o, n := range s.Ops {
		if n > 0 {
			fmt.Fprintf(&b, " %v %d", Op(o), n)
		}
	}
	fmt.Fprintf(&b, "\n  energy %v, %.3f pJ/bit (%s)\n", s.Energy.Total(), s.EnergyPerBit(), s.Spec.Energy.Name)
	return b.String()
}
