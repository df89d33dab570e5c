package spatten

import (
	"fmt"
	"math"
	"strings"

	"github.com/sparse-attention/workbench/lib/accelerator/spatten/topk"
	"github.com/sparse-attention/workbench/lib/dram"
	"github.com/sparse-attention/workbench/lib/energy"
	"github.com/sparse-attention/workbench/lib/legal"
	"github.com/sparse-attention/workbench/lib/unit"
)

// Spec is one SpAtten.
type Spec struct {
	Name  string
	Clock unit.Hertz // of the core; the memory's must be the same

	QKMultipliers int // of Q x K: QKMultipliers/Dim scores a clock
	PVMultipliers int // of prob x V
	Width         int // bits of an element on the chip

	KeySRAM, ValueSRAM unit.Bytes // both halves
	Allocations        int        // requests that the key buffer holds at most

	SoftmaxLanes int // probabilities a clock
	SoftmaxFIFO  int // rows of SoftmaxLanes scores

	QKDepth, SoftmaxDepth, TestDepth, PVDepth int // clocks of the pipelines, beyond one a line

	Ports       int // of the fetcher: addresses generated a clock
	AddressFIFO int // requests that wait in front of a channel
	Outstanding int // reads of a channel between address and data

	TopK topk.Engine // one for local values, one for tokens and heads

	FusedSelection bool // of two heads whose keys are interleaved, only the first pays for local top-k

	LayerBarrier bool // in generation too, a layer's queries wait for the outputs of the layer before, and its keys for the ranking

	Memory  dram.Spec
	Modules energy.Modules
	Logic   float64 // share of the on-chip energy that is logic; the rest is SRAM and FIFOs
}

// Full is the machine of Table I.
func Full() Spec {
	return Spec{
		Name:           "SpAtten",
		Clock:          unit.GHz,             // Table III states it for the 1/8 part; the roof of 2 TFLOPS implies it here
		QKMultipliers:  512,                  // Table I
		PVMultipliers:  512,                  // Table I
		Width:          12,                   // Table I
		KeySRAM:        196608,               // Table I: 196 KB, two banks of 1024 x 64 x 12 bits
		ValueSRAM:      196608,               // Table I
		Allocations:    16,                   // authors' SpAttenController
		SoftmaxLanes:   8,                    // Table I
		SoftmaxFIFO:    128,                  // Table I
		QKDepth:        1 + 1 + 9,            // authors' bert.cpp: read, multiply, tree
		SoftmaxDepth:   7 + 21 + 23 + 29 + 7, // the same: dequantise, exponent, accumulate, divide, quantise
		TestDepth:      1,                    // the same
		PVDepth:        1 + 1 + 1,            // the same
		Ports:          32,                   // Table I
		AddressFIFO:    64,                   // Table I
		Outstanding:    16,                   // authors' design
		TopK:           topk.Published(16),
		FusedSelection: true, // authors' design: of a pair of 6-bit heads only the even one pays
		// Authors' design: rows stream without a break and ranking runs beside them. Between two layers the host computes the
		// other parts of the model, in time that the paper does not count.
		LayerBarrier: false,
		Memory:       Memory(16),
		Modules:      energy.SpAtten(),
		Logic:        1.36 / (1.36 + 1.24), // Table II
	}
}

// Eighth is SpAtten-1/8, with 128 multipliers and 64 GB/s (Table I); buffers and top-k stay as they are in the authors'
// launcher.
func Eighth() Spec {
	s := Full()
	s.Name = "SpAtten-1/8"
	s.QKMultipliers, s.PVMultipliers = 64, 64
	s.SoftmaxLanes = 1   // authors' launcher: multipliers/64
	s.SoftmaxFIFO = 1024 // assumed: as many scores
	s.Ports = 4          // authors' launcher
	s.TopK.FilterLanes = 1
	s.Memory = Memory(2)
	s.Modules = energy.SpAttenEighth()
	return s
}

