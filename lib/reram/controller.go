package reram

import (
	"fmt"

	"github.com/sparse-attention/workbench/lib/unit"
)

// Command is what a controller puts on a channel.
type Command uint8

const (
	ACT   Command = iota // open a row
	PRE                  // close it
	RD                   // column read
	WR                   // column write
	CopyQ                // low-precision query to the in-memory query buffers of the channel; obeys tCL only
	ReadP                // pruning vector of the channel; timed as a column read
)

func (c Command) String() string {
	if int(c) < len(commands) {
		return commands[c]
	}
	return fmt.Sprintf("Command(%d)", uint8(c))
}

var commands = [...]string{"ACT", "PRE", "RD", "WR", "CopyQ", "ReadP"}

// Issued is one command with the memory cycle of its issue. Bank and Row are -1 for CopyQ and ReadP, which address all
// transposable banks of a channel.
type Issued struct {
	At                 unit.Cycles
	Command            Command
	Channel, Bank, Row int
}

// Controller is a memory controller over the banks: in order within a channel, rows left open, banks overlapped, one data bus
// a channel. It says when data arrive; every time is in cycles of the memory's clock and never decreases along a channel.
type Controller struct {
	Timing
	Layout
	OnCommand func(Issued) // nil, or called for every command

	half     unit.Bytes // half a key: what the transposable, and again the standard bank holds of it
	perRow   int        // keys that share a standard row
	channels []channel
}

type channel struct {
	busFree    unit.Cycles // end of the last data
	lastColumn unit.Cycles // issue of the last column command
	lastACT    unit.Cycles
	writeEnd   unit.Cycles // end of the last write data
	banks      []bank
}

type bank struct {
	row   int         // open row, -1 = none
	ready unit.Cycles // when a column command (row open) or an activate (row closed) may follow
	act   unit.Cycles // issue of the last activate
	idle  unit.Cycles // when a precharge may follow
}

const never unit.Cycles = -1 << 40 // long ago

// NewController prepares the banks for keys of keyBytes bytes, half of them in each kind of bank.
func NewController(t Timing, l Layout, keyBytes unit.Bytes) (*Controller, error) {
	if err := t.Validate(); err != nil {
		return nil, err
	}
	if err := l.Validate(); err != nil {
		return nil, err
	}
	if keyBytes < 1 {
		return nil, fmt.Errorf("reram: key is %d bytes, must be at least 1", int64(keyBytes))
	}
	c := &Controller{Timing: t, Layout: l, half: (keyBytes + 1) / 2, channels: make([]channel, l.Channels)}
	c.perRow = max(int(l.RowBytes/(c.half+keyBytes)), 1) // lower half and value of a key
	for i := range c.channels {
		ch := channel{lastColumn: never, lastACT: never, writeEnd: never, banks: make([]bank, l.Banks)}
		for b := range ch.banks {
			ch.banks[b] = bank{row: -1, act: never}
		}
		c.channels[i] = ch
	}
	return c, nil
}

// Threshold issues CopyQ, waits tAxTh and issues ReadP on every channel, for keys spread over all of them. It returns the
// cycle at which the whole pruning vector has arrived. The transposable banks take part and can read nothing meanwhile.
func (c *Controller) Threshold(at unit.Cycles, keys int) unit.Cycles {
	done := at
	for i := range c.channels {
		ch := &c.channels[i]
		start := at
		for b := range c.TransposableBanks {
			start = max(start, ch.banks[b].idle, ch.banks[b].ready)
		}
		c.issue(Issued{start, CopyQ, i, -1, -1})
		compared := start + c.TCAS + c.thresholding()
		share := unit.Bytes((keys+len(c.channels)-1-i)/len(c.channels)+7) / 8 // this channel's bits, in bytes
		if share == 0 {
			continue
		}
		read := c.column(ch, compared, c.data(share))
		c.issue(Issued{read, ReadP, i, -1, -1})
		for b := range c.TransposableBanks {
			bk := &ch.banks[b]
			bk.ready, bk.idle = max(bk.ready, read), max(bk.idle, read)
		}
		done = max(done, ch.busFree)
	}
	return done
}

// ReadKey fetches both halves of key j, no earlier than at, and returns the cycle of their arrival.
func (c *Controller) ReadKey(at unit.Cycles, j int) unit.Cycles {
	i, slot := j%c.Channels, j/c.Channels
	upper := c.access(i, slot%c.TransposableBanks, slot/c.TransposableBanks, at, c.half, RD)
	return max(upper, c.access(i, c.standard(slot), c.row(slot), at, c.half, RD))
}

