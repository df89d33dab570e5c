package dram

import (
	"fmt"
	"math"

	"github.com/sparse-attention/workbench/lib/unit"
)

// Energy is a table of picojoules per event. Events are counted by the controller; nothing here is a power times a time
// except the background, which is per clock and rank.
type Energy struct {
	Name        string
	Activate    unit.Picojoules // one ACT with its PRE
	ReadBurst   unit.Picojoules // one access
	WriteBurst  unit.Picojoules // one access
	Refresh     unit.Picojoules // one REF of a rank
	RefreshBank unit.Picojoules // one REFB
	OpenClock   unit.Picojoules // background of a rank with a row open, per clock
	IdleClock   unit.Picojoules // background of a rank with all banks closed, per clock
	CopyQuery   unit.Picojoules // one CopyQ
	ReadPruning unit.Picojoules // one ReadP
}

func (e Energy) validate() error {
	for _, f := range []struct {
		name string
		v    unit.Picojoules
	}{{"Activate", e.Activate}, {"ReadBurst", e.ReadBurst}, {"WriteBurst", e.WriteBurst}, {"Refresh", e.Refresh},
		{"RefreshBank", e.RefreshBank}, {"OpenClock", e.OpenClock}, {"IdleClock", e.IdleClock}, {"CopyQuery", e.CopyQuery},
		{"ReadPruning", e.ReadPruning}} {
		if !(f.v >= 0) || math.IsInf(float64(f.v), 0) {
			return fmt.Errorf("dram: Spec.Energy.%s is %v, must be at least 0 pJ and finite", f.name, float64(f.v))
		}
	}
	return nil
}

// IDD holds data-sheet currents in milliampere of one device, and the devices of a rank.
type IDD struct {
	VDD                                             float64 // volt
	IDD0, IDD2N, IDD3N, IDD4R, IDD4W, IDD5AB, IDD5B float64 // mA
	Devices                                         int     // per rank
}

// Energy turns currents into energies per event, as DRAM calculators do: the current of an operation above the standby
// current, times its duration. Volt x milliampere x nanosecond is a picojoule.
func (i IDD) Energy(name string, t Timing, clock unit.Hertz) Energy {
	ns := 1e9 / float64(clock)
	pj := func(mA float64, clocks int) unit.Picojoules {
		return unit.Picojoules(i.VDD * mA * float64(clocks) * ns * float64(i.Devices))
	}
	return Energy{
		Name: name,
		Activate: unit.Picojoules(i.VDD * ns * float64(i.Devices) *
			(i.IDD0*float64(t.TRC) - i.IDD3N*float64(t.TRAS) - i.IDD2N*float64(t.TRP))),
		ReadBurst:   pj(i.IDD4R-i.IDD3N, t.Burst),
		WriteBurst:  pj(i.IDD4W-i.IDD3N, t.Burst),
		Refresh:     pj(i.IDD5AB-i.IDD3N, t.TRFC),
		RefreshBank: pj(max(0, i.IDD5B-i.IDD3N), t.TRFCB),
		OpenClock:   pj(i.IDD3N, 1),
		IdleClock:   pj(i.IDD2N, 1),
	}
}

// PerBit makes a table from an energy per activated kibibyte of row and an energy per bit moved: the way HBM energy is
// published. It has no background and no refresh, which those figures do not separate.
func PerBit(name string, perKiB, perBit unit.Picojoules, row unit.Bytes, accessBytes int) Energy {
	burst := perBit * unit.Picojoules(8*accessBytes)
	return Energy{Name: name, Activate: perKiB * unit.Picojoules(row) / unit.Picojoules(unit.KiB), ReadBurst: burst, WriteBurst: burst}
}

// OConnor is the HBM2 energy that SpAtten cites: 909 pJ per activated 1 KB row and 1.51 + 1.17 + 0.80 pJ per bit for
// data movement in the array, to the periphery and over the interface (dram.md section 4.5, attributed to O'Connor et
// al., MICRO 2017; unverified).
func OConnor(row unit.Bytes, accessBytes int) Energy {
	return PerBit("909 pJ/KiB + 3.48 pJ/bit (O'Connor 2017 as cited by SpAtten)", 909, 1.51+1.17+0.80, row, accessBytes)
}

// EnergyReport is the energy of a run by cause, all channels together.
type EnergyReport struct {
	Activate, Read, Write, Refresh, Background, InMemory unit.Picojoules
}

// Total sums all causes.
func (r EnergyReport) Total() unit.Picojoules {
	return r.Activate + r.Read + r.Write + r.Refresh + r.Background + r.InMemory
}

// Of applies the table to counted events: ops by Op, and the rank-clocks with a row open and with none.
func (e Energy) Of(ops [numOps]int64, open, idle int64) EnergyReport {
	n := func(os ...Op) (sum unit.Picojoules) {
		for _, o := range os {
			sum += unit.Picojoules(ops[o])
		}
		return sum
	}
	return EnergyReport{
		Activate:   n(ACT) * e.Activate,
		Read:       n(RD, RDA) * e.ReadBurst,
		Write:      n(WR, WRA) * e.WriteBurst,
		Refresh:    n(REF)*e.Refresh + n(REFB)*e.RefreshBank,
		Background: unit.Picojoules(open)*e.OpenClock + unit.Picojoules(idle)*e.IdleClock,
		InMemory:   n(CopyQ)*e.CopyQuery + n(ReadP)*e.ReadPruning,
	}
}
