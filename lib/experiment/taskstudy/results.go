package taskstudy

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// Row is one measure of one run.
type Row struct {
	Task, Model string
	Pretrained  string // what the weights were before: "none", or the name of a checkpoint
	Seed        uint64
	Split       string // "dev" or "test"
	Metric      string
	Value       float64
	Mean, Half  float64 // over the seeds of the same task, model, start, split and metric; the half width of the 95 % interval is 0 for one seed
	Examples    int     // judged on
	Seconds     float64 // wall time of the training; 0 where nothing was trained
}

// Columns of the file.
var Columns = []string{"task", "model", "pretrained", "seed", "split", "metric", "value", "mean", "half_width", "examples", "seconds"}

func (r Row) group() string {
	return strings.Join([]string{r.Task, r.Model, r.Pretrained, r.Split, r.Metric}, "\x00")
}

func compare(a, b Row) int {
	return cmp.Or(cmp.Compare(a.Task, b.Task), cmp.Compare(a.Model, b.Model), cmp.Compare(a.Pretrained, b.Pretrained),
		cmp.Compare(a.Split, b.Split), cmp.Compare(a.Metric, b.Metric), cmp.Compare(a.Seed, b.Seed))
}

// Merge puts rows into the file at path, which is made if there is none: a row of the same task, model, start, split, metric
// and seed is replaced, and means and intervals are taken anew. The file is written whole or not at all.
func Merge(path string, rows []Row) error {
	all, err := Read(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, r := range rows {
		all = slices.DeleteFunc(all, func(old Row) bool { return compare(old, r) == 0 })
		all = append(all, r)
	}
	return write(path, all)
}

func write(path string, rows []Row) error {
	values := map[string][]float64{}
	slices.SortFunc(rows, compare)
	for _, r := range rows {
		values[r.group()] = append(values[r.group()], r.Value)
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.Write(Columns)
	number := func(v float64) string { return strconv.FormatFloat(v, 'f', 5, 64) }
	for _, r := range rows {
		r.Mean, r.Half = datasets.MeanInterval(values[r.group()])
		w.Write([]string{r.Task, r.Model, r.Pretrained, strconv.FormatUint(r.Seed, 10), r.Split, r.Metric, number(r.Value), number(r.Mean), number(r.Half),
			strconv.Itoa(r.Examples), strconv.FormatFloat(r.Seconds, 'f', 0, 64)})
	}
	w.Flush()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("taskstudy: %w", err)
	}
	return transformer.ReplaceFile(path, []byte(b.String()))
}

// Read gives the rows of a file that Merge wrote.
func Read(path string) ([]Row, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("taskstudy: %w", err)
	}
	r := csv.NewReader(strings.NewReader(string(text)))
	r.FieldsPerRecord = len(Columns)
	records, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("taskstudy: %s: %w", path, err)
	}
	if len(records) == 0 || !slices.Equal(records[0], Columns) {
		return nil, fmt.Errorf("taskstudy: %s:1: columns must be %s", path, strings.Join(Columns, ","))
	}
	var out []Row
	for i, rec := range records[1:] {
		row := Row{Task: rec[0], Model: rec[1], Pretrained: rec[2], Split: rec[4], Metric: rec[5]}
		for _, f := range []struct {
			column int
			read   func(s string) error
		}{
			{3, func(s string) (err error) { row.Seed, err = strconv.ParseUint(s, 10, 64); return err }},
			{6, func(s string) (err error) { row.Value, err = strconv.ParseFloat(s, 64); return err }},
			{7, func(s string) (err error) { row.Mean, err = strconv.ParseFloat(s, 64); return err }},
			{8, func(s string) (err error) { row.Half, err = strconv.ParseFloat(s, 64); return err }},
			{9, func(s string) (err error) { row.Examples, err = strconv.Atoi(s); return err }},
			{10, func(s string) (err error) { row.Seconds, err = strconv.ParseFloat(s, 64); return err }},
		} {
			if f.read(rec[f.column]) != nil {
				return nil, fmt.Errorf("taskstudy: %s:%d: field %s is %q, must be a number", path, i+2, Columns[f.column], rec[f.column])
			}
		}
		out = append(out, row)
	}
	return out, nil
}
