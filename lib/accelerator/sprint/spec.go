package sprint

import (
	"fmt"
	"math"

	"github.com/sparse-attention/workbench/lib/dram"
	"github.com/sparse-attention/workbench/lib/energy"
	"github.com/sparse-attention/workbench/lib/legal"
	"github.com/sparse-attention/workbench/lib/reram"
	"github.com/sparse-attention/workbench/lib/unit"
)

// Spec is one machine. It is a plain value: copy it, change a field, simulate.
type Spec struct {
	Name string
	Mode Mode

	Corelets    int        // n; key j belongs to CORELET j mod n
	KeyBuffer   unit.Bytes // all CORELETs together
	ValueBuffer unit.Bytes
	Lanes       int // multipliers in a QK-PU, and in a V-PU
	Clock       unit.Hertz
	Area        unit.SquareMillimetres

	CoreletWindow int // queries that a CORELET may run ahead of the slowest one
	Residency     Residency
	Replacement   Replacement
	SkipLate      bool // a CORELET takes resident keys first instead of waiting for a late one
	MaskHitRatio  HitRatio
	PaddedQueries bool // Baseline and Pruning spend time on padded queries too

	FirstLoadFactor       float64 // vectors a token beside those streamed query by query, as Fig. 10 counts
	EnergyFirstLoadFactor float64 // the same in the energy equations

	MemoryBound MemoryBound
	Memory      dram.Spec
	TAxThClock  unit.Hertz // of Memory.Timing.TAxTh; 0 = Memory.Clock
	// TransposableBanks of each channel of Memory hold the upper halves of K, the others all else.
	TransposableBanks int
	Array             reram.Array
	Datapath          Datapath
	Energy            energy.Table
}

// S is S-SPRINT: one CORELET and 16 KB of buffers.
func S() Spec {
	return Spec{
		Name:        "S",
		Mode:        SPRINT,
		Corelets:    1,            // public summary of SPRINT
		KeyBuffer:   8 * unit.KiB, // 16 KB of K and V printed (abstract); halves derived from M (Table III)
		ValueBuffer: 8 * unit.KiB,
		Lanes:       64,       // derived: one 64-byte vector a cycle agrees with Table III, Fig. 11 and the energy figure
		Clock:       unit.GHz, // public summary of SPRINT; 65 nm
		Area:        0.944,    // derived: die of 1.18 x 0.8 mm (public summary)

		CoreletWindow: 16,     // assumed: the depth is unknown, no value fits every bar (reference sheet, 4.3)
		Residency:     Table,  // assumed: Fig. 10 rises from S to L, so keys outlive a row
		Replacement:   LRU,    // assumed: "replaces the oldest"
		SkipLate:      true,   // public summary: the rotate pointer skips to the next available key
		MaskHitRatio:  Padded, // derived: Mask Only M of Fig. 10

		FirstLoadFactor:       4.6, // derived from the floors of Fig. 10; see Deviations
		EnergyFirstLoadFactor: 3,   // one load of Q, K and V: the form in which the energy constants were fitted

		MemoryBound: Hidden, // derived: Fig. 11 is compute-bound
		Memory:      Memory(),
		// Of four banks (assumed: neither kind then holds the bus up).
		TransposableBanks: 2,
		Array:             reram.Ideal(),
		Datapath:          Published(),
		Energy:            energy.SPRINT65(),
	}
}

// M is M-SPRINT: two CORELETs and 32 KB of buffers.
func M() Spec {
	s := S()
	s.Name, s.Corelets = "M", 2                           // public summary
	s.KeyBuffer, s.ValueBuffer = 16*unit.KiB, 16*unit.KiB // Table III
	s.Area = 1.9                                          // Table III
	return s
}

// L is L-SPRINT: four CORELETs and 64 KB of buffers.
func L() Spec {
	s := S()
	s.Name, s.Corelets = "L", 4                           // public summary
	s.KeyBuffer, s.ValueBuffer = 32*unit.KiB, 32*unit.KiB // 64 KB together (public summary); halves by proportion to M
	s.Area = 3.8                                          // assumed: twice M
	return s
}

// In returns the machine in another mode.
func (s Spec) In(m Mode) Spec {
	s.Mode = m
	return s
}

// Bandwidth is the peak of the memory in bytes per second.
func (s Spec) Bandwidth() float64 { return s.Memory.PeakBandwidth() }

// Vectors is how many vectors of dim bytes the key buffer and the value buffer hold.
func (s Spec) Vectors(dim int) (keys, values int) {
	return int(s.KeyBuffer) / dim, int(s.ValueBuffer) / dim
}

// Validate reports the first field that no machine can have. Whether the buffers hold one vector is decided for vectors of
// Lanes bytes; Simulate decides again for the head it is given.
func (s Spec) Validate() error {
	f := legal.Of("sprint: Spec")
	legal.One(f, "Mode", s.Mode, modes)
	f.In("Corelets", s.Corelets, 1, 1024)
	f.AtLeast("Lanes", s.Lanes, 1)
	f.Clock("Clock", float64(s.Clock))
	f.Positive("Area", float64(s.Area))
	f.Require(s.CoreletWindow >= 1, "CoreletWindow", s.CoreletWindow, "at least 1 query")
	f.Require(s.Residency < residencies, "Residency", s.Residency, "0 (table) or 1 (row)")
	f.Require(s.Replacement < replacements, "Replacement", s.Replacement, "0 (LRU) or 1 (FIFO)")
	f.Require(s.MaskHitRatio < hitRatios, "MaskHitRatio", s.MaskHitRatio, "0 (padded) or 1 (valid)")
	f.Require(s.MemoryBound < memoryBounds, "MemoryBound", s.MemoryBound, "0 (hidden), 1 (bandwidth) or 2 (banks)")
	// The first K and V of a token are counted among these two; SPRINT counts them where they happen.
	const own = 2
	f.Require(s.FirstLoadFactor >= own && !math.IsInf(s.FirstLoadFactor, 0), "FirstLoadFactor", s.FirstLoadFactor, "at least %d and finite", own)
	f.Require(s.EnergyFirstLoadFactor >= own && !math.IsInf(s.EnergyFirstLoadFactor, 0), "EnergyFirstLoadFactor", s.EnergyFirstLoadFactor, "at least %d and finite", own)
	if err := f.Err(); err != nil {
		return err
	}
	if err := s.holds(s.Lanes); err != nil {
		return err
	}
	if err := s.validateMemory(); err != nil {
		return err
	}
	f.Parts(s.Array, s.Datapath, s.Energy)
	return f.Err()
}

// holds reports a buffer that is smaller than one vector of dim bytes.
func (s Spec) holds(dim int) error {
	for _, b := range []struct {
		name string
		size unit.Bytes
	}{{"KeyBuffer", s.KeyBuffer}, {"ValueBuffer", s.ValueBuffer}} {
		if b.size < unit.Bytes(dim) {
			return fmt.Errorf("sprint: Spec.%s is %d B, must be at least one vector, %d B", b.name, int64(b.size), dim)
		}
	}
	return nil
}
