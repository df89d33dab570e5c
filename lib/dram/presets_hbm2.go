package dram

import "github.com/sparse-attention/workbench/lib/unit"

// Reading says whose parameters "HBM2" stands for. The two differ by a factor of 2.2 in random bandwidth.
type Reading uint8

const (
	// DRAMsim3 is HBM2_8Gb_x128.ini of DRAMsim3 (commit 2981759): 128-bit channels in lock step, 64-byte accesses, tFAW 30.
	DRAMsim3 Reading = iota
	// Ramulator is HBM2_8Gb with HBM2_2000Mbps of Ramulator 2.1 (commit c5b1c3a): two 64-bit pseudo channels, 32-byte accesses,
	// tFAW 15, two-clock activates.
	Ramulator
)

// ageLimit is the wait after which a request for another row stops further hits to its bank: four refresh intervals of
// 3900 clocks. Assumed: refresh closes every row once per interval anyway, so the limit acts only where refresh is off,
// and neither reference simulator has one.
const ageLimit = 4 * 3900

// HBM2 is one 8-channel stack with 256 GB/s at 1 GHz, as one of two public simulators reads the standard.
func HBM2(r Reading) Spec {
	if r == Ramulator {
		return hbm2Ramulator()
	}
	return hbm2DRAMsim3()
}

// hbm2DRAMsim3: dram.md section 3, set A; read-write turn-round tRTRS 2 and tRTP 5 are the simulator's defaults for
// parameters that its file leaves out.
func hbm2DRAMsim3() Spec {
	t := Timing{
		CL: 14, CWL: 4, Burst: 2, // BL4 on both edges
		TRCDRD: 14, TRCDWR: 14, TRP: 14, TRAS: 34, TRC: 48, // tRC = tRAS + tRP
		TRTP:  5,  // the file's tRTP_L and tRTP_S are not read
		TWR:   16, // from the end of the burst
		TRRDS: 4, TRRDL: 6, TFAW: 30,
		TCCDS: 1, TCCDL: 2, // shorter than the burst, which then rules
		TWTRS: 6, TWTRL: 8, TRTRS: 2,
		TREFI: 3900, TREFIB: 128, TRFC: 260, TRFCB: 20, // tRFCb: default, for the unused single-bank refresh
	}
	s := Spec{
		Name: "HBM2 (DRAMsim3)", Clock: 1 * unit.GHz, // tCK 1 ns
		Channels: 8, Ranks: 1, Groups: 4, Banks: 4,
		Rows: 32768, Bursts: 32, // the file's 64 columns are doubled for HBM: 128 x 16 bytes = 2 KiB
		BusBits: 128, AccessBytes: 64, SharedDataBus: true,
		Timing: t, DualCommandBus: true,
		Controller: Controller{
			Arbiter: RoundRobin, ReadQueue: 32, WriteQueue: 32, BankQueue: 8,
			WriteHigh: 32, WriteLow: 8, // drains when full, or above 8 when the banks have nothing
			HitCap: 4, AgeLimit: ageLimit, Merge: true,
			Refresh: AllBankRefresh, StaggerRefresh: true,
		},
		FrontEnd: FrontEnd{Width: 1, PerChannel: true}, // assumed: one FIFO per channel (dram.md section 7)
		Mapping:  "rorabacobgch",                       // assumed: channels, then groups, change first (section 7)
	}
	// Currents of the same file (section 4.5): DRAMsim3's own values, not a published HBM2 energy.
	s.Energy = IDD{VDD: 1.2, IDD0: 65, IDD2N: 40, IDD3N: 55, IDD4W: 500, IDD4R: 390, IDD5AB: 250, Devices: 1}.
		Energy("IDD values of DRAMsim3's HBM2_8Gb_x128.ini", t, s.Clock)
	return s
}

// hbm2Ramulator: dram.md section 3, set B. Queue sizes are those of the measured runs.
func hbm2Ramulator() Spec {
	t := Timing{
		CL: 14, CWL: 5, Burst: 2, // nBL 2
		TRCDRD: 14, TRCDWR: 12, TRP: 14, TRAS: 34, TRC: 48,
		TRTP: 5, TWR: 16,
		TRRDS: 4, TRRDL: 4, TFAW: 15,
		TCCDS: 2, TCCDL: 4,
		TWTRS: 6, TWTRL: 8, TRTRS: 2, // the 2 of nCL + nBL + 2 - nCWL
		TREFI: 3900, TREFIB: 122, TRFC: 350, TRFCB: 160, TRREFD: 8,
	}
	s := Spec{
		Name: "HBM2 (Ramulator 2.1)", Clock: 1 * unit.GHz, // tCK 1000 ps
		Channels: 8, Ranks: 2, Groups: 4, Banks: 4, // pseudo channels are the ranks
		Rows: 65536, Bursts: 32, BusBits: 64, AccessBytes: 32,
		Timing: t, DualCommandBus: true, CommandCycles: map[Op]int{ACT: 2},
		Controller: Controller{
			Arbiter: OldestFirst, ReadQueue: 64, WriteQueue: 64,
			WriteHigh: 52, WriteLow: 12, // above 0.8 and below 0.2 of 64
			AgeLimit: ageLimit, Refresh: AllBankRefresh,
		},
		FrontEnd: FrontEnd{Width: 1, PerChannel: true}, // assumed, as above
		Mapping:  "robaco4bgpcchco1",                   // assumed: both accesses of 64 bytes in one row, then channels (vec_col)
	}
	s.Energy = OConnor(s.RowBytes(), s.AccessBytes) // the simulator has none
	return s
}
