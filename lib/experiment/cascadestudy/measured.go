package cascadestudy

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/gomlx/compute"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/fixedpoint"
	"github.com/sparse-attention/workbench/lib/progress"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// measuredFile holds what a checkpoint reached, beside it.
const measuredFile = "measured.json"

// Point is one setting of a cascade on one model.
type Point struct {
	InLoop                   bool    // trained with cascade pruning; else the dense model as it is
	Sweep                    string  // "tokens", "heads", "values", "bits" or "goal"
	Setting                  float64 // pruned share, kept share of values, or bits
	Accuracy, Drop, Half     float64 // %, and points below the dense model unpruned, with the 95 % interval of the paired difference
	Dense                    float64 // accuracy of that on the same examples, %
	Tokens, Heads, Reduction float64 // times fewer keys a head, heads, and keys and values together
	LSB, MeanBits            float64 // share of queries that need the second plane, mean bits read
	Examples                 int
}

// Measured is what the two models of a recipe reach on held-out examples, in the machine's integers.
type Measured struct {
	Split         string // that the examples are spread over
	Held          int    // its examples
	Model         string // hash of the weights
	Points        []Point
	Error, Count  [10]float64 // of queries over few keys at 4+8 bits, by tenths of the largest probability: mean absolute error of the 4-bit one in percent
	Dense, Answer string      // answers at the goal of the dense and of the cascaded model, a bit an example: 1 is right; hexadecimal
}

// The sweeps, from nothing pruned to more than any model stands.
var (
	tokenSweep = []float64{0, 0.2, 0.4, 0.6, 0.8, 0.95}
	headSweep  = []float64{0, 0.5}
	valueSweep = []float64{0.5, 0.3, 0.2, 0.1}
	bitSweep   = []int{3, 4, 5, 6, 8}
)

const (
	goalValues    = 0.3 // share of a query's values, as in the authors' files (0.20 and 0.30)
	goalReduction = 1.9 // of tokens and values together, the abstract's mean
	goalMost      = 70  // largest mean pruned share of tokens that is tried, in percent
	errorExamples = 60  // from which Fig. 7's errors are taken
)

// Goal is the mildest cascade of the layers that reaches the reduction, with 6+4 bits, and its pruned share of tokens.
func Goal(layers int) (c experiment.Cascade, tokens float64, err error) {
	for percent := range goalMost + 1 {
		tokens = float64(percent) / 100
		if c, err = experiment.CascadeOf(layers, tokens, 0, goalValues); err != nil {
			return c, tokens, err
		}
		if reductionOf(c) >= goalReduction {
			break
		}
	}
	p := fixedpoint.SpAttenProgressive()
	c.Progressive = &p
	return c, tokens, nil
}

// reductionOf is that of keys and values of long sentences, where rounding does not count.
func reductionOf(c experiment.Cascade) float64 {
	kept := 0.0
	for _, r := range c.Tokens {
		kept += 1 - r
	}
	return 2 * float64(len(c.Tokens)) / (kept * (1 + c.Values))
}

// measuring is a measurement in progress.
type measuring struct {
	*Measured
	layers       int
	dense, tuned *experiment.Evaluator
	few          []datasets.Example // of the sweeps
	base         experiment.Score   // dense, nothing pruned, on few
	done, all    int
	observer     progress.Observer
}

// Measure runs both models over the sweeps and the goal: accuracy against pruned tokens, pruned heads, read values and bits, and at
// the reduction of the abstract. It needs the dense model's weights, and writes the file beside the checkpoint.
func (c *Cascaded) Measure(ctx context.Context, backend compute.Backend, root string, observer progress.Observer) (*Measured, error) {
	if c.Dense == nil {
		return nil, fmt.Errorf("cascadestudy: %s has no dense model beside it, must be trained anew to be measured", c.Recipe.Name())
	}
	if c.Dense.Spec != c.Model.Spec {
		return nil, fmt.Errorf("cascadestudy: %s has the shape %+v, must have that of its dense model, %+v", c.Recipe.Name(), c.Model.Spec, c.Dense.Spec)
	}
	if observer == nil {
		observer = func(progress.Event) {}
	}
	m := &measuring{Measured: &Measured{Split: c.Split, Held: len(c.Held)}, layers: c.Model.Spec.Layers, few: datasets.Spread(c.Held, c.Recipe.Sweep), observer: observer}
	for _, e := range []struct {
		to    **experiment.Evaluator
		model *transformer.Encoder
	}{{&m.dense, c.Dense}, {&m.tuned, c.Model}} {
		var err error
		if *e.to, err = experiment.NewEvaluator(backend, e.model); err != nil {
			return nil, err
		}
		defer (*e.to).Close()
	}
	var err error
	if m.Model, err = c.weights(root); err != nil {
		return nil, err
	}
	if err := errors.Join(m.sweeps(ctx), ctx.Err()); err != nil {
		return nil, err
	}
	if err := m.goal(ctx, datasets.Spread(c.Held, c.Recipe.Goal)); err != nil {
		return nil, err
	}
	if err := m.errors(ctx); err != nil {
		return nil, err
	}
	return m.Measured, experiment.WriteJSON(filepath.Join(root, c.Recipe.Name(), measuredFile), m.Measured)
}

// setting is a point to be measured.
type setting struct {
	inLoop                bool
	sweep                 string
	value                 float64
	tokens, heads, values float64
	bits                  int
}

