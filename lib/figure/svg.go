package figure

import (
	"bytes"
	"errors"
	"fmt"
	"html"

	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// SVG draws the chart as a scalable picture with its provenance as <metadata>. Text stays text; Arial has the widths of the
// font that it was measured with and stands in where that is missing.
func SVG(chart Chart) ([]byte, error) {
	var canvas *vgsvg.Canvas
	err := render(chart, func(p *Page) draw.Canvas {
		canvas = vgsvg.New(p.Width, p.Height)
		return draw.New(canvas)
	})
	if err != nil {
		return nil, err
	}
	var raw bytes.Buffer
	if _, err := canvas.WriteTo(&raw); err != nil {
		return nil, err
	}
	text := bytes.ReplaceAll(raw.Bytes(), []byte("font-family:Liberation Sans;"), []byte("font-family:'Liberation Sans',Arial,Helvetica,sans-serif;"))
	text = bytes.ReplaceAll(text, []byte("font-variant:normal;font-weight:normal;font-style:normal"), nil)
	text = bytes.ReplaceAll(text, []byte(";;"), []byte(";"))
	start := bytes.Index(text, []byte("<svg "))
	if start < 0 {
		return nil, errors.New("the canvas wrote no <svg> element")
	}
	end := bytes.IndexByte(text[start:], '>')
	if end < 0 {
		return nil, errors.New("the canvas wrote no complete <svg> element")
	}
	end += start
	p := chart.page()
	var out bytes.Buffer
	out.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
	out.Write(text[start:end])
	out.WriteString(` role="img" style="max-width:100%;height:auto">` + "\n")
	fmt.Fprintf(&out, "<title>%s</title>\n", html.EscapeString(p.Title))
	out.WriteString("<metadata>\n")
	for _, f := range p.Provenance.fields() {
		fmt.Fprintf(&out, "<workbench:%s xmlns:workbench=\"https://%s\">%s</workbench:%s>\n", f[0], module, html.EscapeString(f[1]), f[0])
	}
	out.WriteString("</metadata>")
	out.Write(text[end+1:])
	return out.Bytes(), nil
}
