package published

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

var columns = []string{"system", "figure", "series", "workload", "config", "metric", "unit", "value", "evidence", "source", "note"}

// Parse reads a file of published numbers. It is strict: the header must be exact, every line must have eleven fields
// without stray blanks or control characters, the value must be a finite number, the evidence a known grade, and no name
// may repeat. Errors give the file, the line and the field.
func Parse(file string, r io.Reader) ([]Row, error) {
	var rows []Row
	seen := make(map[Key]int)
	err := eachRecord(file, r, columns, func(line int, f []string) error {
		row, err := parseRecord(f)
		if err != nil {
			return err
		}
		if first, ok := seen[row.Key()]; ok {
			return fmt.Errorf("system to metric repeat line %d: %s", first, row.Key())
		}
		seen[row.Key()] = line
		rows = append(rows, row)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// eachRecord reads a file of the columns line by line, its header apart; an error of record gets the file and the line.
func eachRecord(file string, r io.Reader, columns []string, record func(line int, f []string) error) error {
	in := csv.NewReader(r)
	in.FieldsPerRecord = -1
	header, err := in.Read()
	if err == io.EOF {
		err = errors.New("the file is empty")
	}
	if err != nil {
		return fmt.Errorf("published: %s:1: header: %w", file, err)
	}
	if strings.Join(header, ",") != strings.Join(columns, ",") {
		return fmt.Errorf("published: %s:1: header is %q, must be %q", file, strings.Join(header, ","), strings.Join(columns, ","))
	}
	for {
		f, err := in.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("published: %s: %w", file, err)
		}
		line, _ := in.FieldPos(0)
		if err = checkFields(f, columns); err == nil {
			err = record(line, f)
		}
		if err != nil {
			return fmt.Errorf("published: %s:%d: %w", file, line, err)
		}
	}
}

func checkFields(f, columns []string) error {
	if len(f) != len(columns) {
		return fmt.Errorf("has %d fields, must be %d", len(f), len(columns))
	}
	for i, s := range f {
		if err := checkText(s); err != nil {
			return fmt.Errorf("%s is %q, %w", columns[i], s, err)
		}
	}
	return nil
}

func parseRecord(f []string) (Row, error) {
	for _, i := range []int{0, 1, 5, 9} {
		if f[i] == "" {
			return Row{}, fmt.Errorf("%s is empty, must be given", columns[i])
		}
	}
	value, err := parseNumber(f[7])
	if err != nil {
		return Row{}, fmt.Errorf("value is %q, must be a finite decimal number", f[7])
	}
	evidence, err := ParseEvidence(f[8])
	if err != nil {
		return Row{}, err
	}
	return Row{System: f[0], Figure: f[1], Series: f[2], Workload: f[3], Config: f[4], Metric: f[5], Unit: f[6],
		Value: value, Evidence: evidence, Source: f[9], Note: f[10]}, nil
}

// parseNumber takes decimal notation only: no hexadecimal, no underscores, no Inf or NaN.
func parseNumber(s string) (float64, error) {
	if s == "" || strings.Trim(s, "+-.0123456789eE") != "" {
		return 0, strconv.ErrSyntax
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, err
	}
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return 0, strconv.ErrRange
	}
	return v, nil
}

func checkText(s string) error {
	if !utf8.ValidString(s) {
		return errors.New("must be UTF-8")
	}
	if strings.TrimSpace(s) != s {
		return errors.New("must not begin or end with a blank")
	}
	if strings.IndexFunc(s, unicode.IsControl) >= 0 {
		return errors.New("must not hold a control character")
	}
	return nil
}
