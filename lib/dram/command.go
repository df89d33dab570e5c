package dram

import (
	"fmt"

	"github.com/sparse-attention/workbench/lib/legal"
)

// Op is a command on the memory's command bus.
type Op uint8

// The commands of the standards modelled here. CopyQ and ReadP are SPRINT's two additions to a ReRAM main memory.
const (
	ACT   Op = iota // open a row
	PRE             // close one bank
	PREA            // close all banks of a rank or pseudo channel
	RD              // read a burst of the open row
	RDA             // read, then close the bank
	WR              // write a burst
	WRA             // write, then close the bank
	REF             // refresh all banks of a rank or pseudo channel
	REFB            // refresh one bank
	CopyQ           // copy a low-precision query into the in-memory query buffer
	ReadP           // read the pruning vector that the comparators left
	numOps
)

var opNames = [numOps]string{"ACT", "PRE", "PREA", "RD", "RDA", "WR", "WRA", "REF", "REFB", "COPYQ", "READP"}

func (o Op) String() string { return legal.Name(o, "Op", opNames[:]...) }

// Column says whether the command moves data, and so travels on the column command bus where there are two.
func (o Op) Column() bool {
	return o >= RD && o <= WRA || o == CopyQ || o == ReadP
}

// reads says whether the command puts read data on the data bus.
func (o Op) reads() bool { return o == RD || o == RDA || o == ReadP }

// writes says whether the command takes write data from the data bus.
func (o Op) writes() bool { return o == WR || o == WRA }

// rankWide says whether the command addresses all banks of a rank.
func (o Op) rankWide() bool { return o == PREA || o == REF }

// Command is one line of a command log: what was on the command bus at the clock At. Bank counts within its group; for
// PREA and REF Group and Bank are -1. Row is -1 where the command names none, and Spec.Rows or more where a transposable
// array is read along its other axis; Column counts bursts.
type Command struct {
	At                         int64
	Op                         Op
	Channel, Rank, Group, Bank int
	Row, Column                int
}

func (c Command) String() string {
	return fmt.Sprintf("%d %s ch%d ra%d bg%d ba%d ro%d co%d", c.At, c.Op, c.Channel, c.Rank, c.Group, c.Bank, c.Row, c.Column)
}
