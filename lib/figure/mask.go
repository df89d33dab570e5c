package figure

import (
	"fmt"
	"strings"

	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/published"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// MaskMap shows which keys each query keeps: queries downwards, keys to the right.
type MaskMap struct {
	Page
	Mask          *attention.Mask
	Valid         int      // tokens that are not padding; the rest is drawn grey
	Queries, Keys []string // the tokens, when there are few enough to be written at the axes; may be nil
	Locality      bool     // kept cells that the query before keeps too in another colour
	rows          []Pair
}

// NewMaskMap makes a map of mask, of which the first valid queries and keys are real. The CSV holds, for each query, the
// number of kept keys beside what name's system, figure, series and workload have published as metric kept_cells_in_row, the
// number of kept cells, and the map itself in comments. It refuses a mask without cells, and valid outside it.
func NewMaskMap(title string, mask *attention.Mask, valid int, name published.Row) (*MaskMap, error) {
	if mask == nil || mask.Queries() == 0 || mask.Keys() == 0 {
		return nil, fmt.Errorf("figure: MaskMap: the mask has no cells, must have at least one query and one key")
	}
	if valid < 1 || valid > max(mask.Queries(), mask.Keys()) {
		return nil, fmt.Errorf("figure: MaskMap: valid is %d, must be in 1..%d", valid, max(mask.Queries(), mask.Keys()))
	}
	m := &MaskMap{Page: Page{Title: title, XLabel: "key", YLabel: "query"}, Mask: mask, Valid: valid}
	add := func(config, metric string, ours float64) {
		row := name
		row.Config, row.Metric, row.Unit = config, metric, "count"
		p := Own(row, ours)
		if found, err := published.Find(row.System, row.Figure, row.Series, row.Workload, config, metric); err == nil {
			p.Row = found
		}
		m.rows = append(m.rows, p)
	}
	add("", "kept_cells", float64(mask.Count()))
	for t := range min(valid, mask.Queries()) {
		add(fmt.Sprintf("row %d", t+1), "kept_cells_in_row", float64(mask.CountRow(t)))
	}
	return m, nil
}

// Pairs implements Chart.
func (m *MaskMap) Pairs() []Pair { return m.rows }

// Save writes the chart's files; see the function Save.
func (m *MaskMap) Save(dir, name string) error { return Save(m, dir, name) }

// notes are the rows of the map: # kept, . pruned, a blank for padding.
func (m *MaskMap) notes() []string {
	var lines []string
	for t := range m.Mask.Queries() {
		var b strings.Builder
		fmt.Fprintf(&b, "row %d ", t+1)
		for j := range m.Mask.Keys() {
			switch {
			case m.padding(t, j):
				b.WriteByte(' ')
			case m.Mask.Kept(t, j):
				b.WriteByte('#')
			default:
				b.WriteByte('.')
			}
		}
		lines = append(lines, strings.TrimRight(b.String(), " "))
	}
	return lines
}

func (m *MaskMap) padding(t, j int) bool { return t >= m.Valid || j >= m.Valid }

func (m *MaskMap) sizePage() { m.size(6*vg.Inch, 6*vg.Inch) }

// Draw implements Chart.
func (m *MaskMap) Draw(c draw.Canvas) error {
	c = m.layout(c, m.legend())
	cells(&c, m.plot(), m.Mask.Queries(), m.Mask.Keys(), m.Queries, m.Keys, painter(func(c draw.Canvas, x, y func(float64) vg.Length) {
		queries, keys := float64(m.Mask.Queries())-0.5, float64(m.Mask.Keys())-0.5
		valid := float64(m.Valid) - 0.5
		if valid < queries {
			rectangle(&c, x(-0.5), y(valid), x(keys), y(queries), solid(pale))
		}
		if valid < keys {
			rectangle(&c, x(valid), y(-0.5), x(keys), y(queries), solid(pale))
		}
		var kept [3]vg.Path // pruned, kept, kept by the query before too: one path for each, which keeps the SVG small
		for t := range min(m.Valid, m.Mask.Queries()) {
			m.addRow(&kept, t, x, y)
		}
		for k, path := range kept[1:] {
			if len(path) > 0 {
				c.SetColor(palette[k])
				c.Fill(path)
			}
		}
		if side := x(1) - x(0); side > 6 { // a grid while cells are large enough
			gridOfCells(&c, m.Mask.Queries(), m.Mask.Keys(), x, y)
		}
	}))
	return nil
}

func (m *MaskMap) legend() []entry {
	legend := []entry{boxEntry(m.name("kept"), solid(palette[0]))}
	if m.Locality {
		legend = append(legend, boxEntry(m.name("kept by the query before too"), solid(palette[1])))
	}
	white := paper
	legend = append(legend, boxEntry(m.name("pruned"), &fillStyle{fill: &white, line: stroke(pale, 0.8)}))
	if m.Valid < m.Mask.Keys() || m.Valid < m.Mask.Queries() {
		legend = append(legend, boxEntry(m.name("padding"), solid(pale)))
	}
	return legend
}

// addRow adds the runs of equal cells of one query to the paths, a hair larger than they are where cells are small, so that
// no seams shine through.
func (m *MaskMap) addRow(paths *[3]vg.Path, t int, x, y func(float64) vg.Length) {
	columns := min(m.Valid, m.Mask.Keys())
	kind := func(j int) int {
		switch {
		case !m.Mask.Kept(t, j):
			return 0
		case m.Locality && t > 0 && m.Mask.Kept(t-1, j):
			return 2
		}
		return 1
	}
	hair := vg.Length(0)
	if x(1)-x(0) < 6 {
		hair = 0.15
	}
	for j := 0; j < columns; {
		end := j + 1
		for end < columns && kind(end) == kind(j) {
			end++
		}
		if k := kind(j); k > 0 {
			addBox(&paths[k], x(float64(j)-0.5), y(float64(t)+0.5)-hair, x(float64(end)-0.5), y(float64(t)-0.5))
		}
		j = end
	}
}

func addBox(p *vg.Path, x0, y0, x1, y1 vg.Length) {
	p.Move(vg.Point{X: x0, Y: y0})
	p.Line(vg.Point{X: x1, Y: y0})
	p.Line(vg.Point{X: x1, Y: y1})
	p.Line(vg.Point{X: x0, Y: y1})
	p.Close()
}

// cells draws a plot of rows x columns unit cells, the first row at the top, with square cells as large as fit.
func cells(c *draw.Canvas, g *plot.Plot, rows, columns int, rowNames, columnNames []string, paint painter) {
	g.X.Min, g.X.Max = -0.5, float64(columns)-0.5
	g.Y.Min, g.Y.Max = -0.5, float64(rows)-0.5
	g.Y.Scale = plot.InvertedScale{Normalizer: plot.LinearScale{}}
	g.Y.Tick.Length, g.X.Tick.Length = 3, 3
	g.X.Tick.Marker, g.Y.Tick.Marker = counting{}, counting{}
	if len(rowNames) > 0 {
		g.Y.Tick.Marker = tokenTicks(rowNames, rows)
		quietTicks(&g.Y, 2)
	}
	if len(columnNames) > 0 {
		g.X.Tick.Marker = tokenTicks(columnNames, columns)
		g.X.Tick.Label.Rotation = upright
		g.X.Tick.Label.XAlign, g.X.Tick.Label.YAlign = draw.XRight, draw.YCenter
		quietTicks(&g.X, 6)
	}
	g.Add(paint)
	// The canvas is made smaller until the cells are square.
	for range 3 {
		data := g.DataCanvas(*c)
		w, h := (data.Max.X-data.Min.X)/vg.Length(columns), (data.Max.Y-data.Min.Y)/vg.Length(rows)
		if w > h {
			c.Max.X -= (w - h) * vg.Length(columns)
		} else {
			c.Min.Y += (h - w) * vg.Length(rows)
		}
	}
	g.Draw(*c)
}

const upright = 3.141592653589793 / 2

func gridOfCells(c *draw.Canvas, rows, columns int, x, y func(float64) vg.Length) {
	for t := range rows + 1 {
		c.StrokeLine2(stroke(pale, 0.5), x(-0.5), y(float64(t)-0.5), x(float64(columns)-0.5), y(float64(t)-0.5))
	}
	for j := range columns + 1 {
		c.StrokeLine2(stroke(pale, 0.5), x(float64(j)-0.5), y(-0.5), x(float64(j)-0.5), y(float64(rows)-0.5))
	}
}

// tokenTicks names cells by their tokens; of many tokens only every few, so that they stay apart.
func tokenTicks(names []string, n int) plot.ConstantTicks {
	every := max(1, (n+47)/48)
	var ticks plot.ConstantTicks
	for i := 0; i < min(n, len(names)); i += every {
		ticks = append(ticks, plot.Tick{Value: float64(i), Label: names[i]})
	}
	return ticks
}

// counting numbers cells from 1.
type counting struct{}

// Ticks implements gonum's Ticker.
func (counting) Ticks(low, high float64) []plot.Tick {
	n := int(high - low + 0.5)
	step := max(1, int(roundStep(float64(n)/8)+0.5))
	ticks := []plot.Tick{{Value: 0, Label: "1"}}
	for k := step; k <= n; k += step {
		if k > 1 {
			ticks = append(ticks, plot.Tick{Value: float64(k - 1), Label: fmt.Sprint(k)})
		}
	}
	return ticks
}
