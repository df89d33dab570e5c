package figure

import (
	"fmt"
	"html"
	"math"
	"strings"

	"github.com/sparse-attention/workbench/lib/published"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Table shows pairs as rows and columns. Ours is bold and blue, with the published value in parentheses behind it; a cell
// that only the paper has is plain, and grey when its digits were not read.
type Table struct {
	Page
	Data   []Pair
	Row    func(Pair) string                   // default ByMetric; the unit is written behind the row's name
	Column func(Pair) string                   // default BySeries
	Corner string                              // heading of the first column
	Format func(v float64, unit string) string // our numbers; default four significant digits, "yes" and "no" for truth values
}

// NewTable makes a table of the pairs. It refuses an empty list, infinite numbers and repeated names.
func NewTable(title string, pairs []Pair) (*Table, error) {
	if err := check("Table", pairs); err != nil {
		return nil, err
	}
	return &Table{Page: Page{Title: title}, Data: pairs, Row: ByMetric, Column: BySeries, Format: formatCell}, nil
}

// formatCell writes yes and no for truth values, else four significant digits, and whole numbers in full.
func formatCell(v float64, unit string) string {
	switch {
	case unit == "bool" && v == 0:
		return "no"
	case unit == "bool":
		return "yes"
	case math.Abs(v) >= 1000:
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.4g", v)
}

// Pairs implements Chart.
func (t *Table) Pairs() []Pair { return t.Data }

// Save writes the table's files, Markdown and HTML among them; see the function Save.
func (t *Table) Save(dir, name string) error { return Save(t, dir, name) }

// cell is one place of the table: ours, the published text, and whether the latter is exact.
type cell struct {
	ours, published string
	exact           bool
}

func (c cell) second() string {
	if c.ours != "" && c.published != "" {
		return "(" + c.published + ")"
	}
	return c.published
}

func (c cell) String() string { return strings.TrimSpace(c.ours + " " + c.second()) }

// content gives the headings, the row names with units, and the cells by row and column.
func (t *Table) content() (columns, rows []string, cells [][]cell) {
	columns = keys(t.Data, t.Column)
	place := make(map[string]int)
	for i, c := range columns {
		place[c] = i
		columns[i] = t.name(c)
	}
	for _, group := range groupPairs(t.Data, t.Row) {
		name := t.name(t.Row(group[0]))
		if u := group[0].Unit; u != "" && u != "bool" && u != "1" && u != "count" {
			name += ", " + t.name(u)
		}
		line := make([]cell, len(columns))
		for _, p := range group {
			c := &line[place[t.Column(p)]]
			if p.HasOurs() {
				c.ours = t.Format(p.Ours, p.Unit)
			}
			if p.HasPublished() {
				c.published, c.exact = published.FormatNumber(p.Value), p.Evidence.Exact()
				if p.Unit == "bool" {
					c.published = formatCell(p.Value, p.Unit)
				}
			}
		}
		rows, cells = append(rows, name), append(cells, line)
	}
	return columns, rows, cells
}

func (t *Table) sizePage() {
	columns, rows, _ := t.content()
	t.size(vg.Length(190+105*len(columns)), vg.Length(70+20*len(rows))+t.captionHeight())
}

func (t *Table) captionHeight() vg.Length {
	if t.Caption == "" {
		return 0
	}
	columns := len(keys(t.Data, t.Column))
	s := textStyle(captionSize, regular, muted)
	return vg.Length(len(wrap(s, t.Caption, vg.Length(174+105*columns))))*lineHeight(s) + 6
}

// Draw implements Chart.
func (t *Table) Draw(c draw.Canvas) error {
	columns, rows, cells := t.content()
	exact, hollow := grades(t.Data)
	var legend []entry
	for _, p := range t.Data {
		if p.HasOurs() && (exact || hollow) {
			legend = append(legend, entry{name: "Ours is bold and blue, the published value in parentheses or alone."})
			break
		}
	}
	c = t.layout(c, legend)
	name, head := textStyle(tickSize, regular, ink), textStyle(tickSize, bold, ink)
	ours := textStyle(tickSize, bold, shade(palette[0], 0.1))
	first := head.Width(t.Corner)
	for _, r := range rows {
		first = max(first, name.Width(r))
	}
	first += 12
	width := (c.Max.X - c.Min.X - first) / vg.Length(len(columns))
	height := (c.Max.Y - c.Min.Y) / vg.Length(len(rows)+1)
	line := func(k int) vg.Length { return c.Max.Y - (vg.Length(k)+0.5)*height }
	c.FillText(aligned(head, left, middle), vg.Point{X: c.Min.X + 4, Y: line(0)}, t.Corner)
	for j, n := range columns {
		c.FillText(aligned(head, right, middle), vg.Point{X: c.Min.X + first + vg.Length(j+1)*width - 6, Y: line(0)}, n)
	}
	c.StrokeLine2(stroke(ink, 1), c.Min.X, line(0)-height/2, c.Max.X, line(0)-height/2)
	for i, r := range rows {
		if i%2 == 1 {
			rectangle(&c, c.Min.X, line(i+1)-height/2, c.Max.X, line(i+1)+height/2, solid(tint(pale, 0.6)))
		}
		c.FillText(aligned(name, left, middle), vg.Point{X: c.Min.X + 4, Y: line(i + 1)}, r)
		for j, v := range cells[i] {
			at := vg.Point{X: c.Min.X + first + vg.Length(j+1)*width - 6, Y: line(i + 1)}
			theirs := name
			if !v.exact {
				theirs.Color = muted
			}
			c.FillText(aligned(theirs, right, middle), at, v.second())
			if v.ours != "" {
				if v.published != "" {
					at.X -= theirs.Width(v.second()) + 4
				}
				c.FillText(aligned(ours, right, middle), at, v.ours)
			}
		}
	}
	c.StrokeLine2(stroke(ink, 1), c.Min.X, line(len(rows))-height/2, c.Max.X, line(len(rows))-height/2)
	return nil
}

// Markdown is the table for a README: ours bold, the published value in parentheses.
func (t *Table) Markdown() string {
	columns, rows, cells := t.content()
	var b strings.Builder
	cut := strings.NewReplacer("|", "\\|", "\n", " ")
	fmt.Fprintf(&b, "| %s |", cut.Replace(t.Corner))
	for _, c := range columns {
		fmt.Fprintf(&b, " %s |", cut.Replace(c))
	}
	fmt.Fprintf(&b, "\n|---|%s\n", strings.Repeat("---:|", len(columns)))
	for i, r := range rows {
		fmt.Fprintf(&b, "| %s |", cut.Replace(r))
		for _, c := range cells[i] {
			ours := c.ours
			if ours != "" {
				ours = "**" + ours + "** "
			}
			fmt.Fprintf(&b, " %s |", strings.TrimSpace(cut.Replace(ours+c.second())))
		}
		b.WriteByte('\n')
	}
	if p := t.Provenance.String(); p != "" {
		fmt.Fprintf(&b, "\n<!-- %s -->\n", p)
	}
	return b.String()
}

// HTML is the table as an element for a page or a notebook.
func (t *Table) HTML() string {
	columns, rows, cells := t.content()
	var b strings.Builder
	e := html.EscapeString
	b.WriteString("<table>\n")
	if t.Title != "" {
		fmt.Fprintf(&b, "<caption>%s</caption>\n", e(t.Title))
	}
	fmt.Fprintf(&b, "<tr><th>%s</th>", e(t.Corner))
	for _, c := range columns {
		fmt.Fprintf(&b, "<th>%s</th>", e(c))
	}
	b.WriteString("</tr>\n")
	for i, r := range rows {
		fmt.Fprintf(&b, "<tr><td style=\"text-align:left\">%s</td>", e(r))
		for _, c := range cells[i] {
			b.WriteString("<td style=\"text-align:right\">")
			if c.ours != "" {
				fmt.Fprintf(&b, "<b>%s</b> ", e(c.ours))
			}
			b.WriteString(e(c.second()) + "</td>")
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("</table>\n")
	if p := t.Provenance.String(); p != "" {
		fmt.Fprintf(&b, "<!-- %s -->\n", p)
	}
	return b.String()
}
