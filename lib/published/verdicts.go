package published

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/google/renameio/v2/maybe"
)

var verdictColumns = []string{"system", "figure", "series", "workload", "config", "metric", "published", "evidence", "ours", "ratio", "class", "verdict", "reason"}

// WriteVerdicts writes the verdicts as CSV, in the order of the papers, replacing the file in one step. The same verdicts
// give the same bytes in whatever order they come. Two verdicts on one name, and a verdict of n/a or fail that gives no
// reason, are refused.
func WriteVerdicts(path string, verdicts []Verdict) error {
	sorted := slices.Clone(verdicts)
	slices.SortStableFunc(sorted, func(a, b Verdict) int {
		ka, kb := a.Key(), b.Key()
		return cmp.Or(cmp.Compare(position(ka), position(kb)), cmp.Compare(ka.System, kb.System), cmp.Compare(ka.Figure, kb.Figure),
			cmp.Compare(ka.Series, kb.Series), cmp.Compare(ka.Workload, kb.Workload), cmp.Compare(ka.Config, kb.Config),
			cmp.Compare(ka.Metric, kb.Metric))
	})
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	w.Write(verdictColumns)
	for i, v := range sorted {
		if i > 0 && v.Key() == sorted[i-1].Key() {
			return fmt.Errorf("published: %s: two verdicts on %s", path, v.Key())
		}
		if v.Result != Pass && v.Reason == "" {
			return fmt.Errorf("published: %s: verdict on %s is %s and gives no reason", path, v.Key(), v.Result)
		}
		w.Write([]string{v.System, v.Figure, v.Series, v.Workload, v.Config, v.Metric, publishedNumber(v), v.Evidence.String(),
			finite(v.Ours), finite(v.Ratio), v.Class.String(), v.Result.String(), oneLine(v.Reason)})
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return fmt.Errorf("published: %s: %w", path, err)
	}
	return replaceFile(path, out.Bytes())
}

// publishedNumber writes a row's value with all the digits of its file; a crossing point, which is computed, is rounded.
func publishedNumber(v Verdict) string {
	if _, ok := load().index[v.Key()]; ok {
		return strconv.FormatFloat(v.Value, 'f', -1, 64)
	}
	return finite(v.Value)
}

// finite leaves the field of a number that does not exist empty; the reason says why it does not.
func finite(v float64) string {
	if math.IsInf(v, 0) {
		return ""
	}
	return FormatNumber(v)
}

// MergeVerdicts adds verdicts to the file at path, which need not exist: those of the figures that are named in verdicts
// replace what the file held on these figures, the others stay. So each cell of a notebook can write its own figure.
func MergeVerdicts(path string, verdicts []Verdict) error {
	old, err := ReadVerdicts(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	type figure struct{ system, name string }
	renewed := make(map[figure]bool)
	for _, v := range verdicts {
		renewed[figure{v.System, v.Figure}] = true
	}
	merged := slices.Clone(verdicts)
	for _, v := range old {
		if !renewed[figure{v.System, v.Figure}] {
			merged = append(merged, v)
		}
	}
	return WriteVerdicts(path, merged)
}

// ReadVerdicts reads a file written by WriteVerdicts. Unit, source and note of the rows are looked up among the published
// ones and are empty for names that are not there, such as those of Order.
func ReadVerdicts(path string) ([]Verdict, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("published: %w", err)
	}
	defer f.Close()
	return ParseVerdicts(path, f)
}

// ParseVerdicts is ReadVerdicts for an open file; errors name it as file, with line and field.
func ParseVerdicts(file string, r io.Reader) ([]Verdict, error) {
	var verdicts []Verdict
	err := eachRecord(file, r, verdictColumns, func(_ int, f []string) error {
		v, err := parseVerdict(f)
		verdicts = append(verdicts, v)
		return err
	})
	if err != nil {
		return nil, err
	}
	return verdicts, nil
}

func parseVerdict(f []string) (Verdict, error) {
	v := Verdict{Row: Row{System: f[0], Figure: f[1], Series: f[2], Workload: f[3], Config: f[4], Metric: f[5]}, Reason: f[12]}
	s := load()
	if i, ok := s.index[v.Key()]; ok {
		v.Row = s.rows[i]
	}
	var err error
	for _, n := range []struct {
		to    *float64
		field int
	}{{&v.Value, 6}, {&v.Ours, 8}, {&v.Ratio, 9}} {
		*n.to = math.NaN()
		if f[n.field] != "" {
			if *n.to, err = parseNumber(f[n.field]); err != nil {
				return Verdict{}, fmt.Errorf("%s is %q, must be a finite decimal number or empty", verdictColumns[n.field], f[n.field])
			}
		}
	}
	if f[7] != "" {
		if v.Evidence, err = ParseEvidence(f[7]); err != nil {
			return Verdict{}, err
		}
	}
	if v.Class, err = ParseClass(f[10]); err != nil {
		return Verdict{}, err
	}
	if v.Result, err = ParseResult(f[11]); err != nil {
		return Verdict{}, err
	}
	return v, nil
}

// replaceFile writes beside the file and renames, so that a reader sees the old bytes or the new ones.
func replaceFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return fmt.Errorf("published: %w", err)
	}
	if err := maybe.WriteFile(path, data, 0o644); err != nil {
		return fmt.Errorf("published: %s: %w", path, err)
	}
	return nil
}
