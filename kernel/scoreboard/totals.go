package scoreboard

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
)

// Count says how many rows have each verdict.
type Count map[Verdict]int

// Totals counts the verdicts of all rows, by system and by class.
type Totals struct {
	All     Count            `json:"all"`
	Systems map[string]Count `json:"systems"`
	Classes map[string]Count `json:"classes"`
}

// Sum counts the verdicts of rows.
func Sum(rows []Row) Totals {
	t := Totals{All: zero(), Systems: map[string]Count{}, Classes: map[string]Count{}}
	for _, r := range rows {
		for _, group := range []struct {
			counts map[string]Count
			name   string
		}{{t.Systems, r.System}, {t.Classes, r.Class}} {
			if group.counts[group.name] == nil {
				group.counts[group.name] = zero()
			}
			group.counts[group.name][r.Verdict]++
		}
		t.All[r.Verdict]++
	}
	return t
}

func zero() Count { return Count{Pass: 0, Fail: 0, NotApplicable: 0} }

// WriteJSON writes {"rows":[…],"totals":{…}}.
func WriteJSON(w io.Writer, rows []Row) error {
	if rows == nil {
		rows = []Row{}
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	return e.Encode(map[string]any{"rows": rows, "totals": Sum(rows)})
}

// WriteTable writes the rows and the totals as aligned text.
func WriteTable(w io.Writer, rows []Row) error {
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line(tab, Columns...)
	for _, r := range rows {
		line(tab, r.Values()...)
	}
	totals := Sum(rows)
	for _, group := range []struct {
		title  string
		counts map[string]Count
	}{{"system", totals.Systems}, {"class", totals.Classes}, {"", map[string]Count{"all": totals.All}}} {
		if err := tab.Flush(); err != nil {
			return err
		}
		fmt.Fprintln(w)
		if group.title != "" {
			line(tab, group.title, "pass", "fail", "n/a")
		}
		for _, name := range slices.Sorted(maps.Keys(group.counts)) {
			c := group.counts[name]
			line(tab, name, fmt.Sprint(c[Pass]), fmt.Sprint(c[Fail]), fmt.Sprint(c[NotApplicable]))
		}
	}
	return tab.Flush()
}

func line(w io.Writer, cells ...string) {
	for i, c := range cells {
		if i > 0 {
			fmt.Fprint(w, "\t")
		}
		if c == "" {
			c = "-"
		}
		fmt.Fprint(w, c)
	}
	fmt.Fprintln(w)
}
