package dram

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"github.com/sparse-attention/workbench/lib/legal"
	"github.com/sparse-attention/workbench/lib/unit"
)

// Spec describes a memory: its parts, their timing, the controller and the way requests reach it. All times are in the
// clocks of Clock, all sizes in the unit named.
type Spec struct {
	Name  string
	Clock unit.Hertz // command clock; data move on both edges

	Channels      int
	Ranks         int  // per channel; pseudo channels count here
	Groups        int  // bank groups per rank
	Banks         int  // banks per group
	Rows          int  // per bank
	Bursts        int  // accesses per row
	BusBits       int  // data bus of one rank or pseudo channel
	AccessBytes   int  // bytes of one burst: BusBits/8 x 2 x Timing.Burst
	SharedDataBus bool // the ranks of a channel share one data bus; false for pseudo channels, which have halves of their own

	Timing         Timing
	DualCommandBus bool         // row and column commands travel at the same time (HBM)
	CommandCycles  map[Op]int   // clocks on the command bus, where not 1
	InMemory       bool         // the arrays threshold: CopyQ, ReadP and transposed reads are legal
	Extra          []Constraint // rules beyond Table

	Controller Controller
	FrontEnd   FrontEnd
	Mapping    string // address bits from the most significant field, as in "rorabacobgch"; see ParseMapping
	Energy     Energy
}

// Arbiter names the rule by which a controller picks the next command.
type Arbiter uint8

const (
	// RoundRobin goes through the banks in turn and takes the first whose queue has a legal command: first ready, first
	// come within a bank. Only the head of a bank's queue may close its row, and only once no queued hit is left or HitCap
	// hits were served. With two command buses the second slot belongs to the next ready bank in turn, and stays empty if
	// that one needs the same bus. Refresh closes the banks of its rank one by one and holds back their queues.
	RoundRobin Arbiter = iota
	// OldestFirst takes the oldest legal column command and the oldest legal row command of the whole channel. A request
	// whose row has just been opened for it moves aside, is served before all others, and keeps its row from being closed;
	// a row is not closed while a hit waits that came no later than the request that wants it closed. Refresh closes all
	// banks of its rank at once and lets nothing else start in the channel.
	OldestFirst
)

func (a Arbiter) String() string { return legal.Name(a, "Arbiter", "RoundRobin", "OldestFirst") }

// RefreshMode says how the cells are kept.
type RefreshMode uint8

const (
	NoRefresh      RefreshMode = iota
	AllBankRefresh             // REF per rank every TREFI
	PerBankRefresh             // REFB to one bank after the other, every TREFIB
)

func (r RefreshMode) String() string {
	return legal.Name(r, "RefreshMode", "NoRefresh", "AllBankRefresh", "PerBankRefresh")
}

// Controller holds the queues and policies of one channel.
type Controller struct {
	Arbiter Arbiter
	// ReadQueue and WriteQueue bound the requests accepted and not yet handed on, per channel.
	ReadQueue, WriteQueue int
	// BankQueue bounds the commands that wait at one bank; one request a clock moves there. RoundRobin only.
	BankQueue int
	// WriteHigh writes waiting start a drain; it goes on down to WriteLow under OldestFirst, or until the writes present at its
	// start are gone under RoundRobin. OldestFirst also drains while no read waits; RoundRobin drains more than WriteLow
	// writes when the bank queues are empty.
	WriteHigh, WriteLow int
	ClosedPage          bool  // every column command closes its bank
	HitCap              int   // row hits after which a waiting conflict may close the row; RoundRobin only, 0 = no cap
	AgeLimit            int64 // clocks after which a waiting conflict stops further hits to its bank; 0 = never
	Merge               bool  // reads of an address that is already being read share its burst
	Refresh             RefreshMode
	StaggerRefresh      bool // ranks take turns within TREFI instead of refreshing together
}

// FrontEnd is the way from the stream into the channels.
type FrontEnd struct {
	// Width requests at most are handed over in a clock.
	Width int
	// PerChannel gives each channel a queue of its own in front of it, and a Width of its own. Otherwise the stream is in
	// order and a full channel holds up all that follow.
	PerChannel bool
	// First requests are handed over in clock 0, where not Width: a front end that is clocked Width times as fast as the
	// memory, as Ramulator's is, has had one of its clocks before the memory's first.
	First int
}

// BanksPerChannel counts all banks behind one command bus.
func (s Spec) BanksPerChannel() int { return s.Ranks * s.Groups * s.Banks }

// RowBytes is the row buffer of one bank.
func (s Spec) RowBytes() unit.Bytes { return unit.Bytes(s.Bursts * s.AccessBytes) }

