package pruning

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/sparse-attention/workbench/lib/attention"
)

// Candidates is A3's approximation (HPCA 2020, sections IV-C, IV-D): a greedy search over keys sorted by column picks rows
// that look promising without a dot product; of those, rows whose exact score lies far below the best are dropped.
type Candidates struct {
	Iterations float64 // M in parts of the visible keys n; M is rounded up to at least 1
	Percent    float64 // T: a row stays when its softmax weight is at least T percent of the best one's; 0 < T <= 100
}

// A3Conservative is M = n/2, T = 5 %: about 1 % accuracy loss in the paper.
func A3Conservative() Candidates { return Candidates{Iterations: 1.0 / 2, Percent: 5} }

// A3Aggressive is M = n/8, T = 10 %: about 8 % accuracy loss in the paper.
func A3Aggressive() Candidates { return Candidates{Iterations: 1.0 / 8, Percent: 10} }

// Validate reports the first field out of range.
func (c Candidates) Validate() error {
	if !(c.Iterations > 0) || math.IsInf(c.Iterations, 0) {
		return fmt.Errorf("pruning: Candidates.Iterations is %v, must be positive and finite", c.Iterations)
	}
	if !(c.Percent > 0 && c.Percent <= 100) {
		return fmt.Errorf("pruning: Candidates.Percent is %v, must be in (0,100]", c.Percent)
	}
	return nil
}

// Distance is t = ln(100/T), how far below the best real score a row may lie.
func (c Candidates) Distance() float64 { return math.Log(100 / c.Percent) }

// Mask runs both filters for every valid query. A causal query searches the keys up to itself only.
func (c Candidates) Mask(h *attention.Head, _ int) *attention.Mask {
	m := attention.NewMask(h.Tokens, h.Tokens)
	sorted := SortKeys(h.K[:h.Valid*h.Dim], h.Dim)
	search := NewSearch(sorted)
	distance := c.Distance() / h.ScoreScale()
	var scores []int32
	for t := range h.Valid {
		n := h.Keys(t)
		rows := search.Run(h.Query(t), n, max(1, int(math.Ceil(c.Iterations*float64(n)))))
		scores = scores[:0]
		for _, j := range rows {
			scores = append(scores, attention.Dot(h.Query(t), h.Key(j)))
		}
		top := slices.Max(scores)
		for i, j := range rows {
			if float64(top-scores[i]) <= distance {
				m.Keep(t, j)
			}
		}
	}
	return m
}

// SortedKeys holds the columns of a key matrix, each ascending by value, with the row of every value.
type SortedKeys struct {
	n, d   int
	values []int16 // column by column
	rows   []int32
}

// SortKeys sorts the columns of keys, n x d row-major: A3's preprocessing. Equal values keep the order of their rows.
func SortKeys(keys []int16, d int) *SortedKeys {
	n := len(keys) / d
	s := &SortedKeys{n: n, d: d, values: make([]int16, n*d), rows: make([]int32, n*d)}
	for j := range d {
		rows := s.rows[j*n : (j+1)*n]
		for i := range rows {
			rows[i] = int32(i)
		}
		slices.SortStableFunc(rows, func(a, b int32) int { return cmp.Compare(keys[int(a)*d+j], keys[int(b)*d+j]) })
		for i, r := range rows {
			s.values[j*n+i] = keys[int(r)*d+j]
		}
	}
	return s
}

// Column returns the values and rows of column j, ascending.
func (s *SortedKeys) Column(j int) (values []int16, rows []int32) {
	return s.values[j*s.n : (j+1)*s.n], s.rows[j*s.n : (j+1)*s.n]
}

// Search is the working memory of A3's candidate selector for one key matrix.
type Search struct {
	keys     *SortedKeys
	greedy   []int64
	high     []cursor // next largest product of each column
	low      []cursor // next smallest
	selected []int
}

// cursor walks one column; step 0 means that it has run out.
type cursor struct {
	at, step int
	product  int64
}

// NewSearch prepares searches over the keys.
func NewSearch(keys *SortedKeys) *Search {
	return &Search{keys: keys, greedy: make([]int64, keys.n), high: make([]cursor, keys.d), low: make([]cursor, keys.d)}
}

// Run does the given number of iterations for query q over the rows below n and returns the rows with a positive greedy
// score, ascending; when there is none, the best of those touched (assumed; the paper does not say). The slice is reused.
func (s *Search) Run(q []int16, n, iterations int) []int {
	s.start(q, n)
	var total int64
	for range iterations {
		// Equal products: the lowest column first (assumed).
		j := s.best(s.high, 1)
		if j >= 0 {
			if p := s.high[j].product; p > 0 {
				s.greedy[s.row(j, s.high[j])] += p
				total += p
			}
			s.advance(&s.high[j], j, q[j], n)
		}
		if total < 0 { // a running total below zero skips the smallest products
			continue
		}
		if j := s.best(s.low, -1); j >= 0 {
			if p := s.low[j].product; p < 0 {
				s.greedy[s.row(j, s.low[j])] += p
				total += p
			}
			s.advance(&s.low[j], j, q[j], n)
		}
	}
	s.selected = s.selected[:0]
	best := 0
	for i, g := range s.greedy[:n] {
		if g > 0 {
			s.selected = append(s.selected, i)
		}
		if g > s.greedy[best] {
			best = i
		}
	}
	if len(s.selected) == 0 {
		s.selected = append(s.selected, best)
	}
	return s.selected
}

// Greedy returns the greedy scores after Run.
func (s *Search) Greedy() []int64 { return s.greedy }

func (s *Search) start(q []int16, n int) {
	clear(s.greedy)
	for j, x := range q {
		s.high[j] = cursor{at: s.keys.n, step: -1}
		s.low[j] = cursor{at: -1, step: 1}
		if x <= 0 {
			s.high[j], s.low[j] = s.low[j], s.high[j]
		}
		s.advance(&s.high[j], j, x, n)
		s.advance(&s.low[j], j, x, n)
	}
}

// advance moves a cursor to the next entry of its column that belongs to a visible row.
func (s *Search) advance(c *cursor, j int, q int16, n int) {
	values, rows := s.keys.Column(j)
	for {
		c.at += c.step
		if c.at < 0 || c.at >= len(rows) {
			c.step = 0
			return
		}
		if int(rows[c.at]) < n {
			c.product = int64(q) * int64(values[c.at])
			return
		}
	}
}

// best returns the column whose cursor has the largest product times sign, or -1 when all have run out.
func (s *Search) best(cursors []cursor, sign int64) int {
	best := -1
	for j, c := range cursors {
		if c.step != 0 && (best < 0 || sign*c.product > sign*cursors[best].product) {
			best = j
		}
	}
	return best
}

func (s *Search) row(j int, c cursor) int32 { return s.keys.rows[j*s.keys.n+c.at] }
