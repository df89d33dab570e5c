package memory

import (
	"fmt"
	"math"

	"github.com/sparse-attention/workbench/lib/published"
)

// Numbers are the numbers of one figure, under names like those of published rows. Where somebody has measured the same, the
// row holds that value and its evidence; else it only names our number.
type Numbers struct {
	Rows []published.Row
	ours map[published.Key]float64
}

// system is the name of rows that nobody published.
const system = "memory"

// add puts a number under a row.
func (n *Numbers) add(row published.Row, ours float64) {
	if n.ours == nil {
		n.ours = map[published.Key]float64{}
	}
	n.Rows = append(n.Rows, row)
	n.ours[row.Key()] = ours
}

// Ours is our number for one of the rows, NaN for any other.
func (n *Numbers) Ours(row published.Row) float64 {
	if v, ok := n.ours[row.Key()]; ok {
		return v
	}
	return math.NaN()
}

// Where keeps the rows that keep accepts.
func (n *Numbers) Where(keep func(published.Row) bool) *Numbers {
	return &Numbers{published.Select(n.Rows, keep), n.ours}
}

// atLeast refuses counts that leave nothing to run.
func atLeast(name string, value, least int) error {
	if value < least {
		return fmt.Errorf("memory: %s is %d, must be at least %d", name, value, least)
	}
	return nil
}
