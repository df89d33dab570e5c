package memory

import (
	"context"
	"fmt"

	"github.com/sparse-attention/workbench/lib/dram"
	"github.com/sparse-attention/workbench/lib/pool"
	"github.com/sparse-attention/workbench/lib/published"
)

// Memory is a memory under the name that the figures give it.
type Memory struct {
	Name string
	Spec dram.Spec
}

// Memories are the presets of package dram.
func Memories() []Memory {
	return []Memory{
		{"HBM2 " + setA, dram.HBM2(dram.DRAMsim3)},
		{"HBM2 " + setB, dram.HBM2(dram.Ramulator)},
		{"DDR4-2400", dram.DDR4_2400()},
		{"LPDDR4-3200", dram.LPDDR4()},
		{"ReRAM", dram.ReRAM()},
	}
}

// Pattern is an order of addresses.
type Pattern struct {
	Name   string
	Writes bool
	Make   func(n int) dram.Addresses // n blocks of 64 bytes
}

// window is the memory that the patterns spread over: the smallest of Memories holds 256 MiB.
const window = 1 << 28

// Patterns are four ways to read: one after the other, each 2 KiB behind the last, whole vectors of 256 bytes from random
// places, and blocks of 64 bytes from random places.
func Patterns() []Pattern {
	return []Pattern{
		{"stream", false, func(n int) dram.Addresses { return dram.Sequential(n, 64) }},
		{"2 KiB stride", false, strided},
		{"gather of 256 B", false, func(n int) dram.Addresses { return dram.Gather(n/4, 1, window/256, 256, 64) }},
		{"random", false, func(n int) dram.Addresses { return dram.Random(n, 1, window, 64) }},
	}
}

// strided goes over the window again and again, 64 bytes further on each time.
func strided(n int) dram.Addresses {
	return func(yield func(uint64) bool) {
		const steps = window / 2048
		for i := range n {
			if !yield(uint64(i%steps)*2048 + uint64(i/steps)*64) {
				return
			}
		}
	}
}

// Run is one memory under one pattern.
type Run struct {
	Memory, Pattern string
	Stats           dram.Stats
}

// Runs are all patterns on one memory after the other.
type Runs []Run

// RunPatterns plays blocks of 64 bytes in every pattern on every memory.
func RunPatterns(ctx context.Context, memories []Memory, patterns []Pattern, blocks int) (Runs, error) {
	if err := atLeast("blocks", blocks, 4); err != nil {
		return nil, err
	}
	runs := make(Runs, len(memories)*len(patterns))
	return runs, pool.Each(ctx, len(runs), func(i int) error {
		m, p := memories[i/len(patterns)], patterns[i%len(patterns)]
		st, err := dram.Run(m.Spec, p.requests(blocks, m.Spec.AccessBytes), nil)
		if err != nil {
			return fmt.Errorf("memory: %s, %s: %w", m.Name, p.Name, err)
		}
		runs[i] = Run{m.Name, p.Name, st}
		return nil
	})
}

func (p Pattern) requests(blocks, access int) func(yield func(dram.Request) bool) {
	return func(yield func(dram.Request) bool) {
		for r := range dram.Reads(p.Make(blocks), 64, access) {
			if p.Writes {
				r.Kind = dram.Write
			}
			if !yield(r) {
				return
			}
		}
	}
}

// Shares is the bandwidth of each run in percent of its memory's peak.
func (rs Runs) Shares() *Numbers {
	n := &Numbers{}
	for _, r := range rs {
		n.add(published.Row{System: system, Figure: "patterns", Series: r.Pattern, Workload: r.Memory, Metric: "bandwidth_fraction", Unit: "% of peak"},
			100*r.Stats.Bandwidth()/r.Stats.Spec.PeakBandwidth())
	}
	return n
}

// Table lists bandwidth, row hits and the latency under full load of each run.
func (rs Runs) Table() (headings []string, rows [][]string) {
	headings = []string{"memory", "pattern", "GB/s", "of peak GB/s", "row hits %", "conflicts per 1000", "latency p50 ns", "p99 ns", "busiest channel / mean"}
	for _, r := range rs {
		st := &r.Stats
		ns := func(p float64) string {
			return fmt.Sprintf("%.0f", float64(st.Latency.Quantile(p))/float64(st.Spec.Clock)*1e9)
		}
		rows = append(rows, []string{r.Memory, r.Pattern, fmt.Sprintf("%.1f", st.Bandwidth()/1e9), fmt.Sprintf("%.1f", st.Spec.PeakBandwidth()/1e9),
			fmt.Sprintf("%.1f", 100*st.RowHitRate()), fmt.Sprintf("%.0f", 1000*float64(st.BankConflicts)/float64(st.Requests)),
			ns(0.5), ns(0.99), fmt.Sprintf("%.3f", st.Imbalance())})
	}
	return headings, rows
}

// Energies is the energy of each run per requested bit, by cause, in pJ; causes that take none are left out.
func (rs Runs) Energies() *Numbers {
	n := &Numbers{}
	for _, r := range rs {
		e, bits := r.Stats.Energy, 8*float64(r.Stats.Bytes)
		for _, part := range []struct {
			name  string
			value float64
		}{{"read", float64(e.Read)}, {"write", float64(e.Write)}, {"activate", float64(e.Activate)}, {"refresh", float64(e.Refresh)}, {"background", float64(e.Background)}} {
			if part.value == 0 {
				continue
			}
			n.add(published.Row{System: system, Figure: "energy", Series: r.Pattern, Workload: r.Memory, Metric: part.name, Unit: "pJ/bit"}, part.value/bits)
		}
	}
	return n
}

// EnergyTotals is all energy of each run per requested bit, in pJ.
func (rs Runs) EnergyTotals() *Numbers {
	n := &Numbers{}
	for _, r := range rs {
		n.add(published.Row{System: system, Figure: "energy", Series: r.Pattern, Workload: r.Memory, Metric: "energy_per_bit"}, r.Stats.EnergyPerBit())
	}
	return n
}

// EnergyMemories are Memories with both energy tables of HBM2 set A: the currents of DRAMsim3's file, and the published
// energies per bit and activate, which set B always has.
func EnergyMemories() []Memory {
	all := Memories()
	currents, perBit := all[0], all[0]
	currents.Name, perBit.Name = "HBM2 set A, currents", "HBM2 set A, per bit"
	perBit.Spec.Energy = dram.OConnor(perBit.Spec.RowBytes(), perBit.Spec.AccessBytes)
	all[1].Name = "HBM2 set B, per bit"
	return append([]Memory{currents, perBit}, all[1:]...)
}

// EnergyPatterns are the two ends of Patterns, and a stream of writes.
func EnergyPatterns() []Pattern {
	p := Patterns()
	writes := p[0]
	p[0].Name, p[3].Name = "stream reads", "random reads"
	writes.Name, writes.Writes = "stream writes", true
	return []Pattern{p[0], p[3], writes}
}
