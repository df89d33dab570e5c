package dram

import "github.com/sparse-attention/workbench/lib/unit"

// KeyInterleave is the address mapping in which neighbouring 64-byte vectors - keys, in SPRINT - lie in different
// channels, then in different banks, so that a sparse set of keys keeps all banks busy.
const KeyInterleave = "rocobgbarach"

// ReRAM is SPRINT's main memory: four channels of the part that NVMain describes in RRAM_ISSCC_2012_4GB.config, 400 MHz
// DDR and 64 bits wide, 25.6 GB/s in all, with arrays that threshold in place. There is no refresh, a read needs no
// restoring, and a write holds its bank for the pulse.
func ReRAM() Spec {
	t := Timing{
		CL: 6, CWL: 4, Burst: 4, // tCAS, tCWD, tBURST: 64 bytes on both edges
		TRCDRD: 10, TRCDWR: 10, TRP: 1, TRAS: 0,
		TRC:  11,                // tRCD + tRP, as NVMain spaces activates
		TRTP: 3, TWR: 0, TWP: 4, // 8.2 ns pulse
		TRRDS: 4, TRRDL: 4, TFAW: 20, // tRRDR, tRAW with RAW 4
		TCCDS: 2, TCCDL: 2, TWTRS: 3, TWTRL: 3, TRTRS: 1,
		TAxTh: 8, // assumed: upper bound of "below 8 cycles", in memory clocks (sprint.md section 7)
	}
	s := Spec{
		Name: "ReRAM (NVMain RRAM_ISSCC_2012)", Clock: 400 * unit.MHz,
		Channels: 4, Ranks: 1, Groups: 1, Banks: 4, // sprint.md section 7
		Rows:    8192, // 2048 word lines x 4 macros; the file's 8096 is no power of two
		Bursts:  32,   // COLS 32 of 64 bytes, all within its RBSize of 128
		BusBits: 64, AccessBytes: 64, SharedDataBus: true, Timing: t, InMemory: true,
		Controller: Controller{ // FRFCFS-WQF: read and write queues of 32, drained from 32 down to 16
			Arbiter: OldestFirst, ReadQueue: 32, WriteQueue: 32, WriteHigh: 32, WriteLow: 16,
			AgeLimit: ageLimit,
		},
		FrontEnd: FrontEnd{Width: 1, PerChannel: true},
		Mapping:  KeyInterleave,
	}
	const bits = 8 * 64
	s.Energy = Energy{
		Name:      "SPRINT: 3.1 pJ/bit read, 24.4 pJ/bit write",
		ReadBurst: 3.1 * bits, WriteBurst: 24.4 * bits, // sprint.md section 4.4, secondary, confirmed by fit
		CopyQuery:   3.1 * bits / 2, // assumed: the 4-bit half of a query is read once
		ReadPruning: 3.1 * bits,     // assumed: a read
	}
	return s
}

// Lifetime is how long cells last that are written writes times in every period: the endurance over the rate, in
// seconds. It is infinite when nothing is written.
func Lifetime(endurance, writes, period float64) (seconds float64) {
	return endurance / writes * period
}
