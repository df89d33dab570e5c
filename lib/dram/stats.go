package dram

import (
	"errors"
	"fmt"

	"github.com/sparse-attention/workbench/lib/unit"
)

// channelStats are the counters of one channel.
type channelStats struct {
	ops                              [numOps]int64
	accepted, completed              [numKinds]int64
	merged, forwarded, coalesced     int64
	rowHits, rowMisses, rowConflicts int64
	conflicts                        int64
	stall, wait                      int64
	latency                          Histogram
	lastDone                         int64
}

// ChannelStats is what one channel did.
type ChannelStats struct {
	Requests   int64         // accepted
	Columns    int64         // bursts on its data buses
	Ops        [numOps]int64 // commands by Op
	BusClocks  int64         // clocks with data, over all its data buses
	OpenClocks int64         // rank-clocks with a row open
	IdleClocks int64         // rank-clocks with all banks closed
	Energy     EnergyReport
}

// Stats describes a run. Clocks count from 0; a run of Cycles clocks ends when the last datum has passed.
type Stats struct {
	Spec       Spec
	Cycles     unit.Cycles // until the last datum has passed
	LastAccept int64       // clock at which the last request was taken in

	Requests                     int64 // accepted
	Completed                    int64
	Reads, Writes                int64      // accepted; reads include transposed ones
	Thresholds, PruningReads     int64      // CopyQ and ReadP accepted
	Merged, Forwarded, Coalesced int64      // reads that shared a burst, reads of waiting writes, writes over waiting writes
	Bytes                        unit.Bytes // requested: all reads and writes

	Ops                              [numOps]int64 // commands by Op
	RowHits, RowMisses, RowConflicts int64         // columns to an open row, to a closed bank, and after a row had to be closed
	BankConflicts                    int64         // rows closed because a request wanted another

	Stall   float64   // mean clocks from a request's first legal clock to its acceptance
	Wait    float64   // mean clocks from acceptance to the column command
	Latency Histogram // clocks from acceptance to the end of the burst

	Channels []ChannelStats
	Energy   EnergyReport
}

// Count is the number of commands of one Op.
func (s *Stats) Count(o Op) int64 { return s.Ops[o] }

// Bursts is the number of accesses on all data buses.
func (s *Stats) Bursts() int64 {
	return s.Ops[RD] + s.Ops[RDA] + s.Ops[WR] + s.Ops[WRA] + s.Ops[ReadP]
}

// Bandwidth is the requested data over the run, in bytes per second.
func (s *Stats) Bandwidth() float64 {
	if s.Cycles == 0 {
		return 0
	}
	return float64(s.Bytes) / s.Cycles.Seconds(s.Spec.Clock)
}

// BusUtilisation is the share of data bus clocks that carried data.
func (s *Stats) BusUtilisation() float64 {
	if s.Cycles == 0 {
		return 0
	}
	return float64(s.Bursts()) * float64(s.Spec.Timing.Burst) /
		(float64(s.Cycles) * float64(s.Spec.Channels*s.Spec.buses()))
}

// RowHitRate is the share of columns that found their row open.
func (s *Stats) RowHitRate() float64 {
	n := s.RowHits + s.RowMisses + s.RowConflicts
	if n == 0 {
		return 0
	}
	return float64(s.RowHits) / float64(n)
}

// Imbalance is the busiest channel's bursts over the mean; 1 is perfect balance.
func (s *Stats) Imbalance() float64 {
	var most, sum int64
	for _, c := range s.Channels {
		most, sum = max(most, c.Columns), sum+c.Columns
	}
	if sum == 0 {
		return 1
	}
	return float64(most) * float64(len(s.Channels)) / float64(sum)
}

// EnergyPerBit is all energy over the requested bits, in pJ.
func (s *Stats) EnergyPerBit() float64 {
	if s.Bytes == 0 {
		return 0
	}
	return float64(s.Energy.Total()) / float64(8*s.Bytes)
}

// Verify checks the laws that no run may break: every request is served once, every burst belongs to a request, the
// data buses carry no more than time allows, bandwidth stays below the peak, and rows open as often as they close.
func (s *Stats) Verify() error {
	var errs []error
	law := func(ok bool, format string, a ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("dram: Stats: "+format, a...))
		}
	}
	law(s.Requests == s.Completed, "%d requests accepted, %d completed", s.Requests, s.Completed)
	law(s.Latency.Count() == s.Completed, "%d latencies of %d completed requests", s.Latency.Count(), s.Completed)
	columns := s.Requests - s.Merged - s.Forwarded - s.Coalesced
	law(s.Bursts()+s.Ops[CopyQ] == columns, "%d column commands for %d requests that need one", s.Bursts()+s.Ops[CopyQ], columns)
	law(s.RowHits+s.RowMisses+s.RowConflicts == columns-s.Thresholds-s.PruningReads,
		"row hits %d + misses %d + conflicts %d, must be %d", s.RowHits, s.RowMisses, s.RowConflicts, columns-s.Thresholds-s.PruningReads)
	law(s.RowMisses+s.RowConflicts <= s.Ops[ACT], "%d rows needed, %d opened", s.RowMisses+s.RowConflicts, s.Ops[ACT])
	var bus, rank int64
	for i, c := range s.Channels {
		law(c.BusClocks <= int64(s.Cycles)*int64(s.Spec.buses()), "channel %d: %d data clocks in %d clocks", i, c.BusClocks, s.Cycles)
		law(c.OpenClocks+c.IdleClocks == int64(s.Cycles)*int64(s.Spec.Ranks), "channel %d: open %d + idle %d clocks of %d ranks in %d clocks",
			i, c.OpenClocks, c.IdleClocks, s.Spec.Ranks, s.Cycles)
		bus += c.BusClocks
		rank += c.Requests
	}
	law(bus == s.Bursts()*int64(s.Spec.Timing.Burst), "%d data clocks for %d bursts of %d", bus, s.Bursts(), s.Spec.Timing.Burst)
	law(rank == s.Requests, "%d requests over the channels, %d in all", rank, s.Requests)
	if shared := s.Merged + s.Forwarded + s.Coalesced; shared == 0 {
		law(s.Bandwidth() <= s.Spec.PeakBandwidth()*(1+1e-12), "bandwidth %g B/s is above the peak %g B/s", s.Bandwidth(), s.Spec.PeakBandwidth())
	}
	return errors.Join(errs...)
}
