package trace

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/parquet-go/parquet-go"
)

// Metadata travels in the file's key-value section: what the records came from. Keys in use are "workload", "seed",
// "model" (a hash of the weights) and "threshold" (how it was learned); others are free.
type Metadata map[string]string

// formatKey marks the files of this package and their layout.
const formatKey, format = "workbench.trace", "1"

// rowsPerGroup bounds what a reader holds at once: a group of 4096-token heads is some 12 MB.
const rowsPerGroup = 16

// Writer appends records to a Parquet file that appears under its name only when Close succeeds.
type Writer struct {
	path string
	file *os.File
	out  *parquet.GenericWriter[row]
	rows int
}

// Create begins a trace file.
func Create(path string, meta Metadata) (*Writer, error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return nil, fmt.Errorf("trace: %w", err)
	}
	options := []parquet.WriterOption{
		schema, parquet.Compression(&parquet.Zstd), parquet.MaxRowsPerRowGroup(rowsPerGroup),
		parquet.CreatedBy("sparse-attention workbench", format, ""), // no build number: the same records give the same bytes
		parquet.SkipPageBounds("q"), parquet.SkipPageBounds("k"), parquet.SkipPageBounds("v"),
		parquet.KeyValueMetadata(formatKey, format),
	}
	for _, k := range slices.Sorted(maps.Keys(meta)) {
		options = append(options, parquet.KeyValueMetadata(k, meta[k]))
	}
	return &Writer{path: path, file: f, out: parquet.NewGenericWriter[row](f, options...)}, nil
}

// Append writes one record.
func (w *Writer) Append(r *Record) error {
	if err := r.Validate(); err != nil {
		return fmt.Errorf("trace: %s: record %d: %w", w.path, w.rows, err)
	}
	if _, err := w.out.Write([]row{r.row()}); err != nil {
		return fmt.Errorf("trace: %s: record %d: %w", w.path, w.rows, err)
	}
	w.rows++
	return nil
}

// Close completes the file and gives it its name. After an error nothing is left behind.
func (w *Writer) Close() error {
	err := w.out.Close()
	if err == nil {
		err = seal(w.file)
	}
	if err = errors.Join(err, w.file.Chmod(0o644), w.file.Sync(), w.file.Close()); err == nil {
		err = os.Rename(w.file.Name(), w.path)
	}
	if err != nil {
		os.Remove(w.file.Name())
		return fmt.Errorf("trace: %s: %w", w.path, err)
	}
	return nil
}

// Abort drops the file.
func (w *Writer) Abort() {
	w.file.Close()
	os.Remove(w.file.Name())
}

// Write writes a trace file without further metadata.
func Write(path string, records []Record) error { return WriteAll(path, nil, records) }

// WriteAll writes a trace file: whole, or not at all.
func WriteAll(path string, meta Metadata, records []Record) error {
	w, err := Create(path, meta)
	if err != nil {
		return err
	}
	for i := range records {
		if err := w.Append(&records[i]); err != nil {
			w.Abort()
			return err
		}
	}
	return w.Close()
}
