package dram

import "github.com/sparse-attention/workbench/lib/unit"

// DDR4_2400 is one channel with one rank of eight x8 8 Gb devices: 19.2 GB/s. Timing and currents are those of DRAMsim3's
// DDR4_8Gb_x8_2400.ini (Micron MT40A1G8, -083E), in clocks of 0.833 ns; its refresh of 350 ns every 7.8 us.
func DDR4_2400() Spec {
	t := Timing{
		CL: 16, CWL: 16, Burst: 4, // BL8
		TRCDRD: 16, TRCDWR: 16, TRP: 16, TRAS: 39, TRC: 55, // tRC = tRAS + tRP
		TRTP: 9, // assumed: 7.5 ns of JESD79-4; the file leaves it out
		TWR:  19, TRRDS: 4, TRRDL: 6, TFAW: 26,
		TCCDS: 4, TCCDL: 6, TWTRS: 3, TWTRL: 9, TRTRS: 2,
		TREFI: 9364, TRFC: 420,
	}
	s := Spec{
		Name: "DDR4-2400", Clock: 1200 * unit.MHz,
		Channels: 1, Ranks: 1, Groups: 4, Banks: 4, Rows: 65536,
		Bursts:  128, // 1024 columns in bursts of 8
		BusBits: 64, AccessBytes: 64, SharedDataBus: true, Timing: t,
		Controller: Controller{ // DRAMsim3's controller, with the queues of its HBM file
			Arbiter: RoundRobin, ReadQueue: 32, WriteQueue: 32, BankQueue: 8, WriteHigh: 32, WriteLow: 8,
			HitCap: 4, AgeLimit: 4 * 9364, Merge: true, Refresh: AllBankRefresh, StaggerRefresh: true,
		},
		FrontEnd: FrontEnd{Width: 1, PerChannel: true},
		Mapping:  "rorabacobgch", // assumed: groups change first, so that tCCD_L does not bind a stream
	}
	s.Energy = IDD{VDD: 1.2, IDD0: 48, IDD2N: 34, IDD3N: 43, IDD4W: 123, IDD4R: 135, IDD5AB: 250, Devices: 8}.
		Energy("IDD values of DRAMsim3's DDR4_8Gb_x8_2400.ini", t, s.Clock)
	return s
}

// LPDDR4 is LPDDR4-3200 for edge machines: two channels of 32 bits with 12.8 GB/s each. Timing is that of Ramulator 1.0
// (src/LPDDR4.h, speed LPDDR4_3200, 8 Gb), which folds the length of the multi-clock commands into the latencies, so that
// every command counts as one clock here too; in clocks of 0.625 ns.
func LPDDR4() Spec {
	t := Timing{
		CL: 32, CWL: 18, Burst: 8, TDQSCK: 3, // nCL 29+3, nCWL 15+3, BL16
		TRCDRD: 29, TRCDWR: 29, TRP: 27, TRPA: 32, TRAS: 68, TRC: 95,
		TRTP: 14, TWR: 28, TRRDS: 16, TRRDL: 16, TFAW: 64,
		TCCDS: 8, TCCDL: 8,
		TWTRS: 17, TWTRL: 17, // nWTR 16, and the 1 of nCWL + nBL + nWTR + 1
		TRTRS: 1, // the 1 of nCL + nBL + nDQSCK + 1 - nCWL
		TPPD:  4,
		TREFI: 6247, TREFIB: 6247 / 8, TRFC: 288, TRFCB: 144, TRREFD: 16, // REFpb to ACT of another bank: nRRD
	}
	s := Spec{
		Name: "LPDDR4-3200", Clock: 1600 * unit.MHz,
		Channels: 2, Ranks: 1, Groups: 1, Banks: 8, // no bank groups
		Rows: 32768, Bursts: 64, // 1024 columns in bursts of 16, for each of the two x16 halves
		BusBits: 32, AccessBytes: 64, SharedDataBus: true, Timing: t,
		Controller: Controller{ // assumed: Ramulator's scheduler and its default queues
			Arbiter: OldestFirst, ReadQueue: 32, WriteQueue: 32, WriteHigh: 26, WriteLow: 6,
			AgeLimit: 4 * 6247, Refresh: PerBankRefresh,
		},
		FrontEnd: FrontEnd{Width: 1, PerChannel: true},
		Mapping:  "rorabgcobach", // assumed: banks change with every 64 bytes of a channel
	}
	// Assumed: 4 pJ/bit for the interface and array and 1 nJ per activated KiB, the order of published LPDDR4 totals; no sheet
	// of the project gives LPDDR4 currents, so this table is for trends only.
	s.Energy = PerBit("assumed: 4 pJ/bit + 1 nJ/KiB (no published table in hand)", 1000, 4, s.RowBytes(), s.AccessBytes)
	return s
}
