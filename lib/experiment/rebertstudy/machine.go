package rebertstudy

import (
	"context"
	"fmt"
	"time"

	"github.com/sparse-attention/workbench/lib/accelerator/rebert"
	"github.com/sparse-attention/workbench/lib/published"
)

// system names ReBERT's rows.
const system = "ReBERT"

// row is a number of ours, under a name like those of published rows.
func row(figure, series, workload, config, metric, unit string, value float64) published.Row {
	return published.Row{System: system, Figure: figure, Series: series, Workload: workload, Config: config, Metric: metric, Unit: unit, Value: value}
}

// AttentionShare is how much of BERT-base attention takes as sentences grow (the paper's Fig. 4, whose values are unknown): of the
// multiply-accumulates, of the machine's energy under full attention, and of the word-serial pipeline's time, of which it is the
// waiting for keys that do not exist yet.
func AttentionShare(ctx context.Context, tokens ...int) ([]published.Row, error) {
	var rows []published.Row
	m, s := rebert.BERTBase(), rebert.Baseline()
	for _, n := range tokens {
		r, err := s.Simulate(ctx, rebert.Workload{Model: m, Tokens: n})
		if err != nil {
			return nil, err
		}
		attention, weights := m.Operations(n, float64(n))
		serial, err := rebert.ClosedForm(rebert.Window, n, make([]int, m.Layers), s.Depth())
		if err != nil {
			return nil, err
		}
		config := fmt.Sprintf("N=%d", n)
		rows = append(rows,
			row("fig4-share", "operations", "multiply-accumulates", config, "attention_share", "%", 100*attention/(attention+weights)),
			row("fig4-share", "energy", "energy of the ReRAM machine", config, "attention_share", "%", 100*float64(r.Energy.Attention())/float64(r.Energy.Total())),
			row("fig4-share", "time", "time of the word-serial pipeline (waiting for keys)", config, "attention_share", "%", 100*(1-float64(serial)/r.Steps)))
	}
	return rows, nil
}

// Port is what the arrays of keys do in one of the paper's timelines, word by word; times count in slots, from 1.
type Port struct {
	Machine string
	Keys    []Span // made by the layer before
	Array   []Span // writes and inner products
	First   int    // slot of the first inner product
	Total   float64
}

// Span is one operation.
type Span struct {
	Start, End float64
	Kind       string
	Word       int // from 1
}

// Timelines runs the 6-word example of Fig. 9 and 13.
func Timelines(ctx context.Context) ([]Port, error) {
	hazards, err := rebert.Hazards(ctx)
	if err != nil {
		return nil, err
	}
	var ports []Port
	for _, h := range hazards {
		p := Port{Machine: h.Name, First: h.Slots[0], Total: h.Total}
		for _, o := range h.Operations {
			s := Span{1 + float64(o.Start)/float64(h.Step), 1 + float64(o.End)/float64(h.Step), o.Name, o.Word + 1}
			switch {
			case o.Kind == rebert.Generated:
				p.Keys = append(p.Keys, s)
			case s.End > s.Start && (o.Kind == rebert.Multiplied || o.Kind == rebert.KeyWritten && h.Name != "window" && h.Name != "full"):
				p.Array = append(p.Array, s)
			}
		}
		ports = append(ports, p)
	}
	return ports, nil
}

// slotRow is the published row of a timeline.
func slotRow(machine string) (published.Row, error) {
	name := map[string][3]string{"full": {"fig9-timeline", "full attention", ""}, "window": {"fig9-timeline", "window", "w1 needs k1 and k2"},
		"basic": {"fig13-timeline", "ReBERT-basic", "w1 needs k1 and k2"}, "advanced": {"fig13-timeline", "ReBERT-advanced", "w1 needs k1 and k2"}}[machine]
	return published.Find(system, name[0], name[1], "6 words", name[2], "first_inner_product_slot")
}

// Slots are the slots of the first inner products, the published ones beside ours, under the name of each machine's arrays.
func Slots(ports []Port) (*Compared, error) {
	c := &Compared{}
	for _, p := range ports {
		r, err := slotRow(p.Machine)
		if err != nil {
			return nil, err
		}
		r.Figure, r.Series, r.Config = "timelines", p.Arrays(), ""
		c.add(r, float64(p.First))
	}
	return c, nil
}

// Arrays names the lane of what the arrays do.
func (p Port) Arrays() string { return p.Machine + ": arrays" }

