package dram

import (
	"fmt"
	"maps"
	"slices"

	"github.com/sparse-attention/workbench/lib/legal"
)

// Level is the part of a channel within which a timing rule holds.
type Level uint8

const (
	Channel Level = iota
	Rank          // a rank, or a pseudo channel
	Group         // bank group
	Bank
	numLevels
)

var levelNames = [numLevels]string{"channel", "rank", "group", "bank"}

func (l Level) String() string { return legal.Name(l, "Level", levelNames[:]...) }

// Constraint is one row of a timing table: within one Level, a command of Following starts no sooner than Cycles after
// the Window-th last command of Preceding. Window 1 is the usual pairwise rule; tFAW has 4. Sibling turns the scope
// around: the following command goes to another node of that level (another rank of the channel).
type Constraint struct {
	Name      string // JEDEC's name, or the formula
	Level     Level
	Preceding []Op
	Following []Op
	Cycles    int
	Window    int
	Sibling   bool
}

func (c Constraint) String() string {
	s := fmt.Sprintf("%s: %v -> %v within one %s, %d cycles", c.Name, c.Preceding, c.Following, c.Level, c.Cycles)
	if c.Window > 1 {
		s += fmt.Sprintf(" after the %d-th last", c.Window)
	}
	if c.Sibling {
		s += ", to another " + c.Level.String()
	}
	return s
}

// Timing holds the parameters of one memory part in its clocks. A zero means that the rule does not exist, except for
// the latencies, where zero is a latency.
type Timing struct {
	CL, CWL int // column command to first datum
	Burst   int // clocks of the data bus per access
	TDQSCK  int // added to the read latency (LPDDR)

	TRCDRD, TRCDWR int // ACT to column command
	TRP, TRPA      int // PRE, PREA to ACT; TRPA 0 means TRP
	TRAS, TRC      int // ACT to PRE, ACT to ACT of a bank
	TRTP           int // read to PRE
	TWR            int // end of write data to PRE

	TRRDS, TRRDL int // ACT to ACT, other group and same group
	TFAW         int // four activates
	TCCDS, TCCDL int // column to column
	TWTRS, TWTRL int // end of write data to read
	TRTRS        int // data bus turn-round: read to write, and between ranks that share the bus
	TPPD         int // PRE to PRE

	TREFI, TREFIB int // refresh interval of all banks; of the next single bank
	TRFC, TRFCB   int // refresh to ACT
	TRREFD        int // single-bank refresh to ACT of another bank

	TWP   int // write pulse of a ReRAM cell, after the burst
	TAxTh int // CopyQ's thresholding time, from the query in place to a valid pruning vector
}

// readLatency is the clocks from a read command until its whole burst has passed.
func (t Timing) readLatency() int { return t.CL + t.TDQSCK + t.Burst }

// writeLatency is the clocks from a write command until its whole burst has passed.
func (t Timing) writeLatency() int { return t.CWL + t.Burst }

var (
	readOps  = []Op{RD, RDA}
	writeOps = []Op{WR, WRA}
	rowOps   = []Op{ACT, PRE, PREA, REF, REFB}
	colOps   = []Op{RD, RDA, WR, WRA, CopyQ, ReadP}
)

