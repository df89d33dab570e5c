package joint

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/gomlx/compute"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/trace"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// The methods of a sweep.
const (
	DenseMethod  = "dense"
	OracleMethod = "oracle"
	RandomMethod = "random"
	ELSAMethod   = "ELSA"
	DOTAMethod   = "DOTA"
)

// Point is the accuracy of a model at one setting of a method. Losses are against the dense model on the same examples.
type Point struct {
	Task, Split, Method string
	Seed                uint64  // of the joint training, or of chance; 0 where there is none
	Knob                float64 // retention asked for; ELSA: its p
	Retention           float64 // measured
	Examples, Correct   int
	Lost, Won           int // examples that only the dense model answers right, and only this one
}

// Accuracy is in percent.
func (p Point) Accuracy() float64 { return 100 * float64(p.Correct) / float64(p.Examples) }

// Drop is in points below the dense model.
func (p Point) Drop() float64 { return 100 * float64(p.Lost-p.Won) / float64(p.Examples) }

// SweepOptions say what is run.
type SweepOptions struct {
	Split      string // in the points
	Examples   []datasets.Example
	Training   []datasets.Example // from which ELSA learns its thresholds
	Methods    []string
	Retentions []float64 // of DOTA, oracle and random
	P          []float64 // of ELSA
	Done       []Point   // of an earlier call: they are not run again
	Observer   func(Point)
}

// Validate reports the first field that no sweep can use.
func (o SweepOptions) Validate() error {
	switch {
	case len(o.Examples) == 0:
		return fmt.Errorf("joint: SweepOptions.Examples is empty, must hold at least 1")
	case slices.Contains(o.Methods, ELSAMethod) && len(o.Training) == 0:
		return fmt.Errorf("joint: SweepOptions.Training is empty, must hold at least 1 example for ELSA's thresholds")
	}
	for _, m := range o.Methods {
		if !slices.Contains([]string{DenseMethod, OracleMethod, RandomMethod, ELSAMethod, DOTAMethod, FittedMethod}, m) {
			return fmt.Errorf("joint: SweepOptions.Methods holds %q, must hold dense, oracle, random, ELSA, DOTA or fitted detector", m)
		}
	}
	for _, r := range o.Retentions {
		if !(r > 0 && r <= 1) {
			return fmt.Errorf("joint: SweepOptions.Retentions holds %v, must hold shares in (0,1]", r)
		}
	}
	for _, p := range o.P {
		if !(p > 0) {
			return fmt.Errorf("joint: SweepOptions.P holds %v, must hold numbers above 0", p)
		}
	}
	return nil
}

// Sweep runs the methods over the examples. The dense model comes first, whatever Methods says, since all are paired with it.
func (j *Trained) Sweep(ctx context.Context, backend compute.Backend, o SweepOptions) ([]Point, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	s := &sweep{Trained: j, SweepOptions: o, ctx: ctx, backend: backend}
	dense, err := MaskedAccuracy(ctx, backend, j.Dense, o.Examples, 1, keepAll)
	if err != nil {
		return nil, err
	}
	s.dense = dense[0].Score
	s.add(Point{Method: DenseMethod, Knob: 1}, dense[0])
	for _, method := range o.Methods {
		var err error
		switch method {
		case OracleMethod:
			err = s.each(o.Retentions, method, 0, j.Dense, bestKeys(j.Dense.Spec))
		case RandomMethod:
			err = s.each(o.Retentions, method, 1, j.Dense, anyKeys(j.Dense.Spec))
		case ELSAMethod:
			err = s.elsa()
		case DOTAMethod, FittedMethod:
			for _, d := range j.Seeds {
				if err = s.each(o.Retentions, method, d.Seed, d.Model, func(retentions []float64) Chooser { return d.Chooser(retentions...) }); err != nil {
					break
				}
			}
		}
		if err != nil {
			return nil, err
		}
	}
	return s.points, nil
}

type sweep struct {
	*Trained
	SweepOptions
	ctx     context.Context
	backend compute.Backend
	dense   experiment.Score
	points  []Point
}

func (s *sweep) add(p Point, m Masked) {
	p.Task, p.Split, p.Retention, p.Examples, p.Correct = s.Recipe.Name, s.Split, m.Retention, m.Examples, m.Correct
	for i, right := range m.Right {
		switch {
		case s.dense.Right[i] && !right:
			p.Lost++
		case !s.dense.Right[i] && right:
			p.Won++
		}
	}
	s.keep(p)
}

func (s *sweep) keep(p Point) {
	s.points = append(s.points, p)
	if s.Observer != nil {
		s.Observer(p)
	}
}

// settings makes a Chooser for values of a method's knob.
type settings func(knobs []float64) Chooser

