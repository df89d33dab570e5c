package figure

import (
	"image/color"

	"github.com/sparse-attention/workbench/lib/published"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// fillStyle is how a box is painted: with a colour or hollow, with an outline or without.
type fillStyle struct {
	fill *color.NRGBA
	line draw.LineStyle
}

func solid(c color.NRGBA) *fillStyle { return &fillStyle{fill: &c} }

// publishedBar is solid when the digits were read, else hollow.
func publishedBar(e published.Evidence) *fillStyle {
	if e.Exact() {
		return &fillStyle{fill: &muted, line: stroke(ink, 0.8)}
	}
	white := paper
	return &fillStyle{fill: &white, line: stroke(muted, 1)}
}

// publishedSegment is a part of a published stack: the component's colour made pale, its outline dashed unless the digits
// were read.
func publishedSegment(c color.NRGBA, e published.Evidence) *fillStyle {
	pale := tint(c, 0.6)
	s := &fillStyle{fill: &pale, line: stroke(shade(c, 0.3), 0.9)}
	if !e.Exact() {
		s.line.Dashes = []vg.Length{2, 1.5}
	}
	return s
}

// shape is the outline of a marker.
type shape int

const (
	disc shape = iota
	square
	triangle
	diamond
	shapes
)

// mark draws a marker of radius r; fill nil leaves it hollow, which is white, so that lines do not shine through.
func mark(c *draw.Canvas, s shape, at vg.Point, r vg.Length, fill *color.NRGBA, line color.Color) {
	var path vg.Path
	move := func(dx, dy vg.Length) { path.Move(vg.Point{X: at.X + dx, Y: at.Y + dy}) }
	to := func(dx, dy vg.Length) { path.Line(vg.Point{X: at.X + dx, Y: at.Y + dy}) }
	switch s % shapes {
	case disc:
		move(r, 0)
		path.Arc(at, r, 0, 2*3.141592653589793)
	case square:
		q := r * 0.9
		move(-q, -q)
		to(q, -q)
		to(q, q)
		to(-q, q)
	case triangle:
		move(-r, -r*0.8)
		to(r, -r*0.8)
		to(0, r)
	case diamond:
		q := r * 1.15
		move(-q, 0)
		to(0, -q)
		to(q, 0)
		to(0, q)
	}
	path.Close()
	if fill == nil {
		fill = &paper
	}
	c.SetColor(*fill)
	c.Fill(path)
	c.SetLineStyle(stroke(line, 1))
	c.Stroke(path)
}

// publishedMark is the marker of a published value: solid when its digits were read, else hollow.
func publishedMark(c *draw.Canvas, s shape, at vg.Point, r vg.Length, base color.NRGBA, e published.Evidence) {
	if e.Exact() {
		mark(c, s, at, r, &base, ink)
		return
	}
	mark(c, s, at, r, nil, shade(base, 0.3))
}
