package trace

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/fixedpoint"
)

// Streams of the random generator, so that changing one part of a head leaves the others alone.
const (
	streamKeys uint64 = iota + 1
	streamQueries
	streamValues
	streamPopularity
	streamShuffle
)

// Synthesis describes a head to be made: its shape, and what its thresholded mask is to look like.
type Synthesis struct {
	Name   string
	Tokens int // N, token slots
	Valid  int // real tokens, 1..Tokens
	Dim    int // d
	Bits   int // width of the integers, 2..16; the papers use 8
	Causal bool

	PruningRate float64 // pruned share of the visible cells, 0 <= p < 1
	Locality    Locality
	Popularity  float64 // spread of the keys' common score in units of the rest, >= 0; 0 makes all keys alike
	Seed        uint64
}

// Validate reports the first field out of range.
func (s Synthesis) Validate() error {
	switch {
	case s.Tokens < 1:
		return fmt.Errorf("trace: Synthesis.Tokens is %d, must be at least 1", s.Tokens)
	case s.Valid < 1 || s.Valid > s.Tokens:
		return fmt.Errorf("trace: Synthesis.Valid is %d, must be in 1..%d (Tokens)", s.Valid, s.Tokens)
	case s.Dim < 1:
		return fmt.Errorf("trace: Synthesis.Dim is %d, must be at least 1", s.Dim)
	case s.Bits < 2 || s.Bits > 16:
		return fmt.Errorf("trace: Synthesis.Bits is %d, must be in 2..16", s.Bits)
	case !(s.PruningRate >= 0 && s.PruningRate < 1):
		return fmt.Errorf("trace: Synthesis.PruningRate is %v, must be in [0,1)", s.PruningRate)
	case !(s.Popularity >= 0) || math.IsInf(s.Popularity, 0):
		return fmt.Errorf("trace: Synthesis.Popularity is %v, must be at least 0 and finite", s.Popularity)
	}
	return s.Locality.validate()
}

// Synthetic is a head made to measure, with what it came out as.
type Synthetic struct {
	Head        *attention.Head
	Threshold   float64         // real; the midpoint between two integer scores
	Mask        *attention.Mask // at that threshold; an empty row keeps its maximum
	Correlation float64         // of the scores of one key against successive queries
	Reached     float64         // the statistic that Locality asks for; the nearest possible when the wish is out of reach
}

// Synthesise makes the head and its threshold. The same Synthesis gives the same integers.
func Synthesise(s Synthesis) (h *attention.Head, threshold float64, err error) {
	out, err := s.Make()
	if err != nil {
		return nil, 0, err
	}
	return out.Head, out.Threshold, nil
}

// Make is Synthesise with everything known about the result.
func (s Synthesis) Make() (Synthetic, error) {
	a, _, err := s.Fit(1)
	if err != nil {
		return Synthetic{}, err
	}
	return newSource(s).make(a)
}

// source holds the random numbers of a head, so that heads of different correlation differ in nothing else.
type source struct {
	Synthesis
	keys   attention.Head // K and V are made once; Q is empty
	noise  []float64      // Valid x Dim, what is new in each query
	common []float64      // Dim, the direction that popular keys share
}

func newSource(s Synthesis) *source {
	g := &source{Synthesis: s}
	g.noise = gaussians(s.Seed, streamQueries, s.Valid*s.Dim)
	g.common = gaussians(s.Seed, streamPopularity, s.Dim)
	g.keys = attention.Head{Tokens: s.Tokens, Valid: s.Valid, Dim: s.Dim, Bits: s.Bits, Causal: s.Causal}
	g.keys.K, g.keys.ScaleK = s.quantise(gaussians(s.Seed, streamKeys, s.Valid*s.Dim))
	g.keys.V, g.keys.ScaleV = s.quantise(gaussians(s.Seed, streamValues, s.Valid*s.Dim))
	return g
}

func gaussians(seed, stream uint64, n int) []float64 {
	r := rand.New(rand.NewPCG(seed, stream))
	x := make([]float64, n)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	return x
}

// quantise cuts the valid rows to integers and pads them with zeros to all token slots.
func (s Synthesis) quantise(x []float64) ([]int16, float32) {
	real := make([]float32, len(x), s.Tokens*s.Dim)
	for i, v := range x {
		real[i] = float32(v)
	}
	q, err := fixedpoint.Symmetric(s.Bits, real)
	if err != nil {
		panic("trace: a Gaussian is not finite: " + err.Error())
	}
	return q.QuantiseAll(make([]int16, 0, s.Tokens*s.Dim), real)[:s.Tokens*s.Dim], q.Scale
}

// make builds the head at correlation a. Products are converted one by one, so that no machine fuses them into sums and
// the integers are the same everywhere.
func (g *source) make(a float64) (Synthetic, error) {
	fresh, norm := math.Sqrt(1-a*a), math.Sqrt(1+g.Popularity*g.Popularity)
	state, queries := make([]float64, g.Dim), make([]float64, g.Valid*g.Dim)
	for t := range g.Valid {
		for i := range state {
			e := g.noise[t*g.Dim+i]
			if t == 0 {
				state[i] = e
			} else {
				state[i] = float64(a*state[i]) + float64(fresh*e)
			}
			queries[t*g.Dim+i] = (state[i] + float64(g.Popularity*g.common[i])) / norm
		}
	}
	h := g.keys
	h.Q, h.ScaleQ = g.quantise(queries)
	if err := h.Validate(); err != nil {
		return Synthetic{}, err
	}
	th := splitting(&h, g.PruningRate)
	out := Synthetic{Head: &h, Correlation: a,
		Threshold: (float64(th) - 0.5) * h.ScoreScale(), Mask: attention.AtLeast(&h, th, true)}
	out.Reached = g.Locality.measure(&out)
	return out, nil
}

// splitting is the integer threshold whose pruned share of the visible scores is nearest to p.
func splitting(h *attention.Head, p float64) int32 {
	scores := make([]int32, 0, h.Valid*h.Valid)
	s := attention.NewScorer(h)
	for t := range h.Valid {
		scores = append(scores, s.Row(t)...)
	}
	want := int(math.Round((1 - p) * float64(len(scores))))
	if want == 0 {
		return math.MaxInt32
	}
	edge := select32(scores, len(scores)-want)
	at, above := 0, 0
	for _, x := range scores {
		if x > edge {
			above++
		} else if x == edge {
			at++
		}
	}
	// Scores equal to the edge stand or fall together.
	if above+at-want > want-above {
		return edge + 1
	}
	return edge
}

// select32 returns the k-th smallest (from 0) of x by two rounds of counting, high half first.
func select32(x []int32, k int) int32 {
	var high, low [1 << 16]int
	for _, v := range x {
		high[uint32(v)>>16^1<<15]++
	}
	top := 0
	for ; k >= high[top]; top++ {
		k -= high[top]
	}
	for _, v := range x {
		if int(uint32(v)>>16^1<<15) == top {
			low[uint32(v)&0xffff]++
		}
	}
	bottom := 0
	for ; k >= low[bottom]; bottom++ {
		k -= low[bottom]
	}
	return int32(uint32(top)^1<<15)<<16 | int32(bottom)
}
