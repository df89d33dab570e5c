package experiment

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"

	"github.com/gomlx/compute"
	"github.com/sparse-attention/workbench/lib/fixedpoint"
	"github.com/sparse-attention/workbench/lib/published"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// CascadePoint is one setting of a cascade on one model.
type CascadePoint struct {
	Model                    string
	InLoop                   bool    // fine-tuned with cascade pruning; else the dense model as it is
	Sweep                    string  // "tokens", "heads", "values", "bits" or "goal"
	Setting                  float64 // pruned share, kept share of values, or bits
	Accuracy, Drop, Half     float64 // %, and points below the dense model unpruned, with the 95 % interval
	Tokens, Heads, Reduction float64 // times fewer keys a head, heads, and keys and values together
	LSB, MeanBits            float64 // share of queries that need the second plane, mean bits read
	Examples                 int
	Held                     string
}

// CascadeStudy is cascade pruning on our trained models.
type CascadeStudy struct {
	Points         []CascadePoint
	Largest, Error []float64 // of sampled queries at 4+8 bits: largest probability, mean absolute error of the 4-bit one
	Missing        []string  // models without a checkpoint of their own
}

// The sweeps, from nothing pruned to more than any model stands.
var (
	tokenSweep = []float64{0, 0.2, 0.4, 0.6, 0.8}
	headSweep  = []float64{0, 0.5}
	valueSweep = []float64{1, 0.5, 0.3, 0.2, 0.1}
	bitSweep   = []int{3, 4, 5, 6, 8}
)

// goalTokens and goalValues are tried in this order until tokens and values together are reduced by 1.9, the abstract's mean.
var goalTokens = []float64{0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7}

// goalTimes is how many times more examples the goal is judged on than a sweep.
const goalTimes = 4

const (
	goalValues    = 0.5 // assumed: our sentences are short, and fewer values cost more than fewer tokens
	goalReduction = 1.9
)

// StudyCascade measures accuracy against pruned tokens, pruned heads, read values and bits, and at the reduction of the
// abstract, of the dense models and of those that were fine-tuned with cascade pruning. Tokens are the pruned share behind the
// front layers.
func StudyCascade(ctx context.Context, backend compute.Backend, models []Model, root string, examples int) (*CascadeStudy, error) {
	study := &CascadeStudy{}
	for _, m := range models {
		recipe, ok := FindCascade(m.Recipe.Name)
		if !ok {
			continue
		}
		tuned, err := recipe.Load(root)
		if errors.Is(err, os.ErrNotExist) {
			study.Missing = append(study.Missing, m.Title())
			continue
		}
		if err != nil {
			return nil, err
		}
		if tuned.Model.Spec != m.Dense.Spec {
			return nil, fmt.Errorf("experiment: %s has the shape %+v, must have that of its base, %+v", recipe.Name(), tuned.Model.Spec, m.Dense.Spec)
		}
		if err := study.run(ctx, backend, m, tuned.Model, examples); err != nil {
			return nil, fmt.Errorf("%w (%s)", err, recipe.Name())
		}
	}
	return study, nil
}

type cascadeStudy struct {
	*CascadeStudy
	model        Model
	dense, tuned *Evaluator
	examples     int
	base         Score
}

func (s *CascadeStudy) run(ctx context.Context, backend compute.Backend, m Model, tuned *transformer.Encoder, examples int) error {
	dense, err := NewEvaluator(backend, m.Dense)
	if err != nil {
		return err
	}
	defer dense.Close()
	loop, err := NewEvaluator(backend, tuned)
	if err != nil {
		return err
	}
	defer loop.Close()
	return (&cascadeStudy{CascadeStudy: s, model: m, dense: dense, tuned: loop, examples: examples}).all(ctx)
}

func (s *cascadeStudy) all(ctx context.Context) error {
	layers := s.model.Dense.Spec.Layers
	cascade := func(tokens, heads, values float64) (Cascade, error) { return CascadeOf(layers, tokens, heads, values) }
	for _, inLoop := range []bool{false, true} {
		for _, r := range tokenSweep {
			c, err := cascade(r, 0, 1)
			if err := errors.Join(err, s.point(ctx, inLoop, "tokens", r, c)); err != nil {
				return err
			}
		}
	}
	for _, r := range headSweep {
		c, err := cascade(0, r, 1)
		if err := errors.Join(err, s.point(ctx, true, "heads", r, c)); err != nil {
			return err
		}
	}
	for _, v := range valueSweep[1:] {
		c, err := cascade(0, 0, v)
		if err := errors.Join(err, s.point(ctx, true, "values", v, c)); err != nil {
			return err
		}
	}
	for _, b := range bitSweep {
		c, err := cascade(0, 0, 1)
		c.Bits = b
		if err := errors.Join(err, s.point(ctx, true, "bits", float64(b), c)); err != nil {
			return err
		}
	}
	return s.goal(ctx, cascade)
}

