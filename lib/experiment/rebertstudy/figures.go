package rebertstudy

import (
	"fmt"

	"github.com/sparse-attention/workbench/lib/accelerator/rebert"
	"github.com/sparse-attention/workbench/lib/energy"
	"github.com/sparse-attention/workbench/lib/published"
)

// machines names those of Fig. 17 and their speedup.
func (e *Evaluation) machines(p *Point) (names []string, over []float64, err error) {
	gpu := rebert.ImpliedGPU(p.Baseline, p.Squad)
	asic, err := e.ASIC.Latency(p.Model, p.Tokens)
	return []string{e.ASIC.Name, "baseline", "ReBERT-basic", "ReBERT-advanced"},
		[]float64{gpu.Latency.Seconds() / asic.Seconds(), p.OverGPU(p.Baseline), p.OverGPU(p.Basic), p.OverGPU(p.Advanced)}, err
}

// Figure17 is the speedup over the implied GPU, a group of bars for each of our tasks.
func (e *Evaluation) Figure17() (*Compared, error) { return e.figure17(e.Tasks) }

// Figure17Fitted is the same for the fitted points, beside the published values that they were fitted to.
func (e *Evaluation) Figure17Fitted() (*Compared, error) { return e.figure17(e.Fitted) }

func (e *Evaluation) figure17(points []Point) (*Compared, error) {
	c := &Compared{}
	for i := range points {
		p := &points[i]
		names, over, err := e.machines(p)
		if err != nil {
			return nil, err
		}
		for k, name := range names {
			r := row("fig17", name, p.Name, "", "speedup_over_gpu", "x", over[k])
			if theirs, ok := overGPU(name, p.Name); ok && p.Origin == rebert.Fitted {
				theirs.Figure, theirs.Series, theirs.Workload, theirs.Config = r.Figure, r.Series, r.Workload, r.Config
				c.add(theirs, over[k])
				continue
			}
			c.own(r)
		}
	}
	return c, nil
}

// overGPU is the published speedup over the GPU at one of the fitted points.
func overGPU(machine, point string) (published.Row, bool) {
	for _, x := range []struct{ machine, point, figure, series, workload string }{
		{"ReBERT-advanced", "GLUE average", "fig17-glue", "ReBERT-advanced", "GLUE average"},
		{"ReBERT-advanced", "GLUE best", "abstract", "ReBERT", "overall"},
		{"ReBERT-basic", "GLUE best", "fig17-glue", "ReBERT-basic", "GLUE"},
		{"ReBERT-advanced", "SQuAD", "fig17-squad", "ReBERT-advanced", "SQuAD"},
	} {
		if x.machine == machine && x.point == point {
			r, err := published.Find(system, x.figure, x.series, x.workload, "", "speedup_over_gpu")
			return r, err == nil
		}
	}
	return published.Row{}, false
}

// ModelTimes is the time of each model in steps, with full attention and with our windows, at one sentence length.
func (e *Evaluation) ModelTimes(tokens int) []published.Row {
	var rows []published.Row
	for i := range e.Models {
		p := &e.Models[i]
		if p.Tokens != tokens {
			continue
		}
		n := fmt.Sprintf("N=%d", tokens)
		rows = append(rows, row("models", "full attention", p.Name, n, "time", "steps", p.Baseline.Steps),
			row("models", "our windows, basic", p.Name, n, "time", "steps", p.Basic.Steps),
			row("models", "our windows, advanced", p.Name, n, "time", "steps", p.Advanced.Steps))
	}
	return rows
}

// Generality is the speedup of advanced over full attention by model and sentence length, under the mean of our windows, beside
// the two published numbers, whose sentence length is unknown.
func (e *Evaluation) Generality() *Compared {
	c := &Compared{}
	for i := range e.Models {
		p := &e.Models[i]
		r := row("generality", "ReBERT-advanced", p.Name, fmt.Sprintf("N=%d", p.Tokens), "speedup_over_baseline", "x", p.Speedup(p.Advanced))
		theirs, err := published.Find(system, "generality", "ReBERT-advanced", p.Name, "", r.Metric)
		if err == nil && p.Tokens == Tokens {
			theirs.Config = r.Config
			c.add(theirs, r.Value)
			continue
		}
		c.own(r)
	}
	return c
}

