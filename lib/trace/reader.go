package trace

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// Reader streams the records of a trace file, so that a big one need not fit in memory.
type Reader struct {
	path string
	file *os.File
	in   *parquet.File
}

// Open checks that path is a whole trace file, which reads it once for its hash; its records are read by Records.
func Open(path string) (r *Reader, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("trace: %w", err)
	}
	defer func() {
		if err != nil {
			f.Close()
			err = fmt.Errorf("trace: %s: %w", path, err)
		}
	}()
	if err := unseal(f); err != nil {
		return nil, err
	}
	defer damaged(&err)
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	in, err := parquet.OpenFile(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("not a whole Parquet file: %w", oneLine(err))
	}
	if v, ok := in.Lookup(formatKey); !ok || v != format {
		return nil, fmt.Errorf("metadata %s is %q, must be %q", formatKey, v, format)
	}
	for _, want := range schema.Columns() {
		got, ok := in.Schema().Lookup(want...)
		mine, _ := schema.Lookup(want...)
		if !ok {
			return nil, fmt.Errorf("column %s is missing", want[0])
		}
		if got.Node.Type().Kind() != mine.Node.Type().Kind() || !got.Node.Required() {
			return nil, fmt.Errorf("column %s is %v, must be %v", want[0], got.Node, mine.Node)
		}
	}
	return &Reader{path: path, file: f, in: in}, nil
}

// Len is the number of records.
func (r *Reader) Len() int { return int(r.in.NumRows()) }

// Metadata returns what the writer said about the records.
func (r *Reader) Metadata() Metadata {
	m := Metadata{}
	for _, kv := range r.in.Metadata().KeyValueMetadata {
		if kv.Key != formatKey {
			m[kv.Key] = kv.Value
		}
	}
	return m
}

// Records yields every record in file order, checked. After the first error it stops.
func (r *Reader) Records() iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		n := 0
		for _, group := range r.in.RowGroups() {
			rows, err := readGroup(group)
			for i := range rows {
				rec, err := rows[i].record()
				if err != nil {
					yield(Record{}, fmt.Errorf("trace: %s: record %d: %w", r.path, n, err))
					return
				}
				if !yield(rec, nil) {
					return
				}
				n++
			}
			if err != nil {
				yield(Record{}, fmt.Errorf("trace: %s: record %d: %w", r.path, n, err))
				return
			}
		}
		if n != r.Len() {
			yield(Record{}, fmt.Errorf("trace: %s: holds %d records, must hold %d", r.path, n, r.Len()))
		}
	}
}

// readGroup reads one row group.
func readGroup(group parquet.RowGroup) (rows []row, err error) {
	defer damaged(&err)
	in := parquet.NewGenericRowGroupReader[row](group)
	defer in.Close()
	if n := group.NumRows(); n < 0 || n > 1<<20 {
		return nil, fmt.Errorf("row group of %d rows, must be at most %d", n, 1<<20)
	}
	rows = make([]row, group.NumRows())
	n := 0
	for n < len(rows) {
		m, err := in.Read(rows[n:])
		n += m
		if errors.Is(err, io.EOF) || err == nil && m == 0 {
			break
		}
		if err != nil {
			return rows[:n], oneLine(err)
		}
	}
	return rows[:n], nil
}

// Close releases the file.
func (r *Reader) Close() error { return r.file.Close() }

// Read reads a whole trace file.
func Read(path string) ([]Record, error) {
	r, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	records := make([]Record, 0, min(r.Len(), 1<<16))
	for rec, err := range r.Records() {
		if err != nil {
			return nil, err
		}
		records = append(records, rec)
	}
	return records, nil
}

// damaged turns the decoder's panics on a sealed file with a foreign layout into errors.
func damaged(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("damaged file: %w", oneLine(fmt.Errorf("%v", p)))
	}
}

func oneLine(err error) error {
	return errors.New(strings.Join(strings.Fields(err.Error()), " "))
}
