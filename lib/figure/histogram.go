package figure

import (
	"fmt"
	"math"
	"slices"

	"github.com/sparse-attention/workbench/lib/published"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Histogram shows how values are distributed, as the share of each sample that falls into each bin.
type Histogram struct {
	Page
	Samples   []Sample
	Bins      int     // 0: 40
	Low, High float64 // both 0: the range of all samples; values outside fall into the first or last bin
	Name      published.Row
}

// Sample is one distribution of a histogram.
type Sample struct {
	Name   string
	Values []float64
}

// NewHistogram makes a histogram. Name says what the bins are called in the CSV; the series is the sample's name and the
// config the bin, "[low, high)". It refuses samples without values and values that are not finite.
func NewHistogram(title string, name published.Row, samples ...Sample) (*Histogram, error) {
	if len(samples) == 0 {
		return nil, fmt.Errorf("figure: Histogram: there are no samples, must be at least one")
	}
	for _, s := range samples {
		if len(s.Values) == 0 {
			return nil, fmt.Errorf("figure: Histogram: sample %q is empty, must hold at least one value", s.Name)
		}
		for i, v := range s.Values {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, fmt.Errorf("figure: Histogram: value %d of sample %q is %v, must be finite", i, s.Name, v)
			}
		}
	}
	return &Histogram{Page: Page{Title: title, YLabel: "share of values (%)"}, Samples: samples, Name: name}, nil
}

// counts gives the edges of the bins and the percentage of each sample in each bin.
func (h *Histogram) counts() (edges []float64, shares [][]float64) {
	bins := h.Bins
	if bins <= 0 {
		bins = 40
	}
	low, high := h.Low, h.High
	if low == 0 && high == 0 {
		low, high = math.Inf(1), math.Inf(-1)
		for _, s := range h.Samples {
			low, high = min(low, slices.Min(s.Values)), max(high, slices.Max(s.Values))
		}
		if low == high {
			high = low + 1
		}
	}
	width := (high - low) / float64(bins)
	for k := range bins + 1 {
		edges = append(edges, low+float64(k)*width)
	}
	for _, s := range h.Samples {
		n := make([]float64, bins)
		for _, v := range s.Values {
			n[min(max(int(math.Floor((v-low)/width)), 0), bins-1)]++
		}
		for k := range n {
			n[k] *= 100 / float64(len(s.Values))
		}
		shares = append(shares, n)
	}
	return edges, shares
}

// Pairs implements Chart.
func (h *Histogram) Pairs() []Pair {
	edges, shares := h.counts()
	var pairs []Pair
	for i, s := range h.Samples {
		for k, v := range shares[i] {
			name := h.Name
			name.Series, name.Unit = s.Name, "%"
			name.Config = fmt.Sprintf("[%s, %s)", published.FormatNumber(edges[k]), published.FormatNumber(edges[k+1]))
			pairs = append(pairs, Own(name, v))
		}
	}
	return pairs
}

// Save writes the chart's files; see the function Save.
func (h *Histogram) Save(dir, name string) error { return Save(h, dir, name) }

func (h *Histogram) sizePage() { h.size(7*vg.Inch, 4*vg.Inch) }

// Draw implements Chart.
func (h *Histogram) Draw(c draw.Canvas) error {
	if h.Low > h.High || h.Low == h.High && h.Low != 0 {
		return fmt.Errorf("Histogram: Low is %v, must be below High %v", h.Low, h.High)
	}
	edges, shares := h.counts()
	highest := 0.0
	for _, n := range shares {
		highest = max(highest, slices.Max(n))
	}
	c = h.layout(c, h.legend())
	g := h.plot()
	g.X.Min, g.X.Max = edges[0], edges[len(edges)-1]
	g.Y.Min, g.Y.Max = 0, highest*1.05
	g.Add(grid(false), painter(func(c draw.Canvas, x, y func(float64) vg.Length) {
		for i, n := range shares {
			fill := h.style(i)
			outline := []vg.Point{{X: x(edges[0]), Y: y(0)}}
			for k, v := range n {
				outline = append(outline, vg.Point{X: x(edges[k]), Y: y(v)}, vg.Point{X: x(edges[k+1]), Y: y(v)})
			}
			outline = append(outline, vg.Point{X: x(edges[len(n)]), Y: y(0)})
			c.FillPolygon(*fill.fill, outline)
			c.StrokeLines(fill.line, outline)
		}
	}))
	g.Draw(c)
	return nil
}

// legend is empty for a single sample, which the title names.
func (h *Histogram) legend() []entry {
	var entries []entry
	for i, s := range h.Samples {
		entries = append(entries, boxEntry(h.name(s.Name), h.style(i)))
	}
	if len(entries) == 1 {
		return nil
	}
	return entries
}

// style is a translucent fill, so that every sample can be seen behind the next.
func (h *Histogram) style(i int) *fillStyle {
	c := colourAt(i)
	c.A = 0x70
	return &fillStyle{fill: &c, line: stroke(shade(colourAt(i), 0.2), 1.2)}
}
