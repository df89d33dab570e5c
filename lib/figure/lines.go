package figure

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"

	"github.com/sparse-attention/workbench/lib/published"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Lines is a chart of curves with markers; published values are markers on a dashed line.
type Lines struct {
	Page
	Data       []Pair
	X          func(Pair) (float64, error) // default ConfigNumber
	Colour     func(Pair) string           // one curve each; default ByWorkload
	LogX, LogY bool
	YMin, YMax float64   // both 0: the range of the data
	XTicks     []float64 // nil: at every x of the data when these are few and not too close, else at round values
}

var trailingNumber = regexp.MustCompile(`[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?$`)

// ConfigNumber is the number at the end of the pair's config: 4 of "b=4".
func ConfigNumber(p Pair) (float64, error) {
	n := trailingNumber.FindString(p.Config)
	if n == "" {
		return 0, fmt.Errorf("%s: config is %q, must end in a number", p.Key(), p.Config)
	}
	return strconv.ParseFloat(n, 64)
}

// NewLines makes a line chart of the pairs. It refuses an empty list, infinite numbers and repeated names.
func NewLines(title string, pairs []Pair) (*Lines, error) {
	if err := check("Lines", pairs); err != nil {
		return nil, err
	}
	return &Lines{Page: Page{Title: title}, Data: pairs, X: ConfigNumber, Colour: ByWorkload}, nil
}

// Pairs implements Chart.
func (l *Lines) Pairs() []Pair { return l.Data }

// Save writes the chart's files; see the function Save.
func (l *Lines) Save(dir, name string) error { return Save(l, dir, name) }

func (l *Lines) sizePage() { l.size(7.5*vg.Inch, 4.5*vg.Inch) }

type knot struct {
	x, y float64
	e    published.Evidence
}

// Draw implements Chart.
func (l *Lines) Draw(c draw.Canvas) error {
	colours := keys(l.Data, l.Colour)
	ours, theirs := make(map[string][]knot), make(map[string][]knot)
	var xs []float64
	for _, p := range l.Data {
		x, err := l.X(p)
		if err != nil {
			return fmt.Errorf("Lines: X: %w", err)
		}
		xs = append(xs, x)
		k := l.Colour(p)
		if p.HasOurs() {
			ours[k] = append(ours[k], knot{x: x, y: p.Ours})
		}
		if p.HasPublished() {
			theirs[k] = append(theirs[k], knot{x, p.Value, p.Evidence})
		}
	}
	ys := drawn(l.Data)
	if l.LogX && slices.Min(xs) <= 0 || l.LogY && len(ys) > 0 && slices.Min(ys) <= 0 {
		return fmt.Errorf("Lines: smallest x is %v and smallest y %v, must be above 0 on a logarithmic axis", slices.Min(xs), slices.Min(ys))
	}
	c = l.layout(c, l.legend())
	g := l.plot()
	axis(&g.X, xs, l.LogX, 0.03)
	axis(&g.Y, ys, l.LogY, 0.05)
	if l.YMin != 0 || l.YMax != 0 {
		if !(l.YMin < l.YMax) {
			return fmt.Errorf("Lines: YMin is %v, must be below YMax %v", l.YMin, l.YMax)
		}
		g.Y.Min, g.Y.Max = l.YMin, l.YMax
	}
	if marks := l.ticks(&g.X, xs); marks != nil {
		g.X.Tick.Marker = plot.ConstantTicks(marks)
	}
	g.Add(grid(false), grid(true), painter(func(c draw.Canvas, x, y func(float64) vg.Length) {
		for i, k := range colours {
			base := colourAt(i)
			points := place(&c, theirs[k], x, y)
			c.StrokeLines(stroke(tint(base, 0.25), 1, 4, 3), c.ClipLinesXY(points)...)
			mine := place(&c, ours[k], x, y)
			c.StrokeLines(stroke(base, 2), c.ClipLinesXY(mine)...)
			for j, at := range points {
				if c.Contains(at) {
					publishedMark(&c, shape(i), at, 5, base, theirs[k][j].e)
				}
			}
			for _, at := range mine {
				if c.Contains(at) {
					mark(&c, shape(i), at, 3.2, &base, base)
				}
			}
		}
	}))
	g.Draw(c)
	return nil
}

// ticks are those of XTicks or of the data, nil when the axis shall find its own.
func (l *Lines) ticks(a *plot.Axis, xs []float64) []plot.Tick {
	at := l.XTicks
	if at == nil {
		at = slices.Compact(slices.Sorted(slices.Values(xs)))
		if len(at) > 12 {
			return nil
		}
		for i := 1; i < len(at); i++ {
			if a.Norm(at[i])-a.Norm(at[i-1]) < 0.06 {
				return nil
			}
		}
	}
	ticks := make([]plot.Tick, len(at))
	for i, v := range at {
		ticks[i] = plot.Tick{Value: v, Label: published.FormatNumber(v)}
	}
	return ticks
}

// place sorts knots by x and gives their places on the canvas.
func place(c *draw.Canvas, knots []knot, x, y func(float64) vg.Length) []vg.Point {
	slices.SortStableFunc(knots, func(a, b knot) int {
		switch {
		case a.x < b.x:
			return -1
		case a.x > b.x:
			return 1
		}
		return 0
	})
	points := make([]vg.Point, len(knots))
	for i, k := range knots {
		points[i] = vg.Point{X: x(k.x), Y: y(k.y)}
	}
	return points
}

// axis fits an axis to data, with a share of room at both ends.
func axis(a *plot.Axis, data []float64, log bool, room float64) {
	if log {
		logarithmic(a, slices.Min(data), slices.Max(data))
		return
	}
	low, high := span(data, false)
	if low > 0 && low < 0.35*high {
		low = 0
	}
	d := room * (high - low)
	a.Min, a.Max = low-d, high+d
	if low == 0 {
		a.Min = math.Min(0, -d/2)
	}
}

func (l *Lines) legend() []entry {
	colours := keys(l.Data, l.Colour)
	ours := make(map[string]bool)
	for _, p := range l.Data {
		if p.HasOurs() {
			ours[l.Colour(p)] = true
		}
	}
	var entries []entry
	for i, k := range colours {
		if ours[k] {
			entries = append(entries, lineEntry(l.name(k), shape(i), colourAt(i)))
		}
	}
	entries = oursEntries(l.Data, entries)
	exact, hollow := grades(l.Data)
	if !exact && !hollow {
		return entries
	}
	entries = append(entries, entry{name: "Published, dashed:"})
	missing := false // curves that only the paper has must be named too
	for i, k := range colours {
		if !ours[k] {
			missing = true
			e := published.Digitised
			if exact && !hollow {
				e = published.Printed
			}
			entries = append(entries, markEntry(l.name(k), shape(i), colourAt(i), e))
		}
	}
	if exact && (hollow || !missing) {
		entries = append(entries, markEntry(exactName, disc, muted, published.Printed))
	}
	if hollow && (exact || !missing) {
		entries = append(entries, markEntry(hollowName, disc, muted, published.Digitised))
	}
	return entries
}
