package figure

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"github.com/sparse-attention/workbench/lib/published"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Bars is a chart of grouped bars. Each published value is a bar to the right of ours, or a marker on it.
type Bars struct {
	Page
	Data       []Pair
	Group      func(Pair) string // along x; default ByWorkload
	Colour     func(Pair) string // within a group; default BySeriesConfig
	YMin, YMax float64           // both 0: from zero to a little above the highest
	LogY       bool              // bars rise from YMin, or from half of the lowest value
	Markers    bool              // published values as markers on our bars
	Labels     bool              // our numbers above the bars
	Order      []string          // of the keys of Colour, so that several charts give a key the same colour; nil: as they appear
	// Half are half widths of intervals around our numbers, drawn as whiskers; a key without one has none.
	Half map[published.Key]float64
}

// NewBars makes a bar chart of the pairs, in their order. Published values become markers when there would be more than
// sixty bars. It refuses an empty list, infinite numbers and repeated names.
func NewBars(title string, pairs []Pair) (*Bars, error) {
	if err := check("Bars", pairs); err != nil {
		return nil, err
	}
	return &Bars{Page: Page{Title: title}, Data: pairs, Group: ByWorkload, Colour: BySeriesConfig, Markers: 2*len(pairs) > 60}, nil
}

// Pairs implements Chart.
func (b *Bars) Pairs() []Pair { return b.Data }

// Save writes the chart's files; see the function Save.
func (b *Bars) Save(dir, name string) error { return Save(b, dir, name) }

func (b *Bars) sizePage() { b.size(9*vg.Inch, 4.2*vg.Inch) }

// Draw implements Chart.
func (b *Bars) Draw(c draw.Canvas) error {
	groups, colours := keys(b.Data, b.Group), b.colours()
	cells := make(map[[2]string]Pair)
	for _, p := range b.Data {
		at := [2]string{b.Group(p), b.Colour(p)}
		if q, ok := cells[at]; ok {
			return fmt.Errorf("Bars: %s and %s share the group %q and the colour %q", q.Key(), p.Key(), at[0], at[1])
		}
		cells[at] = p
	}
	low, high := b.YMin, b.YMax
	if low == 0 && high == 0 {
		low, high = span(append(drawn(b.Data), b.ends()...), true)
		room := 0.05
		if b.Labels {
			room = 0.12
		}
		high += room * (high - low)
		if low < 0 {
			low -= room * (high - low)
		}
	}
	if b.LogY {
		lowest := slices.Min(drawn(b.Data))
		if b.YMin == 0 && b.YMax == 0 {
			low, high = lowest/2, slices.Max(drawn(b.Data))*1.3
		}
		if lowest <= 0 || low <= 0 {
			return fmt.Errorf("Bars: smallest value is %v and YMin %v, must be above 0 on a logarithmic axis", lowest, low)
		}
	}
	if !(low < high) {
		return fmt.Errorf("Bars: YMin is %v, must be below YMax %v", low, high)
	}
	c = b.layout(c, b.legend())
	g := b.plot()
	g.Y.Min, g.Y.Max = low, high
	if b.LogY {
		logarithmic(&g.Y, low, high)
		low = g.Y.Min
	}
	nominal(g, namesOf(&b.Page, groups), (c.Max.X-c.Min.X)*0.92)
	g.Add(grid(false), painter(func(c draw.Canvas, x, y func(float64) vg.Length) {
		zero := y(max(low, 0))
		for i, group := range groups {
			b.drawGroup(&c, i, group, colours, cells, x, func(v float64) vg.Length { return y(min(max(v, low), high)) }, zero)
		}
		if low < 0 {
			c.StrokeLine2(stroke(ink, 0.6), c.Min.X, zero, c.Max.X, zero)
		}
	}))
	g.Draw(c)
	return nil
}

// drawGroup draws the bars of one group between i - 0.42 and i + 0.42. A colour that has no published value anywhere takes
// one slot, others two, unless published values are markers.
func (b *Bars) drawGroup(c *draw.Canvas, i int, group string, colours []string, cells map[[2]string]Pair, x func(float64) vg.Length, y func(float64) vg.Length, zero vg.Length) {
	slots := 0
	for _, colour := range colours {
		slots += b.slots(colour)
	}
	width := 0.84 / float64(slots)
	upright := b.Labels && b.widestLabel() > (x(width)-x(0))*1.15
	slot := 0
	for _, colour := range colours {
		from := float64(i) - 0.42 + width*float64(slot)
		slot += b.slots(colour)
		p, ok := cells[[2]string{group, colour}]
		if !ok {
			continue
		}
		x0, x1 := x(from), x(from+width)
		gap := (x1 - x0) * 0.04
		if p.HasOurs() {
			rectangle(c, x0+gap, zero, x1-gap, y(p.Ours), solid(b.colourOf(colour)))
			end := p.Ours
			if half := b.Half[p.Key()]; half > 0 {
				whisker(c, (x0+x1)/2, y(p.Ours-half), y(p.Ours+half), min(4, (x1-x0)/4))
				end += math.Copysign(half, end)
			}
			if b.Labels {
				b.label(c, p.Ours, (x0+x1)/2, y(end), upright)
			}
		}
		if !p.HasPublished() {
			continue
		}
		if b.Markers {
			publishedMark(c, diamond, vg.Point{X: (x0 + x1) / 2, Y: y(p.Value)}, min(4, max(2, (x1-x0)*0.4)), ink, p.Evidence)
			continue
		}
		if p.HasOurs() {
			x0, x1 = x1, x(from+2*width)
		}
		rectangle(c, x0+gap, zero, x1-gap, y(p.Value), publishedBar(p.Evidence))
		if b.Labels {
			b.label(c, p.Value, (x0+x1)/2, y(p.Value), upright)
		}
	}
}