// Letter is a key, or a word whose inner product it is, as the paper's figures write it: k1, w1.
func (s Span) Letter() string {
	if s.Kind == "inner product" {
		return fmt.Sprintf("w%d", s.Word)
	}
	return fmt.Sprintf("k%d", s.Word)
}

// BreakEven is the time of the three machines against a uniform half-window, in steps, for BERT-base: basic stops paying where its
// curve meets that of full attention.
func BreakEven(ctx context.Context, tokens int, half ...int) ([]published.Row, error) {
	var rows []published.Row
	for _, w := range half {
		for _, s := range []rebert.Spec{rebert.Baseline(), rebert.Basic(), rebert.Advanced()} {
			r, err := s.Simulate(ctx, rebert.Uniform(rebert.BERTBase(), tokens, w))
			if err != nil {
				return nil, err
			}
			rows = append(rows, row("break-even", s.Name, fmt.Sprintf("N=%d", tokens), fmt.Sprintf("W=%d", w), "time", "steps", r.Steps))
		}
	}
	return rows, nil
}

// uniformHalf is the window that the sensitivities are shown at: the middle of the range that searches find.
const uniformHalf = 16

// Sensitivity is what three assumed numbers of the machine do, at N = 128 and a half-window of 16: the depth of the chain, the time
// of writing a key, and the width of the converters.
type Sensitivity struct{ Depth, Write, ADC []published.Row }

// Sensitivities runs them.
func Sensitivities(ctx context.Context) (s Sensitivity, err error) {
	w := rebert.Uniform(rebert.BERTBase(), 128, uniformHalf)
	speedup := func(change func(rebert.Spec) rebert.Spec, windowed rebert.Spec) (float64, error) {
		base, err := change(rebert.Baseline()).Simulate(ctx, w)
		if err != nil {
			return 0, err
		}
		r, err := change(windowed).Simulate(ctx, w)
		return r.Speedup(base), err
	}
	for _, machine := range []rebert.Spec{rebert.Basic(), rebert.Advanced()} {
		for d := 4; d <= 16; d++ {
			x, err := speedup(func(m rebert.Spec) rebert.Spec { return m.WithDepth(d) }, machine)
			if err != nil {
				return s, err
			}
			s.Depth = append(s.Depth, row("sensitivity", machine.Name, "pipeline depth", fmt.Sprintf("D=%d", d), "speedup_over_baseline", "x", x))
		}
	}
	for _, machine := range []rebert.Spec{rebert.Baseline(), rebert.Basic(), rebert.Advanced()} {
		for _, pulse := range []int{10, 20, 50, 100, 150, 200} {
			m := machine
			m.Pulse = time.Duration(pulse)
			r, err := m.Simulate(ctx, w)
			if err != nil {
				return s, err
			}
			s.Write = append(s.Write, row("sensitivity", machine.Name, "write pulse", fmt.Sprintf("ns=%d", pulse), "time", "steps", r.Steps))
		}
	}
	for bits := 4; bits <= 10; bits++ {
		m, err := rebert.Advanced().WithADC(bits)
		if err != nil {
			return s, err
		}
		r, err := m.Simulate(ctx, w)
		if err != nil {
			return s, err
		}
		c := fmt.Sprintf("bits=%d", bits)
		s.ADC = append(s.ADC, row("sensitivity", "attention", "ADC width", c, "energy", "uJ", float64(r.Energy.Attention())*1e-6),
			row("sensitivity", "whole model / 100", "ADC width", c, "energy", "uJ", float64(r.Energy.Total())*1e-8))
	}
	return s, nil
}

// Lifetimes is how long cells last against the half-window, in days of sentences without pause, for three endurances.
func Lifetimes(ctx context.Context, tokens int, half ...int) ([]published.Row, error) {
	var rows []published.Row
	for _, endurance := range []float64{1e6, 1e9, 1e12} {
		for _, w := range half {
			s := rebert.Advanced()
			s.Endurance = endurance
			r, err := s.Simulate(ctx, rebert.Uniform(rebert.BERTBase(), tokens, w))
			if err != nil {
				return nil, err
			}
			rows = append(rows, row("lifetime", fmt.Sprintf("%.0e", endurance), fmt.Sprintf("cells that survive %.0e writes", endurance), fmt.Sprintf("W=%d", w), "lifetime", "days", 365.25*r.Lifetime.Years))
		}
	}
	return rows, nil
}
