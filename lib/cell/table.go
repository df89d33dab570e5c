package cell

import (
	"fmt"
	"html"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/janpfeifer/gonb/gonbui"
	"github.com/janpfeifer/gonb/gonbui/protocol"
	"github.com/sparse-attention/workbench/lib/published"
)

// Table shows rows under headings; columns of numbers are set to the right.
func Table(headings []string, rows [][]string) {
	show(headings, rows, nil)
}

// Verdicts shows how numbers of ours compare with the published ones, and how many pass. With a paper's name it also puts
// them into verdicts.csv in the folder of its figures, where they replace what was there on the same figures.
// Of more than forty, those that pass are only counted.
func Verdicts(paper string, verdicts []published.Verdict) {
	if paper != "" {
		Check(published.MergeVerdicts(Out(paper, "verdicts.csv"), verdicts))
	}
	var rows [][]string
	var colours []string
	count := make(map[published.Result]int)
	for _, v := range verdicts {
		count[v.Result]++
		if v.Result == published.Pass && len(verdicts) > allShown {
			continue
		}
		rows = append(rows, []string{v.Figure, v.Series, v.Workload, v.Config, v.Metric, number(v.Value, v.Unit), v.Evidence.String(),
			number(v.Ours, v.Unit), published.FormatNumber(rounded(v.Ratio)), v.Class.String(), v.Result.String(), v.Reason})
		colours = append(colours, verdictColours[v.Result])
	}
	if len(rows) > 0 {
		show([]string{"figure", "series", "workload", "config", "metric", "published", "evidence", "ours", "ratio", "class", "verdict", "reason"}, rows, colours)
	}
	total := fmt.Sprintf("%d pass, %d fail, %d n/a", count[published.Pass], count[published.Fail], count[published.NotJudged])
	if len(rows) < len(verdicts) {
		total += "; those that pass are not listed"
	}
	Markdown(total)
}

const allShown = 40 // verdicts that are listed one by one; of more, only those that do not pass

// Pale forms of Okabe and Ito's green, vermilion and grey; the word stands in the cell too.
var verdictColours = map[published.Result]string{published.Pass: "#cdeadf", published.Fail: "#f7d9c4", published.NotJudged: "#e8e8e8"}

func number(v float64, unit string) string {
	s := published.FormatNumber(rounded(v))
	if s == "" || unit == "1" || unit == "count" || unit == "" {
		return s
	}
	return s + " " + unit
}

// rounded keeps four significant digits: enough to be read, few enough to fit.
func rounded(v float64) float64 {
	var r float64
	if _, err := fmt.Sscanf(fmt.Sprintf("%.4g", v), "%g", &r); err != nil {
		return v
	}
	return r
}

// show displays a table, whose rows may be coloured.
func show(headings []string, rows [][]string, colours []string) {
	headings, rows = dropEmpty(headings, rows)
	if !gonbui.IsNotebook {
		fmt.Fprint(stdout(), plainTable(headings, rows))
		return
	}
	send(map[protocol.MIMEType]any{
		protocol.MIMETextHTML:  htmlTable(headings, rows, colours),
		protocol.MIMETextPlain: plainTable(headings, rows),
	})
}

// dropEmpty leaves out columns in which no row has anything.
func dropEmpty(headings []string, rows [][]string) ([]string, [][]string) {
	if len(rows) == 0 {
		return headings, rows
	}
	var keep []int
	for j := range headings {
		for _, r := range rows {
			if j < len(r) && r[j] != "" {
				keep = append(keep, j)
				break
			}
		}
	}
	pick := func(row []string) []string {
		var out []string
		for _, j := range keep {
			if j < len(row) {
				out = append(out, row[j])
			} else {
				out = append(out, "")
			}
		}
		return out
	}
	var kept [][]string
	for _, r := range rows {
		kept = append(kept, pick(r))
	}
	return pick(headings), kept
}

func plainTable(headings []string, rows [][]string) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(headings, "\t"))
	for _, r := range rows {
		fmt.Fprintln(w, strings.Join(r, "\t"))
	}
	w.Flush()
	var lines strings.Builder
	for line := range strings.Lines(b.String()) {
		lines.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return lines.String()
}

func htmlTable(headings []string, rows [][]string, colours []string) string {
	var b strings.Builder
	b.WriteString("<table>\n<tr>")
	for _, h := range headings {
		fmt.Fprintf(&b, "<th>%s</th>", html.EscapeString(h))
	}
	b.WriteString("</tr>\n")
	for i, r := range rows {
		b.WriteString("<tr>")
		for j, text := range r {
			align := "left"
			if numeric(text) {
				align = "right"
			}
			style := "text-align:" + align
			if i < len(colours) && headings[j] == "verdict" {
				style += ";color:#000;background:" + colours[i]
			}
			fmt.Fprintf(&b, "<td style=\"%s\">%s</td>", style, html.EscapeString(text))
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("</table>\n")
	return b.String()
}

// numeric reports whether a text begins like a number.
func numeric(s string) bool {
	s = strings.TrimLeft(s, "+-")
	return s != "" && unicode.IsDigit(rune(s[0]))
}
