package rebertstudy

import (
	"context"
	"fmt"
	"math"
	"path/filepath"

	"github.com/gomlx/compute"
	"github.com/sparse-attention/workbench/lib/accelerator/rebert"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/published"
	"github.com/sparse-attention/workbench/lib/reram"
)

// Variant is one way of computing attention, and what it does to a model's accuracy.
type Variant struct {
	Group    string // "softmax", "device", "mismatch", "lognormal", "converter"
	Name     string
	Value    float64 // of what is swept
	Accuracy float64 // per cent
	Drop     float64 // points below exact attention on the same examples
	Within   float64 // half width of its 95 % interval, paired
}

// DatapathStudy is the arithmetic of the machine on a trained model with full attention: nothing but the attention differs.
type DatapathStudy struct {
	Model    string
	Split    string
	Examples int
	Exact    float64 // accuracy in per cent, 8-bit Q, K and V and an exact softmax
	Within   float64 // half width of its 95 % interval
	Variants []Variant
}

// variant is a datapath under its name.
type variant struct {
	group, name string
	value       float64
	path        rebert.Datapath
}

// softmaxVariants are the two-table units: the sheet's widths, narrower ones, and wide ones.
func softmaxVariants() []variant {
	base := rebert.Advanced().Datapath()
	var all []variant
	for _, c := range []struct{ index, fraction, low, entry, probability int }{
		{8, 4, 4, 8, 8}, {8, 4, 4, 8, 6}, {8, 4, 4, 8, 4}, {8, 4, 4, 4, 8}, {7, 3, 4, 8, 8}, {6, 2, 3, 8, 8}, {5, 1, 3, 8, 8}, {4, 0, 2, 8, 8}, {16, 12, 8, 16, 8},
	} {
		d := base
		d.Softmax = rebert.SoftmaxUnit{IndexBits: c.index, Fraction: c.fraction, LowBits: c.low, EntryBits: c.entry, ProbabilityBits: c.probability}
		name := fmt.Sprintf("index %d.%d, entries %d, out %d", c.index, c.fraction, c.entry, c.probability)
		if d.Softmax == base.Softmax {
			name += " (default)"
		}
		all = append(all, variant{"softmax", name, float64(c.index), d})
	}
	return all
}

// noiseVariants are the programming errors with published parameters, each on the cell that it was measured on, the mismatch that
// ReTransformer varies, ReCAT's lognormal error, and converters that are too narrow.
func noiseVariants() []variant {
	base := rebert.Advanced().Datapath()
	var all []variant
	noisy := func(group, name string, value float64, cell reram.Cell, v reram.Variation, sigma float64) {
		d := base
		d.Cell, d.Noise = cell, reram.Noise{Cells: v, Sigma: sigma}
		all = append(all, variant{group, name, value, d})
	}
	noisy("device", "CMO/HfOx, 0.2 %", 0, reram.CMOCell(), reram.CMOFine, 0)
	noisy("device", "CMO/HfOx, 2 %", 0, reram.CMOCell(), reram.CMOCoarse, 0)
	noisy("device", "NeuRRAM, 1 s", 0, reram.WanCell(), reram.WanSecond, 0)
	noisy("device", "NeuRRAM, 1 day", 0, reram.WanCell(), reram.WanDay, 0)
	noisy("device", "Milo", 0, reram.MiloCell(), reram.Milo, 0)
	for _, percent := range []float64{2.5, 5, 7.5, 10, 20, 40} {
		noisy("mismatch", "Gaussian, sigma x G", percent, reram.NeuroSimCell(), reram.Proportional, percent/100)
	}
	for _, sigma := range []float64{0.05, 0.2, 0.8} {
		noisy("lognormal", "lognormal", sigma, reram.NeuroSimCell(), reram.Lognormal, sigma)
	}
	for _, bits := range []int{7, 6, 5, 4} {
		d := base
		d.ADCBits = bits
		all = append(all, variant{"converter", fmt.Sprintf("%d bits", bits), float64(bits), d})
	}
	return all
}

// DatapathObserver hears of every variant; it may be nil.
type DatapathObserver func(model, variant string, drop, within float64)

