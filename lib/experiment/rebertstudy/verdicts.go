package rebertstudy

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/sparse-attention/workbench/lib/accelerator/rebert"
	"github.com/sparse-attention/workbench/lib/published"
)

// SlotVerdicts judge the three published timelines, slot by slot.
func SlotVerdicts(ctx context.Context) ([]published.Verdict, error) {
	ports, err := Timelines(ctx)
	if err != nil {
		return nil, err
	}
	var out []published.Verdict
	for _, p := range ports {
		row, err := slotRow(p.Machine)
		if err != nil {
			return nil, err
		}
		out = append(out, published.Judge(row, float64(p.First), published.Exact))
	}
	ideal, err := published.Find(system, "fig13-timeline", "ideal", "6 words", "w1 needs k1 and k2", "first_inner_product_slot")
	return append(out, published.Judge(ideal, float64(ports[1].First), published.Exact)), err
}

// fitted is our number at a fitted point for a published speedup, and the same as a mean over our tasks.
func (e *Evaluation) fitted(row published.Row) (ours, tasks float64) {
	p := &e.Fitted[0]
	advanced := true
	switch {
	case row.Figure == "fig17-squad":
		p = &e.Fitted[2]
	case row.Figure == "abstract":
		p = &e.Fitted[1]
	case row.Series == "ReBERT-basic":
		p, advanced = &e.Fitted[1], false
	}
	of := func(p *Point) float64 {
		r := p.Advanced
		if !advanced {
			r = p.Basic
		}
		switch row.Metric {
		case "speedup_over_gpu":
			return p.OverGPU(r)
		case "speedup_over_basic":
			return r.Speedup(p.Basic)
		}
		return p.Speedup(r)
	}
	if p.Squad {
		return of(p), math.NaN() // no task of ours has sentences of 384 words
	}
	if p == &e.Fitted[1] { // the paper's best task beside our best
		best := math.Inf(-1)
		for i := range e.Tasks {
			best = max(best, of(&e.Tasks[i]))
		}
		return of(p), best
	}
	return of(p), e.mean(of)
}

// SpeedVerdicts are the published speedups. None is a target: the depth of the chain and one window for each point were fitted to them.
func (e *Evaluation) SpeedVerdicts() []published.Verdict {
	var out []published.Verdict
	for _, figure := range []string{"abstract", "fig17-glue", "fig17-squad"} {
		for _, row := range published.Figure(system, figure) {
			if row.Metric == "energy_efficiency_over_gpu" {
				out = append(out, published.Judge(row, math.NaN(), published.NotComparable,
					published.Because("the GPU's power is unknown; with ISAAC's circuits the weights take 96 %% of the energy, and the machine draws some 100 W")))
				continue
			}
			ours, tasks := e.fitted(row)
			why := "one window and the depth of the chain were fitted to the published ratios"
			if row.Metric == "speedup_over_gpu" {
				why += "; the GPU is the one that they imply"
			}
			if !math.IsNaN(tasks) {
				why += fmt.Sprintf("; under the windows of our own searches the model gives %.3g", tasks)
			}
			out = append(out, published.Judge(row, ours, published.Fitted, published.Because("%s", why)))
		}
	}
	for _, row := range published.Figure(system, "generality") {
		i := slices.IndexFunc(e.Models, func(p Point) bool { return p.Name == row.Workload && p.Tokens == Tokens })
		ours := math.NaN()
		if i >= 0 {
			ours = e.Models[i].Speedup(e.Models[i].Advanced)
		}
		out = append(out, published.Judge(row, ours, published.NotComparable, published.Because("workload and sentence length are unknown; ours is at N = %d under the mean of our windows", Tokens)))
	}
	return out
}

// EnergyVerdicts judge the published reductions within ten points, as means over our tasks at N = 128, and the shares before windows.
func (e *Evaluation) EnergyVerdicts() []published.Verdict {
	var out []published.Verdict
	share := func(part rebert.Part) float64 {
		b := e.Tasks[0].Baseline.Energy
		return 100 * float64(b[part].Total()) / float64(b.Attention())
	}
	for _, row := range published.Figure(system, "energy-attention") {
		if row.Metric == "share_of_attention_energy" {
			out = append(out, published.Judge(row, share(rebert.InnerProduct), published.Modelled))
			continue
		}
		ours := 100 * e.mean(func(p *Point) float64 {
			d := p.Advanced.Reductions(p.Baseline)
			switch row.Series {
			case "inner product":
				return d.InnerProduct
			case "softmax":
				return d.Softmax
			}
			return d.Attention
		})
		out = append(out, published.Judge(row, ours, published.Modelled, published.Points(10),
			published.Because("mean over our tasks at N = %d; the published value needs a mean half-window of about %.0f, ours is %.1f", Tokens, e.WindowFor(row), e.MeanHalf())))
	}
	for _, row := range published.Figure(system, "derived-checks") {
		switch {
		case row.Series == "softmax":
			out = append(out, published.Judge(row, share(rebert.Softmax), published.Modelled,
				published.Because("a digital unit of 45 nm operations; a score would have to cost %.0f pJ", float64(e.Tasks[0].Baseline.SoftmaxElementFor(row.Value/100, e.Tasks[0].Model.Heads)))))
		case row.Series == "weighted sum":
			out = append(out, published.Judge(row, share(rebert.WeightedSum), published.Modelled))
		}
	}
	return out
}

// MeanHalf is the mean half-window over our tasks, on BERT-base.
func (e *Evaluation) MeanHalf() float64 {
	return e.mean(func(p *Point) float64 { return p.Windows.Mean() })
}

// WindowFor is the uniform half-window, at N = 128, at which the model's saving is nearest to a published one.
func (e *Evaluation) WindowFor(r published.Row) float64 {
	if r.Series == "softmax" {
		return rebert.WindowFor(Tokens, r.Value/100)
	}
	best, distance := 0, math.Inf(1)
	base, err := rebert.Baseline().Simulate(context.Background(), rebert.Uniform(rebert.BERTBase(), Tokens, 0))
	for w := 0; w < Tokens/2 && err == nil; w++ {
		var x rebert.Report
		if x, err = rebert.Advanced().Simulate(context.Background(), rebert.Uniform(rebert.BERTBase(), Tokens, w)); err != nil {
			break
		}
		d := x.Reductions(base)
		saved := d.Attention
		if r.Series == "inner product" {
			saved = d.InnerProduct
		}
		if off := math.Abs(100*saved - r.Value); off < distance {
			best, distance = w, off
		}
	}
	return float64(best)
}