// ReadValue fetches value j, no earlier than at, and returns the cycle of its arrival.
func (c *Controller) ReadValue(at unit.Cycles, j int) unit.Cycles {
	i, slot := j%c.Channels, j/c.Channels
	return c.access(i, c.standard(slot), c.row(slot), at, 2*c.half, RD)
}

// Write stores key j and value j, no earlier than at, and returns the cycle at which their data have been taken.
func (c *Controller) Write(at unit.Cycles, j int) unit.Cycles {
	i, slot := j%c.Channels, j/c.Channels
	upper := c.access(i, slot%c.TransposableBanks, slot/c.TransposableBanks, at, c.half, WR)
	return max(upper, c.access(i, c.standard(slot), c.row(slot), at, 3*c.half, WR))
}

func (c *Controller) standard(slot int) int {
	return c.TransposableBanks + slot%(c.Banks-c.TransposableBanks)
}

func (c *Controller) row(slot int) int { return slot / (c.Banks - c.TransposableBanks) / c.perRow }

// data is the bus time of n bytes; half bursts exist, as the halves of a 64-byte key are 32 bytes.
func (c *Controller) data(n unit.Bytes) unit.Cycles {
	edge := unit.Bytes(c.Bus) * 2 / 8 // bytes a clock
	return unit.Cycles((n + edge - 1) / edge)
}

// access opens the row if need be and moves n bytes; it returns the end of the data.
func (c *Controller) access(i, b, row int, at unit.Cycles, n unit.Bytes, command Command) unit.Cycles {
	ch := &c.channels[i]
	bk := &ch.banks[b]
	if bk.row != row {
		c.open(i, b, row, at)
	}
	column := max(at, bk.ready)
	if command == WR {
		column = c.writeColumn(ch, column, c.data(n))
		bk.idle = max(bk.idle, ch.busFree+c.TWP)
	} else {
		column = c.column(ch, column, c.data(n))
		bk.idle = max(bk.idle, column+c.data(n)) // as NVMain: the row has left the cells after the burst's cycles
	}
	c.issue(Issued{column, command, i, b, row})
	bk.ready = column + c.TCCD
	return ch.busFree
}

// open closes the row that is open and activates another.
func (c *Controller) open(i, b, row int, at unit.Cycles) {
	ch := &c.channels[i]
	bk := &ch.banks[b]
	act := max(at, bk.idle)
	if bk.row >= 0 {
		pre := max(act, bk.act+c.TRAS)
		c.issue(Issued{pre, PRE, i, b, bk.row})
		act = pre + c.TRP
	}
	act = max(act, ch.lastACT+c.TRRDR)
	c.issue(Issued{act, ACT, i, b, row})
	ch.lastACT, bk.act, bk.row = act, act, row
	bk.ready = act + c.TRCD
}

// column places a read command and its data on the channel and returns the command's cycle.
func (c *Controller) column(ch *channel, at, burst unit.Cycles) unit.Cycles {
	at = max(at, ch.lastColumn+c.TCCD, ch.writeEnd+c.TWTR, ch.busFree-c.TCAS)
	ch.lastColumn, ch.busFree = at, at+c.TCAS+burst
	return at
}

// writeColumn does the same for a write.
func (c *Controller) writeColumn(ch *channel, at, burst unit.Cycles) unit.Cycles {
	at = max(at, ch.lastColumn+c.TCCD, ch.busFree-c.TCWD)
	ch.lastColumn, ch.busFree = at, at+c.TCWD+burst
	ch.writeEnd = ch.busFree
	return at
}

func (c *Controller) issue(x Issued) {
	if c.OnCommand != nil {
		c.OnCommand(x)
	}
}

// AppendState appends everything that future times depend on, relative to the cycle now, to dst: two controllers with equal
// states answer equal requests equally. Times that can no longer matter are folded into one.
func (c *Controller) AppendState(dst []int64, now unit.Cycles) []int64 {
	past := -(c.TRCD + c.TCAS + c.TRP + c.TBURST + c.TCCD + c.TWP + c.TCWD + c.TWTR + c.TRRDR + c.TRAS)
	put := func(t unit.Cycles) { dst = append(dst, int64(max(t-now, past))) }
	for i := range c.channels {
		ch := &c.channels[i]
		put(ch.busFree)
		put(ch.lastColumn)
		put(ch.lastACT)
		put(ch.writeEnd)
		for b := range ch.banks {
			bk := &ch.banks[b]
			dst = append(dst, int64(bk.row))
			put(bk.ready)
			put(bk.idle)
			put(bk.act)
		}
	}
	return dst
}