// each runs what is not done yet, all knobs together, and hands the points out in the knobs' order.
func (s *sweep) each(knobs []float64, method string, seed uint64, m *transformer.Encoder, choose settings) error {
	done := func(knob float64) int {
		return slices.IndexFunc(s.Done, func(d Point) bool {
			return d.Task == s.Recipe.Name && d.Split == s.Split && d.Method == method && d.Seed == seed && d.Knob == knob && d.Examples == len(s.Examples)
		})
	}
	open := slices.DeleteFunc(slices.Clone(knobs), func(knob float64) bool { return done(knob) >= 0 })
	var scores []Masked
	if len(open) > 0 {
		var err error
		if scores, err = MaskedAccuracy(s.ctx, s.backend, m, s.Examples, len(open), choose(open)); err != nil {
			return err
		}
	}
	for _, knob := range knobs {
		if i := done(knob); i >= 0 {
			s.keep(s.Done[i])
			continue
		}
		s.add(Point{Method: method, Seed: seed, Knob: knob}, scores[0])
		scores = scores[1:]
	}
	return nil
}

func keepAll(int, transformer.Projection) (func(int) *attention.Mask, error) {
	return func(int) *attention.Mask { return nil }, nil
}

// queries is how many of a head's queries are chosen for: in the last layer the first token's alone, since the classifier reads
// no other.
func queries(spec transformer.Spec, p transformer.Projection) int {
	if p.Layer == spec.Layers-1 {
		return 1
	}
	return p.Valid
}

func shape(p transformer.Projection) *attention.Head {
	return &attention.Head{Tokens: p.Tokens, Valid: p.Valid, Dim: p.Dim}
}

// Chooser keeps the best share of each query's keys by the detector's estimate: setting i is retentions[i].
func (d Detecting) Chooser(retentions ...float64) Chooser {
	return func(_ int, p transformer.Projection) (func(int) *attention.Mask, error) {
		estimates := d.Detector.Estimates(d.Detector.Project(p.X, p.Valid, p.Layer), p.Valid, p.Layer, p.Head, queries(d.Model.Spec, p))
		return func(i int) *attention.Mask { return pruning.BestOfRows(shape(p), estimates, retentions[i]) }, nil
	}
}

// bestKeys keeps the best share of each query's keys by their real scores: the oracle.
func bestKeys(spec transformer.Spec) settings {
	return func(retentions []float64) Chooser {
		return func(_ int, p transformer.Projection) (func(int) *attention.Mask, error) {
			rows := queries(spec, p)
			scores := make([]float32, rows*p.Valid)
			matrix := func(x []float32, rows, columns int) blas32.General {
				return blas32.General{Rows: rows, Cols: columns, Stride: columns, Data: x}
			}
			blas32.Gemm(blas.NoTrans, blas.Trans, 1, matrix(p.Q, rows, p.Dim), matrix(p.K, p.Valid, p.Dim), 0, matrix(scores, rows, p.Valid))
			return func(i int) *attention.Mask { return pruning.BestOfRows(shape(p), scores, retentions[i]) }, nil
		}
	}
}

// anyKeys keeps a share of each query's keys by chance.
func anyKeys(spec transformer.Spec) settings {
	return func(retentions []float64) Chooser {
		return func(example int, p transformer.Projection) (func(int) *attention.Mask, error) {
			return func(i int) *attention.Mask {
				return pruning.Random{Keep: retentions[i], Seed: uint64(example)<<8 + uint64(p.Head), Queries: queries(spec, p)}.Mask(shape(p), p.Layer)
			}, nil
		}
	}
}

// sweepBits is the width of the heads that methods on quantised Q and K see: wide enough to be the real scores.
const sweepBits = 12

func quantised(p transformer.Projection) (*attention.Head, error) {
	h, err := trace.Quantise(p.Q, p.K, p.V, attention.Head{Tokens: p.Tokens, Valid: p.Valid, Dim: p.Dim, Bits: sweepBits})
	return &h, err
}

// elsa learns thresholds for each layer and head at every p, and runs them.
func (s *sweep) elsa() error {
	captured, err := CaptureHeads(s.ctx, s.backend, s.Dense, s.Training)
	if err != nil {
		return err
	}
	spec := s.Dense.Spec
	hash, err := ELSAHash(spec.HeadDim())
	if err != nil {
		return err
	}
	return s.each(s.P, ELSAMethod, 0, s.Dense, func(knobs []float64) Chooser {
		var filters [][]*pruning.Hash
		for _, p := range knobs {
			filters = append(filters, ELSAFilters(hash, captured, spec, p))
		}
		return func(example int, p transformer.Projection) (func(int) *attention.Mask, error) {
			h, err := quantised(p)
			if err != nil {
				return nil, fmt.Errorf("joint: example %d: %w", example, err)
			}
			return func(i int) *attention.Mask {
				filter := *filters[i][p.Head]
				filter.Queries = queries(spec, p)
				return filter.Mask(h, p.Layer)
			}, nil
		}
	})
}