// Table derives the timing rules of a Spec as data, in JEDEC's convention: the clocks between the last clocks of two
// commands. FirstClock turns it into the gaps that a controller and the checker count.
func (s Spec) Table() []Constraint {
	t := s.Timing
	act, pre, prea, ref, refb := []Op{ACT}, []Op{PRE}, []Op{PREA}, []Op{REF}, []Op{REFB}
	trpa := t.TRPA
	if trpa == 0 {
		trpa = t.TRP
	}
	write2pre := t.CWL + t.Burst + t.TWR + t.TWP
	rows := []Constraint{
		// one command after another in a bank
		{"tRCDRD", Bank, act, readOps, t.TRCDRD, 1, false},
		{"tRCDWR", Bank, act, writeOps, t.TRCDWR, 1, false},
		{"tRAS", Bank, act, pre, t.TRAS, 1, false},
		{"tRC", Bank, act, act, t.TRC, 1, false},
		{"tRP", Bank, pre, act, t.TRP, 1, false},
		{"tRTP", Bank, []Op{RD}, pre, t.TRTP, 1, false},
		{"CWL+BL+tWR", Bank, []Op{WR}, pre, write2pre, 1, false},
		{"tRTP+tRP", Bank, []Op{RDA}, act, t.TRTP + t.TRP, 1, false},
		{"CWL+BL+tWR+tRP", Bank, []Op{WRA}, act, write2pre + t.TRP, 1, false},

		// activates of a rank
		{"tRRD_S", Rank, act, act, t.TRRDS, 1, false},
		{"tRRD_L", Group, act, act, t.TRRDL, 1, false},
		{"tFAW", Rank, act, act, t.TFAW, 4, false},
		{"tPPD", Rank, pre, pre, t.TPPD, 1, false},

		// columns and the data bus
		{"max(BL,tCCD_S) reads", Rank, readOps, readOps, max(t.Burst, t.TCCDS), 1, false},
		{"max(BL,tCCD_S) writes", Rank, writeOps, writeOps, max(t.Burst, t.TCCDS), 1, false},
		{"max(BL,tCCD_L) reads", Group, readOps, readOps, max(t.Burst, t.TCCDL), 1, false},
		{"max(BL,tCCD_L) writes", Group, writeOps, writeOps, max(t.Burst, t.TCCDL), 1, false},
		{"CL+BL-CWL+tRTRS", Rank, readOps, writeOps, t.readLatency() - t.CWL + t.TRTRS, 1, false},
		{"CWL+BL+tWTR_S", Rank, writeOps, readOps, t.writeLatency() + t.TWTRS, 1, false},
		{"CWL+BL+tWTR_L", Group, writeOps, readOps, t.writeLatency() + t.TWTRL, 1, false},

		// all banks: PREA and REF
		{"tRAS all", Rank, act, prea, t.TRAS, 1, false},
		{"tRTP all", Rank, []Op{RD}, prea, t.TRTP, 1, false},
		{"CWL+BL+tWR all", Rank, []Op{WR}, prea, write2pre, 1, false},
		{"tRPA", Rank, prea, act, trpa, 1, false},
		{"tRP to REF", Rank, pre, ref, t.TRP, 1, false},
		{"tRPA to REF", Rank, prea, ref, trpa, 1, false},
		{"tRC to REF", Rank, act, ref, t.TRC, 1, false},
		{"tRTP+tRP to REF", Rank, []Op{RDA}, ref, t.TRTP + t.TRP, 1, false},
		{"CWL+BL+tWR+tRP to REF", Rank, []Op{WRA}, ref, write2pre + t.TRP, 1, false},
		{"tRFC", Rank, ref, []Op{ACT, PREA, REF, REFB}, t.TRFC, 1, false},

		// one bank's refresh
		{"tRFCB", Bank, refb, []Op{ACT, REFB}, t.TRFCB, 1, false},
		{"tRFCB to REF", Rank, refb, ref, t.TRFCB, 1, false},
		{"tRREFD", Rank, refb, act, t.TRREFD, 1, false},
		{"tRRD to REFB", Rank, act, refb, t.TRRDS, 1, false},
		{"tRC to REFB", Bank, act, refb, t.TRC, 1, false},
		{"tRP to REFB", Bank, pre, refb, t.TRP, 1, false},
		{"tRTP+tRP to REFB", Bank, []Op{RDA}, refb, t.TRTP + t.TRP, 1, false},
		{"CWL+BL+tWR+tRP to REFB", Bank, []Op{WRA}, refb, write2pre + t.TRP, 1, false},
	}
	if s.SharedDataBus {
		rows = append(rows,
			Constraint{"BL+tRTRS reads", Rank, readOps, readOps, t.Burst + t.TRTRS, 1, true},
			Constraint{"BL+tRTRS writes", Rank, writeOps, writeOps, t.Burst + t.TRTRS, 1, true},
			Constraint{"CL+BL-CWL+tRTRS", Rank, readOps, writeOps, t.readLatency() - t.CWL + t.TRTRS, 1, true},
			Constraint{"CWL+BL-CL+tRTRS", Rank, writeOps, readOps, max(1, t.writeLatency()-t.CL-t.TDQSCK+t.TRTRS), 1, true},
		)
	}
	if t.TWP > 0 { // a cell under its write pulse can be neither read nor written
		rows = append(rows,
			Constraint{"BL+tWP", Bank, writeOps, writeOps, max(t.Burst, t.TCCDL) + t.TWP, 1, false},
			Constraint{"CWL+BL+tWTR+tWP", Bank, writeOps, readOps, t.writeLatency() + t.TWTRL + t.TWP, 1, false})
	}
	if s.InMemory {
		cq, rp := []Op{CopyQ}, []Op{ReadP}
		rows = append(rows,
			Constraint{"tCL+tAxTh", Bank, cq, rp, t.CL + t.TAxTh, 1, false},
			Constraint{"tCL+tAxTh to CopyQ", Bank, cq, cq, t.CL + t.TAxTh, 1, false},
			Constraint{"tCL+tAxTh to ACT", Bank, cq, act, t.CL + t.TAxTh, 1, false},
			Constraint{"tCL CopyQ", Rank, cq, cq, t.CL, 1, false},
			Constraint{"max(BL,tCCD) ReadP", Rank, rp, []Op{RD, RDA, ReadP}, max(t.Burst, t.TCCDS), 1, false},
			Constraint{"max(BL,tCCD) to ReadP", Rank, readOps, rp, max(t.Burst, t.TCCDS), 1, false},
			Constraint{"CL+BL-CWL+tRTRS ReadP", Rank, rp, writeOps, t.readLatency() - t.CWL + t.TRTRS, 1, false},
			Constraint{"CWL+BL+tWTR to ReadP", Rank, writeOps, rp, t.writeLatency() + t.TWTRS, 1, false})
	}
	rows = append(rows, s.busRows()...)
	return slices.DeleteFunc(rows, func(c Constraint) bool { return c.Cycles <= 0 })
}

// commandCycles is the clocks for which a command holds its bus.
func (s Spec) commandCycles(o Op) int { return max(1, s.CommandCycles[o]) }

// busRows gives the occupancy of the command buses: one row and one column bus, or a single one.
func (s Spec) busRows() []Constraint {
	buses := [][]Op{rowOps, colOps}
	if !s.DualCommandBus {
		buses = [][]Op{slices.Concat(rowOps, colOps)}
	}
	var rows []Constraint
	for _, bus := range buses {
		byCycles := map[int][]Op{}
		for _, o := range bus {
			byCycles[s.commandCycles(o)] = append(byCycles[s.commandCycles(o)], o)
		}
		for _, n := range slices.Sorted(maps.Keys(byCycles)) {
			rows = append(rows, Constraint{"command bus", Channel, byCycles[n], bus, n, 1, false})
		}
	}
	return rows
}

// FirstClock converts a row to the gap between the first clocks of two commands: a command of n clocks counts from its
// last, so n-1 is added when it precedes and subtracted when it follows. Bus occupancy is already in first clocks.
func (s Spec) FirstClock(c Constraint, preceding, following Op) int {
	if c.Level == Channel {
		return c.Cycles
	}
	return c.Cycles + s.commandCycles(preceding) - s.commandCycles(following)
}