// Memory is HBM2 of Table I: 32 GB/s a channel, read through Ramulator's parameters as the authors do.
func Memory(channels int) dram.Spec {
	m := dram.HBM2(dram.Ramulator)
	m.Name = fmt.Sprintf("HBM2, %d channels", channels)
	m.Channels = channels
	m.FrontEnd = dram.FrontEnd{Width: 1, PerChannel: true} // authors' design: one request a channel and clock
	// Channels change every 32 bytes as in the authors' design. Above them they name RoBaRaCoCh, which keeps a stream in one
	// bank group of one pseudo channel and so at a quarter of the peak; the 73 % that SpAtten reaches when it streams
	// need both spread first (assumed).
	m.Mapping = "robacobgpcch"
	m.Controller.ReadQueue = 64 // Table I: the depth of the fetcher's FIFOs
	return m
}

// Lines is the clocks that Q x K takes for one query over keys.
func (s Spec) Lines(keys, dim int) int64 { return lines(keys, s.QKMultipliers/dim) }

func lines(n, per int) int64 { return int64((n + per - 1) / per) }

// PeakOperations is multiplications and additions a second, two a multiplier and clock.
func (s Spec) PeakOperations() float64 {
	return 2 * float64(s.QKMultipliers+s.PVMultipliers) * float64(s.Clock)
}

// Validate reports the first field out of range.
func (s Spec) Validate() error {
	bad := legal.Complaint("spatten: Spec")
	for _, f := range []struct {
		name   string
		value  int64
		lo, hi int64
	}{{"QKMultipliers", int64(s.QKMultipliers), 1, 1 << 20}, {"PVMultipliers", int64(s.PVMultipliers), 1, 1 << 20}, {"Width", int64(s.Width), 4, 16},
		{"KeySRAM", int64(s.KeySRAM), 1, 1 << 40}, {"ValueSRAM", int64(s.ValueSRAM), 1, 1 << 40}, {"Allocations", int64(s.Allocations), 2, slots / 2},
		{"SoftmaxLanes", int64(s.SoftmaxLanes), 1, 1 << 10}, {"SoftmaxFIFO", int64(s.SoftmaxFIFO), 1, 1 << 20},
		{"QKDepth", int64(s.QKDepth), 0, 1 << 16}, {"SoftmaxDepth", int64(s.SoftmaxDepth), 0, 1 << 16},
		{"TestDepth", int64(s.TestDepth), 0, 1 << 16}, {"PVDepth", int64(s.PVDepth), 0, 1 << 16},
		{"Ports", int64(s.Ports), 1, 1 << 10}, {"AddressFIFO", int64(s.AddressFIFO), 1, 1 << 10},
		{"Outstanding", int64(s.Outstanding), 1, flights}} {
		if f.value < f.lo || f.value > f.hi {
			return bad(f.name, f.value, "in %d..%d", f.lo, f.hi)
		}
	}
	switch {
	case !(s.Clock >= 1 && s.Clock <= 1e12):
		return bad("Clock", float64(s.Clock), "in 1..1e12 Hz")
	case s.Memory.Clock != s.Clock:
		return bad("Memory.Clock", float64(s.Memory.Clock), "%v Hz (Clock)", float64(s.Clock))
	case !(s.Logic >= 0 && s.Logic <= 1) || math.IsNaN(s.Logic):
		return bad("Logic", s.Logic, "in 0..1")
	case s.AddressFIFO != s.Memory.Controller.ReadQueue:
		return bad("AddressFIFO", s.AddressFIFO, "%d (Memory.Controller.ReadQueue)", s.Memory.Controller.ReadQueue)
	}
	if err := s.TopK.Validate(); err != nil {
		return err
	}
	if err := s.Memory.Validate(); err != nil {
		return err
	}
	if !strings.HasSuffix(s.Memory.Mapping, "ch") || s.Memory.AccessBytes != granule || !s.Memory.FrontEnd.PerChannel {
		return bad("Memory.Mapping", s.Memory.Mapping, "one that ends in ch, with AccessBytes %d and FrontEnd.PerChannel: the crossbar sends every %d bytes to another channel", granule, granule)
	}
	return s.Modules.Validate(Modules)
}

// Module indexes the rows of energy.SpAtten, which are those of Fig. 13.
type Module uint8

const (
	Fetcher Module = iota
	QK
	Softmax
	TopK
	PV
	Others

	Modules int = iota // how many there are
)

var moduleNames = [Modules]string{"QKV fetcher", "Q x K", "softmax", "top-k", "prob x V", "others"}

func (m Module) String() string { return legal.Name(m, "Module", moduleNames[:]...) }
