package dota

import (
	"fmt"

	"github.com/sparse-attention/workbench/lib/dram"
	"github.com/sparse-attention/workbench/lib/energy"
	"github.com/sparse-attention/workbench/lib/legal"
	"github.com/sparse-attention/workbench/lib/unit"
)

// Overlap says what detection runs beside.
type Overlap uint8

const (
	Serial   Overlap = iota // all rows detect, then all rows attend
	RowSplit                // DetectorRows detect the next head while the others attend to this one

	overlaps
)

func (o Overlap) String() string { return legal.Name(o, "Overlap", "serial", "row-split") }

// Coupling says how the RMMU waits for the keys that it loads.
type Coupling uint8

const (
	Buffered Coupling = iota // over a group of queries: the slower of products and loads counts
	PerStep                  // in every step

	couplings
)

func (c Coupling) String() string { return legal.Name(c, "Coupling", "buffered", "per-step") }

// Module indexes the rows of energy.DOTA.
type Module uint8

const (
	RMMU Module = iota
	MFU
	DetectorScheduler
	Accumulator
	SRAM

	Modules int = iota // how many there are
)

func (m Module) String() string {
	return legal.Name(m, "Module", "RMMU", "multi-function unit", "detector and scheduler", "accumulator", "SRAM")
}

// Spec is one accelerator: it works on one input.
type Spec struct {
	Name string

	Lanes   int // heads are dealt to them in turn
	Rows    int // of PEs in a lane's RMMU
	Columns int // PEs in a row
	Gain    Gain

	Parallelism int   // T, queries that advance together
	Queues      int   // entries of the scheduler's table: 2^T - 1 queues are needed
	Order       Order // of the keys
	ScanRate    int   // keys of a group that the scheduler looks at in a cycle
	Coupling    Coupling

	Overlap          Overlap
	DetectorRows     int  // rows that detect beside attention, in RowSplit
	SharedProjection bool // every lane projects a share of X and sends it to the others
	ProjectionAdders int  // additions of X.P a cycle and lane

	Exponents int // of the MFU, a cycle
	Dividers  int // of the MFU, a cycle

	PortBytes   int        // of the memory into the RMMU, bytes a cycle and lane
	Memory      unit.Bytes // of a lane
	TileBytes   unit.Bytes // of weights that come together, all lanes
	Accumulated int        // additions of the accumulator a cycle

	Utilisation float64 // share of its PEs that the RMMU keeps busy in dense products

	Clock   unit.Hertz
	DRAM    dram.Spec // its clock must be Clock
	Modules energy.Modules
}

// DOTA is the machine as it is believed to be evaluated.
func DOTA() Spec {
	return Spec{
		Name:             "DOTA",
		Lanes:            4,              // architecture figure
		Rows:             32,             // unverified
		Gain:             PortLimited,    // assumed: agrees with the drawn FX4 multiplier
		Order:            OutOfOrder,     // token-parallel figure
		Queues:           Queues(4),      // assumed: what T = 4 needs
		Columns:          16,             // unverified
		Parallelism:      4,              // token-parallel figure
		ScanRate:         64,             // assumed: one word of the mask of each query
		Coupling:         Buffered,       // assumed
		Overlap:          Serial,         // assumed: one RMMU is used again by all stages
		DetectorRows:     0,              // unused in Serial
		ProjectionAdders: 512,            // assumed: the PEs' adders
		Exponents:        16,             // unverified
		Dividers:         16,             // unverified
		PortBytes:        4 * 128,        // assumed: four key vectors of 64 values a cycle
		Memory:           640 * unit.KiB, // unverified
		TileBytes:        64 * unit.KiB,  // assumed
		Accumulated:      512,            // unverified
		Utilisation:      1,              // assumed
		Clock:            unit.GHz,       // unverified
		DRAM:             Memory(4),
		Modules:          energy.DOTA(),
	}
}

