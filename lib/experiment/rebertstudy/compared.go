package rebertstudy

import (
	"math"

	"github.com/sparse-attention/workbench/lib/published"
)

// Compared are the numbers of a figure: rows, some of them with a published value, and ours for each.
type Compared struct {
	Rows []published.Row
	ours map[published.Key]float64
}

// add puts our number under a row.
func (c *Compared) add(r published.Row, ours float64) {
	if c.ours == nil {
		c.ours = map[published.Key]float64{}
	}
	c.Rows = append(c.Rows, r)
	c.ours[r.Key()] = ours
}

// own adds a number that nobody published.
func (c *Compared) own(r published.Row) {
	ours := r.Value
	r.Value = 0
	c.add(r, ours)
}

// Ours is our number for one of the rows, NaN for any other.
func (c *Compared) Ours(r published.Row) float64 {
	if v, ok := c.ours[r.Key()]; ok {
		return v
	}
	return math.NaN()
}