// order is all keys of Colour: those of Order, then the others as they appear.
func (b *Bars) order() []string {
	all := slices.Clone(b.Order)
	for _, k := range keys(b.Data, b.Colour) {
		if !slices.Contains(all, k) {
			all = append(all, k)
		}
	}
	return all
}

// colours are the keys that have bars.
func (b *Bars) colours() []string {
	present := keys(b.Data, b.Colour)
	return slices.DeleteFunc(b.order(), func(k string) bool { return !slices.Contains(present, k) })
}

func (b *Bars) colourOf(key string) color.NRGBA { return colourAt(slices.Index(b.order(), key)) }

// ends are those of the whiskers.
func (b *Bars) ends() (out []float64) {
	for _, p := range b.Data {
		if half := b.Half[p.Key()]; half > 0 {
			out = append(out, p.Ours-half, p.Ours+half)
		}
	}
	return out
}

// whisker is an interval: a line that ends in two shorter ones.
func whisker(c *draw.Canvas, x, low, high, wing vg.Length) {
	line := stroke(ink, 0.8)
	c.StrokeLine2(line, x, low, x, high)
	for _, y := range []vg.Length{low, high} {
		c.StrokeLine2(line, x-wing, y, x+wing, y)
	}
}

// notes are the intervals, for the CSV.
func (b *Bars) notes() (lines []string) {
	for _, p := range b.Data {
		if half := b.Half[p.Key()]; half > 0 {
			lines = append(lines, fmt.Sprintf("half width of the interval of %s: %s", p.Key(), published.FormatNumber(half)))
		}
	}
	return lines
}

// slots is how many bars wide a colour is: two where it has numbers of ours and published ones beside each other.
func (b *Bars) slots(colour string) int {
	if b.Markers {
		return 1
	}
	for _, p := range b.Data {
		if b.Colour(p) == colour && p.HasOurs() && p.HasPublished() {
			return 2
		}
	}
	return 1
}

// widestLabel is the width of the longest number, so that either all of them or none stand upright.
func (b *Bars) widestLabel() vg.Length {
	var widest vg.Length
	for _, v := range drawn(b.Data) {
		widest = max(widest, textStyle(smallSize, regular, ink).Width(shortNumber(v)))
	}
	return widest
}

// label writes a number above a bar, or below a negative one.
func (b *Bars) label(c *draw.Canvas, v float64, x, y vg.Length, upright bool) {
	s := aligned(textStyle(smallSize, regular, ink), centre, bottom)
	if upright {
		s = aligned(s, left, middle)
		s.Rotation = math.Pi / 2
	}
	distance := vg.Length(2)
	if v < 0 { // below the bar
		distance = -2
		s = aligned(s, centre, top)
		if upright {
			s = aligned(s, right, middle)
		}
	}
	c.FillText(s, vg.Point{X: x, Y: y + distance}, shortNumber(v))
}

func (b *Bars) legend() []entry {
	var entries []entry
	for _, colour := range b.colours() {
		for _, p := range b.Data {
			if b.Colour(p) == colour && p.HasOurs() {
				entries = append(entries, boxEntry(b.name(colour), solid(b.colourOf(colour))))
				break
			}
		}
	}
	return append(oursEntries(b.Data, entries), publishedEntries(b.Data, func(name string, e published.Evidence) entry {
		if b.Markers {
			return markEntry(name, diamond, ink, e)
		}
		return boxEntry(name, publishedBar(e))
	})...)
}

func namesOf(p *Page, keys []string) []string {
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = p.name(k)
	}
	return names
}

// shortNumber keeps three significant digits, and all of a whole number.
func shortNumber(v float64) string {
	switch a := math.Abs(v); {
	case a >= 99.95 || v == math.Trunc(v):
		return fmt.Sprintf("%.0f", v)
	case a >= 9.995:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}
