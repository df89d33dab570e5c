package published

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
)

//go:embed *.csv
var files embed.FS

type store struct {
	rows   []Row           // all files, in their own order
	index  map[Key]int     // into rows
	sheets map[string]span // by file name without .csv
}

type span struct{ from, to int }

var load = sync.OnceValue(func() *store {
	s := &store{index: make(map[Key]int), sheets: make(map[string]span)}
	names, err := fs.Glob(files, "*.csv")
	if err != nil {
		panic("published: embedded files: " + err.Error())
	}
	for _, name := range names { // sorted by fs.Glob
		f, err := files.Open(name)
		if err != nil {
			panic("published: embedded file: " + err.Error())
		}
		rows, err := Parse(name, f)
		if err != nil {
			panic(err) // the embedded files are part of the program and are tested
		}
		from := len(s.rows)
		for _, r := range rows {
			if _, ok := s.index[r.Key()]; ok {
				panic(fmt.Sprintf("published: %s: %s is in another file too", name, r.Key()))
			}
			s.index[r.Key()] = len(s.rows)
			s.rows = append(s.rows, r)
		}
		s.sheets[strings.TrimSuffix(name, ".csv")] = span{from, len(s.rows)}
	}
	return s
})

// Sheets names the files of published numbers, sorted: one per paper, "dram" for the memory simulators.
func Sheets() []string {
	var names []string
	for name := range load().sheets {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Sheet returns all rows of one file, in the paper's order; nil for an unknown name.
func Sheet(name string) []Row {
	s := load()
	at := s.sheets[name]
	return slices.Clone(s.rows[at.from:at.to])
}

// Systems names everything that has published numbers, sorted.
func Systems() []string { return distinct(load().rows, func(r Row) string { return r.System }, true) }

// Rows returns the rows of one system, in the paper's order; nil for an unknown name.
func Rows(system string) []Row {
	return Select(load().rows, func(r Row) bool { return r.System == system })
}

// Figures names the figures and tables of one system, in the paper's order.
func Figures(system string) []string {
	return distinct(Rows(system), func(r Row) string { return r.Figure }, false)
}

// Figure returns the rows of one figure or table, in the paper's order; nil for an unknown name.
func Figure(system, figure string) []Row {
	return Select(load().rows, func(r Row) bool { return r.System == system && r.Figure == figure })
}

// Select returns the rows that keep accepts, in their order.
func Select(rows []Row, keep func(Row) bool) []Row {
	var kept []Row
	for _, r := range rows {
		if keep(r) {
			kept = append(kept, r)
		}
	}
	return kept
}

// Find returns the row of that name. The error of a miss names the first part that no row has, and what is there instead.
func Find(system, figure, series, workload, config, metric string) (Row, error) {
	s := load()
	key := Key{system, figure, series, workload, config, metric}
	if i, ok := s.index[key]; ok {
		return s.rows[i], nil
	}
	rows := s.rows
	for _, part := range []struct {
		name, want string
		of         func(Row) string
	}{
		{"system", system, func(r Row) string { return r.System }},
		{"figure", figure, func(r Row) string { return r.Figure }},
		{"series", series, func(r Row) string { return r.Series }},
		{"workload", workload, func(r Row) string { return r.Workload }},
		{"config", config, func(r Row) string { return r.Config }},
		{"metric", metric, func(r Row) string { return r.Metric }},
	} {
		left := Select(rows, func(r Row) bool { return part.of(r) == part.want })
		if len(left) == 0 {
			have := distinct(rows, part.of, false)
			if len(have) > 12 {
				have = append(have[:12], "...")
			}
			return Row{}, fmt.Errorf("published: Find %s: %s is %q, must be one of %q", key, part.name, part.want, have)
		}
		rows = left
	}
	panic("published: a row is in the list but not in the index")
}

// position is the place of a row in the files, or the number of rows when it is not there.
func position(k Key) int {
	s := load()
	if i, ok := s.index[k]; ok {
		return i
	}
	return len(s.rows)
}

func distinct(rows []Row, of func(Row) string, sorted bool) []string {
	var names []string
	seen := make(map[string]bool)
	for _, r := range rows {
		if n := of(r); !seen[n] {
			seen[n] = true
			names = append(names, n)
		}
	}
	if sorted {
		slices.Sort(names)
	}
	return names
}
