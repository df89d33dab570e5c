package dota

import (
	"fmt"
	"math/bits"

	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/legal"
)

// Order says which keys the queries of a group take in a step.
type Order uint8

const (
	OutOfOrder Order = iota // keys that many queries want come first
	InOrder                 // every query takes its next key
	RowByRow                // one query after the other

	orders
)

func (o Order) String() string {
	return legal.Name(o, "Order", "out-of-order", "in-order", "row-by-row")
}

// MaxParallelism is the most queries that Schedule takes together: their patterns fill one machine word.
const MaxParallelism = 6

// Group is what a group of queries costs.
type Group struct {
	Steps       int // in each, every unfinished query meets one key; row by row: keys of all rows
	Loads       int // key vectors read
	Connections int // (query, key) pairs
	Slots       int // pairs for which there was room: queries times steps, row by row just steps
}

// Idle is the slots that no connection fills.
func (g Group) Idle() int { return g.Slots - g.Connections }

// Plus adds up groups.
func (g Group) Plus(o Group) Group {
	return Group{g.Steps + o.Steps, g.Loads + o.Loads, g.Connections + o.Connections, g.Slots + o.Slots}
}

// Issue is one key read in a step for some queries; the first query of the group is the highest bit of Queries.
type Issue struct {
	Step    int
	Key     int32
	Queries uint8
}

// Scheduler brings the kept keys of queries into steps. Its zero value is not usable; NewScheduler makes one for masks of a
// number of keys and uses it again and again.
type Scheduler struct {
	t     int
	order Order

	pattern  []uint8  // by rank: most queries first, then the larger pattern
	rank     []uint8  // of a pattern
	subset   []uint64 // by free queries: ranks of the patterns that they fill
	touching []uint64 // by free queries: ranks of the patterns that they meet

	head, tail []int32 // queues by rank
	next       []int32 // of a key: the one behind it in its queue
	kept       [MaxParallelism][]int32
	left       [MaxParallelism]int // keys that each query wants
}

// NewScheduler makes a scheduler of t queries in parallel for masks of at most keys keys.
func NewScheduler(t, keys int, order Order) (*Scheduler, error) {
	switch {
	case t < 1 || t > MaxParallelism:
		return nil, fmt.Errorf("dota: Scheduler of %d queries, must be in 1..%d", t, MaxParallelism)
	case keys < 1:
		return nil, fmt.Errorf("dota: Scheduler of %d keys, must be at least 1", keys)
	case order >= orders:
		return nil, fmt.Errorf("dota: Scheduler order is %d, must be in 0..%d", order, orders-1)
	}
	s := &Scheduler{t: t, order: order, next: make([]int32, keys)}
	n := 1 << t
	s.rank = make([]uint8, n)
	for count := t; count > 0; count-- {
		for p := n - 1; p > 0; p-- {
			if bits.OnesCount(uint(p)) == count {
				s.rank[p] = uint8(len(s.pattern))
				s.pattern = append(s.pattern, uint8(p))
			}
		}
	}
	s.subset, s.touching = make([]uint64, n), make([]uint64, n)
	for free := range n {
		for r, p := range s.pattern {
			if int(p)&^free == 0 {
				s.subset[free] |= 1 << r
			}
			if int(p)&free != 0 {
				s.touching[free] |= 1 << r
			}
		}
	}
	s.head, s.tail = make([]int32, n), make([]int32, n)
	return s, nil
}

// Queues is how many queues the out-of-order scheduler of t queries has: one for each set of queries but the empty one.
func Queues(t int) int { return 1<<t - 1 }

// Schedule takes the group of queries that starts at query first; queries beyond the mask keep nothing. visit, which may
// be nil, sees every load.
func (s *Scheduler) Schedule(m *attention.Mask, first int, visit func(Issue)) Group {
	switch s.order {
	case InOrder:
		return s.inOrder(m, first, visit)
	case RowByRow:
		return s.rowByRow(m, first, visit)
	}
	return s.outOfOrder(m, first, visit)
}

// none ends a queue.
const none = int32(-1)

