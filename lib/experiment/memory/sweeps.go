package memory

import (
	"context"
	"fmt"
	"slices"

	"github.com/sparse-attention/workbench/lib/dram"
	"github.com/sparse-attention/workbench/lib/dram/anchor"
	"github.com/sparse-attention/workbench/lib/pool"
	"github.com/sparse-attention/workbench/lib/published"
)

// point is one run of a sweep.
type point struct {
	row  published.Row
	spec dram.Spec
	addr dram.Addresses
}

// bandwidths runs the points and gives their bandwidth in GB/s, or in percent of the peak.
func bandwidths(ctx context.Context, points []point, percent bool) (*Numbers, error) {
	values := make([]float64, len(points))
	err := pool.Each(ctx, len(points), func(i int) error {
		p := points[i]
		st, err := dram.Run(p.spec, dram.Reads(p.addr, 64, p.spec.AccessBytes), nil)
		if err != nil {
			return fmt.Errorf("memory: %s %s: %w", p.row.Series, p.row.Config, err)
		}
		values[i] = st.Bandwidth() / 1e9
		if percent {
			values[i] = 100 * st.Bandwidth() / p.spec.PeakBandwidth()
		}
		return nil
	})
	n := &Numbers{}
	for i, p := range points {
		n.add(p.row, values[i])
	}
	return n, err
}

// measured copies the simulators' bandwidth for a series of the runs of 1e5 reads into a row of ours.
func measured(row published.Row, simulator, series string) published.Row {
	for _, m := range published.Figure(simulator, "anchor-1e5") {
		if m.Series == series && m.Metric == "bandwidth" {
			row.Value, row.Evidence, row.Source = m.Value, m.Evidence, m.Source
		}
	}
	return row
}

// reads is the length of the reference traces that the sweeps use, so that they pass through the measured points.
const reads = 100_000

// reference is the random reference trace.
func reference() dram.Addresses { return dram.Random(reads, 1, 1<<30, 64) }

// Names of the two readings of HBM2 in the figures.
const (
	setA = "set A (DRAMsim3)"
	setB = "set B (Ramulator)"
)

// ActivateWindows is random bandwidth in GB/s of both readings of HBM2 against tFAW in clocks, with the closed forms: the
// window bound of four activates, and in set B the row command bus.
func ActivateWindows(ctx context.Context, windows []int) (*Numbers, error) {
	if len(windows) == 0 || slices.Min(windows) < 4 {
		return nil, fmt.Errorf("memory: windows are %v, must be at least one, none below tRRD = 4", windows)
	}
	var points []point
	n := &Numbers{}
	for _, set := range []struct {
		name, simulator string
		spec            dram.Spec
		known           map[int]string
	}{
		{setA, anchor.DRAMsim3, dram.HBM2(dram.DRAMsim3), map[int]string{30: "P-interleave-random-c", 15: "P-faw15-random-c"}},
		{setB, anchor.Ramulator, ramulator(), map[int]string{15: "P-vec_col-random"}},
	} {
		for _, w := range windows {
			s := set.spec
			s.Timing.TFAW = w
			row := published.Row{System: system, Figure: "activate-window", Series: set.name, Config: fmt.Sprintf("tFAW=%d", w), Metric: "bandwidth", Unit: "GB/s"}
			points = append(points, point{measured(row, set.simulator, set.known[w]), s, reference()})
			clocks, err := anchor.Anchor{System: set.simulator, Spec: s, Requests: reads, Random: true}.ClosedForm()
			if err != nil {
				return nil, err
			}
			row.Series += ", closed form"
			n.add(row, reads*64/clocks*float64(s.Clock)/1e9)
		}
	}
	out, err := bandwidths(ctx, points, false)
	if err != nil {
		return nil, err
	}
	for _, r := range n.Rows {
		out.add(r, n.Ours(r))
	}
	return out, nil
}

// ramulator is set B with the front end of its reference runs.
func ramulator() dram.Spec {
	s := dram.HBM2(dram.Ramulator)
	s.FrontEnd = dram.FrontEnd{Width: 16, First: 1}
	return s
}

// Mappings is bandwidth in percent of the peak for orders of the address bits in set A: for reads that follow each other, that
// lie a page of 4 KiB apart, vectors of 256 bytes from anywhere in 1 GiB, and single reads from anywhere in it.
func Mappings(ctx context.Context, orders []string) (*Numbers, error) {
	var points []point
	known := map[string]string{"rorabgbachco": "stock", "rorabacobgch": "interleave"}
	for _, order := range orders {
		s := dram.HBM2(dram.DRAMsim3)
		s.Mapping = order
		for _, p := range []struct {
			name string
			addr dram.Addresses
		}{{"stream", dram.Sequential(reads, 64)}, {"4 KiB stride", dram.Sequential(reads, 4096)},
			{"gather of 256 B", dram.Gather(reads/4, 1, 1<<22, 256, 64)}, {"random", reference()}} {
			row := published.Row{System: system, Figure: "mapping", Series: p.name, Workload: order, Metric: "bandwidth_fraction", Unit: "% of peak"}
			if name := known[order]; name != "" && (p.name == "stream" || p.name == "random") {
				row = measured(row, anchor.DRAMsim3, "P-"+name+"-"+p.name+"-c")
				row.Value *= 100e9 / s.PeakBandwidth()
			}
			points = append(points, point{row, s, p.addr})
		}
	}
	return bandwidths(ctx, points, true)
}

// Injections is bandwidth in GB/s against the requests that may be handed over in a clock, in order, of both readings of HBM2.
func Injections(ctx context.Context, widths []int) (*Numbers, error) {
	var points []point
	for _, w := range widths {
		a, b := dram.HBM2(dram.DRAMsim3), dram.HBM2(dram.Ramulator)
		a.FrontEnd, b.FrontEnd = dram.FrontEnd{Width: w}, dram.FrontEnd{Width: w, First: 1}
		for _, pattern := range []string{"stream", "random"} {
			row := published.Row{System: system, Figure: "injection", Series: setA + ", " + pattern, Config: fmt.Sprintf("width=%d", w), Metric: "bandwidth", Unit: "GB/s"}
			other := row
			other.Series = setB + ", " + pattern
			switch w {
			case 1:
				row = measured(row, anchor.DRAMsim3, "P-interleave-"+pattern+"-1")
			case 16:
				other = measured(other, anchor.Ramulator, "P-vec_col-"+pattern)
			case 64:
				row = measured(row, anchor.DRAMsim3, "P-interleave-"+pattern+"-k")
			}
			addr := reference()
			if pattern == "stream" {
				addr = dram.Sequential(reads, 64)
			}
			points = append(points, point{row, a, addr}, point{other, b, addr})
		}
	}
	return bandwidths(ctx, points, false)
}
