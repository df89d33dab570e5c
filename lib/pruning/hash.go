package pruning

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"

	"github.com/sparse-attention/workbench/lib/attention"
)

// Signature is a binary hash: bit i says on which side of plane i a vector lies.
type Signature []uint64

// Hamming counts the bits in which two signatures differ.
func (s Signature) Hamming(o Signature) int {
	n := 0
	for i, w := range s {
		n += bits.OnesCount64(w ^ o[i])
	}
	return n
}

// Hash is ELSA's filter (ISCA 2021, section III): signs of a random projection estimate the angle of a query and a key, and
// the key's length times the cosine is compared with a learned share of the longest key's length.
type Hash struct {
	Projections []*Projection // one for k = d bits; more, of the same d, for k > d
	Bias        float64       // theta_bias, taken off the angle estimate, so that few keys are missed
	Thresholds  []float64     // t of each layer, from LearnThreshold
	Queries     int           // choose for the first queries only, where nothing reads the others; 0 is all
}

// ELSABias is the paper's correction for d = k = 64 (printed).
const ELSABias = 0.127

// Validate reports the first field out of range.
func (e *Hash) Validate() error {
	if len(e.Projections) == 0 {
		return fmt.Errorf("pruning: Hash.Projections is empty, must hold at least 1")
	}
	for i, p := range e.Projections {
		if p.Dim() != e.Projections[0].Dim() {
			return fmt.Errorf("pruning: Hash.Projections[%d] has dimension %d, must have %d", i, p.Dim(), e.Projections[0].Dim())
		}
	}
	if !(e.Bias >= 0 && e.Bias < math.Pi) {
		return fmt.Errorf("pruning: Hash.Bias is %v, must be in [0,pi)", e.Bias)
	}
	for l, t := range e.Thresholds {
		if math.IsNaN(t) {
			return fmt.Errorf("pruning: Hash.Thresholds[%d] is NaN, must be a number", l)
		}
	}
	return nil
}

// Bits is k, the length of a signature.
func (e *Hash) Bits() int { return len(e.Projections) * e.Projections[0].Dim() }

// Sign hashes a vector of d values.
func (e *Hash) Sign(x []float64) Signature {
	s := make(Signature, (e.Bits()+63)/64)
	for b, p := range e.Projections {
		for i, v := range p.Apply(x) {
			if v >= 0 {
				at := b*p.Dim() + i
				s[at>>6] |= 1 << (at & 63)
			}
		}
	}
	return s
}

// Cosines is the table of the datapath: the cosine that each Hamming distance 0..k stands for.
func Cosines(k int, bias float64) []float64 {
	table := make([]float64, k+1)
	for i := range table {
		table[i] = math.Cos(max(0, math.Pi/float64(k)*float64(i)-bias))
	}
	return table
}

// Mask keeps the keys whose estimated score exceeds the threshold of the layer; a query that would keep nothing keeps the
// largest estimate (assumed; the paper does not say). It panics when the layer has no threshold or d is another.
func (e *Hash) Mask(h *attention.Head, layer int) *attention.Mask {
	if layer < 0 || layer >= len(e.Thresholds) {
		panic(fmt.Sprintf("pruning: layer is %d, must be in 0..%d", layer, len(e.Thresholds)-1))
	}
	est := e.estimator(h)
	threshold := e.Thresholds[layer] * est.longest
	m := attention.NewMask(h.Tokens, h.Tokens)
	for t := range firstOf(h, e.Queries) {
		kept, best, top := false, 0, math.Inf(-1)
		for j, s := range est.row(t) {
			if s > threshold {
				m.Keep(t, j)
				kept = true
			}
			if s > top {
				best, top = j, s
			}
		}
		if !kept {
			m.Keep(t, best)
		}
	}
	return m
}

// BestOfRow keeps a share of each query's keys, rounded up, by estimated score: not ELSA's rule, but its estimate at a given
// retention, for comparisons. It panics when the head has another d.
func (e *Hash) BestOfRow(h *attention.Head, keep float64) *attention.Mask {
	est := e.estimator(h)
	m := attention.NewMask(h.Tokens, h.Tokens)
	row := make([]float32, h.Valid)
	var best BestKeys
	for t := range h.Valid {
		for j, s := range est.row(t) {
			row[j] = float32(s)
		}
		n := h.Keys(t)
		best.Keep(m, t, row[:n], shareOf(keep, n))
	}
	return m
}

