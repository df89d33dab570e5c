package leopard

import (
	"fmt"
	"math"

	"github.com/sparse-attention/workbench/lib/energy"
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
	if m < modes {
		return [...]string{"Baseline", "Pruning", "EarlyTermination"}[m]
	}
	return fmt.Sprintf("Mode(%d)", uint8(m))
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
	bad := func(field string, value any, legal string) error {
		return fmt.Errorf("leopard: Spec.%s is %v, must be %s", field, value, legal)
	}
	if s.Mode >= modes {
		return bad("Mode", s.Mode, fmt.Sprintf("in 0..%d", modes-1))
	}
	for _, part := range []interface{ Validate() error }{s.BitSerial, s.Energy} {
		if err := part.Validate(); err != nil {
			return err
		}
	}
	for _, w := range []struct {
		name string
		bits int
	}{{"QueryBits", s.QueryBits}, {"ValueBits", s.ValueBits}, {"ProbabilityBits", s.ProbabilityBits}} {
		if w.bits < 2 || w.bits > 16 {
			return bad(w.name, w.bits, "in 2..16")
		}
	}
	switch {
	case s.QKUnits < 1 || s.QKUnits > 1024:
		return bad("QKUnits", s.QKUnits, "in 1..1024")
	case s.Taps < 1:
		return bad("Taps", s.Taps, "at least 1")
	case s.ScoreBuffers < 1:
		return bad("ScoreBuffers", s.ScoreBuffers, "at least 1")
	case s.EmptyRow > pruning.KeepNothing:
		return bad("EmptyRow", uint8(s.EmptyRow), fmt.Sprintf("0 (%v) or 1 (%v)", pruning.KeepMaximum, pruning.KeepNothing))
	case s.KeyBuffer < 1:
		return bad("KeyBuffer", int64(s.KeyBuffer), "at least 1 B")
	case s.ValueBuffer < 1:
		return bad("ValueBuffer", int64(s.ValueBuffer), "at least 1 B")
	case !(s.Clock >= 1 && s.Clock <= 1e12):
		return bad("Clock", float64(s.Clock), "in 1..1e12 Hz")
	case !(s.Area > 0) || math.IsInf(float64(s.Area), 0):
		return bad("Area", float64(s.Area), "positive and finite")
	}
	return nil
}