// Memory is HBM2 of some channels, 32 GB/s each, as DRAMsim3 reads it. DOTA's external bandwidth is unknown: four channels give
// the sheet's assumed 128 GB/s.
func Memory(channels int) dram.Spec {
	m := dram.HBM2(dram.DRAMsim3)
	m.Name = fmt.Sprintf("HBM2, %d channels", channels)
	m.Channels = channels
	m.Energy = dram.OConnor(m.RowBytes(), m.AccessBytes)
	return m
}

// TokenParallel is DOTA with t queries in parallel and as many queues as they need.
func TokenParallel(t int) Spec {
	s := DOTA()
	s.Name = fmt.Sprintf("DOTA, T = %d", t)
	s.Parallelism, s.Queues = t, Queues(t)
	return s
}

// PEs is how many a lane has.
func (s Spec) PEs() int { return s.Rows * s.Columns }

// PeakOperations is multiplications and additions a second at FX16.
func (s Spec) PeakOperations() float64 { return 2 * float64(s.Lanes*s.PEs()) * float64(s.Clock) }

// Area is the whole machine's.
func (s Spec) Area() unit.SquareMillimetres { return s.Modules.Sum(0, Modules).Area }

// Validate reports the first field that no accelerator can have.
func (s Spec) Validate() error {
	bad := legal.Complaint("dota: Spec")
	for _, f := range []struct {
		name  string
		value int
	}{{"Lanes", s.Lanes}, {"Rows", s.Rows}, {"Columns", s.Columns}, {"ScanRate", s.ScanRate}, {"ProjectionAdders", s.ProjectionAdders},
		{"Exponents", s.Exponents}, {"Dividers", s.Dividers}, {"PortBytes", s.PortBytes}, {"Accumulated", s.Accumulated}} {
		if f.value < 1 || f.value > 1<<20 {
			return bad(f.name, f.value, "in 1..%d", 1<<20)
		}
	}
	switch {
	case s.Gain >= gains:
		return bad("Gain", s.Gain, "in 0..%d", gains-1)
	case s.Order >= orders:
		return bad("Order", s.Order, "in 0..%d", orders-1)
	case s.Coupling >= couplings:
		return bad("Coupling", s.Coupling, "in 0..%d", couplings-1)
	case s.Overlap >= overlaps:
		return bad("Overlap", s.Overlap, "in 0..%d", overlaps-1)
	case s.Parallelism < 1 || s.Parallelism > MaxParallelism:
		return bad("Parallelism", s.Parallelism, "in 1..%d", MaxParallelism)
	case s.Order == OutOfOrder && Queues(s.Parallelism) > s.Queues:
		return bad("Parallelism", s.Parallelism, "such that its %d queues fit into Spec.Queues (%d)", Queues(s.Parallelism), s.Queues)
	case s.Overlap == RowSplit && (s.DetectorRows < 1 || s.DetectorRows >= s.Rows):
		return bad("DetectorRows", s.DetectorRows, "in 1..%d in row-split, so that rows are left for attention", s.Rows-1)
	case s.Memory < 1:
		return bad("Memory", s.Memory, "at least 1 B")
	case s.TileBytes < 2 || s.TileBytes > unit.Bytes(s.Lanes)*s.Memory:
		return bad("TileBytes", s.TileBytes, "in 2 B..%v, which is what the lanes hold", unit.Bytes(s.Lanes)*s.Memory)
	case !(s.Utilisation > 0 && s.Utilisation <= 1):
		return bad("Utilisation", s.Utilisation, "in (0,1]")
	case !(s.Clock >= 1 && s.Clock <= 1e12):
		return bad("Clock", float64(s.Clock), "in 1..1e12 Hz")
	case s.DRAM.Clock != s.Clock:
		return bad("DRAM.Clock", s.DRAM.Clock, "%v (Clock)", s.Clock)
	}
	if err := s.DRAM.Validate(); err != nil {
		return fmt.Errorf("dota: Spec.DRAM: %w", err)
	}
	return s.Modules.Validate(Modules)
}
