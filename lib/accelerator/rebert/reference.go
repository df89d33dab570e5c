package rebert

import (
	"fmt"
	"time"

	"github.com/sparse-attention/workbench/lib/unit"
)

// Operating is a published operating point that the model was fitted to: a sentence length that is assumed and a uniform
// half-window that was chosen so that the speedups come out. Rows that it was fitted to are no targets any more.
type Operating struct {
	Name    string
	Tokens  int // assumed
	Half    int // fitted
	Windows Windows
}

// FittedPoints lists them (reference sheet, 4.6): four numbers, with the depth of the chain, against six published ratios.
func FittedPoints() []Operating {
	points := []Operating{
		{Name: "GLUE average", Tokens: 128, Half: 20},
		{Name: "GLUE best", Tokens: 128, Half: 6},
		{Name: "SQuAD", Tokens: 384, Half: 150},
	}
	for i := range points {
		p := &points[i]
		p.Windows = Windows{Task: p.Name, Model: "BERT-base", Origin: Fitted, Tokens: p.Tokens, Half: uniform(12, p.Half),
			Note: "uniform half-window fitted to the published speedups; not a result of the paper"}
	}
	return points
}

// Spread is the illustration that reconciles published speedups with published energy: tasks with unequal windows, because
// speedup is convex in the window (reference sheet, 4.6). The windows are assumed.
func Spread() []int { return []int{6, 10, 16, 24, 32, 48, 64} }

// Processor is a machine outside of the model: a time a sentence and a power, with where they come from.
type Processor struct {
	Name    string
	Latency time.Duration // of one sentence
	Power   unit.Watts    // 0 = unknown
	Source  string
}

// Speedup is how many times as fast r is as the processor.
func (p Processor) Speedup(r Report) float64 {
	return p.Latency.Seconds() * float64(r.Batch) / r.Latency.Seconds()
}

// Efficiency is how many times less energy r takes than the processor; NaN-free only when the power is known.
func (p Processor) Efficiency(r Report) (float64, error) {
	if p.Power <= 0 {
		return 0, fmt.Errorf("rebert: Processor.Power of %s is %v, must be known and positive", p.Name, p.Power)
	}
	return float64(p.Power) * p.Latency.Seconds() * float64(r.Batch) / r.Energy.Total().Joules(), nil
}

// The published ratios of GPU over baseline, whose rounding intervals the reference sheet intersects (5): one constant for all
// GLUE tasks, another for SQuAD.
const (
	gpuOverBaselineGLUE  = 6.72 // derived: the middle of 6.69..6.75
	gpuOverBaselineSQuAD = 3.86 // derived: 8.5/2.2
)

// ImpliedGPU is the unknown GPU of the paper as its own ratios imply it: a multiple of the baseline's time, so that speedups
// over it repeat the published ratio times the model's speedup over its baseline and test nothing else.
func ImpliedGPU(baseline Report, squad bool) Processor {
	ratio, source := gpuOverBaselineGLUE, "GLUE"
	if squad {
		ratio, source = gpuOverBaselineSQuAD, "SQuAD"
	}
	return Processor{
		Name:    "GPU (implied)",
		Latency: time.Duration(ratio * float64(baseline.Latency) / float64(baseline.Batch)),
		Source:  fmt.Sprintf("derived: %.2f x the baseline, from the published ratios of %s", ratio, source),
	}
}
