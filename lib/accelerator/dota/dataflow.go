package dota

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/published"
)

// Flow adds up the groups of a head.
func (s *Scheduler) Flow(m *attention.Mask) Group {
	var sum Group
	for first := 0; first < m.Queries(); first += s.t {
		sum = sum.Plus(s.Schedule(m, first, nil))
	}
	return sum
}

// HotKeys draws a row-balanced mask of n queries and n keys: every query keeps c keys, a share of them the same for all
// queries, the others by chance. It stands in where no trained mask of that length exists.
func HotKeys(n, c int, shared float64, seed uint64) *attention.Mask {
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	m := attention.NewMask(n, n)
	hot := int(math.Round(shared * float64(c)))
	keys := r.Perm(n)
	for t := range n {
		for _, j := range keys[:hot] {
			m.Keep(t, j)
		}
		for k := hot; k < c; {
			if j := r.IntN(n); !m.Kept(t, j) {
				m.Keep(t, j)
				k++
			}
		}
	}
	return m
}

// orderOf reads an order as the published rows write it.
func orderOf(series string) (Order, error) {
	for o := range orders {
		if o.String() == series {
			return o, nil
		}
	}
	return 0, fmt.Errorf("dota: order is %q, must be %v, %v or %v", series, OutOfOrder, InOrder, RowByRow)
}

// drawings is over how many masks RandomLoads averages: which keys are hot moves the loads in order by a few percent.
const drawings = 8

// RandomLoads is the loads over those row by row of the sheet's random masks, mean over drawings; series is an order, config
// is written as in the published rows: "T=4; n=384; c=38; shared keys 50 %".
func RandomLoads(series, config string, seed uint64) (float64, error) {
	order, err := orderOf(series)
	if err != nil {
		return 0, err
	}
	var t, n, c, shared int
	if _, err := fmt.Sscanf(config, "T=%d; n=%d; c=%d; shared keys %d %%", &t, &n, &c, &shared); err != nil {
		return 0, fmt.Errorf("dota: mask is %q, must be written T=4; n=384; c=38; shared keys 50 %%", config)
	}
	s, err := NewScheduler(t, n, order)
	if err != nil {
		return 0, err
	}
	var g Group
	for i := range uint64(drawings) {
		g = g.Plus(s.Flow(HotKeys(n, c, float64(shared)/100, seed*drawings+i)))
	}
	return float64(g.Loads) / float64(g.Connections), nil
}

// Worked is the paper's worked example: four queries of three keys each.
func Worked() *attention.Mask {
	m := attention.NewMask(4, 6)
	for t, row := range [][]int{{1, 2, 3}, {2, 3, 4}, {2, 5, 6}, {3, 4, 5}} {
		for _, k := range row {
			m.Keep(t, k-1)
		}
	}
	return m
}

// ExampleLoads is the loads of the worked example for one of its published rows, NaN for a row that is none of them.
func ExampleLoads(row published.Row) float64 {
	order, err := orderOf(row.Series)
	if err != nil {
		return math.NaN()
	}
	m := Worked()
	s, err := NewScheduler(m.Queries(), m.Keys(), order)
	if err != nil {
		panic(err) // four queries fit
	}
	var loads [3]int
	total := s.Schedule(m, 0, func(i Issue) {
		if i.Step < len(loads) {
			loads[i.Step]++
		}
	})
	var step int
	if _, err := fmt.Sscanf(row.Config, "step %d", &step); err == nil && step >= 1 && step <= len(loads) {
		return float64(loads[step-1])
	}
	return float64(total.Loads)
}
