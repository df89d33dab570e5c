package figure

import (
	"fmt"
	"math"
	"strings"

	"github.com/sparse-attention/workbench/lib/published"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Stack is a chart of stacked bars, such as energy by component. Each stack may have the published one beside it, paler and
// outlined, and numbers on top, such as the energy saved.
type Stack struct {
	Page
	Data   []Pair            // one segment each, bottom to top in the order of appearance
	Group  func(Pair) string // along x; default ByWorkload
	Bar    func(Pair) string // within a group; default BySeries
	Colour func(Pair) string // within a bar; default ByMetric
	Top    []Pair            // written on the bar of their Group and Bar: ours, and the published value in parentheses
	YMax   float64           // 0: a little above the highest
}

// NewStack makes a stacked chart of the segments. It refuses an empty list, repeated names and negative or infinite numbers.
func NewStack(title string, segments []Pair) (*Stack, error) {
	if err := check("Stack", segments); err != nil {
		return nil, err
	}
	for i, p := range segments {
		if p.Ours < 0 || p.HasPublished() && p.Value < 0 {
			return nil, fmt.Errorf("figure: Stack: pair %d (%s) is negative, must be at least 0", i, p.Key())
		}
	}
	return &Stack{Page: Page{Title: title}, Data: segments, Group: ByWorkload, Bar: BySeries, Colour: ByMetric}, nil
}

// Pairs implements Chart: the segments, then the numbers on top.
func (s *Stack) Pairs() []Pair { return append(s.Data[:len(s.Data):len(s.Data)], s.Top...) }

// Save writes the chart's files; see the function Save.
func (s *Stack) Save(dir, name string) error { return Save(s, dir, name) }

func (s *Stack) sizePage() { s.size(9*vg.Inch, 5*vg.Inch) }

// column is one stack as drawn: ours, and the published one when the paper has it.
type column struct {
	group, bar string
	segments   []Pair
	from, to   float64 // along x
	split      float64 // where ours ends
}

func (c column) total(value func(Pair) (float64, bool)) float64 {
	sum := 0.0
	for _, p := range c.segments {
		if v, ok := value(p); ok {
			sum += v
		}
	}
	return sum
}

func oursOf(p Pair) (float64, bool)      { return p.Ours, p.HasOurs() }
func publishedOf(p Pair) (float64, bool) { return p.Value, p.HasPublished() }

// columns places the stacks, centred on 0, 1, ...: all of one width, so many that the fullest group takes 0.88.
func (s *Stack) columns(groups []string) ([]column, error) {
	width, gap := 1.0, 0.3
	for _, p := range s.Data {
		if p.HasPublished() {
			width = 1 + publishedWidth
			break
		}
	}
	var byGroup [][]column
	fullest := 0
	bars := groupPairs(s.Data, func(p Pair) string { return s.Group(p) + "\x00" + s.Bar(p) })
	for _, group := range groups {
		var members []column
		for _, segments := range bars {
			if s.Group(segments[0]) != group {
				continue
			}
			if d := keys(segments, s.Colour); len(d) < len(segments) {
				return nil, fmt.Errorf("Stack: the bar %q of %q has two segments of one colour, among %q", s.Bar(segments[0]), group, d)
			}
			members = append(members, column{group: group, bar: s.Bar(segments[0]), segments: segments})
		}
		byGroup = append(byGroup, members)
		fullest = max(fullest, len(members))
	}
	scale := 0.88 / (float64(fullest)*(width+gap) - gap)
	var all []column
	for i, members := range byGroup {
		at := float64(i) - scale*(float64(len(members))*(width+gap)-gap)/2
		for _, c := range members {
			c.from, c.to = at, at+scale*width
			c.split = c.to
			if ours, theirs := c.total(oursOf) > 0, c.total(publishedOf) > 0; ours && theirs {
				c.split = at + scale
			} else if width > 1 { // a lonely stack stands in the middle of its place
				c.from, c.to = at+scale*publishedWidth/2, at+scale*(1+publishedWidth/2)
				c.split = c.to
			}
			at += scale * (width + gap)
			all = append(all, c)
		}
	}
	return all, nil
}

const publishedWidth = 0.6 // of a published stack, where ours is 1

// Draw implements Chart.
func (s *Stack) Draw(c draw.Canvas) error {
	groups, colours := keys(s.Data, s.Group), keys(s.Data, s.Colour)
	columns, err := s.columns(groups)
	if err != nil {
		return err
	}
	c = s.layout(c, s.legend())
	g := s.plot()
	g.Y.Min, g.Y.Max = 0, s.YMax
	if s.YMax == 0 {
		for _, col := range columns {
			g.Y.Max = max(g.Y.Max, col.total(oursOf), col.total(publishedOf))
		}
		g.Y.Max *= 1.04
		if len(s.Top) > 0 {
			g.Y.Max *= 1.14 // room for the numbers on the highest bar
		}
	}
	// Bars are named upright under the axis; groups below them, when there is more than one bar to a group.
	strip := vg.Length(0)
	twoLevels := len(columns) > len(groups)
	groupWidth := (c.Max.X - c.Min.X) * 0.92 / vg.Length(len(groups))
	if twoLevels {
		strip = s.barNames(g, columns, groupWidth)
		c.Min.Y += strip
	} else {
		nominal(g, namesOf(&s.Page, groups), (c.Max.X-c.Min.X)*0.92)
	}
	place := make(map[string]int)
	for i, k := range colours {
		place[k] = i
	}
	g.Add(grid(false), painter(func(c draw.Canvas, x, y func(float64) vg.Length) {
		for _, col := range columns {
			s.drawColumn(&c, col, place, x, y)
		}
	}))
	g.Draw(c)
	if twoLevels {
		data := g.DataCanvas(c)
		x, _ := g.Transforms(&data)
		style := aligned(textStyle(tickSize, bold, ink), centre, bottom)
		bar := textStyle(tickSize-1, regular, ink)
		bar.Rotation = math.Pi / 2
		bar = aligned(bar, right, middle)
		for _, col := range columns {
			c.FillText(bar, vg.Point{X: x((col.from + col.to) / 2), Y: data.Min.Y - 4}, s.name(col.bar))
		}
		for i, n := range groups {
			label, _ := breakLabel(style, s.name(n), groupWidth)
			at := x(float64(i))
			c.FillText(style, vg.Point{X: at, Y: c.Min.Y - strip + s.xLabelHeight()}, label)
			c.StrokeLine2(stroke(pale, 1), x(float64(i)+0.5), data.Min.Y, x(float64(i)+0.5), c.Min.Y-strip+s.xLabelHeight())
		}
	}
	return nil
}

func (s *Stack) xLabelHeight() vg.Length {
	if s.XLabel == "" {
		return 0
	}
	return labelSize * 1.4
}

// barNames prepares an x axis whose names are drawn by Draw, and returns the height that they need.
func (s *Stack) barNames(g *plot.Plot, columns []column, groupWidth vg.Length) vg.Length {
	style := textStyle(tickSize-1, regular, ink)
	widest := vg.Length(0)
	groups, lines := 0, 1
	for i, col := range columns {
		widest = max(widest, style.Width(s.name(col.bar)))
		if i == 0 || col.group != columns[i-1].group {
			groups++
			label, _ := breakLabel(textStyle(tickSize, bold, ink), s.name(col.group), groupWidth)
			lines = max(lines, 1+strings.Count(label, "\n"))
		}
	}
	g.X.Min, g.X.Max = -0.5, float64(groups)-0.5
	g.X.Tick.Marker = noTicks{}
	g.X.Tick.Length = 0
	return widest + 8 + vg.Length(lines)*tickSize*1.25 + s.xLabelHeight()
}

// drawColumn draws one stack of ours, the published one at its right, and the numbers on top.
func (s *Stack) drawColumn(c *draw.Canvas, col column, place map[string]int, x, y func(float64) vg.Length) {
	x0, split, x1 := x(col.from), x(col.split), x(col.to)
	paint := func(value func(Pair) (float64, bool), from, to vg.Length, style func(Pair) *fillStyle) {
		base := 0.0
		for _, p := range col.segments {
			if v, ok := value(p); ok && v > 0 {
				rectangle(c, from, y(base), to, y(base+v), style(p))
				base += v
			}
		}
	}
	if col.total(oursOf) > 0 {
		paint(oursOf, x0, split, func(p Pair) *fillStyle { return solid(colourAt(place[s.Colour(p)])) })
	}
	if col.total(publishedOf) > 0 {
		from := split + 1
		if split == x1 { // only the paper has it
			from = x0
		}
		paint(publishedOf, from, x1, func(p Pair) *fillStyle { return publishedSegment(colourAt(place[s.Colour(p)]), p.Evidence) })
	}
	height := y(max(col.total(oursOf), col.total(publishedOf)))
	for _, t := range s.Top {
		if s.Group(t) == col.group && s.Bar(t) == col.bar {
			s.drawTop(c, t, (x0+x1)/2, height)
		}
	}
}

// drawTop writes "17.2x (17.18x)": ours, and in parentheses what the paper has.
func (s *Stack) drawTop(c *draw.Canvas, t Pair, x, y vg.Length) {
	style := textStyle(smallSize, bold, ink)
	style.Rotation = math.Pi / 2
	style = aligned(style, left, middle)
	unit := t.Unit
	if unit == "x" {
		unit = "×"
	}
	at := vg.Point{X: x, Y: y + 3}
	if t.HasOurs() {
		text := shortNumber(t.Ours) + unit
		c.FillText(style, at, text)
		straight := style
		straight.Rotation = 0
		at.Y += straight.Width(text) + 3
	}
	if t.HasPublished() {
		style.Font.Weight, style.Color = regular, muted
		c.FillText(style, at, "("+published.FormatNumber(t.Value)+")")
	}
}

func (s *Stack) legend() []entry {
	colours := keys(s.Data, s.Colour)
	var entries []entry
	for i, k := range colours {
		entries = append(entries, boxEntry(s.name(k), solid(colourAt(i))))
	}
	exact, hollow := grades(s.Data)
	sample := colourAt(0)
	var paperNames []entry
	if exact {
		paperNames = append(paperNames, boxEntry(exactName, publishedSegment(sample, published.Printed)))
	}
	if hollow {
		paperNames = append(paperNames, boxEntry(hollowName, publishedSegment(sample, published.Digitised)))
	}
	if len(paperNames) > 0 {
		entries = append(append(entries, entry{name: "Published, paler:"}), paperNames...)
	}
	if e, h := grades(s.Top); e || h {
		entries = append(entries, entry{name: "On top: ours (published)"})
	}
	return entries
}
