// Package unit holds the typed quantities of the workbench, so that cycles cannot be added to bytes and a ratio is
// always taken between two numbers of the same kind.
package unit

import (
	"fmt"
	"math"
)

// Cycles counts clock periods; which clock is said where the number is made.
type Cycles int64

// Bytes counts bytes of storage or of traffic.
type Bytes int64

// Picojoules is an energy, 1e-12 J.
type Picojoules float64

// Hertz is a clock rate.
type Hertz float64

// Watts is a power.
type Watts float64

// SquareMillimetres is a silicon area.
type SquareMillimetres float64

// Clock rates and sizes in the sizes that the papers use.
const (
	MHz Hertz = 1e6
	GHz Hertz = 1e9

	KiB Bytes = 1 << 10
	MiB Bytes = 1 << 20
	GiB Bytes = 1 << 30
)

// Seconds is the time that c takes at the rate f.
func (c Cycles) Seconds(f Hertz) float64 { return float64(c) / float64(f) }

// Joules converts to SI.
func (e Picojoules) Joules() float64 { return float64(e) * 1e-12 }

// Power is the energy spent over the cycles of a clock.
func (e Picojoules) Power(c Cycles, f Hertz) Watts { return Watts(e.Joules() / c.Seconds(f)) }

// Ratio divides two quantities of one kind. It is NaN for 0/0, so that a missing run cannot pass for a speedup of one.
func Ratio[T ~int64 | ~float64](a, b T) float64 { return float64(a) / float64(b) }

func (c Cycles) String() string { return scaled(float64(c), "cycles", 1000) }

func (b Bytes) String() string {
	for _, s := range []struct {
		size Bytes
		name string
	}{{GiB, "GiB"}, {MiB, "MiB"}, {KiB, "KiB"}} {
		if b >= s.size || -b >= s.size {
			return fmt.Sprintf("%.4g %s", float64(b)/float64(s.size), s.name)
		}
	}
	return fmt.Sprintf("%d B", int64(b))
}

func (e Picojoules) String() string { return si(float64(e)*1e-12, "J") }

func (f Hertz) String() string { return si(float64(f), "Hz") }

func (p Watts) String() string { return si(float64(p), "W") }

func (a SquareMillimetres) String() string { return fmt.Sprintf("%.3g mm²", float64(a)) }

func scaled(v float64, name string, base float64) string {
	for _, p := range []struct {
		exp    float64
		prefix string
	}{{3, "G"}, {2, "M"}, {1, "k"}} {
		if s := math.Pow(base, p.exp); math.Abs(v) >= s {
			return fmt.Sprintf("%.4g %s%s", v/s, p.prefix, name)
		}
	}
	return fmt.Sprintf("%.4g %s", v, name)
}

func si(v float64, name string) string {
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Sprintf("%.4g %s", v, name)
	}
	prefixes := []string{"f", "p", "n", "µ", "m", "", "k", "M", "G", "T"}
	// Log10 of a power of ten may fall just below the integer; a relative nudge far below the printed digits mends it.
	i := 5 + int(math.Floor(math.Log10(math.Abs(v)*(1+1e-12))/3))
	i = max(0, min(i, len(prefixes)-1))
	return fmt.Sprintf("%.4g %s%s", v/math.Pow(1000, float64(i-5)), prefixes[i], name)
}
