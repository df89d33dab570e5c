package figure

import (
	"image/color"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Sizes of the text: legible at 100 %, where a point is 1.33 pixels in a browser and 2 pixels in the PNG.
const (
	titleSize   vg.Length = 13
	labelSize   vg.Length = 11
	tickSize    vg.Length = 10
	captionSize vg.Length = 9
	smallSize   vg.Length = 8
)

const (
	regular = 0 // font weights as golang.org/x/image/font counts them
	bold    = 3
)

func textStyle(size vg.Length, weight int, c color.Color) draw.TextStyle {
	f := font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
	if weight == bold {
		f.Weight = bold
	}
	return draw.TextStyle{Color: c, Font: f, Handler: plot.DefaultTextHandler}
}

func aligned(s draw.TextStyle, x, y float64) draw.TextStyle {
	s.XAlign, s.YAlign = text.XAlignment(x), text.YAlignment(y)
	return s
}

// Alignments, as gonum/plot names them.
const (
	left, centre, right = float64(draw.XLeft), float64(draw.XCenter), float64(draw.XRight)
	bottom, middle, top = float64(draw.YBottom), float64(draw.YCenter), float64(draw.YTop)
)

// lineHeight is the distance of two base lines.
func lineHeight(s draw.TextStyle) vg.Length { return s.Font.Size * 1.25 }

// wrap breaks s at blanks so that no line is wider than width; a single word that is wider stays whole.
func wrap(s draw.TextStyle, str string, width vg.Length) []string {
	var lines []string
	for _, paragraph := range strings.Split(str, "\n") {
		line := ""
		for _, word := range strings.Fields(paragraph) {
			if longer := strings.TrimSpace(line + " " + word); line == "" || s.Width(longer) <= width {
				line = longer
				continue
			}
			lines = append(lines, line)
			line = word
		}
		lines = append(lines, line)
	}
	return lines
}

// breakLabel breaks a label at blanks, and after hyphens and slashes, into lines no wider than width. ok is false when
// a part does not fit or more than three lines are needed.
func breakLabel(s draw.TextStyle, label string, width vg.Length) (string, bool) {
	spaced := strings.NewReplacer("-", "-\x00 ", "/", "/\x00 ", "_", "_\x00 ").Replace(label)
	var lines []string
	line := ""
	join := func(a, b string) string {
		if a == "" || strings.HasSuffix(a, "\x00") {
			return strings.TrimSuffix(a, "\x00") + b
		}
		return a + " " + b
	}
	for _, word := range strings.Fields(spaced) {
		if longer := join(line, word); line == "" || s.Width(strings.TrimSuffix(longer, "\x00")) <= width {
			line = longer
			continue
		}
		lines = append(lines, line)
		line = word
	}
	lines = append(lines, line)
	ok := len(lines) <= 3
	for i, l := range lines {
		lines[i] = strings.TrimSuffix(l, "\x00")
		ok = ok && s.Width(lines[i]) <= width
	}
	return strings.Join(lines, "\n"), ok
}

// drawLines writes lines downwards from the top left corner and returns the height used.
func drawLines(c *draw.Canvas, s draw.TextStyle, x, y vg.Length, lines []string) vg.Length {
	s = aligned(s, left, top)
	for i, l := range lines {
		c.FillText(s, vg.Point{X: x, Y: y - vg.Length(i)*lineHeight(s)}, l)
	}
	return vg.Length(len(lines)) * lineHeight(s)
}