// goal is the mildest cascade that reaches the reduction, with 6+4 bits, and an unpruned run of 4+8 bits for the error.
func (s *cascadeStudy) goal(ctx context.Context, cascade func(tokens, heads, values float64) (Cascade, error)) error {
	for _, r := range goalTokens {
		c, err := cascade(r, 0, goalValues)
		if err != nil {
			return err
		}
		if c.reductionOf() < goalReduction && r != goalTokens[len(goalTokens)-1] {
			continue
		}
		p := fixedpoint.SpAttenProgressive()
		c.Progressive = &p
		if err := s.judged(ctx, r, c); err != nil {
			return err
		}
		break
	}
	c, err := cascade(0, 0, 1)
	if err != nil {
		return err
	}
	c.Progressive = &fixedpoint.Progressive{MSB: 4, LSB: 8, Threshold: 0.1}
	score, err := s.dense.Cascading(ctx, s.model.Sample(s.examples), c, nil)
	if err == nil {
		s.Largest, s.Error = append(s.Largest, score.Largest...), append(s.Error, score.Error...)
	}
	return err
}

// judged runs the goal and the dense model on more examples than the sweeps have.
func (s *cascadeStudy) judged(ctx context.Context, ratio float64, c Cascade) error {
	few, base := s.examples, s.base
	defer func() { s.examples, s.base = few, base }()
	s.examples *= goalTimes
	dense, err := CascadeOf(len(c.Tokens), 0, 0, 1)
	if err != nil {
		return err
	}
	score, err := s.dense.Cascading(ctx, s.model.Sample(s.examples), dense, nil)
	if err != nil {
		return err
	}
	s.base = score.Score
	return s.point(ctx, true, "goal", ratio, c)
}

// reductionOf is that of keys and values of long sentences, where rounding does not count.
func (c Cascade) reductionOf() float64 {
	kept := 0.0
	for _, r := range c.Tokens {
		kept += 1 - r
	}
	return 2 * float64(len(c.Tokens)) / (kept * (1 + c.Values))
}

func (s *cascadeStudy) point(ctx context.Context, inLoop bool, sweep string, setting float64, c Cascade) error {
	e := s.dense
	if inLoop {
		e = s.tuned
	}
	score, err := e.Cascading(ctx, s.model.Sample(s.examples), c, nil)
	if err != nil {
		return err
	}
	if s.base.Examples == 0 {
		s.base = score.Score // the first point: the dense model, nothing pruned
	}
	p := CascadePoint{Model: s.model.Title(), InLoop: inLoop, Sweep: sweep, Setting: setting, Accuracy: score.Accuracy(), Tokens: score.TokenReduction(),
		Heads: score.HeadReduction(), Reduction: score.Reduction(), LSB: score.LSB(), MeanBits: score.MeanBits(), Examples: score.Examples, Held: s.model.Held}
	p.Drop, p.Half, err = score.Drop(s.base)
	s.Points = append(s.Points, p)
	return err
}

// Rows are the points of a sweep as rows of ours: accuracy in percent, the config ending in the setting; name says how a
// model's curve is called.
func (s *CascadeStudy) Rows(figure, sweep, label string, x func(CascadePoint) float64, y func(CascadePoint) float64, unit string) (out []published.Row) {
	for _, p := range s.Points {
		if p.Sweep != sweep {
			continue
		}
		name := p.Model
		if !p.InLoop && sweep == "tokens" {
			name += ", not fine-tuned"
		}
		config := fmt.Sprintf("%s=%.4g", label, x(p))
		if !slices.ContainsFunc(out, func(r published.Row) bool { return r.Workload == name && r.Config == config }) {
			out = append(out, published.Row{System: "spatten", Figure: figure, Series: "our models", Workload: name, Config: config, Metric: "accuracy_change", Unit: unit, Value: y(p)})
		}
	}
	return out
}

// Sample says on how many examples the points of the sweeps rest, and how wide their 95 % intervals are.
func (s *CascadeStudy) Sample() string {
	least, widest := math.MaxInt, 0.0
	for _, p := range s.Points {
		if p.Sweep != "goal" {
			least, widest = min(least, p.Examples), max(widest, p.Half)
		}
	}
	if widest == 0 {
		return "No model of ours is at hand."
	}
	return fmt.Sprintf("Ours: %d examples a point, 95 %% intervals up to ±%.1f points.", least, widest)
}