func (m *measuring) sweeps(ctx context.Context) error {
	var list []setting
	for _, inLoop := range []bool{false, true} {
		for _, r := range tokenSweep {
			list = append(list, setting{inLoop: inLoop, sweep: "tokens", value: r, tokens: r, values: 1})
		}
	}
	for _, r := range headSweep[1:] {
		list = append(list, setting{inLoop: true, sweep: "heads", value: r, heads: r, values: 1})
	}
	for _, v := range valueSweep {
		list = append(list, setting{inLoop: true, sweep: "values", value: v, values: v})
	}
	for _, b := range bitSweep {
		list = append(list, setting{inLoop: true, sweep: "bits", value: float64(b), values: 1, bits: b})
	}
	m.all = len(list) + 3
	for _, s := range list {
		c, err := experiment.CascadeOf(m.layers, s.tokens, s.heads, s.values)
		if err != nil {
			return err
		}
		c.FirstOnly = true
		if s.bits > 0 {
			c.Bits = s.bits
		}
		e := m.dense
		if s.inLoop {
			e = m.tuned
		}
		score, err := e.Cascading(ctx, m.few, c, nil)
		if err != nil {
			return err
		}
		if m.base.Examples == 0 {
			m.base = score.Score // the first point: the dense model, nothing pruned
		}
		if err := m.add(s, score, m.base); err != nil {
			return err
		}
		if s.inLoop && s.sweep == "tokens" && s.value == 0 { // nothing pruned is a point of these sweeps too
			for _, same := range []setting{{sweep: "heads"}, {sweep: "values", value: 1}} {
				same.inLoop = true
				if err := m.add(same, score, m.base); err != nil {
					return err
				}
			}
		}
		m.tell()
	}
	return nil
}

func (m *measuring) tell() {
	m.done++
	m.observer(progress.Event{Phase: "measure", Step: m.done, Steps: m.all})
}

func (m *measuring) add(s setting, score *experiment.CascadeScore, base experiment.Score) (err error) {
	p := Point{InLoop: s.inLoop, Sweep: s.sweep, Setting: s.value, Accuracy: score.Accuracy(), Dense: base.Accuracy(), Tokens: score.TokenReduction(),
		Heads: score.HeadReduction(), Reduction: score.Reduction(), LSB: score.LSB(), MeanBits: score.MeanBits(), Examples: score.Examples}
	p.Drop, p.Half, err = score.Drop(base)
	m.Points = append(m.Points, p)
	return err
}

// goal judges the abstract's reduction against the dense model unpruned, on more examples than the sweeps have.
func (m *measuring) goal(ctx context.Context, examples []datasets.Example) error {
	dense, err := experiment.CascadeOf(m.layers, 0, 0, 1)
	if err != nil {
		return err
	}
	dense.FirstOnly = true
	base, err := m.dense.Cascading(ctx, examples, dense, nil)
	if err != nil {
		return err
	}
	m.tell()
	c, tokens, err := Goal(m.layers)
	if err != nil {
		return err
	}
	score, err := m.tuned.Cascading(ctx, examples, c, nil)
	if err != nil {
		return err
	}
	m.tell()
	m.Dense, m.Answer = pack(base.Right), pack(score.Right)
	return m.add(setting{inLoop: true, sweep: "goal", value: tokens}, score, base.Score)
}

// errors are those of Fig. 7, of the dense model at 4+8 bits.
func (m *measuring) errors(ctx context.Context) error {
	c, err := experiment.CascadeOf(m.layers, 0, 0, 1)
	if err != nil {
		return err
	}
	c.Progressive = &fixedpoint.Progressive{MSB: 4, LSB: 8, Threshold: 0.1}
	score, err := m.dense.Cascading(ctx, datasets.Spread(m.few, errorExamples), c, nil)
	if err != nil {
		return err
	}
	for i, p := range score.Largest {
		b := min(9, int(p*10))
		m.Error[b] += 100 * score.Error[i]
		m.Count[b]++
	}
	for b, n := range m.Count {
		m.Error[b] /= max(1, n)
	}
	m.tell()
	return nil
}

// pack writes answers as hexadecimal bits, the first one the highest of its byte.
func pack(right []bool) string {
	bytes := make([]byte, (len(right)+7)/8)
	for i, r := range right {
		if r {
			bytes[i/8] |= 0x80 >> (i % 8)
		}
	}
	return hex.EncodeToString(bytes)
}

// unpack reads n answers.
func unpack(text string, n int) ([]bool, error) {
	bytes, err := hex.DecodeString(text)
	if err != nil || len(bytes) != (n+7)/8 {
		return nil, fmt.Errorf("cascadestudy: %d answers are written as %d characters (%v), must be %d of hexadecimal", n, len(text), err, 2*((n+7)/8))
	}
	right := make([]bool, n)
	for i := range right {
		right[i] = bytes[i/8]&(0x80>>(i%8)) != 0
	}
	return right, nil
}

// ReadMeasured reads what Measure wrote under root; the error matches os.ErrNotExist where nothing was measured.
func (r Recipe) ReadMeasured(root string) (*Measured, error) {
	path := filepath.Join(root, r.Name(), measuredFile)
	m := &Measured{}
	if err := experiment.ReadJSON(path, m); err != nil {
		return nil, err
	}
	for i, p := range m.Points {
		if p.Examples < 1 || p.Examples > m.Held {
			return nil, fmt.Errorf("cascadestudy: %s: Points[%d].Examples is %d, must be in 1..%d (Held)", path, i, p.Examples, m.Held)
		}
	}
	return m, nil
}
