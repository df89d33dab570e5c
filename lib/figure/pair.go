package figure

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/sparse-attention/workbench/lib/published"
)

// Pair is one number of a figure: the published row, which also names it, and ours. A row of evidence None names a number
// that nobody published; Ours is NaN where we have none.
type Pair struct {
	published.Row
	Ours float64
}

// HasOurs reports whether we have a number.
func (p Pair) HasOurs() bool { return !math.IsNaN(p.Ours) }

// HasPublished reports whether there is a published value that may be drawn beside ours.
func (p Pair) HasPublished() bool { return p.Evidence.Target() }

// Own makes a pair without a published value; only the naming fields and the unit of row are used.
func Own(row published.Row, ours float64) Pair {
	row.Value, row.Evidence, row.Source, row.Note = 0, published.None, "", ""
	return Pair{row, ours}
}

// Ours makes pairs without published values; the number of each is ours(row).
func Ours(rows []published.Row, ours func(published.Row) float64) []Pair {
	pairs := make([]Pair, len(rows))
	for i, r := range rows {
		pairs[i] = Own(r, ours(r))
	}
	return pairs
}

// Value is a row's own number, for rows that hold ours.
func Value(r published.Row) float64 { return r.Value }

// Against puts ours beside every row. A NaN means that we have no number for that row.
func Against(rows []published.Row, ours func(published.Row) float64) []Pair {
	pairs := make([]Pair, len(rows))
	for i, r := range rows {
		pairs[i] = Pair{r, ours(r)}
	}
	return pairs
}

// First asks one after the other and gives the first number that is not NaN: a figure of several machines.
func First(ours ...func(published.Row) float64) func(published.Row) float64 {
	return func(r published.Row) float64 {
		for _, of := range ours {
			if v := of(r); !math.IsNaN(v) {
				return v
			}
		}
		return math.NaN()
	}
}

// PublishedOnly puts nothing beside the rows: they are shown as the paper has them.
func PublishedOnly(rows []published.Row) []Pair {
	return Against(rows, func(published.Row) float64 { return math.NaN() })
}

// AppendMean adds, for each series, config and metric of pairs, the mean of our numbers over the workloads, under the
// workload name given; where the paper has a row of that name its value stands beside. Pairs that have that name already
// are replaced. Config and series without any number of ours get no mean.
func AppendMean(pairs []Pair, name string, mean func([]float64) float64) []Pair {
	var means []Pair
	pairs = slices.DeleteFunc(slices.Clone(pairs), func(p Pair) bool { return p.Workload == name })
	for _, g := range groupPairs(pairs, func(p Pair) string { p.Workload = ""; return p.Key().String() + "\x00" + p.Config }) {
		var ours []float64
		for _, p := range g {
			if p.HasOurs() {
				ours = append(ours, p.Ours)
			}
		}
		if len(ours) == 0 {
			continue
		}
		m := Own(g[0].Row, mean(ours))
		m.Workload = name
		if row, err := published.Find(m.System, m.Figure, m.Series, name, m.Config, m.Metric); err == nil {
			m.Row = row
		}
		means = append(means, m)
	}
	return append(pairs, means...)
}

// Shares turns our numbers into percentages of the sum over the pairs that by puts together, such as the components of one
// bar. Published values stay; they must be shares already.
func Shares(pairs []Pair, by func(Pair) string) []Pair {
	sums := make(map[string]float64)
	for _, p := range pairs {
		if p.HasOurs() {
			sums[by(p)] += p.Ours
		}
	}
	shares := slices.Clone(pairs)
	for i, p := range shares {
		shares[i].Ours = 100 * p.Ours / sums[by(p)]
		if p.Evidence == published.None {
			shares[i].Unit = "%"
		}
	}
	return shares
}

// Keys by which a chart can group or colour its pairs.
var (
	ByWorkload = func(p Pair) string { return p.Workload }
	BySeries   = func(p Pair) string { return p.Series }
	ByConfig   = func(p Pair) string { return p.Config }
	ByMetric   = func(p Pair) string { return p.Metric }
	BySystem   = func(p Pair) string { return p.System }
)

// BySeriesConfig tells apart the sizes of each series: "SPRINT S".
func BySeriesConfig(p Pair) string { return strings.TrimSpace(p.Series + " " + p.Config) }

// keys lists the values of by in order of appearance.
func keys(pairs []Pair, by func(Pair) string) []string {
	var names []string
	seen := make(map[string]bool)
	for _, p := range pairs {
		if k := by(p); !seen[k] {
			seen[k] = true
			names = append(names, k)
		}
	}
	return names
}

// groupPairs collects the pairs of equal key, in order of appearance.
func groupPairs(pairs []Pair, by func(Pair) string) [][]Pair {
	at := make(map[string]int)
	var groups [][]Pair
	for _, p := range pairs {
		k := by(p)
		i, ok := at[k]
		if !ok {
			i = len(groups)
			at[k] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], p)
	}
	return groups
}

// check refuses data that no chart can show.
func check(kind string, pairs []Pair) error {
	if len(pairs) == 0 {
		return fmt.Errorf("figure: %s: there are no pairs, must be at least one", kind)
	}
	seen := make(map[published.Key]bool)
	for i, p := range pairs {
		switch {
		case math.IsInf(p.Ours, 0):
			return fmt.Errorf("figure: %s: pair %d (%s): ours is %v, must be finite, or NaN for none", kind, i, p.Key(), p.Ours)
		case !p.HasOurs() && p.Evidence == published.None:
			return fmt.Errorf("figure: %s: pair %d (%s) has neither our number nor a published one", kind, i, p.Key())
		case seen[p.Key()]:
			return fmt.Errorf("figure: %s: pair %d (%s) repeats a name", kind, i, p.Key())
		}
		seen[p.Key()] = true
	}
	return nil
}

// drawn lists the numbers that a chart of these pairs shows.
func drawn(pairs []Pair) []float64 {
	var v []float64
	for _, p := range pairs {
		if p.HasOurs() {
			v = append(v, p.Ours)
		}
		if p.HasPublished() {
			v = append(v, p.Value)
		}
	}
	return v
}