// Reductions are the savings of inner product, softmax and attention over full attention in per cent, by task and on average, where
// the published values stand beside ours.
func (e *Evaluation) Reductions() *Compared {
	c := &Compared{}
	parts := []struct {
		name string
		of   func(rebert.Reductions) float64
	}{{"inner product", func(d rebert.Reductions) float64 { return d.InnerProduct }}, {"softmax", func(d rebert.Reductions) float64 { return d.Softmax }},
		{"attention total", func(d rebert.Reductions) float64 { return d.Attention }}}
	for _, part := range parts {
		saved := func(p *Point) float64 { return 100 * part.of(p.Advanced.Reductions(p.Baseline)) }
		for i := range e.Tasks {
			c.own(row("energy-attention", part.name, e.Tasks[i].Name, "", "energy_reduction", "%", saved(&e.Tasks[i])))
		}
		theirs, err := published.Find(system, "energy-attention", part.name, "average", "", "energy_reduction")
		if err != nil {
			panic("rebertstudy: " + err.Error()) // the rows are embedded
		}
		c.add(theirs, e.mean(saved))
	}
	return c
}

// Components is where the attention energy of one sentence goes, by part of the machine and component, with full attention and under
// the mean of our windows; in microjoules.
func (e *Evaluation) Components() []published.Row {
	var rows []published.Row
	p := &e.Models[0] // BERT-base, N = 128
	for _, r := range []rebert.Report{p.Baseline, p.Advanced} {
		for _, part := range []rebert.Part{rebert.Write, rebert.InnerProduct, rebert.Softmax, rebert.WeightedSum} {
			for c, pj := range r.Energy[part] {
				if pj > 0 {
					rows = append(rows, row("energy-parts", r.Machine, part.String(), "", energy.CrossbarComponent(c).String(), "uJ", float64(pj)*1e-6))
				}
			}
		}
	}
	return rows
}

// Size tabulates arrays, tiles, area and lifetime of BERT-base at N = 128: full attention, and the machines under the mean of our windows.
func (e *Evaluation) Size() (headings []string, rows [][]string) {
	headings = []string{"machine", "arrays of weights", "of keys", "of values", "second copies", "tiles", "area (mm2)", "power (W)", "lifetime at 1e9 writes (days)"}
	p := &e.Models[0]
	for _, r := range []rebert.Report{p.Baseline, p.Basic, p.Advanced} {
		a := r.Arrays
		rows = append(rows, []string{r.Machine, fmt.Sprint(a.Weights), fmt.Sprint(a.Keys), fmt.Sprint(a.Values), fmt.Sprint(a.Copies), fmt.Sprint(a.Tiles()),
			fmt.Sprintf("%.0f", float64(r.Area.Total())), fmt.Sprintf("%.0f", float64(r.Power())), fmt.Sprintf("%.2f", 365.25*r.Lifetime.Years)})
	}
	return headings, rows
}

// References tabulates the published accuracies of the models that the paper compares with; unverified ones say so.
func References() (headings []string, rows [][]string) {
	headings = []string{"model", "task", "metric", "published", "evidence", "source"}
	for _, name := range []string{"MobileBERT", "DistilBERT", "BERT-base", "BERT-base 8-bit", "BERT-base-cased"} {
		for _, r := range published.Figure(name, "ref-accuracy") {
			rows = append(rows, []string{r.Series, r.Workload, r.Metric, published.FormatNumber(r.Value) + " " + r.Unit, r.Evidence.String(), r.Source})
		}
	}
	return headings, rows
}
