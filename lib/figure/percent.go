package figure

import (
	"fmt"

	"github.com/sparse-attention/workbench/lib/published"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Percent is a chart of horizontal bars that each show how 100 % are made up. A published one lies below ours, thinner,
// paler and outlined.
type Percent struct {
	Page
	Data   []Pair            // shares in %, left to right in the order of appearance
	Row    func(Pair) string // top to bottom; default ByWorkload
	Colour func(Pair) string // default ByMetric
}

// NewPercent makes a chart of shares; function Shares turns amounts into them. It refuses an empty list, repeated names and
// negative shares; Draw refuses a row whose shares of ours do not sum to 100 within one.
func NewPercent(title string, shares []Pair) (*Percent, error) {
	if err := check("Percent", shares); err != nil {
		return nil, err
	}
	p := &Percent{Page: Page{Title: title, XLabel: "share (%)"}, Data: shares, Row: ByWorkload, Colour: ByMetric}
	for i, s := range shares {
		if s.Ours < 0 || s.HasPublished() && s.Value < 0 {
			return nil, fmt.Errorf("figure: Percent: pair %d (%s) is negative, must be at least 0", i, s.Key())
		}
	}
	return p, nil
}

// Pairs implements Chart.
func (p *Percent) Pairs() []Pair { return p.Data }

// Save writes the chart's files; see the function Save.
func (p *Percent) Save(dir, name string) error { return Save(p, dir, name) }

func (p *Percent) sizePage() {
	rows := len(keys(p.Data, p.Row))
	p.size(9*vg.Inch, vg.Length(90+40*rows))
}

// Draw implements Chart.
func (p *Percent) Draw(c draw.Canvas) error {
	rows, colours := keys(p.Data, p.Row), keys(p.Data, p.Colour)
	for _, r := range groupPairs(p.Data, p.Row) {
		ours, any := 0.0, false
		for _, s := range r {
			if s.HasOurs() {
				ours, any = ours+s.Ours, true
			}
		}
		if any && (ours < 99 || ours > 101) {
			return fmt.Errorf("Percent: the shares of %q sum to %v, must be 100 within 1", p.Row(r[0]), ours)
		}
	}
	c = p.layout(c, p.legend())
	g := p.plot()
	g.X.Min, g.X.Max = 0, 100
	g.Y.Min, g.Y.Max = -0.5, float64(len(rows))-0.5
	quietTicks(&g.Y, 2)
	var ticks []plot.Tick
	for i, r := range rows {
		ticks = append(ticks, plot.Tick{Value: float64(len(rows) - 1 - i), Label: p.name(r)})
	}
	g.Y.Tick.Marker = plot.ConstantTicks(ticks)
	g.Add(grid(true), painter(func(c draw.Canvas, x, y func(float64) vg.Length) {
		for i, row := range rows {
			at := float64(len(rows) - 1 - i)
			p.drawRow(&c, row, colours, x, y(at+0.4), y(at-0.4))
		}
	}))
	g.Draw(c)
	return nil
}

// drawRow draws the bar of ours between the heights top and bottom, or three fifths of that when there is a published one.
func (p *Percent) drawRow(c *draw.Canvas, row string, colours []string, x func(float64) vg.Length, top, bottom vg.Length) {
	both := [2]bool{}
	for _, s := range p.Data {
		if p.Row(s) == row {
			both[0] = both[0] || s.HasOurs()
			both[1] = both[1] || s.HasPublished()
		}
	}
	split := bottom
	if both[1] {
		split = bottom + (top-bottom)*0.45
	}
	if !both[0] {
		split = top
	}
	base, theirs := 0.0, 0.0
	for k, colour := range colours {
		for _, s := range p.Data {
			if p.Row(s) != row || p.Colour(s) != colour {
				continue
			}
			if s.HasOurs() {
				p.segment(c, x(base), x(base+s.Ours), split, top, shortNumber(s.Ours), solid(colourAt(k)))
				base += s.Ours
			}
			if s.HasPublished() {
				p.segment(c, x(theirs), x(theirs+s.Value), bottom, split-1, published.FormatNumber(s.Value), publishedSegment(colourAt(k), s.Evidence))
				theirs += s.Value
			}
		}
	}
}

// segment draws one share, with its number inside when that fits.
func (p *Percent) segment(c *draw.Canvas, x0, x1, y0, y1 vg.Length, text string, fill *fillStyle) {
	if x1 <= x0 {
		return
	}
	rectangle(c, x0, y0, x1, y1, fill)
	s := textStyle(smallSize, regular, ink)
	if dark(*fill.fill) {
		s.Color = paper
	}
	if s.Width(text)+4 <= x1-x0 && y1-y0 >= smallSize+1 {
		c.FillText(aligned(s, centre, middle), vg.Point{X: (x0 + x1) / 2, Y: (y0 + y1) / 2}, text)
	}
}

func (p *Percent) legend() []entry {
	colours := keys(p.Data, p.Colour)
	var entries []entry
	for i, k := range colours {
		entries = append(entries, boxEntry(p.name(k), solid(colourAt(i))))
	}
	exact, hollow := grades(p.Data)
	if exact || hollow {
		entries = append(entries, entry{name: "Published, below and paler:"})
	}
	if exact {
		entries = append(entries, boxEntry(exactName, publishedSegment(colourAt(0), published.Printed)))
	}
	if hollow {
		entries = append(entries, boxEntry(hollowName, publishedSegment(colourAt(0), published.Digitised)))
	}
	return entries
}