// Capacity is the size of the whole memory.
func (s Spec) Capacity() unit.Bytes {
	return unit.Bytes(s.Channels*s.BanksPerChannel()*s.Rows) * s.RowBytes()
}

// buses is the number of data buses of a channel.
func (s Spec) buses() int {
	if s.SharedDataBus {
		return 1
	}
	return s.Ranks
}

// PeakBandwidth is the rate of all data buses in bytes per second.
func (s Spec) PeakBandwidth() float64 {
	return float64(s.Channels*s.buses()*s.AccessBytes) / float64(s.Timing.Burst) * float64(s.Clock)
}

// RefreshFactor is the share of time that refresh leaves, when each refresh costs the last read, the precharge, tRFC and
// the first activate (dram.md section 4.2).
func (s Spec) RefreshFactor() float64 {
	t := s.Timing
	if s.Controller.Refresh != AllBankRefresh {
		return 1
	}
	return 1 - float64(t.TRTP+t.TRP+t.TRFC+t.TRCDRD)/float64(t.TREFI)
}

// Validate names every field that breaks a rule, with the value and what is legal.
func (s Spec) Validate() error {
	var errs []error
	wrong := legal.Complaint("dram: Spec")
	bad := func(field string, value any, legal string) { errs = append(errs, wrong(field, value, legal)) }
	if !(s.Clock > 0) {
		bad("Clock", float64(s.Clock), "positive (Hz)")
	}
	for _, f := range []struct {
		name     string
		v, limit int
	}{{"Channels", s.Channels, 1 << 10}, {"Ranks", s.Ranks, 64}, {"Groups", s.Groups, 64}, {"Banks", s.Banks, 64},
		{"Rows", s.Rows, 1 << 24}, {"Bursts", s.Bursts, 1 << 16}, {"AccessBytes", s.AccessBytes, 1 << 12}} {
		if f.v < 1 || f.v > f.limit || bits.OnesCount(uint(f.v)) != 1 {
			bad(f.name, f.v, fmt.Sprintf("a power of two in 1..%d", f.limit))
		}
	}
	if n := s.BanksPerChannel(); n > maxBanks {
		bad("Ranks x Groups x Banks", n, fmt.Sprintf("at most %d", maxBanks))
	}
	if want := s.BusBits / 8 * 2 * s.Timing.Burst; s.AccessBytes != want {
		bad("AccessBytes", s.AccessBytes, fmt.Sprintf("BusBits/8 x 2 x Timing.Burst = %d", want))
	}
	s.validateTiming(bad)
	s.validateController(bad)
	for o, n := range s.CommandCycles {
		if o >= numOps || n < 1 || n > 16 {
			bad(fmt.Sprintf("CommandCycles[%v]", o), n, "1..16")
		}
	}
	for i, c := range s.Extra {
		if c.Level >= numLevels || c.Window < 1 || c.Window > 64 || len(c.Preceding) == 0 || len(c.Following) == 0 || c.Cycles < 0 {
			bad(fmt.Sprintf("Extra[%d]", i), c, "a rule with commands, Cycles >= 0 and Window 1..64")
			continue
		}
		if c.Sibling && (c.Level != Rank || c.Window > 1) {
			bad(fmt.Sprintf("Extra[%d].Sibling", i), c, "a pairwise rule between ranks")
		}
		for _, o := range slices.Concat(c.Preceding, c.Following) {
			if o >= numOps || o.rankWide() && c.Level > Rank {
				bad(fmt.Sprintf("Extra[%d]", i), c, "of known commands, with PREA and REF only at rank or channel")
			}
		}
	}
	if len(errs) == 0 { // the mapping needs legal sizes
		if _, err := ParseMapping(s); err != nil {
			errs = append(errs, err)
		}
		if err := s.Energy.validate(); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (s Spec) validateTiming(bad func(string, any, string)) {
	t := s.Timing
	for _, f := range t.fields() {
		if f.value < 0 || f.value > 1<<24 {
			bad("Timing."+f.name, f.value, "0..16777216 clocks")
		}
	}
	if t.Burst < 1 {
		bad("Timing.Burst", t.Burst, "at least 1 clock")
	}
	if t.TRAS+t.TRP > t.TRC {
		bad("Timing.TRC", t.TRC, fmt.Sprintf("at least TRAS + TRP = %d", t.TRAS+t.TRP))
	}
	if t.TFAW > 0 && t.TFAW < t.TRRDS {
		bad("Timing.TFAW", t.TFAW, fmt.Sprintf("0 or at least TRRDS = %d", t.TRRDS))
	}
	if t.TRRDL < t.TRRDS {
		bad("Timing.TRRDL", t.TRRDL, fmt.Sprintf("at least TRRDS = %d", t.TRRDS))
	}
	if t.TCCDL < t.TCCDS {
		bad("Timing.TCCDL", t.TCCDL, fmt.Sprintf("at least TCCDS = %d", t.TCCDS))
	}
	if t.readLatency() < t.CWL {
		bad("Timing.CWL", t.CWL, fmt.Sprintf("at most CL + TDQSCK + Burst = %d", t.readLatency()))
	}
	switch s.Controller.Refresh {
	case NoRefresh:
	case AllBankRefresh:
		if t.TRFC < 1 || t.TREFI <= t.TRFC+t.TRAS+t.TRP {
			bad("Timing.TREFI", t.TREFI, fmt.Sprintf("above TRFC + TRAS + TRP = %d, with TRFC >= 1", t.TRFC+t.TRAS+t.TRP))
		}
	case PerBankRefresh:
		if t.TRFCB < 1 || t.TREFIB*s.Groups*s.Banks <= t.TRFCB+t.TRAS+t.TRP {
			bad("Timing.TREFIB", t.TREFIB, fmt.Sprintf("above (TRFCB + TRAS + TRP)/banks = %d/%d, with TRFCB >= 1", t.TRFCB+t.TRAS+t.TRP, s.Groups*s.Banks))
		}
	default:
		bad("Controller.Refresh", s.Controller.Refresh, "NoRefresh, AllBankRefresh or PerBankRefresh")
	}
}

func (s Spec) validateController(bad func(string, any, string)) {
	c := s.Controller
	inRange := func(field string, v, low, high int) {
		if v < low || v > high {
			bad("Controller."+field, v, fmt.Sprintf("%d..%d", low, high))
		}
	}
	inRange("ReadQueue", c.ReadQueue, 1, 4096)
	inRange("WriteQueue", c.WriteQueue, 1, 4096)
	if c.WriteHigh < 1 || c.WriteHigh > c.WriteQueue {
		bad("Controller.WriteHigh", c.WriteHigh, fmt.Sprintf("1..WriteQueue = %d", c.WriteQueue))
	}
	if c.WriteLow < 0 || c.WriteLow >= c.WriteHigh {
		bad("Controller.WriteLow", c.WriteLow, fmt.Sprintf("0..%d, below WriteHigh", c.WriteHigh-1))
	}
	inRange("HitCap", c.HitCap, 0, 1<<30)
	if c.AgeLimit < 0 {
		bad("Controller.AgeLimit", c.AgeLimit, "0 (never) or positive clocks")
	}
	switch c.Arbiter {
	case RoundRobin:
		inRange("BankQueue", c.BankQueue, 1, 4096)
	case OldestFirst:
		inRange("BankQueue", c.BankQueue, 0, 0)
		if c.HitCap != 0 {
			bad("Controller.HitCap", c.HitCap, "0 under OldestFirst")
		}
	default:
		bad("Controller.Arbiter", c.Arbiter, "RoundRobin or OldestFirst")
	}
	if s.InMemory && c.Arbiter != OldestFirst {
		bad("InMemory", s.InMemory, "false under RoundRobin")
	}
	if w := s.FrontEnd.Width; w < 1 || w > 1<<16 {
		bad("FrontEnd.Width", w, "1..65536 requests per clock")
	}
	if f := s.FrontEnd.First; f < 0 || f > s.FrontEnd.Width {
		bad("FrontEnd.First", f, fmt.Sprintf("0 (as Width) or 1..Width = %d", s.FrontEnd.Width))
	}
}

type timingField struct {
	name  string
	value int
}

func (t Timing) fields() []timingField {
	return []timingField{
		{"CL", t.CL}, {"CWL", t.CWL}, {"Burst", t.Burst}, {"TDQSCK", t.TDQSCK},
		{"TRCDRD", t.TRCDRD}, {"TRCDWR", t.TRCDWR}, {"TRP", t.TRP}, {"TRPA", t.TRPA}, {"TRAS", t.TRAS}, {"TRC", t.TRC},
		{"TRTP", t.TRTP}, {"TWR", t.TWR}, {"TRRDS", t.TRRDS}, {"TRRDL", t.TRRDL}, {"TFAW", t.TFAW},
		{"TCCDS", t.TCCDS}, {"TCCDL", t.TCCDL}, {"TWTRS", t.TWTRS}, {"TWTRL", t.TWTRL}, {"TRTRS", t.TRTRS}, {"TPPD", t.TPPD},
		{"TREFI", t.TREFI}, {"TREFIB", t.TREFIB}, {"TRFC", t.TRFC}, {"TRFCB", t.TRFCB}, {"TRREFD", t.TRREFD},
		{"TWP", t.TWP}, {"TAxTh", t.TAxTh},
	}
}
