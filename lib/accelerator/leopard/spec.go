package leopard

import (
	"github.com/sparse-attention/workbench/lib/energy"
	"github.com/sparse-attention/workbench/lib/legal"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/unit"
)

// Mode is what the tile does with a head.
type Mode uint8

const (
	Baseline         Mode = iota // every key to its last bit, every value: what the paper's speedup is over
	Pruning                      // every key to its last bit, values of survivors only
	EarlyTermination             // keys stop when they cannot survive: LeOPArd

	modes
)

func (m Mode) String() string {
	return legal.Name(m, "Mode", "Baseline", "Pruning", "EarlyTermination")
}

// Spec is one tile: several bit-serial query-key units before one softmax and one value unit.
type Spec struct {
	Name string
	Mode Mode

	BitSerial       pruning.BitSerial // key width and bits a cycle
	QueryBits       int
	ValueBits       int
	ProbabilityBits int
	QKUnits         int // query-key units a value unit
	Taps            int // products that a unit forms at once; longer vectors take several passes
	ScoreBuffers    int // queries whose survivors may wait between front and back end, the one in work included
	EmptyRow        pruning.EmptyRow

	KeyBuffer   unit.Bytes
	ValueBuffer unit.Bytes
	Clock       unit.Hertz
	Area        unit.SquareMillimetres
	Energy      energy.Table
}

// AreaEfficient is the tile of six query-key units: at full length they deliver one key a cycle, as many as the value unit
// takes.
func AreaEfficient() Spec {
	return Spec{
		Name:            "LeOPArd",
		Mode:            EarlyTermination,
		BitSerial:       pruning.LeOPArdBitSerial(), // 12-bit keys from the buffers, 2 bits a cycle assumed
		QueryBits:       12,                         // assumed: the key's width
		ValueBits:       16,                         // derived: 64 KB hold as many vectors as 48 KB of 12-bit keys (SPRINT Table III)
		ProbabilityBits: 16,                         // assumed: the value's width
		QKUnits:         6,                          // assumed: balances the unpruned tile at 6 cycles a key
		Taps:            64,                         // assumed: the head dimension of all its models
		ScoreBuffers:    2,                          // assumed: double buffering, so that front and back end overlap
		EmptyRow:        pruning.KeepMaximum,        // assumed: not known
		KeyBuffer:       48 * unit.KiB,              // SPRINT Table III
		ValueBuffer:     64 * unit.KiB,              // SPRINT Table III
		Clock:           800 * unit.MHz,             // assumed: not known; 65 nm
		Area:            3.5,                        // SPRINT Table III
		Energy:          energy.SPRINT65(),          // assumed: same process, see Deviations
	}
}

// HighlyParallel is the tile of eight query-key units (assumed: the second design point of the reference sheet).
func HighlyParallel() Spec {
	s := AreaEfficient()
	s.Name, s.QKUnits = "LeOPArd, 8 QK units", 8
	return s
}

// In returns the tile in another mode.
func (s Spec) In(m Mode) Spec {
	s.Mode = m
	return s
}

// Vectors is how many keys and values of dim elements the buffers hold.
func (s Spec) Vectors(dim int) (keys, values int) {
	return int(s.KeyBuffer) * 8 / (dim * s.BitSerial.KeyBits), int(s.ValueBuffer) * 8 / (dim * s.ValueBits)
}

// Validate reports the first field that no tile can have.
func (s Spec) Validate() error {
	f := legal.Of("leopard: Spec")
	legal.One(f, "Mode", s.Mode, modes)
	f.Parts(s.BitSerial, s.Energy)
	f.In("QueryBits", s.QueryBits, 2, 16)
	f.In("ValueBits", s.ValueBits, 2, 16)
	f.In("ProbabilityBits", s.ProbabilityBits, 2, 16)
	f.In("QKUnits", s.QKUnits, 1, 1024)
	f.AtLeast("Taps", s.Taps, 1)
	f.AtLeast("ScoreBuffers", s.ScoreBuffers, 1)
	f.Require(s.EmptyRow <= pruning.KeepNothing, "EmptyRow", uint8(s.EmptyRow), "0 (%v) or 1 (%v)", pruning.KeepMaximum, pruning.KeepNothing)
	f.Require(s.KeyBuffer >= 1, "KeyBuffer", int64(s.KeyBuffer), "at least 1 B")
	f.Require(s.ValueBuffer >= 1, "ValueBuffer", int64(s.ValueBuffer), "at least 1 B")
	f.Clock("Clock", float64(s.Clock))
	f.Positive("Area", float64(s.Area))
	return f.Err()
}
