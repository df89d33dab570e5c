package figure

import (
	"fmt"
	"math"
	"slices"

	"github.com/sparse-attention/workbench/lib/published"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Scatter sets ours against the published values: what agrees lies on the diagonal, what passes lies in the band.
type Scatter struct {
	Page
	Data      []Pair
	Colour    func(Pair) string // default BySeries
	Tolerance float64           // half width of the band, relative: 0.1 is 10 %; 0 draws none
	Log       bool              // default: when the values span more than a factor of 30
}

// NewScatter makes a scatter chart of the pairs that have both numbers. It refuses a list without such pairs, infinite
// numbers and repeated names.
func NewScatter(title string, pairs []Pair) (*Scatter, error) {
	both := slices.DeleteFunc(slices.Clone(pairs), func(p Pair) bool { return !p.HasOurs() || !p.HasPublished() })
	if err := check("Scatter", both); err != nil {
		return nil, err
	}
	v := drawn(both)
	low, high := slices.Min(v), slices.Max(v)
	return &Scatter{Page: Page{Title: title, XLabel: "published", YLabel: "ours"}, Data: both, Colour: BySeries, Tolerance: 0.1,
		Log: low > 0 && high > 30*low}, nil
}

// Pairs implements Chart.
func (s *Scatter) Pairs() []Pair { return s.Data }

// Save writes the chart's files; see the function Save.
func (s *Scatter) Save(dir, name string) error { return Save(s, dir, name) }

func (s *Scatter) sizePage() { s.size(5.5*vg.Inch, 5.8*vg.Inch) }

// Draw implements Chart.
func (s *Scatter) Draw(c draw.Canvas) error {
	v := drawn(s.Data)
	if s.Log && slices.Min(v) <= 0 {
		return fmt.Errorf("Scatter: smallest value is %v, must be above 0 on logarithmic axes", slices.Min(v))
	}
	if s.Tolerance < 0 || s.Tolerance >= 1 {
		return fmt.Errorf("Scatter: Tolerance is %v, must be in [0,1)", s.Tolerance)
	}
	colours := keys(s.Data, s.Colour)
	c = s.layout(c, s.legend())
	g := s.plot()
	axis(&g.X, v, s.Log, 0.05)
	axis(&g.Y, v, s.Log, 0.05)
	at := make(map[string]int)
	for i, k := range colours {
		at[k] = i
	}
	g.Add(grid(false), grid(true), painter(func(c draw.Canvas, x, y func(float64) vg.Length) {
		low, high := g.X.Min, g.X.Max
		edge := func(f float64) []vg.Point {
			var points []vg.Point
			const steps = 100 // a band is straight on linear axes and parallel on logarithmic ones; both come out of it
			for k := range steps + 1 {
				at := low + (high-low)*float64(k)/steps
				if s.Log {
					at = low * math.Pow(high/low, float64(k)/steps)
				}
				across := at * f
				if s.Log || across >= 0 {
					points = append(points, vg.Point{X: x(at), Y: y(max(across, low))})
				}
			}
			return points
		}
		if s.Tolerance > 0 {
			band := edge(1 + s.Tolerance)
			lower := edge(1 - s.Tolerance)
			slices.Reverse(lower)
			c.FillPolygon(tint(palette[2], 0.82), c.ClipPolygonXY(append(band, lower...)))
		}
		c.StrokeLines(stroke(muted, 1, 4, 3), edge(1))
		for _, p := range s.Data {
			i := at[s.Colour(p)]
			publishedMark(&c, shape(i), vg.Point{X: x(p.Value), Y: y(p.Ours)}, 4, colourAt(i), p.Evidence)
		}
	}))
	g.Draw(c)
	return nil
}

func (s *Scatter) legend() []entry {
	colours := keys(s.Data, s.Colour)
	var entries []entry
	if len(colours) > 1 {
		for i, k := range colours {
			entries = append(entries, markEntry(s.name(k), shape(i), colourAt(i), published.Printed))
		}
	}
	entries = append(entries, publishedEntries(s.Data, func(name string, e published.Evidence) entry {
		return markEntry(name, disc, muted, e)
	})...)
	entries = append(entries, entry{"equal", func(c *draw.Canvas, b vg.Rectangle) {
		c.StrokeLine2(stroke(muted, 1, 4, 3), b.Min.X, boxCentre(b).Y, b.Max.X, boxCentre(b).Y)
	}})
	if s.Tolerance > 0 {
		entries = append(entries, boxEntry(fmt.Sprintf("within %s %%", published.FormatNumber(100*s.Tolerance)), solid(tint(palette[2], 0.82))))
	}
	return entries
}
