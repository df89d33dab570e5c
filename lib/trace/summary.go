package trace

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"

	"github.com/sparse-attention/workbench/lib/attention"
)

// All stands for every layer or every head in a Summary.
const All = -1

// Summary is the statistics of the masks of many heads, weighted by cells, as package attention defines them.
type Summary struct {
	Layer, HeadIndex int // All where summed over
	Heads            int // records counted
	ValidFraction    float64
	KeptFraction     float64
	PruningRate      float64
	Overlap          float64 // share of a query's kept keys that the query before kept too
	RandomOverlap    float64 // the same by chance
}

// tally adds up what the fractions of a Summary divide.
type tally struct {
	heads, tokens, valid, visible, kept, later int
	both, chance                               float64
}

func (a *tally) add(h *attention.Head, m *attention.Mask) {
	s := attention.Measure(h, m)
	later := s.Kept - m.CountRow(0)
	a.heads++
	a.tokens += h.Tokens
	a.valid += h.Valid
	for t := range h.Valid {
		a.visible += h.Keys(t)
	}
	a.kept += s.Kept
	a.later += later
	a.both += s.Overlap * float64(later)
	a.chance += s.RandomOverlap * float64(later)
}

func (a *tally) summary(layer, head int) Summary {
	s := Summary{Layer: layer, HeadIndex: head, Heads: a.heads}
	if a.visible > 0 {
		s.ValidFraction = float64(a.valid) / float64(a.tokens)
		s.KeptFraction = float64(a.kept) / float64(a.visible)
		s.PruningRate = 1 - s.KeptFraction
	}
	if a.later > 0 {
		s.Overlap = a.both / float64(a.later)
		s.RandomOverlap = a.chance / float64(a.later)
	}
	return s
}

// Statistics gathers Summaries over records. The zero value is ready.
type Statistics struct{ groups map[[2]int]*tally }

// Add counts one record with its own mask.
func (s *Statistics) Add(r *Record) { s.AddMask(r, r.Mask()) }

// AddMask counts one record with another mask.
func (s *Statistics) AddMask(r *Record, m *attention.Mask) {
	if s.groups == nil {
		s.groups = map[[2]int]*tally{}
	}
	for _, key := range [][2]int{{r.Layer, r.HeadIndex}, {r.Layer, All}, {All, All}} {
		if s.groups[key] == nil {
			s.groups[key] = &tally{}
		}
		s.groups[key].add(&r.Head, m)
	}
}

// Table returns a Summary for each head, one for each layer (HeadIndex All) before its heads, and one for all last.
func (s *Statistics) Table() []Summary {
	keys := slices.SortedFunc(maps.Keys(s.groups), func(a, b [2]int) int {
		if (a[0] == All) != (b[0] == All) {
			return b[0] - a[0]
		}
		return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
	})
	table := make([]Summary, len(keys))
	for i, k := range keys {
		table[i] = s.groups[k].summary(k[0], k[1])
	}
	return table
}

// Total is the Summary of everything.
func (s *Statistics) Total() Summary {
	if s.groups == nil {
		return Summary{Layer: All, HeadIndex: All}
	}
	return s.groups[[2]int{All, All}].summary(All, All)
}

// WriteTable prints the table, fractions in percent.
func (s *Statistics) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "layer\thead\theads\tvalid %\tkept %\toverlap %\tby chance %\t\n")
	name := func(i int) string {
		if i == All {
			return "all"
		}
		return fmt.Sprint(i)
	}
	for _, r := range s.Table() {
		fmt.Fprintf(t, "%s\t%s\t%d\t%.1f\t%.1f\t%.1f\t%.1f\t\n", name(r.Layer), name(r.HeadIndex), r.Heads,
			100*r.ValidFraction, 100*r.KeptFraction, 100*r.Overlap, 100*r.RandomOverlap)
	}
	return t.Flush()
}
