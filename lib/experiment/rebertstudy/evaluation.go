package rebertstudy

import (
	"context"
	"fmt"
	"time"

	"github.com/sparse-attention/workbench/lib/accelerator/rebert"
	"github.com/sparse-attention/workbench/lib/unit"
)

// Tokens is the sentence length of GLUE on the machine, and LongTokens that of SQuAD: assumed (reference sheet, 7).
const (
	Tokens     = 128
	LongTokens = 384
)

// Point is one set of windows on one model: the machines' reports on it.
type Point struct {
	Name    string
	Origin  rebert.Origin
	Windows rebert.Windows
	Model   rebert.Model
	Tokens  int
	Squad   bool // the implied GPU of SQuAD, else of GLUE

	Baseline, Basic, Advanced rebert.Report
}

// run simulates the three machines.
func (p *Point) run(ctx context.Context) error {
	w, err := p.Windows.On(p.Model, p.Tokens)
	if err != nil {
		return err
	}
	for _, m := range []struct {
		spec rebert.Spec
		to   *rebert.Report
	}{{rebert.Baseline(), &p.Baseline}, {rebert.Basic(), &p.Basic}, {rebert.Advanced(), &p.Advanced}} {
		s := m.spec
		s.Stages = p.Model.Chain()
		if *m.to, err = s.Simulate(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

// Speedup is how many times as fast a machine is as full attention on the same arrays.
func (p *Point) Speedup(r rebert.Report) float64 { return r.Speedup(p.Baseline) }

// OverGPU is the speedup over the paper's GPU as its own ratios imply it.
func (p *Point) OverGPU(r rebert.Report) float64 {
	return rebert.ImpliedGPU(p.Baseline, p.Squad).Speedup(r)
}

// ASIC is a BERT-ASIC of the user's: the paper compares with one that nobody names here, so its constants are assumed and its bars
// are compared with nothing. Time is work over throughput.
type ASIC struct {
	Name        string
	MACs        int        // 8-bit multipliers
	Clock       unit.Hertz // one multiply-accumulate each
	Utilisation float64    // share of it that BERT's shapes reach, in (0,1]
}

// AssumedASIC has the multipliers and the clock of SpAtten's class of machines.
func AssumedASIC() ASIC {
	return ASIC{Name: "BERT-ASIC (assumed)", MACs: 1024, Clock: 1e9, Utilisation: 0.75}
}

// Latency of one sentence of n words with full attention.
func (a ASIC) Latency(m rebert.Model, n int) (time.Duration, error) {
	if a.MACs < 1 || !(a.Clock > 0) || !(a.Utilisation > 0 && a.Utilisation <= 1) {
		return 0, fmt.Errorf("rebertstudy: ASIC has MACs %d, Clock %v, Utilisation %v; must be at least 1, above 0, and in (0,1]", a.MACs, float64(a.Clock), a.Utilisation)
	}
	attention, weights := m.Operations(n, float64(n))
	seconds := float64(m.Layers) * (attention + weights) / (float64(a.MACs) * float64(a.Clock) * a.Utilisation)
	return time.Duration(seconds * 1e9), nil
}

// Evaluation is the machine under the windows of our searches and under the fitted ones.
type Evaluation struct {
	Found  []rebert.Windows // as the searches left them
	Tasks  []Point          // BERT-base, N = 128, the windows extended by relative depth
	Fitted []Point          // GLUE average, GLUE best, SQuAD
	Models []Point          // the other models under the mean of our windows, see Models
	ASIC   ASIC
}

// Evaluate runs everything for the windows found.
func Evaluate(ctx context.Context, found []rebert.Windows, asic ASIC) (*Evaluation, error) {
	if len(found) == 0 {
		return nil, fmt.Errorf("rebertstudy: there are no windows, must be those of at least one search")
	}
	e := &Evaluation{Found: found, ASIC: asic}
	add := func(to *[]Point, p Point) error {
		err := p.run(ctx)
		*to = append(*to, p)
		return err
	}
	base := rebert.BERTBase()
	for _, w := range found {
		x, err := w.Extend(base, Tokens)
		if err != nil {
			return nil, err
		}
		if err := add(&e.Tasks, Point{Name: w.Task, Origin: x.Origin, Windows: x, Model: base, Tokens: Tokens}); err != nil {
			return nil, err
		}
	}
	for _, f := range rebert.FittedPoints() {
		if err := add(&e.Fitted, Point{Name: f.Name, Origin: rebert.Fitted, Windows: f.Windows, Model: base, Tokens: f.Tokens, Squad: f.Tokens > Tokens}); err != nil {
			return nil, err
		}
	}
	mean := meanWindows(found)
	for _, m := range rebert.Models() {
		for _, n := range []int{Tokens, LongTokens} {
			x, err := mean.Extend(m, n)
			if err != nil {
				return nil, err
			}
			if err := add(&e.Models, Point{Name: m.Name, Origin: x.Origin, Windows: x, Model: m, Tokens: n, Squad: n > Tokens}); err != nil {
				return nil, err
			}
		}
	}
	return e, nil
}

// meanWindows is one set of windows for all tasks: at each relative depth the mean over the tasks, rounded up.
func meanWindows(found []rebert.Windows) rebert.Windows {
	depth, tokens := 0, 0
	for _, w := range found {
		depth, tokens = max(depth, len(w.Half)), max(tokens, w.Tokens)
	}
	mean := rebert.Windows{Task: "mean of our tasks", Model: "our encoders", Origin: rebert.Searched, Tokens: tokens, Half: make([]int, depth)}
	for l := range mean.Half {
		sum := 0
		for _, w := range found {
			sum += w.Half[(2*l+1)*len(w.Half)/(2*depth)]
		}
		mean.Half[l] = (sum + len(found) - 1) / len(found)
	}
	return mean
}

// mean is the arithmetic mean over our tasks, as the paper's "average" over GLUE.
func (e *Evaluation) mean(of func(*Point) float64) float64 {
	sum := 0.0
	for i := range e.Tasks {
		sum += of(&e.Tasks[i])
	}
	return sum / float64(len(e.Tasks))
}
