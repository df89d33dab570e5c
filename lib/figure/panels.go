package figure

import (
	"fmt"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Panels sets charts beside each other under one title, each with its own title, legend and caption.
type Panels struct {
	Page
	Charts []Chart
	Shares []float64 // of the width; nil: equal
	Shared bool      // the first chart's legend stands once, above all panels
}

// NewPanels makes one figure of several charts. It refuses an empty list.
func NewPanels(title string, charts ...Chart) (*Panels, error) {
	if len(charts) == 0 {
		return nil, fmt.Errorf("figure: Panels: there are no charts, must be at least one")
	}
	for i, c := range charts {
		if c == nil {
			return nil, fmt.Errorf("figure: Panels: chart %d is nil", i)
		}
	}
	return &Panels{Page: Page{Title: title}, Charts: charts}, nil
}

// Pairs implements Chart.
func (p *Panels) Pairs() []Pair {
	var pairs []Pair
	for _, c := range p.Charts {
		pairs = append(pairs, c.Pairs()...)
	}
	return pairs
}

// Save writes the chart's files; see the function Save.
func (p *Panels) Save(dir, name string) error { return Save(p, dir, name) }

// notes are those of the charts.
func (p *Panels) notes() []string {
	var lines []string
	for _, c := range p.Charts {
		if n, ok := c.(interface{ notes() []string }); ok {
			lines = append(lines, n.notes()...)
		}
	}
	return lines
}

func (p *Panels) sizePage() { p.size(11*vg.Inch, 4.8*vg.Inch) }

// Draw implements Chart.
func (p *Panels) Draw(c draw.Canvas) error {
	shares := p.Shares
	if shares == nil {
		shares = make([]float64, len(p.Charts))
		for i := range shares {
			shares[i] = 1
		}
	}
	if len(shares) != len(p.Charts) {
		return fmt.Errorf("Panels: there are %d shares, must be one for each of %d charts", len(shares), len(p.Charts))
	}
	sum := 0.0
	for i, s := range shares {
		if !(s > 0) {
			return fmt.Errorf("Panels: share %d is %v, must be above 0", i, s)
		}
		sum += s
	}
	var legend []entry
	if first, ok := p.Charts[0].(interface{ legend() []entry }); ok && p.Shared {
		legend = first.legend()
	}
	c = p.layout(c, legend)
	width, from := c.Max.X-c.Min.X, c.Min.X
	for i, chart := range p.Charts {
		part := c
		part.Min.X = from
		part.Max.X = from + width*vg.Length(shares[i]/sum)
		from = part.Max.X
		chart.page().quiet = p.Shared
		err := chart.Draw(part)
		chart.page().quiet = false
		if err != nil {
			return fmt.Errorf("panel %d: %w", i, err)
		}
	}
	return nil
}
