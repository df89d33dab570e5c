// Package dram models memories request by request: HBM2 as two public simulators read it, DDR4, LPDDR4, and the ReRAM main
// memory of SPRINT. A machine hands it a stream of addressed requests with the clock at which each may start and gets
// back when the data have passed; bandwidth, row hits, latencies and energy follow from the commands that this took.
//
// # What is what
//
//   - Spec is a memory as plain data: sizes, Timing, Controller, FrontEnd, Mapping, Energy. HBM2(DRAMsim3),
//     HBM2(Ramulator), DDR4_2400, LPDDR4 and ReRAM are presets; every constant there says where it comes from.
//   - Spec.Table is the timing as rows (level, preceding, following, cycles, window). The controller compiles it, the
//     Checker replays command logs against it, and the tests probe every row a clock early and on time.
//   - New makes a System; Push, Drain, and for bulk moves Start, Move and Await. Run plays a whole stream.
//   - Stats has the counts with their units, and Verify holds them against laws that no run may break.
//   - System.Log and LogWriter record every command.
//
// Sub-packages: tracefile reads the line formats of DRAMsim3 and Ramulator; anchor replays the reference traces next to
// what the two simulators measured.
//
// # Time
//
// All clocks are those of the memory's command clock and count from 0. A request handed over after the work of clock t
// takes part from clock t+1 on. Time jumps from one clock with something to do to the next: each channel keeps, for every
// mask of banks that want the same command, a bound before which none can have it, and the work per request does not
// depend on the clocks between. Channels run on their own until a request must be accepted, so that nothing grows with
// the length of the stream.
//
// # Two controllers
//
// RoundRobin follows DRAMsim3 (commit 2981759): accepted requests wait in a read queue and a write buffer, one a clock
// moves to the queue of its bank, and the banks are served in turn. OldestFirst follows Ramulator 2.1 (commit c5b1c3a,
// controller HBM12 with scheduler FRFCFS-RowHit): one read and one write buffer, the oldest legal column command and the
// oldest legal row command of the channel in each clock. With the front ends of dram.md section 5 both give the measured clocks
// of all reference runs exactly, and DRAMsim3's command counts too.
//
// # Deviations
//
//   - AgeLimit: a request that has waited longer stops further row hits to its bank. Neither simulator has this; without
//     it, and with refresh off, a flood of hits starves a conflict for good. The presets allow four refresh intervals.
//   - A write that must wait for an earlier read of its address lets reads move to their banks in the same clock; DRAMsim3
//     moves nothing then, and can come to a standstill.
//   - Drain writes out everything; DRAMsim3 leaves up to WriteLow writes in its buffer at the end of a trace, and counts a
//     write as done when it is accepted. Here it is done when its burst has passed.
//   - Clocks run until the last datum has passed. Ramulator stops at the last accepted request, which is
//     Stats.LastAccept.
//   - DRAMsim3's "latency" counts from the clock after acceptance, one less than Stats.Latency.
//   - The bound on the activates of a rank under tFAW is a window of exactly four; DRAMsim3 drops at most one expired entry
//     per activate, which comes to the same.
//   - ReRAM: NVMain's part has 8096 rows, here 8192. An in-memory comparison keeps activates away from its bank, but
//     not columns of the row that is open; CopyQ moves within the memory and takes no data bus; neither is published.
//   - LPDDR4 has no published energy table in this project; its preset's is assumed.
//   - Not modelled: power-down, self-refresh, temperature, refresh postponed or pulled in, on-die ECC.
package dram
