package pruning

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"

	"github.com/sparse-attention/workbench/lib/attention"
)

// Count is a number of kept cells out of the visible ones (valid query, valid key, not in a causal future).
type Count struct{ Kept, Visible int64 }

// Rate is the pruned share of the visible cells, 0 when there are none.
func (c Count) Rate() float64 {
	if c.Visible == 0 {
		return 0
	}
	return 1 - float64(c.Kept)/float64(c.Visible)
}

func (c *Count) add(o Count) {
	c.Kept += o.Kept
	c.Visible += o.Visible
}

// Rates sums pruning over inputs, by layer and head. The zero value is empty and ready.
type Rates struct{ heads map[[2]int]Count }

// Add counts the mask m of head h, which is head number index of the layer.
func (r *Rates) Add(layer, index int, h *attention.Head, m *attention.Mask) {
	c := Count{Kept: int64(m.Count())}
	for t := range h.Valid {
		c.Visible += int64(h.Keys(t))
	}
	if r.heads == nil {
		r.heads = map[[2]int]Count{}
	}
	k := [2]int{layer, index}
	c.add(r.heads[k])
	r.heads[k] = c
}

// Head is the count of one head of one layer.
func (r *Rates) Head(layer, index int) Count { return r.heads[[2]int{layer, index}] }

// Layer sums the heads of a layer.
func (r *Rates) Layer(layer int) Count {
	var sum Count
	for k, c := range r.heads {
		if k[0] == layer {
			sum.add(c)
		}
	}
	return sum
}

// Total sums everything.
func (r *Rates) Total() Count {
	var sum Count
	for _, c := range r.heads {
		sum.add(c)
	}
	return sum
}

// Layers lists the layers seen, ascending.
func (r *Rates) Layers() []int {
	seen := map[int]bool{}
	for k := range r.heads {
		seen[k[0]] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

// Heads lists the heads seen in a layer, ascending.
func (r *Rates) Heads(layer int) []int {
	var heads []int
	for k := range r.heads {
		if k[0] == layer {
			heads = append(heads, k[1])
		}
	}
	slices.Sort(heads)
	return heads
}

// WriteTable prints a line a layer: its rate, then that of each of its heads, in percent.
func (r *Rates) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "layer\tpruned %\tby head %\t\n")
	for _, l := range r.Layers() {
		fmt.Fprintf(t, "%d\t%.1f\t", l, 100*r.Layer(l).Rate())
		for _, i := range r.Heads(l) {
			fmt.Fprintf(t, "%.1f\t", 100*r.Head(l, i).Rate())
		}
		fmt.Fprintln(t)
	}
	fmt.Fprintf(t, "all\t%.1f\t\n", 100*r.Total().Rate())
	return t.Flush()
}