// outOfOrder gives every query that is not through one key a step. Keys wait in a queue for the set of queries that still
// want them; a key that serves only some of its queries goes to the queue of the others.
func (s *Scheduler) outOfOrder(m *attention.Mask, first int, visit func(Issue)) Group {
	waiting := s.scan(m, first)
	var g Group
	free := 0
	for q, n := range s.left[:s.t] {
		g.Connections += n
		if n > 0 {
			free |= 1 << (s.t - 1 - q)
		}
	}
	for ; waiting != 0; g.Steps++ {
		for q, n := range s.left[:s.t] {
			if n == g.Steps {
				free &^= 1 << (s.t - 1 - q)
			}
		}
		for open := free; open != 0; {
			var r int
			if fits := waiting & s.subset[open]; fits != 0 {
				r = bits.TrailingZeros64(fits)
			} else {
				r = 63 - bits.LeadingZeros64(waiting&s.touching[open])
			}
			p := int(s.pattern[r])
			use := p & open
			key := s.head[r]
			if s.head[r] = s.next[key]; s.head[r] == none {
				waiting &^= 1 << r
			}
			if rest := p ^ use; rest != 0 {
				waiting |= s.push(int(s.rank[rest]), key, waiting)
			}
			g.Loads++
			if visit != nil {
				visit(Issue{g.Steps, key, uint8(use)})
			}
			open &^= use
		}
	}
	g.Slots = s.t * g.Steps
	return g
}

// push puts a key at the end of a queue and returns the queue's bit.
func (s *Scheduler) push(r int, key int32, waiting uint64) uint64 {
	s.next[key] = none
	if waiting>>r&1 == 0 {
		s.head[r] = key
	} else {
		s.next[s.tail[r]] = key
	}
	s.tail[r] = key
	return 1 << r
}

// scan fills the queues, keys ascending, and counts what each query keeps.
func (s *Scheduler) scan(m *attention.Mask, first int) (waiting uint64) {
	var rows [MaxParallelism][]uint64
	for q := range s.t {
		s.left[q] = 0
		if first+q < m.Queries() {
			rows[q] = m.Row(first + q)
			s.left[q] = m.CountRow(first + q)
		}
	}
	for w := range (m.Keys() + 63) / 64 {
		var words [MaxParallelism]uint64
		any := uint64(0)
		for q := range s.t {
			if rows[q] != nil {
				words[q] = rows[q][w]
				any |= words[q]
			}
		}
		for ; any != 0; any &= any - 1 {
			bit := bits.TrailingZeros64(any)
			p := 0
			for q := range s.t {
				p = p<<1 | int(words[q]>>bit&1)
			}
			waiting |= s.push(int(s.rank[p]), int32(w<<6+bit), waiting)
		}
	}
	return waiting
}

// rows lists the kept keys of the group's queries.
func (s *Scheduler) rows(m *attention.Mask, first int) (rows [][]int32, g Group) {
	for q := range s.t {
		s.kept[q] = s.kept[q][:0]
		if first+q < m.Queries() {
			s.kept[q] = m.KeptKeys(first+q, s.kept[q])
		}
		g.Connections += len(s.kept[q])
		g.Steps = max(g.Steps, len(s.kept[q]))
	}
	g.Slots = s.t * g.Steps
	return s.kept[:s.t], g
}

// inOrder gives every query its next key; queries that meet at a key in the same step share the load.
func (s *Scheduler) inOrder(m *attention.Mask, first int, visit func(Issue)) Group {
	rows, g := s.rows(m, first)
	for step := range g.Steps {
		done := 0
		for q, row := range rows {
			if step >= len(row) || done>>q&1 == 1 {
				continue
			}
			queries := uint8(0)
			for o := q; o < s.t; o++ {
				if step < len(rows[o]) && rows[o][step] == row[step] {
					done |= 1 << o
					queries |= 1 << (s.t - 1 - o)
				}
			}
			g.Loads++
			if visit != nil {
				visit(Issue{step, row[step], queries})
			}
		}
	}
	return g
}

// rowByRow serves one query after the other: nothing is shared.
func (s *Scheduler) rowByRow(m *attention.Mask, first int, visit func(Issue)) Group {
	rows, g := s.rows(m, first)
	g.Steps, g.Loads, g.Slots = g.Connections, g.Connections, g.Connections
	if visit != nil {
		step := 0
		for q, row := range rows {
			for _, key := range row {
				visit(Issue{step, key, 1 << (s.t - 1 - q)})
				step++
			}
		}
	}
	return g
}
