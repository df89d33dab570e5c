package processor

import (
	"github.com/sparse-attention/workbench/lib/legal"
	"github.com/sparse-attention/workbench/lib/unit"
)

// Seconds is a time or a time an event.
type Seconds float64

const ms Seconds = 1e-3

// Width tells the two sizes apart that the papers measured: BERT-Base and GPT-2-Small, or BERT-Large and GPT-2-Medium.
type Width uint8

const (
	Narrow Width = iota // d_model 768
	Wide                // d_model 1024

	Widths int = iota
)

// Spec is one processor.
type Spec struct {
	Name string

	Peak       float64 // FP32 operations a second; 0 where no paper prints or needs it
	Bandwidth  float64 // bytes a second; 0 likewise
	Efficiency float64 // share of Peak that attention reaches, on padded shapes
	Streaming  float64 // share of Bandwidth that it reaches

	Launch   Seconds // of one summarised layer
	PerToken Seconds // of one summarised layer, a real token at d_model 768

	Step   [Widths]Seconds // attention of one layer for one generated token
	FCStep [Widths]Seconds // fully connected part of one layer for one generated token; 0 is unknown

	PadShort, PadLong int // tokens that a short and a long sentence are padded to; 0 is no padding

	Summarising unit.Watts         // dynamic power
	Generating  [Widths]unit.Watts // dynamic power
}

// Validate reports the first field out of range.
func (s Spec) Validate() error {
	f := legal.Of("processor: Spec")
	for _, x := range []struct {
		name  string
		value float64
	}{{"Peak", s.Peak}, {"Bandwidth", s.Bandwidth}, {"Launch", float64(s.Launch)}, {"PerToken", float64(s.PerToken)},
		{"Step[Narrow]", float64(s.Step[Narrow])}, {"Step[Wide]", float64(s.Step[Wide])}, {"FCStep[Narrow]", float64(s.FCStep[Narrow])},
		{"FCStep[Wide]", float64(s.FCStep[Wide])}, {"Summarising", float64(s.Summarising)},
		{"Generating[Narrow]", float64(s.Generating[Narrow])}, {"Generating[Wide]", float64(s.Generating[Wide])}} {
		f.NotNegative(x.name, x.value)
	}
	if s.Peak > 0 {
		f.Share("Efficiency", s.Efficiency)
	}
	if s.Bandwidth > 0 {
		f.Share("Streaming", s.Streaming)
	}
	f.AtLeast("PadShort", s.PadShort, 0)
	f.Require(s.PadLong >= s.PadShort, "PadLong", s.PadLong, "at least %d (PadShort)", s.PadShort)
	return f.Err()
}
