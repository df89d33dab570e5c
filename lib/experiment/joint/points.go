package joint

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/sparse-attention/workbench/lib/transformer"
)

// sweepFile holds the points of a checkpoint's sweeps.
const sweepFile = "sweep.csv"

var pointColumns = []string{"task", "split", "method", "seed", "knob", "retention", "examples", "correct", "lost", "won"}

// WritePoints writes points as CSV beside the checkpoint of a recipe: beside the path first, then renamed over it.
func WritePoints(root, recipe string, points []Point) error {
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	w.Write(pointColumns)
	for _, p := range points {
		w.Write([]string{p.Task, p.Split, p.Method, strconv.FormatUint(p.Seed, 10), number(p.Knob), number(p.Retention),
			strconv.Itoa(p.Examples), strconv.Itoa(p.Correct), strconv.Itoa(p.Lost), strconv.Itoa(p.Won)})
	}
	w.Flush()
	return transformer.ReplaceFile(filepath.Join(root, recipe, sweepFile), text.Bytes())
}

// ReadPoints reads what WritePoints wrote; no file is no points. Errors name the file, line and column.
func ReadPoints(root, recipe string) ([]Point, error) {
	path := filepath.Join(root, recipe, sweepFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("joint: %w", err)
	}
	points, err := parsePoints(text)
	if err != nil {
		return nil, fmt.Errorf("joint: %s: %w", path, err)
	}
	return points, nil
}

func parsePoints(text []byte) ([]Point, error) {
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord = len(pointColumns)
	lines, err := r.ReadAll()
	if err != nil {
		return nil, err
	}
	if len(lines) == 0 {
		return nil, errors.New("file is empty, must begin with a heading")
	}
	for i, name := range pointColumns {
		if lines[0][i] != name {
			return nil, fmt.Errorf("line 1: column %d is %q, must be %q", i+1, lines[0][i], name)
		}
	}
	var points []Point
	for n, line := range lines[1:] {
		p := Point{Task: line[0], Split: line[1], Method: line[2]}
		if p.Seed, err = strconv.ParseUint(line[3], 10, 64); err != nil {
			return nil, fmt.Errorf("line %d: seed is %q, must be a whole number", n+2, line[3])
		}
		for i, to := range []*float64{&p.Knob, &p.Retention} {
			if *to, err = strconv.ParseFloat(line[4+i], 64); err != nil || !(*to > 0) {
				return nil, fmt.Errorf("line %d: %s is %q, must be a number above 0", n+2, pointColumns[4+i], line[4+i])
			}
		}
		for i, to := range []*int{&p.Examples, &p.Correct, &p.Lost, &p.Won} {
			if *to, err = strconv.Atoi(line[6+i]); err != nil || *to < 0 {
				return nil, fmt.Errorf("line %d: %s is %q, must be a whole number from 0", n+2, pointColumns[6+i], line[6+i])
			}
		}
		if p.Examples == 0 || p.Correct > p.Examples || p.Retention > 1 {
			return nil, fmt.Errorf("line %d: %d of %d right at retention %v, must be at most all", n+2, p.Correct, p.Examples, p.Retention)
		}
		points = append(points, p)
	}
	return points, nil
}