// ELSABits is the length of a signature, the paper's; where heads are narrower it takes several orthogonal sets (the paper
// advises as many bits as a head has values, which would be fewer).
const ELSABits = 64

// ELSAHash is the hash for heads of dim values, with the bias that its recipe measures.
func ELSAHash(dim int) (*pruning.Hash, error) {
	h := &pruning.Hash{}
	for i := uint64(0); h.Projections == nil || h.Bits() < ELSABits; i++ {
		p, err := pruning.RandomProjection(i+1, factors(dim)...)
		if err != nil {
			return nil, err
		}
		h.Projections = append(h.Projections, p)
	}
	h.Bias = max(0, h.AngleBias(4000, 1))
	return h, h.Validate()
}

// factors splits a size into Kronecker factors of 4 while that goes.
func factors(n int) []int {
	var f []int
	for n%4 == 0 && n > 4 {
		f = append(f, 4)
		n /= 4
	}
	return append(f, n)
}

// ELSAFilters learns a threshold for each layer and head from captured heads: a filter a head.
func ELSAFilters(hash *pruning.Hash, captured []experiment.Captured, spec transformer.Spec, p float64) []*pruning.Hash {
	filters := make([]*pruning.Hash, spec.Heads)
	for i := range filters {
		filters[i] = &pruning.Hash{Projections: hash.Projections, Bias: hash.Bias}
		for l := range spec.Layers {
			var mine []*attention.Head
			for _, c := range captured {
				if c.Site.Layer == l && c.Site.Head == i {
					mine = append(mine, c.Head)
				}
			}
			filters[i].Thresholds = append(filters[i].Thresholds, pruning.LearnThreshold(mine, p, nil))
		}
	}
	return filters
}

// CaptureHeads gives every head of the examples as a dense model computes it, quantised.
func CaptureHeads(ctx context.Context, backend compute.Backend, m *transformer.Encoder, examples []datasets.Example) ([]experiment.Captured, error) {
	var mu sync.Mutex
	var all []experiment.Captured
	_, err := MaskedAccuracy(ctx, backend, m, examples, 1, func(example int, p transformer.Projection) (func(int) *attention.Mask, error) {
		h, err := quantised(p)
		if err != nil {
			return nil, fmt.Errorf("joint: example %d: %w", example, err)
		}
		mu.Lock()
		all = append(all, experiment.Captured{Site: experiment.Site{Example: example, Layer: p.Layer, Head: p.Head}, Head: h})
		mu.Unlock()
		return keepAll(example, p)
	})
	slices.SortFunc(all, func(a, b experiment.Captured) int { return a.Site.Compare(b.Site) })
	return all, err
}

// Summary is a method's mean over seeds at one setting.
type Summary struct {
	Method    string
	Knob      float64
	Retention float64
	Accuracy  float64 // percent
	Drop      float64 // points
	Half      float64 // of the 95 % interval of Drop
	Seeds     int
}

// Summarise averages the points of a task and split over seeds, in the order of their first appearance. The interval is Student's
// over seeds where there are several, else that of paired examples.
func Summarise(points []Point, task, split string) []Summary {
	type key struct {
		method string
		knob   float64
	}
	var order []key
	groups := map[key][]Point{}
	for _, p := range points {
		if p.Task != task || p.Split != split {
			continue
		}
		k := key{p.Method, p.Knob}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], p)
	}
	var out []Summary
	for _, k := range order {
		s := Summary{Method: k.method, Knob: k.knob, Seeds: len(groups[k])}
		var square float64
		n := float64(s.Seeds)
		for _, p := range groups[k] {
			s.Retention, s.Accuracy, s.Drop = s.Retention+p.Retention/n, s.Accuracy+p.Accuracy()/n, s.Drop+p.Drop()/n
		}
		for _, p := range groups[k] {
			square += (p.Drop() - s.Drop) * (p.Drop() - s.Drop)
		}
		if s.Seeds > 1 {
			s.Half = student(s.Seeds-1) * math.Sqrt(square/(n-1)/n)
		} else {
			p := groups[k][0]
			x, d := float64(p.Lost+p.Won), float64(p.Lost-p.Won)
			N := float64(p.Examples)
			s.Half = 100 * 1.96 * math.Sqrt(x-d*d/N) / N
		}
		out = append(out, s)
	}
	return out
}

// student is the two-sided 95 % quantile of Student's distribution.
func student(freedom int) float64 {
	table := []float64{12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262}
	return table[min(freedom, len(table))-1]
}