// Change is how far a point lies above the dense model unpruned, in points.
func Change(p CascadePoint) float64 { return -p.Drop }

// Setting is a point's own number.
func Setting(p CascadePoint) float64 { return p.Setting }

// TokenRatio and HeadRatio are the x axes of Fig. 21.
func TokenRatio(p CascadePoint) float64 { return p.Tokens }
func HeadRatio(p CascadePoint) float64  { return p.Heads }

// Goals tabulates what the abstract's reduction costs our models.
func (s *CascadeStudy) Goals() (headings []string, rows [][]string) {
	headings = []string{"model", "examples", "tokens and values", "tokens", "values read", "accuracy", "against dense", "queries that need the low bits", "bits read"}
	for _, p := range s.Points {
		if p.Sweep != "goal" {
			continue
		}
		rows = append(rows, []string{p.Model, fmt.Sprintf("%s, %d", p.Held, p.Examples), fmt.Sprintf("%.2f x", p.Reduction), fmt.Sprintf("%.2f x", p.Tokens), fmt.Sprintf("%.0f %%", 100*goalValues),
			fmt.Sprintf("%.2f %%", p.Accuracy), fmt.Sprintf("%+.2f ± %.2f points", -p.Drop, p.Half), fmt.Sprintf("%.1f %%", 100*p.LSB), fmt.Sprintf("%.2f", p.MeanBits)})
	}
	return headings, rows
}

// errorBins of the largest probability, as Fig. 7's.
func (s *CascadeStudy) errorBins() (mean, count [10]float64) {
	for i, p := range s.Largest {
		b := min(9, int(p*10))
		mean[b] += 100 * s.Error[i]
		count[b]++
	}
	for b := range mean {
		mean[b] /= count[b]
	}
	return mean, count
}

// ErrorOf is the mean error of a bin of Fig. 7 in percent, NaN with fewer than 20 queries in it.
func (s *CascadeStudy) ErrorOf(r published.Row) float64 {
	mean, count := s.errorBins()
	var low, high float64
	if _, err := fmt.Sscanf(r.Config, "max_prob=%g..%g", &low, &high); err != nil {
		return math.NaN()
	}
	b := int(low*10 + 0.5)
	if b < 0 || b > 9 || count[b] < 20 {
		return math.NaN()
	}
	return mean[b]
}

// Verdicts judges the cascade on each of our models: the abstract's reduction of tokens and values reached, less than a point of
// accuracy lost at it, the share of queries that need the low bits told; and Fig. 7's fall of the error with the largest
// probability.
func (s *CascadeStudy) Verdicts() (out []published.Verdict) {
	for _, p := range s.Points {
		if p.Sweep != "goal" {
			continue
		}
		for _, r := range append(published.Figure("spatten", "abstract"), published.Figure("spatten", "text-setup")...) {
			keep := r.Workload
			r.Series, r.Workload = "our models", p.Model
			switch {
			case r.Metric == "token_and_value_pruning_ratio" && keep == "mean of 30":
				out = append(out, published.Judge(r, p.Reduction, published.Modelled, published.Percent(2), published.AtLeast()))
			case r.Metric == "share_of_inputs_needing_lsb":
				out = append(out, published.Judge(r, 100*p.LSB, published.NotComparable, published.Because("share of queries at 6+4 bits and threshold 0.1, which was chosen for BERT and GPT-2; how flat a softmax is depends on the model")))
			case r.Metric == "accuracy_loss_allowed" && r.Value == 0:
				out = append(out, published.Judge(r, p.Drop, published.Accuracy, published.Confidence(p.Half), published.Points(1), published.AtMost(),
					published.Because("%.2f ± %.2f points on %d examples at %.2f times fewer tokens and values; 1 point is allowed", p.Drop, p.Half, p.Examples, p.Reduction)))
			}
		}
	}
	return append(out, s.errorVerdicts()...)
}

// errorVerdicts judges the fall of Fig. 7 from its highest bin on; a rise of a tenth of the largest error is forgiven.
func (s *CascadeStudy) errorVerdicts() []published.Verdict {
	var rows []published.Row
	var ours []float64
	for _, r := range published.Figure("spatten", "fig7") {
		if v := s.ErrorOf(r); v == v && r.Series == "bin mean" && (len(rows) > 0 || r.Config == "max_prob=0.3..0.4") {
			rows, ours = append(rows, r), append(ours, v)
		}
	}
	if len(rows) < 3 {
		return nil
	}
	return []published.Verdict{published.Monotone(rows, ours, published.Falling, 0.1*slices.Max(ours), published.Because("queries of our models over at most %d keys, at 4 of 12 bits", shortRow))}
}
