package figure

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image/png"

	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// DPI is the resolution of saved PNG files: two pixels a point.
const DPI = 144

// PNG draws the chart as pixels, with its provenance as tEXt chunks. dpi must be in 36..600.
func PNG(chart Chart, dpi int) ([]byte, error) {
	if dpi < 36 || dpi > 600 {
		return nil, fmt.Errorf("resolution is %d dpi, must be in 36..600", dpi)
	}
	var canvas *vgimg.Canvas
	err := render(chart, func(p *Page) draw.Canvas {
		canvas = vgimg.NewWith(vgimg.UseWH(p.Width, p.Height), vgimg.UseDPI(dpi))
		return draw.New(canvas)
	})
	if err != nil {
		return nil, err
	}
	var raw bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&raw, canvas.Image()); err != nil {
		return nil, err
	}
	return insertText(raw.Bytes(), chart.page().Provenance)
}

// insertText puts tEXt chunks behind the header chunk: length, type, keyword 0 text, checksum (PNG specification, 11.3.4.3).
func insertText(image []byte, p Provenance) ([]byte, error) {
	const header = 8 + 4 + 4 + 13 + 4 // signature and IHDR
	if len(image) < header || string(image[12:16]) != "IHDR" {
		return nil, errors.New("the encoder wrote no PNG header")
	}
	var out bytes.Buffer
	out.Write(image[:header])
	for _, f := range p.fields() {
		chunk := append([]byte("tEXt"+f[0]), 0)
		chunk = append(chunk, f[1]...)
		binary.Write(&out, binary.BigEndian, uint32(len(chunk)-4))
		out.Write(chunk)
		binary.Write(&out, binary.BigEndian, crc32.ChecksumIEEE(chunk))
	}
	out.Write(image[header:])
	return out.Bytes(), nil
}
