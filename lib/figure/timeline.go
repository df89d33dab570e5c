package figure

import (
	"fmt"

	"github.com/sparse-attention/workbench/lib/published"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Timeline is a chart of what happens when: lanes from top to bottom, and boxes along the slots of time. A published number is a
// marker on the lane whose name is its pair's series, at the slot it says.
type Timeline struct {
	Page
	Lanes []Lane
	Data  []Pair // numbers of slots; those with a published value are drawn as markers
}

// Lane is one row of a timeline.
type Lane struct {
	Name  string
	Boxes []Box
}

// Box is something that occupies a lane; time counts in slots, the first of which begins at 1.
type Box struct {
	Start, End float64
	Kind       string // its colour
	Text       string // inside
}

// NewTimeline makes a timeline of the lanes. It refuses an empty list, boxes that end before they start, and bad pairs.
func NewTimeline(title string, pairs []Pair, lanes ...Lane) (*Timeline, error) {
	if err := check("Timeline", pairs); err != nil {
		return nil, err
	}
	boxes := 0
	for _, l := range lanes {
		for i, b := range l.Boxes {
			if !(b.Start >= 1 && b.End > b.Start) {
				return nil, fmt.Errorf("figure: Timeline: box %d of lane %q is %v to %v, must start at 1 or later and end behind its start", i, l.Name, b.Start, b.End)
			}
			boxes++
		}
	}
	if boxes == 0 {
		return nil, fmt.Errorf("figure: Timeline: there are no boxes, must be at least one")
	}
	return &Timeline{Page: Page{Title: title, XLabel: "slot"}, Lanes: lanes, Data: pairs}, nil
}

// Pairs implements Chart.
func (t *Timeline) Pairs() []Pair { return t.Data }

// Save writes the chart's files; see the function Save.
func (t *Timeline) Save(dir, name string) error { return Save(t, dir, name) }

func (t *Timeline) sizePage() { t.size(9*vg.Inch, vg.Length(110+26*len(t.Lanes))) }

// kinds lists the kinds of boxes in order of appearance.
func (t *Timeline) kinds() []string {
	var names []string
	seen := map[string]bool{}
	for _, l := range t.Lanes {
		for _, b := range l.Boxes {
			if !seen[b.Kind] {
				seen[b.Kind] = true
				names = append(names, b.Kind)
			}
		}
	}
	return names
}

func (t *Timeline) legend() []entry {
	var entries []entry
	for i, k := range t.kinds() {
		entries = append(entries, boxEntry(t.name(k), solid(colourAt(i))))
	}
	return append(entries, publishedEntries(t.Data, func(name string, e published.Evidence) entry { return markEntry(name, diamond, ink, e) })...)
}

// Draw implements Chart.
func (t *Timeline) Draw(c draw.Canvas) error {
	end := 1.0
	for _, l := range t.Lanes {
		for _, b := range l.Boxes {
			end = max(end, b.End)
		}
	}
	colours := map[string]int{}
	for i, k := range t.kinds() {
		colours[k] = i
	}
	c = t.layout(c, t.legend())
	g := t.plot()
	g.X.Min, g.X.Max = 1, end
	g.Y.Min, g.Y.Max = -0.5, float64(len(t.Lanes))-0.5
	quietTicks(&g.Y, 2)
	quietTicks(&g.X, 2)
	var lanes, slots []plot.Tick
	for i, l := range t.Lanes {
		lanes = append(lanes, plot.Tick{Value: float64(len(t.Lanes) - 1 - i), Label: l.Name})
	}
	for s := 1; float64(s) < end; s++ {
		slots = append(slots, plot.Tick{Value: float64(s) + 0.5, Label: fmt.Sprintf("T%d", s)})
	}
	g.Y.Tick.Marker, g.X.Tick.Marker = plot.ConstantTicks(lanes), plot.ConstantTicks(slots)
	g.Add(painter(func(c draw.Canvas, x, y func(float64) vg.Length) {
		for s := 1; float64(s) <= end; s++ {
			c.StrokeLine2(stroke(pale, 0.6), x(float64(s)), c.Min.Y, x(float64(s)), c.Max.Y)
		}
		for i, l := range t.Lanes {
			at := float64(len(t.Lanes) - 1 - i)
			for _, b := range l.Boxes {
				drawBox(&c, x(b.Start)+0.5, x(b.End)-0.5, y(at-0.4), y(at+0.4), b.Text, solid(colourAt(colours[b.Kind])))
			}
			for _, p := range t.Data {
				if p.Series == l.Name && p.HasPublished() {
					publishedMark(&c, diamond, vg.Point{X: x(p.Value + 0.5), Y: y(at + 0.4)}, 4, ink, p.Evidence)
				}
			}
		}
	}))
	g.Draw(c)
	return nil
}

// drawBox fills a box and writes its text where that fits.
func drawBox(c *draw.Canvas, x0, x1, y0, y1 vg.Length, text string, fill *fillStyle) {
	rectangle(c, x0, y0, x1, y1, fill)
	s := textStyle(smallSize, regular, ink)
	if dark(*fill.fill) {
		s.Color = paper
	}
	if s.Width(text)+2 <= x1-x0 {
		c.FillText(aligned(s, centre, middle), vg.Point{X: (x0 + x1) / 2, Y: (y0 + y1) / 2}, text)
	}
}
