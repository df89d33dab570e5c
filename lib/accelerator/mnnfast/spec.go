package mnnfast

import (
	"github.com/sparse-attention/workbench/lib/legal"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/unit"
)

// SkipRule says against which sum a weight is compared.
type SkipRule uint8

const (
	TwoPass SkipRule = iota // the whole sum: scores of all keys come before the first value
	Running                 // the sum so far

	skipRules
)

func (r SkipRule) String() string { return legal.Name(r, "SkipRule", "two-pass", "running") }

// Spec is one machine.
type Spec struct {
	Name string

	Lanes          int     // multipliers of the score module, and of the value module
	Bandwidth      float64 // of memory, bytes a second
	Bits           int     // of an element
	ChunkRows      int     // rows that are loaded at a time; there are two chunks of keys and two of values on chip
	QueriesPerPass int     // queries that share one stream of keys and values; 0 is all of them
	Streaming      bool    // load, scores and values overlap; otherwise they follow one another, with scores spilled
	SpillBytes     int     // of a score that goes to memory and back when not streaming

	Skip        pruning.ZeroSkip
	Rule        SkipRule
	Renormalise bool // divide by the sum of the kept weights instead of all
	Stabilise   bool // rescale by the running maximum; without, real scores above 709 overflow

	Clock unit.Hertz
	Power unit.Watts
}

// Projected is the machine of SpAtten's Table III: MNNFast as an ASIC with 128 multipliers, all queries of a head together.
func Projected() Spec {
	return Spec{
		Name:           "MNNFast",
		Lanes:          64,   // SpAtten Table III: 128 together
		Bandwidth:      64e9, // SpAtten Table III
		Bits:           12,   // sheet: SpAtten's width
		ChunkRows:      1000, // assumed: not known
		QueriesPerPass: 0,    // assumed: 120 of 128 GOP/s leave no time to stream keys for every query
		Streaming:      true,
		SpillBytes:     4,                            // assumed: single precision
		Skip:           pruning.ZeroSkip{Theta: 0.1}, // assumed: not known
		Rule:           TwoPass,                      // assumed: the exact probability
		Renormalise:    false,                        // assumed: the sum is already there
		Stabilise:      false,                        // secondary: Rabe and Staats credit MNNFast with the form without a maximum
		Clock:          unit.GHz,                     // SpAtten Table III, projected
		Power:          1,                            // SpAtten V-B: assumed, a tenth of the FPGA board's
	}
}

// MemoryNetwork streams the whole memory for every query, as the networks that MNNFast was made for do.
func MemoryNetwork() Spec {
	s := Projected()
	s.Name, s.QueriesPerPass = "MNNFast, memory network", 1
	return s
}

// Baseline is the same hardware without the paper's ideas: nothing overlaps, scores go to memory and back, every value is
// used.
func (s Spec) Baseline() Spec {
	s.Name += " baseline"
	s.Streaming, s.Skip.Theta = false, 0
	return s
}

// Validate reports the first field that no machine can have.
func (s Spec) Validate() error {
	f := legal.Of("mnnfast: Spec")
	f.AtLeast("Lanes", s.Lanes, 1)
	f.Positive("Bandwidth", s.Bandwidth)
	f.In("Bits", s.Bits, 2, 32)
	f.AtLeast("ChunkRows", s.ChunkRows, 1)
	f.Require(s.QueriesPerPass >= 0, "QueriesPerPass", s.QueriesPerPass, "at least 0 (0 is all)")
	f.Require(s.SpillBytes >= 0, "SpillBytes", s.SpillBytes, "at least 0")
	f.Require(s.Rule < skipRules, "Rule", s.Rule, "0 (two-pass) or 1 (running)")
	f.Clock("Clock", float64(s.Clock))
	f.Positive("Power", float64(s.Power))
	f.Parts(s.Skip)
	return f.Err()
}

// bytesPerCycle is what memory delivers.
func (s Spec) bytesPerCycle() float64 { return s.Bandwidth / float64(s.Clock) }