// estimator holds the signatures and lengths of a head's keys.
type estimator struct {
	hash    *Hash
	head    *attention.Head
	table   []float64
	keys    []Signature
	norms   []float64
	longest float64
	scratch []float64
}

func (e *Hash) estimator(h *attention.Head) *estimator {
	if h.Dim != e.Projections[0].Dim() {
		panic(fmt.Sprintf("pruning: head has dimension %d, the hash has %d", h.Dim, e.Projections[0].Dim()))
	}
	x := &estimator{hash: e, head: h, table: Cosines(e.Bits(), e.Bias), scratch: make([]float64, h.Valid)}
	for j := range h.Valid {
		k := reals(h.Key(j))
		norm := math.Sqrt(dot(k, k))
		x.keys, x.norms = append(x.keys, e.Sign(k)), append(x.norms, norm)
		x.longest = max(x.longest, norm)
	}
	return x
}

// row is the estimates q.k/|q| of a query; the slice is used again.
func (x *estimator) row(t int) []float64 {
	q := x.hash.Sign(reals(x.head.Query(t)))
	row := x.scratch[:x.head.Keys(t)]
	for j := range row {
		row[j] = x.norms[j] * x.table[q.Hamming(x.keys[j])]
	}
	return row
}

// reals converts codes; scales cancel in ELSA's rule, which compares with the longest key.
func reals(codes []int16) []float64 {
	x := make([]float64, len(codes))
	for i, v := range codes {
		x[i] = float64(v)
	}
	return x
}

// LearnedScore picks the score that stands for the threshold in one row of raw scores (section III-E): the least one whose
// probability exceeds p/n, or the largest when none does. p is the paper's knob; 0 keeps all.
func LearnedScore(scores []float64, p float64) float64 {
	top := slices.Max(scores)
	var sum float64
	for _, s := range scores {
		sum += math.Exp(s - top)
	}
	chosen := top
	least := top + math.Log(p*sum/float64(len(scores))) // its probability is p/n
	for _, s := range scores {
		if s > least {
			chosen = min(chosen, s)
		}
	}
	return chosen
}

// LearnThreshold averages LearnedScore over the queries of training heads of one layer, in parts of the query's length
// times the longest key's: the t of that layer. softmaxScale turns an integer score into the softmax's argument; nil takes
// the head's own.
func LearnThreshold(heads []*attention.Head, p float64, softmaxScale func(*attention.Head) float64) float64 {
	if softmaxScale == nil {
		softmaxScale = (*attention.Head).ScoreScale
	}
	var sum float64
	n := 0
	for _, h := range heads {
		longest := 0.0
		for j := range h.Valid {
			x := reals(h.Key(j))
			longest = max(longest, math.Sqrt(dot(x, x)))
		}
		scorer, scale := attention.NewScorer(h), softmaxScale(h)
		for t := range h.Valid {
			q := reals(h.Query(t))
			length := math.Sqrt(dot(q, q))
			if length == 0 || longest == 0 {
				continue
			}
			var row []float64
			for _, s := range scorer.Row(t) {
				row = append(row, scale*float64(s))
			}
			sum += LearnedScore(row, p) / scale / (length * longest)
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

// AngleBias measures theta_bias by the paper's recipe: the 80th percentile of estimate minus true angle over pairs of
// standard normal vectors.
func (e *Hash) AngleBias(pairs int, seed uint64) float64 {
	r := rand.New(rand.NewPCG(seed, 0))
	d, k := e.Projections[0].Dim(), float64(e.Bits())
	x, y := make([]float64, d), make([]float64, d)
	errors := make([]float64, pairs)
	for i := range errors {
		for c := range x {
			x[c], y[c] = r.NormFloat64(), r.NormFloat64()
		}
		angle := math.Acos(max(-1, min(1, dot(x, y)/math.Sqrt(dot(x, x)*dot(y, y)))))
		errors[i] = math.Pi/k*float64(e.Sign(x).Hamming(e.Sign(y))) - angle
	}
	slices.Sort(errors)
	return errors[int(0.8*float64(pairs-1))]
}
