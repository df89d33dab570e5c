package sprintstudy

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/gomlx/compute"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/accelerator/sprint"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/published"
	"github.com/sparse-attention/workbench/lib/reram"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// Decoder is our own decoder on the machine under every scheme: the right panel of Fig. 9, where a lower bar is better.
type Decoder struct {
	Trained *experiment.TrainedLanguage
	Texts   int
	Schemes map[sprint.Scheme]*DecoderScore
}

// DecoderScore is a decoder's perplexity on the machine, with what was pruned on the way.
type DecoderScore struct {
	experiment.Perplexity
	Rates pruning.Rates
}

// Pruned is the pruned share of the visible scores in percent.
func (s *DecoderScore) Pruned() float64 { return 100 * s.Rates.Total().Rate() }

// MeasureDecoder runs texts under the four schemes: the dense decoder for the unpruned bar, the one trained with thresholds
// for the others. Before that the machine's converters are calibrated on other texts.
func MeasureDecoder(ctx context.Context, backend compute.Backend, t *experiment.TrainedLanguage, machine sprint.Spec, calibrate, texts []datasets.Example) (*Decoder, error) {
	if t.Pruned == nil {
		return nil, fmt.Errorf("sprintstudy: the checkpoint of %s has no thresholds", t.Recipe.Name)
	}
	d := &Decoder{Trained: t, Texts: len(texts), Schemes: map[sprint.Scheme]*DecoderScore{}}
	c := calibration{machines: []*sprint.Spec{&machine}, widest: make([]reram.Range, 1)}
	if _, err := experiment.MachinePerplexity(ctx, backend, t.Pruned, calibrate, c.watch(attend(t.Thresholds, machine, sprint.RuntimePruning, nil))); err != nil {
		return nil, err
	}
	c.apply()
	for _, scheme := range Schemes() {
		model := t.Pruned
		if scheme == sprint.Unpruned {
			model = t.Dense
		}
		score, err := d.measure(ctx, backend, model, machine, scheme, texts)
		if err != nil {
			return nil, err
		}
		d.Schemes[scheme] = score
	}
	return d, nil
}

// calibrationTexts of the dev split tell how wide the sums of a decoder's heads are.
const calibrationTexts = 8

// OwnDecoder is MeasureDecoder of the workbench's own decoder on the first texts of its test split, all of them when texts is
// 0. Where its checkpoint holds no thresholds there is nothing to measure, and absent says so.
func OwnDecoder(ctx context.Context, backend compute.Backend, where experiment.Where, machine sprint.Spec, texts int) (d *Decoder, absent string, err error) {
	recipe := experiment.OpticksRecipe()
	t, err := recipe.LoadOrTrain(ctx, backend, where)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, fmt.Sprintf("%s is left out: %v", recipe.Title, err), nil
	case err != nil:
		return nil, "", err
	case t.Pruned == nil:
		return nil, recipe.Title + " is left out: its checkpoint has no thresholds", nil
	}
	data, err := recipe.Open(where.Data)
	if err != nil {
		return nil, "", err
	}
	chosen := data.Test
	if texts > 0 {
		chosen = chosen[:min(texts, len(chosen))]
	}
	d, err = MeasureDecoder(ctx, backend, t, machine, data.Dev[:min(calibrationTexts, len(data.Dev))], chosen)
	return d, "", err
}

func (d *Decoder) measure(ctx context.Context, backend compute.Backend, m *transformer.Encoder, machine sprint.Spec, scheme sprint.Scheme, texts []datasets.Example) (*DecoderScore, error) {
	out := &DecoderScore{}
	var err error
	out.Perplexity, err = experiment.MachinePerplexity(ctx, backend, m, texts, attend(d.Trained.Thresholds, machine, scheme, &out.Rates))
	return out, err
}

// Perplexities are the bars, per byte.
func (d *Decoder) Perplexities() (out []published.Row) {
	for _, scheme := range Schemes() {
		out = append(out, row("fig9-accuracy", scheme.String(), d.Trained.Recipe.Title, "", "perplexity", "ppl", d.Schemes[scheme].PerToken()))
	}
	return out
}

// Increases tabulates by how many percent each scheme's perplexity lies above the unpruned decoder's and above runtime
// pruning's, with the 95 % interval over the texts, beside GPT-2-L's as published.
func (d *Decoder) Increases() (headings []string, rows [][]string, err error) {
	headings = []string{"scheme", "perplexity a byte", "over the baseline", "over runtime pruning", "pruned", "GPT-2-L in the paper", "over its baseline"}
	gpt := func(s sprint.Scheme) float64 {
		row, e := published.Find("sprint", "fig9-accuracy", s.String(), "GPT-2-L", "", "perplexity")
		if e != nil {
			err = e
		}
		return row.Value
	}
	for _, scheme := range Schemes() {
		score := d.Schemes[scheme]
		cells := []string{scheme.String(), fmt.Sprintf("%.3f", score.PerToken())}
		for _, base := range []sprint.Scheme{sprint.Unpruned, sprint.RuntimePruning} {
			percent, half, e := score.Increase(d.Schemes[base].Perplexity)
			if e != nil {
				return nil, nil, e
			}
			cells = append(cells, fmt.Sprintf("%+.2f ± %.2f %%", percent, half))
		}
		cells = append(cells, fmt.Sprintf("%.1f %%", score.Pruned()), fmt.Sprintf("%.2f", gpt(scheme)), fmt.Sprintf("%+.1f %%", 100*(gpt(scheme)/gpt(sprint.Unpruned)-1)))
		rows = append(rows, cells)
	}
	return headings, rows, err
}