// StudyDatapath computes a model's accuracy with each variant of the machine's arithmetic: the softmax unit, and with noise the
// arrays too, which costs tens of times more.
func StudyDatapath(ctx context.Context, backend compute.Backend, m experiment.Model, examples int, noise bool, observer DatapathObserver) (*DatapathStudy, error) {
	e, err := experiment.NewEvaluator(backend, m.Dense)
	if err != nil {
		return nil, err
	}
	defer e.Close()
	sample := m.Sample(examples)
	exact, err := e.Accuracy(ctx, sample, inputBits, func(_ experiment.Site, h *attention.Head, context []float32) error {
		for i, x := range attention.Attend(h, attention.Full(h)) {
			context[i] = float32(x)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	s := &DatapathStudy{Model: m.Title(), Split: m.Held, Examples: len(sample), Exact: exact.Accuracy(), Within: exact.Confidence()}
	variants := softmaxVariants()
	if noise {
		variants = append(variants, noiseVariants()...)
	}
	for _, v := range variants {
		score, err := e.Accuracy(ctx, sample, inputBits, func(at experiment.Site, h *attention.Head, context []float32) error {
			return v.path.Attend(h, attention.Full(h), context, uint64(at.Example), uint64(at.Layer), uint64(at.Head))
		})
		if err != nil {
			return nil, err
		}
		x := Variant{Group: v.group, Name: v.name, Value: v.value, Accuracy: score.Accuracy()}
		if x.Drop, x.Within, err = score.Drop(exact); err != nil {
			return nil, err
		}
		if observer != nil {
			observer(s.Model, v.group+", "+v.name, x.Drop, x.Within)
		}
		s.Variants = append(s.Variants, x)
	}
	return s, nil
}

// inputBits is the width of Q, K and V in the machine's memories.
const inputBits = 8

// StudyDatapaths is StudyDatapath for every model, with noise for the last one only.
func StudyDatapaths(ctx context.Context, backend compute.Backend, models []experiment.Model, examples int, observer DatapathObserver) ([]DatapathStudy, error) {
	var all []DatapathStudy
	for i, m := range models {
		s, err := StudyDatapath(ctx, backend, m, examples, i == len(models)-1, observer)
		if err != nil {
			return nil, err
		}
		all = append(all, *s)
	}
	return all, nil
}

// Drops are the points that a group of variants costs, one bar or knot each.
func (s *DatapathStudy) Drops(group string) []published.Row {
	var rows []published.Row
	for _, v := range s.Variants {
		if v.Group != group {
			continue
		}
		r := row("datapath-"+group, s.Model, v.Name, s.Model, "accuracy_drop", "points", v.Drop)
		if group == "mismatch" || group == "lognormal" || group == "converter" {
			r.Workload, r.Config = s.Model, fmt.Sprintf("%s=%g", group, v.Value)
		}
		rows = append(rows, r)
	}
	return rows
}

// Table lists the variants.
func (s *DatapathStudy) Table() (headings []string, rows [][]string) {
	headings = []string{"model", "arithmetic", "variant", "accuracy (%)", "drop (points)", "95 % interval"}
	rows = append(rows, []string{s.Model, "exact softmax", fmt.Sprintf("%s, %d examples", s.Split, s.Examples), fmt.Sprintf("%.1f", s.Exact), "0", fmt.Sprintf("accuracy +-%.1f", s.Within)})
	for _, v := range s.Variants {
		name := v.Name
		if v.Group == "mismatch" || v.Group == "lognormal" {
			name = fmt.Sprintf("%s, sigma %g", v.Name, v.Value)
		}
		rows = append(rows, []string{s.Model, v.Group, name, fmt.Sprintf("%.1f", v.Accuracy), fmt.Sprintf("%.2f", v.Drop), fmt.Sprintf("+-%.2f", v.Within)})
	}
	return headings, rows
}

// Mismatch is the group of that name, with ReTransformer's published sensitivity (quantised BERT on QNLI) where there is one: another
// model, so it is shown beside ours and not judged.
func (s *DatapathStudy) Mismatch() *Compared {
	c := &Compared{}
	theirs := published.Figure("ReTransformer", "reram-sensitivity")
	for _, v := range s.Variants {
		if v.Group != "mismatch" {
			continue
		}
		config := fmt.Sprintf("sigma=%g", v.Value)
		c.own(row("datapath-mismatch", s.Model, s.Model, config, "accuracy_drop", "points", v.Drop))
		for _, r := range theirs {
			if r.Metric == "accuracy_drop" && r.Config == fmt.Sprintf("mismatch %g %%", v.Value) {
				r.Figure, r.Series, r.Config = "datapath-mismatch", "ReTransformer: BERT, QNLI", config
				c.add(r, math.NaN())
			}
		}
	}
	return c
}

const datapathFile = "datapath.json"

// SaveDatapath writes studies to the folder of models, and LoadDatapath reads them.
func SaveDatapath(models string, studies []DatapathStudy) error {
	return experiment.WriteJSON(filepath.Join(models, datapathFile), studies)
}

// LoadDatapath reads studies that were saved.
func LoadDatapath(models string) (studies []DatapathStudy, err error) {
	err = experiment.ReadJSON(filepath.Join(models, datapathFile), &studies)
	return studies, err
}
