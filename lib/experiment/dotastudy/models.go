package dotastudy

import (
	"context"
	"fmt"
	"strings"

	"github.com/gomlx/compute"

	"github.com/sparse-attention/workbench/lib/accelerator/dota"
	"github.com/sparse-attention/workbench/lib/experiment/joint"
	"github.com/sparse-attention/workbench/lib/published"
)

// WithData are the models whose data are here.
func WithData(models []joint.Model) []joint.Model {
	var out []joint.Model
	for _, m := range models {
		if m.Data != nil {
			out = append(out, m)
		}
	}
	return out
}

// Metric are the rows of one metric.
func Metric(rows []published.Row, metric string) []published.Row {
	return published.Select(rows, func(r published.Row) bool { return r.Metric == metric })
}

// Assumed is what the machine is run with where no trained model is at hand: DOTA-C keeps 10 %, because a public summary of the
// paper says that more than 90 % of the connections go in some applications; DOTA-A half of that; ELSA the mean of its Fig. 10
// at p = 1, where it loses less than 1 %; half of a query's keys are those of its whole group.
func Assumed() MachineOptions {
	return MachineOptions{Spec: dota.DOTA(), Sigma: 0.25, Bits: dota.INT4, Shared: 0.5,
		Source:   "Kept shares are assumed, not measured: DOTA-C 10 %, DOTA-A 5 %, ELSA 36 % (mean of its Fig. 10 at p = 1).",
		Retained: func(Workload) Retained { return Retained{[Versions]float64{1, 0.1, 0.05}, 0.36} }}
}

// sharedExamples is how many inputs of each model tell how much neighbouring queries have in common.
const sharedExamples = 3

// FromModels takes what the machine is run with from trained models: retentions from the search on each task, the overlap of
// neighbouring queries from their masks, and the detector's shape.
func FromModels(ctx context.Context, backend compute.Backend, models []joint.Model) (MachineOptions, error) {
	if len(WithData(models)) == 0 {
		return Assumed(), nil
	}
	o := MachineOptions{Spec: dota.DOTA(), Source: "Kept shares from the search on our own models (C loses less than 0.5 point, A less than 1.5), overlap from their masks."}
	detector := models[0].Recipe.Detector
	o.Sigma, o.Bits = detector.Sigma, dota.Precision(detector.Bits)
	var tasks []string
	n := 0.0
	for _, m := range models {
		tasks = append(tasks, m.Recipe.Name)
		if m.Data == nil {
			continue
		}
		heads, err := Trace(ctx, backend, m.Seeds[0], m.Data.Test[:sharedExamples], detector.Retention)
		if err != nil {
			return o, err
		}
		o.Shared += Shared(Masks(m.Seeds[0], heads, detector.Retention), o.Spec.Parallelism)
		n++
	}
	o.Shared /= n
	points := joint.AllPoints(models)
	o.Retained = func(w Workload) Retained {
		kept := func(method string, limit float64) float64 { return Kept(points, tasks, method, limit, w) }
		return Retained{At: [Versions]float64{1, kept(joint.DOTAMethod, ConservativeLimit), kept(joint.DOTAMethod, AggressiveLimit)},
			ELSA: kept(joint.ELSAMethod, ConservativeLimit)}
	}
	return o, nil
}

// Statistics tabulates what the hardware figures rest on.
func Statistics(all []Machine) (headings []string, rows [][]string) {
	headings = []string{"workload", "layers", "tokens", "width, heads", "kept by DOTA-C", "DOTA-A", "ELSA", "detector takes (C)", "key loads (C) over row by row", "port or softmax idle (C)"}
	for _, m := range all {
		w, c := m.Workload, m.DOTA[Conservative]
		rows = append(rows, []string{w.Name, fmt.Sprint(w.Layers), fmt.Sprint(w.Tokens), fmt.Sprintf("%d, %d x %d", w.Model, w.Heads, w.Dim),
			fmt.Sprintf("%.1f %%", 100*m.Retained.At[Conservative]), fmt.Sprintf("%.1f %%", 100*m.Retained.At[Aggressive]), fmt.Sprintf("%.1f %%", 100*m.Retained.ELSA),
			fmt.Sprintf("%.1f %% of attention", 100*(c.Spent[dota.Projection]+c.Spent[dota.Detection])/c.AttentionBlock()),
			fmt.Sprintf("%.2f", float64(c.Flow.Loads)/float64(c.Flow.Connections)), fmt.Sprintf("%.1f %%", 100*c.Waiting/c.AttentionBlock())})
	}
	return headings, rows
}

// Summary says in a sentence or two what the search means for what was asked: at most 15 % kept within half a point on three
// tasks, and half of what ELSA keeps on two.
func Summary(goals []Goal) string {
	var sparse, twice []string
	for _, g := range goals {
		if g.Sparse() {
			sparse = append(sparse, g.Title)
		}
		if g.Twice() {
			twice = append(twice, g.Title)
		}
	}
	list := func(names []string) string {
		if len(names) == 0 {
			return "none"
		}
		return fmt.Sprintf("%d of %d (%s)", len(names), len(goals), strings.Join(names, "; "))
	}
	return fmt.Sprintf("DOTA-C keeps at most 15 %% within half a point on the judged examples: **%s**. ELSA keeps at least twice as much within the same limit: **%s**.", list(sparse), list(twice))
}
