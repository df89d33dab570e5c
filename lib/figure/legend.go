package figure

import (
	"image/color"

	"github.com/sparse-attention/workbench/lib/published"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// entry is one item of a legend: a sample and its name, or a heading when it has no sample.
type entry struct {
	name   string
	sample func(c *draw.Canvas, box vg.Rectangle)
}

const (
	sampleWidth vg.Length = 16
	sampleGap   vg.Length = 4
	entryGap    vg.Length = 12
)

// drawLegend sets the entries in rows from the top left corner of c and returns the height used.
func drawLegend(c *draw.Canvas, entries []entry) vg.Length {
	row := labelSize * 1.45
	x, y := c.Min.X, c.Max.Y-row
	for i, e := range entries {
		s := textStyle(tickSize, regular, ink)
		width := vg.Length(0)
		if e.sample == nil {
			s = textStyle(tickSize, bold, ink)
		} else {
			width = sampleWidth + sampleGap
		}
		width += s.Width(e.name)
		need := width
		if e.sample == nil && i+1 < len(entries) { // a heading stays with the entry that follows
			need += entryGap + sampleWidth + sampleGap + s.Width(entries[i+1].name)
		}
		if x > c.Min.X && x+need > c.Max.X {
			x, y = c.Min.X, y-row
		}
		at := x
		if e.sample != nil {
			box := vg.Rectangle{Min: vg.Point{X: x, Y: y + row*0.18}, Max: vg.Point{X: x + sampleWidth, Y: y + row*0.82}}
			e.sample(c, box)
			at += sampleWidth + sampleGap
		}
		c.FillText(aligned(s, left, middle), vg.Point{X: at, Y: y + row/2}, e.name)
		x += width + entryGap
	}
	return c.Max.Y - y
}

func boxEntry(name string, fill *fillStyle) entry {
	return entry{name, func(c *draw.Canvas, b vg.Rectangle) { rectangle(c, b.Min.X+2, b.Min.Y, b.Max.X-2, b.Max.Y, fill) }}
}

func boxCentre(b vg.Rectangle) vg.Point {
	return vg.Point{X: (b.Min.X + b.Max.X) / 2, Y: (b.Min.Y + b.Max.Y) / 2}
}

func markEntry(name string, s shape, base color.NRGBA, e published.Evidence) entry {
	return entry{name, func(c *draw.Canvas, b vg.Rectangle) { publishedMark(c, s, boxCentre(b), 4, base, e) }}
}

func lineEntry(name string, s shape, base color.NRGBA) entry {
	return entry{name, func(c *draw.Canvas, b vg.Rectangle) {
		m := boxCentre(b)
		c.StrokeLine2(stroke(base, 2), b.Min.X-1, m.Y, b.Max.X+1, m.Y)
		mark(c, s, m, 3.5, &base, base)
	}}
}

// grades lists one evidence for each way in which the published values of pairs are drawn: exact first.
func grades(pairs []Pair) (exact, hollow bool) {
	for _, p := range pairs {
		if p.HasPublished() {
			exact = exact || p.Evidence.Exact()
			hollow = hollow || !p.Evidence.Exact()
		}
	}
	return exact, hollow
}

const (
	exactName  = "as printed"
	hollowName = "read from a chart or derived"
)

// publishedEntries says how published values look, under the heading "Published".
func publishedEntries(pairs []Pair, sample func(name string, e published.Evidence) entry) []entry {
	exact, hollow := grades(pairs)
	if !exact && !hollow {
		return nil
	}
	entries := []entry{{name: "Published:"}}
	if exact {
		entries = append(entries, sample(exactName, published.Printed))
	}
	if hollow {
		entries = append(entries, sample(hollowName, published.Digitised))
	}
	return entries
}

// oursEntries heads the colours with "Ours" when published values are shown too.
func oursEntries(pairs []Pair, colours []entry) []entry {
	exact, hollow := grades(pairs)
	if !exact && !hollow || len(colours) == 0 {
		return colours
	}
	return append([]entry{{name: "Ours:"}}, colours...)
}
