package figure

import (
	"fmt"
	"image/color"
	"math"

	"github.com/sparse-attention/workbench/lib/published"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Heat shows a matrix, such as attention probabilities, as cells from white (lowest) to dark blue (highest).
type Heat struct {
	Page
	Values            [][]float64 // rows downwards; NaN cells are grey
	RowNames, Columns []string    // may be nil
	Low, High         float64     // both 0: the range of the data
	ScaleLabel        string      // what the colours mean, with the unit
	Name              published.Row
}

// NewHeat makes a heat map. Name says what the cells are called in the CSV; their config is "row 1 column 2". It refuses a
// matrix without cells, ragged rows and infinite values.
func NewHeat(title string, values [][]float64, name published.Row) (*Heat, error) {
	if len(values) == 0 || len(values[0]) == 0 {
		return nil, fmt.Errorf("figure: Heat: the matrix has no cells, must have at least one row and one column")
	}
	for i, row := range values {
		if len(row) != len(values[0]) {
			return nil, fmt.Errorf("figure: Heat: row %d has %d cells, must have %d as the first", i, len(row), len(values[0]))
		}
		for j, v := range row {
			if math.IsInf(v, 0) {
				return nil, fmt.Errorf("figure: Heat: cell (%d, %d) is %v, must be finite or NaN", i, j, v)
			}
		}
	}
	return &Heat{Page: Page{Title: title}, Values: values, Name: name}, nil
}

// Pairs implements Chart.
func (h *Heat) Pairs() []Pair {
	var pairs []Pair
	for i, row := range h.Values {
		for j, v := range row {
			name := h.Name
			name.Config = fmt.Sprintf("row %d column %d", i+1, j+1)
			pairs = append(pairs, Own(name, v))
		}
	}
	return pairs
}

// Save writes the chart's files; see the function Save.
func (h *Heat) Save(dir, name string) error { return Save(h, dir, name) }

func (h *Heat) sizePage() { h.size(6.6*vg.Inch, 5.8*vg.Inch) }

// Draw implements Chart.
func (h *Heat) Draw(c draw.Canvas) error {
	low, high := h.Low, h.High
	if low == 0 && high == 0 {
		var finite []float64
		for _, row := range h.Values {
			for _, v := range row {
				if !math.IsNaN(v) {
					finite = append(finite, v)
				}
			}
		}
		if len(finite) == 0 {
			return fmt.Errorf("Heat: all cells are NaN, must hold at least one number")
		}
		low, high = span(finite, false)
	}
	if !(low < high) {
		return fmt.Errorf("Heat: Low is %v, must be below High %v", low, high)
	}
	c = h.layout(c, nil)
	bar := c
	bar.Min.X = c.Max.X - 78
	c.Max.X = bar.Min.X - 10
	rows, columns := len(h.Values), len(h.Values[0])
	cells(&c, h.plot(), rows, columns, h.RowNames, h.Columns, painter(func(c draw.Canvas, x, y func(float64) vg.Length) {
		var levels [shades]vg.Path // one path for each, which keeps the SVG small
		var missing vg.Path
		for i, row := range h.Values {
			for j, v := range row {
				path := &missing
				if !math.IsNaN(v) {
					path = &levels[min(max(int((v-low)/(high-low)*shades), 0), shades-1)]
				}
				addBox(path, x(float64(j)-0.5), y(float64(i)+0.5), x(float64(j)+0.5), y(float64(i)-0.5))
			}
		}
		fill := func(path vg.Path, colour color.NRGBA) {
			if len(path) > 0 {
				c.SetColor(colour)
				c.Fill(path)
			}
		}
		fill(missing, pale)
		for k, path := range levels {
			fill(path, shadeAt(k))
		}
	}))
	bar.Min.Y = c.Min.Y + (c.Max.Y-c.Min.Y)*0.15
	bar.Min.X = c.Max.X + 16
	bar.Max.X = bar.Min.X + 62
	h.colourBar(bar, low, high)
	return nil
}

const shades = 64

func shadeAt(k int) color.NRGBA { return sequential((float64(k) + 0.5) / shades) }

// colourBar draws the scale of the colours.
func (h *Heat) colourBar(c draw.Canvas, low, high float64) {
	g := h.plot()
	g.X.Label.Text, g.Y.Label.Text = "", h.ScaleLabel
	g.HideX()
	g.X.Min, g.X.Max = 0, 1
	g.Y.Min, g.Y.Max = low, high
	g.Y.Tick.Length = 3
	g.Add(painter(func(c draw.Canvas, x, y func(float64) vg.Length) {
		for k := range shades {
			// Each shade reaches up to the top and the next covers it, so that no seams shine through.
			rectangle(&c, c.Min.X, y(low+float64(k)/shades*(high-low)), c.Max.X, c.Max.Y, solid(shadeAt(k)))
		}
	}))
	g.Draw(c)
}
