package scoreboard

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Row is one published number beside ours, as a verdicts.csv has it. Numbers are kept as they were written.
type Row struct {
	System, Figure, Series, Workload, Config, Metric string
	Published                                        string // a number
	Evidence                                         string // printed, digitised, derived, secondary, measured, unverified
	Ours, Ratio                                      string // numbers, or empty when the row is not comparable
	Class                                            string // exact, tight, modelled, trend, accuracy, fitted, not comparable
	Verdict                                          Verdict
	Reason                                           string
}

// Verdict is the outcome of a comparison.
type Verdict string

// The verdicts.
const (
	Pass          Verdict = "pass"
	Fail          Verdict = "fail"
	NotApplicable Verdict = "n/a"
)

// Verdicts lists them in the order in which they are counted.
var Verdicts = []Verdict{Pass, Fail, NotApplicable}

// Columns is the header of the file.
var Columns = []string{"system", "figure", "series", "workload", "config", "metric", "published", "evidence", "ours", "ratio",
	"class", "verdict", "reason"}

// fields gives the row's values in the order of Columns.
func (r *Row) fields() []*string {
	return []*string{&r.System, &r.Figure, &r.Series, &r.Workload, &r.Config, &r.Metric, &r.Published, &r.Evidence, &r.Ours,
		&r.Ratio, &r.Class, (*string)(&r.Verdict), &r.Reason}
}

// Values gives the row's values in the order of Columns.
func (r Row) Values() []string {
	values := make([]string, 0, len(Columns))
	for _, f := range r.fields() {
		values = append(values, *f)
	}
	return values
}

// MarshalJSON writes the row with the names of Columns; numbers are numbers, and null where there is none.
func (r Row) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, value := range r.Values() {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:", Columns[i])
		if slices.Contains(numeric, Columns[i]) {
			raw := []byte("null")
			if x, err := strconv.ParseFloat(value, 64); err == nil {
				if raw, err = json.Marshal(x); err != nil {
					raw = []byte("null") // an infinite ratio has no place in JSON
				}
			}
			b.Write(raw)
			continue
		}
		var text bytes.Buffer
		e := json.NewEncoder(&text)
		e.SetEscapeHTML(false)
		if err := e.Encode(value); err != nil {
			return nil, err
		}
		b.Write(bytes.TrimSpace(text.Bytes()))
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

var numeric = []string{"published", "ours", "ratio"}

// Read reads a verdicts.csv or scoreboard.csv. The error names the file, the line, the field and what is legal.
func Read(path string) ([]Row, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		var p *fs.PathError
		if errors.As(err, &p) {
			err = p.Err
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	rows, err := Parse(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return rows, nil
}

// Parse reads rows under the header Columns.
func Parse(from io.Reader) ([]Row, error) {
	c := csv.NewReader(from)
	c.FieldsPerRecord = len(Columns)
	header, err := c.Read()
	if err == io.EOF {
		return nil, errors.New("line 1: is empty, must be the header " + strings.Join(Columns, ","))
	}
	if err != nil {
		return nil, oneLine(err)
	}
	if !slices.Equal(header, Columns) {
		return nil, fmt.Errorf("line 1: header is %q, must be %s", strings.Join(header, ","), strings.Join(Columns, ","))
	}
	var rows []Row
	for {
		record, err := c.Read()
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return nil, oneLine(err)
		}
		var r Row
		for i, f := range r.fields() {
			*f = record[i]
		}
		if err := r.validate(); err != nil {
			line, _ := c.FieldPos(0)
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		rows = append(rows, r)
	}
}

func (r *Row) validate() error {
	if r.System == "" {
		return errors.New("system is empty, must name a machine")
	}
	if !slices.Contains(Verdicts, r.Verdict) {
		return fmt.Errorf("verdict is %q, must be pass, fail or n/a", r.Verdict)
	}
	for i, f := range r.fields() {
		if !slices.Contains(numeric, Columns[i]) || *f == "" {
			continue
		}
		if x, err := strconv.ParseFloat(*f, 64); err != nil || math.IsNaN(x) {
			return fmt.Errorf("%s is %q, must be a number or empty", Columns[i], *f)
		}
	}
	return nil
}

func oneLine(err error) error {
	var p *csv.ParseError
	if errors.As(err, &p) {
		return fmt.Errorf("line %d: %w", p.Line, p.Err)
	}
	return err
}

// Bytes is the content of a scoreboard.csv.
func Bytes(rows []Row) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write(Columns) // a bytes.Buffer takes everything
	for _, r := range rows {
		_ = w.Write(r.Values())
	}
	w.Flush()
	return b.Bytes()
}
