package processor

import (
	"fmt"

	"github.com/sparse-attention/workbench/lib/unit"
)

func steps(narrow, wide float64) [Widths]Seconds {
	return [Widths]Seconds{Seconds(narrow) * narrowStep, Seconds(wide) * layerStep}
}

func watts(narrow, wide float64) [Widths]unit.Watts {
	return [Widths]unit.Watts{unit.Watts(narrow * spAtten), unit.Watts(wide * spAtten)}
}

// Summary is the attention of an encoder over one sentence.
type Summary struct {
	Layers int
	Model  int  // d_model: heads times dimension
	Tokens int  // real ones
	Long   bool // padded to PadLong, not to PadShort
}

// Operations is what the real tokens need: 4 d_model L^2 a layer, a multiply-add counted twice.
func (w Summary) Operations() float64 {
	return 4 * float64(w.Layers) * float64(w.Model) * float64(w.Tokens) * float64(w.Tokens)
}

// Generation is the attention of a decoder for tokens after a prompt.
type Generation struct {
	Layers int
	Width  Width
	Tokens int // generated
}

// Summarise is the time of a sentence.
func (s Spec) Summarise(w Summary) (Seconds, error) {
	if err := s.Validate(); err != nil {
		return 0, err
	}
	for _, f := range []struct {
		name  string
		value int
	}{{"Layers", w.Layers}, {"Model", w.Model}, {"Tokens", w.Tokens}} {
		if f.value < 1 {
			return 0, fmt.Errorf("processor: Summary.%s is %d, must be at least 1", f.name, f.value)
		}
	}
	return Seconds(w.Layers) * s.layer(w), nil
}

// layer is launch, tokens, and the roofline over padded shapes.
func (s Spec) layer(w Summary) Seconds {
	pad := s.PadShort
	if w.Long {
		pad = s.PadLong
	}
	n, d := float64(max(w.Tokens, pad)), float64(w.Model)
	t := s.Launch + s.PerToken*Seconds(float64(w.Tokens)*d/768)
	var roof float64
	if s.Peak > 0 {
		roof = 4 * d * n * n / (s.Efficiency * s.Peak)
	}
	if s.Bandwidth > 0 {
		roof = max(roof, 4*n*d*4/(s.Streaming*s.Bandwidth)) // Q, K, V and output in FP32
	}
	return t + Seconds(roof)
}

// Generate is the time of attention for the generated tokens.
func (s Spec) Generate(w Generation) (Seconds, error) { return s.step(w, s.Step, "Step") }

// FullyConnected is the time of the other layers for the generated tokens.
func (s Spec) FullyConnected(w Generation) (Seconds, error) { return s.step(w, s.FCStep, "FCStep") }

func (s Spec) step(w Generation, per [Widths]Seconds, name string) (Seconds, error) {
	if err := s.Validate(); err != nil {
		return 0, err
	}
	switch {
	case w.Layers < 1:
		return 0, fmt.Errorf("processor: Generation.Layers is %d, must be at least 1", w.Layers)
	case w.Tokens < 1:
		return 0, fmt.Errorf("processor: Generation.Tokens is %d, must be at least 1", w.Tokens)
	case int(w.Width) >= Widths:
		return 0, fmt.Errorf("processor: Generation.Width is %d, must be Narrow or Wide", w.Width)
	case per[w.Width] == 0:
		return 0, fmt.Errorf("processor: Spec.%s[%d] of %s is 0, must be above 0: no published time gives it", name, w.Width, s.Name)
	}
	return Seconds(w.Layers*w.Tokens) * per[w.Width], nil
}

// Head is the time of one head of attention over tokens padded to pad, d wide, on a machine that many heads fill.
func (s Spec) Head(pad, d int) (Seconds, error) {
	if err := s.Validate(); err != nil {
		return 0, err
	}
	if s.Peak == 0 {
		return 0, fmt.Errorf("processor: Spec.Peak of %s is 0, must be above 0 for a roofline", s.Name)
	}
	if pad < 1 || d < 1 {
		return 0, fmt.Errorf("processor: a head of %d x %d, must be at least 1 x 1", pad, d)
	}
	n := float64(pad)
	t := 4 * n * n * float64(d) / (s.Efficiency * s.Peak)
	if s.Bandwidth > 0 {
		t = max(t, 4*n*float64(d)*4/(s.Streaming*s.Bandwidth))
	}
	return Seconds(t), nil
}

// Joules is dynamic power over a time.
func Joules(p unit.Watts, t Seconds) float64 { return float64(p) * float64(t) }

// Amdahl bounds the speedup of a whole run of which a share is accelerated without limit.
func Amdahl(share float64) float64 { return 1 / (1 - share) }
