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
	Rows   int       // that the charts are spread over, in their order; 0 is one
	Shares []float64 // of the width, where there is one row; nil: equal
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

func (p *Panels) sizePage() { p.size(11*vg.Inch, vg.Length(max(1, p.Rows))*4.8*vg.Inch) }

// Draw implements Chart.
func (p *Panels) Draw(c draw.Canvas) error {
	shares := p.Shares
	if shares == nil {
		shares = make([]float64, len(p.Charts))
		for i := range shares {
			shares[i] = 1
		}
	}
	rows := max(1, p.Rows)
	columns := (len(p.Charts) + rows - 1) / rows
	if rows > len(p.Charts) || rows > 1 && p.Shares != nil {
		return fmt.Errorf("Panels: there are %d rows, must be at most one for each of %d charts, and one where Shares are given", rows, len(p.Charts))
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
	if rows > 1 {
		sum = float64(columns)
	}
	width, height, from := c.Max.X-c.Min.X, (c.Max.Y-c.Min.Y)/vg.Length(rows), c.Min.X
	for i, chart := range p.Charts {
		part := c
		part.Max.Y -= height * vg.Length(i/columns)
		part.Min.Y = part.Max.Y - height
		if i%columns == 0 {
			from = c.Min.X
		}
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
