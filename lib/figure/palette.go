package figure

import (
	"image/color"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// The eight colours of Okabe and Ito, in an order whose first members differ most in lightness too; black is kept for
// published values and text.
var palette = []color.NRGBA{
	{0x00, 0x72, 0xB2, 0xFF}, // blue
	{0xE6, 0x9F, 0x00, 0xFF}, // orange
	{0x00, 0x9E, 0x73, 0xFF}, // bluish green
	{0xCC, 0x79, 0xA7, 0xFF}, // reddish purple
	{0x56, 0xB4, 0xE9, 0xFF}, // sky blue
	{0xD5, 0x5E, 0x00, 0xFF}, // vermilion
	{0xF0, 0xE4, 0x42, 0xFF}, // yellow
	{0x99, 0x99, 0x99, 0xFF}, // grey
}

var (
	ink   = color.NRGBA{0x1A, 0x1A, 0x1A, 0xFF} // text, axes
	pale  = color.NRGBA{0xDD, 0xDD, 0xDD, 0xFF} // grid
	muted = color.NRGBA{0x55, 0x55, 0x55, 0xFF} // captions, published bars
	paper = color.NRGBA{0xFF, 0xFF, 0xFF, 0xFF}
)

// colourAt is the i-th colour; beyond the palette the colours come again, mixed with half of white.
func colourAt(i int) color.NRGBA {
	c := palette[i%len(palette)]
	if i >= len(palette) {
		c = tint(c, 0.5)
	}
	return c
}

// tint mixes a share of white into c.
func tint(c color.NRGBA, white float64) color.NRGBA {
	mix := func(v uint8) uint8 { return uint8(float64(v) + (255-float64(v))*white + 0.5) }
	return color.NRGBA{mix(c.R), mix(c.G), mix(c.B), c.A}
}

// shade mixes a share of black into c.
func shade(c color.NRGBA, black float64) color.NRGBA {
	mix := func(v uint8) uint8 { return uint8(float64(v)*(1-black) + 0.5) }
	return color.NRGBA{mix(c.R), mix(c.G), mix(c.B), c.A}
}

// sequential maps 0..1 to a ramp from white to dark blue whose lightness falls evenly.
func sequential(share float64) color.NRGBA {
	share = min(max(share, 0), 1)
	if share < 0.5 {
		return tint(palette[0], 1-2*share)
	}
	return shade(palette[0], 1.4*(share-0.5))
}

// dark reports whether white text reads better on c than black text does.
func dark(c color.NRGBA) bool {
	return 0.299*float64(c.R)+0.587*float64(c.G)+0.114*float64(c.B) < 140
}

func stroke(c color.Color, width vg.Length, dashes ...vg.Length) draw.LineStyle {
	return draw.LineStyle{Color: c, Width: width, Dashes: dashes}
}
