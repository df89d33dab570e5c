package datasets

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// table is a tab-separated file being read. Tabs separate, nothing quotes: quotation marks are text, as in the GLUE files.
type table struct {
	path    string
	columns []string // names, from the header row or given
	line    int      // 1-based, of the row last read
	row     []string
}

// longestLine bounds a line, so that a wrong file does not fill the memory.
const longestLine = 1 << 24

// readFile reads the rows of a TSV file, unpacking one whose name ends in .gz. With columns given the file has no header row.
func readFile(path string, columns []string, each func(*table) error) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("datasets: %s: %w", path, plain(err))
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		z, err := gzip.NewReader(f)
		if err != nil {
			return fmt.Errorf("datasets: %s: not a whole gzip file: %w", path, err)
		}
		defer z.Close()
		r = z
	}
	return readTable(path, r, columns, each)
}

// readTable calls each for every row. Every row must have as many fields as there are columns: a file cut in the middle
// of a row is refused.
func readTable(path string, r io.Reader, columns []string, each func(*table) error) error {
	t := &table{path: path, columns: columns}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 1<<16), longestLine)
	rows := 0
	for lines.Scan() {
		t.line++
		text := strings.TrimSuffix(lines.Text(), "\r")
		if t.line == 1 {
			text = strings.TrimPrefix(text, "\ufeff") // the MRPC files begin with a byte order mark
		}
		if !utf8.ValidString(text) {
			return t.errorf("text is not UTF-8")
		}
		fields := strings.Split(text, "\t")
		if t.columns == nil {
			t.columns = fields
			continue
		}
		if len(fields) != len(t.columns) {
			return t.errorf("row has %d fields, must have %d (%s); is the file cut off?", len(fields), len(t.columns), strings.Join(t.columns, ", "))
		}
		t.row = fields
		if err := each(t); err != nil {
			return err
		}
		rows++
	}
	if err := lines.Err(); err != nil {
		t.line++
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return t.errorf("the compressed file ends in mid-stream; is it cut off?")
		}
		if errors.Is(err, bufio.ErrTooLong) {
			return t.errorf("line is longer than %d bytes", longestLine)
		}
		return t.errorf("%v", err)
	}
	if rows == 0 {
		return fmt.Errorf("datasets: %s has 0 rows, must have at least 1", path)
	}
	return nil
}

// errorf names the file and line.
func (t *table) errorf(format string, args ...any) error {
	return fmt.Errorf("datasets: %s:%d: %s", t.path, t.line, fmt.Sprintf(format, args...))
}

// field is the present row's value in a named column.
func (t *table) field(column string) (string, error) {
	i := slices.Index(t.columns, column)
	if i < 0 {
		return "", fmt.Errorf("datasets: %s:1: no column %q, the header row names %s", t.path, column, strings.Join(t.columns, ", "))
	}
	return t.row[i], nil
}

// text is a field that must hold at least one word.
func (t *table) text(column string) (string, error) {
	s, err := t.field(column)
	if err == nil && strings.TrimSpace(s) == "" {
		return "", t.errorf("field %s has 0 tokens, must have at least 1", column)
	}
	return strings.TrimSpace(s), err
}

// label is a field's index in names.
func (t *table) label(column string, names []string) (int32, error) {
	s, err := t.field(column)
	if err != nil {
		return 0, err
	}
	i := slices.Index(names, s)
	if i < 0 {
		return 0, t.errorf("field %s is %q, must be one of %s", column, s, strings.Join(names, ", "))
	}
	return int32(i), nil
}

// score is a field that must be a number in [low, high].
func (t *table) score(column string, low, high float64) (float32, error) {
	s, err := t.field(column)
	if err != nil {
		return 0, err
	}
	v, err := strconv.ParseFloat(s, 32)
	if err != nil || !(v >= low && v <= high) {
		return 0, t.errorf("field %s is %q, must be a number in [%g,%g]", column, s, low, high)
	}
	return float32(v), nil
}
