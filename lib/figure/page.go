package figure

import (
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Chart is anything that Save can write. A type gets the unexported method by embedding Page.
type Chart interface {
	Draw(c draw.Canvas) error // the whole figure, title to caption
	Pairs() []Pair            // every number that it shows
	page() *Page
}

// Page is what all charts have around their data. The legend stands between title and chart, where it covers nothing.
type Page struct {
	Title          string
	Caption        string            // below the chart
	XLabel, YLabel string            // with the unit
	Names          map[string]string // what a key is called on the page, where not by itself: "reram_read_share": "ReRAM read"
	Width, Height  vg.Length         // 0: what suits the kind of chart
	Provenance     Provenance

	quiet bool // the legend is drawn once for several panels
}

func (p *Page) page() *Page { return p }

// name is what key is called on the page: its entry in Names, or itself with blanks for underscores.
func (p *Page) name(key string) string {
	if n, ok := p.Names[key]; ok {
		return n
	}
	return strings.ReplaceAll(key, "_", " ")
}

const margin vg.Length = 8

// layout draws title, legend and caption, and returns what is left between them.
func (p *Page) layout(c draw.Canvas, legend []entry) draw.Canvas {
	c.SetColor(paper)
	c.Fill(c.Rectangle.Path())
	c = draw.Crop(c, margin, -margin, margin, -margin)
	width := c.Max.X - c.Min.X
	if p.Title != "" {
		s := textStyle(titleSize, bold, ink)
		c.Max.Y -= drawLines(&c, s, c.Min.X, c.Max.Y, wrap(s, p.Title, width)) + 2
	}
	if len(legend) > 0 && !p.quiet {
		c.Max.Y -= drawLegend(&c, legend) + 4
	}
	if p.Caption != "" {
		s := textStyle(captionSize, regular, muted)
		lines := wrap(s, p.Caption, width)
		height := vg.Length(len(lines)) * lineHeight(s)
		drawLines(&c, s, c.Min.X, c.Min.Y+height, lines)
		c.Min.Y += height + 4
	}
	return c
}

// size is the page's size, or the default of the kind of chart.
func (p *Page) size(width, height vg.Length) {
	if p.Width == 0 {
		p.Width = width
	}
	if p.Height == 0 {
		p.Height = height
	}
}

// plot makes gonum's axes in the workbench's style.
func (p *Page) plot() *plot.Plot {
	g := plot.New()
	g.BackgroundColor = paper
	for _, a := range []*plot.Axis{&g.X, &g.Y} {
		a.Padding = 0
		a.Color, a.Tick.Color = ink, ink
		a.Label.Padding = 4
		a.Tick.Marker = niceTicks{}
	}
	set := func(to *draw.TextStyle, size vg.Length) {
		to.Color, to.Font, to.Handler = ink, textStyle(size, regular, ink).Font, plot.DefaultTextHandler
	}
	set(&g.X.Label.TextStyle, labelSize)
	set(&g.Y.Label.TextStyle, labelSize)
	set(&g.X.Tick.Label, tickSize)
	set(&g.Y.Tick.Label, tickSize)
	g.X.Label.Text, g.Y.Label.Text = p.XLabel, p.YLabel
	return g
}

// painter is a plotter that draws with the axes' transforms.
type painter func(c draw.Canvas, x, y func(float64) vg.Length)

// Plot implements gonum's Plotter.
func (f painter) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	f(c, x, y)
}

// grid draws pale lines at the major ticks of y, or of x.
func grid(vertical bool) plot.Plotter { return gridLines{vertical} }

type gridLines struct{ vertical bool }

func (g gridLines) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	axis := &p.Y
	if g.vertical {
		axis = &p.X
	}
	for _, t := range axis.Tick.Marker.Ticks(axis.Min, axis.Max) {
		if t.Label == "" || t.Value < axis.Min || t.Value > axis.Max {
			continue
		}
		if g.vertical {
			c.StrokeLine2(stroke(pale, 0.6), x(t.Value), c.Min.Y, x(t.Value), c.Max.Y)
		} else {
			c.StrokeLine2(stroke(pale, 0.6), c.Min.X, y(t.Value), c.Max.X, y(t.Value))
		}
	}
}

// rectangle fills and outlines a box, given by two corners.
func rectangle(c *draw.Canvas, x0, y0, x1, y1 vg.Length, fill *fillStyle) {
	r := vg.Rectangle{Min: vg.Point{X: min(x0, x1), Y: min(y0, y1)}, Max: vg.Point{X: max(x0, x1), Y: max(y0, y1)}}
	if fill.fill != nil {
		c.SetColor(*fill.fill)
		c.Fill(r.Path())
	}
	if fill.line.Width > 0 {
		// The line lies inside the box, so that neighbours do not overlap.
		d := fill.line.Width / 2
		if r.Max.X-r.Min.X > 2*d && r.Max.Y-r.Min.Y > 2*d {
			r.Min.X, r.Min.Y, r.Max.X, r.Max.Y = r.Min.X+d, r.Min.Y+d, r.Max.X-d, r.Max.Y-d
		}
		c.SetLineStyle(fill.line)
		c.Stroke(r.Path())
	}
}

// span is the range of v, with zero included when it starts at zero or has to.
func span(v []float64, fromZero bool) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, x := range v {
		low, high = min(low, x), max(high, x)
	}
	if fromZero {
		low, high = min(low, 0), max(high, 0)
	}
	if low == high {
		high = low + 1
	}
	return low, high
}
