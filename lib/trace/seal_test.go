package trace

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// A sealed file of another layout is refused by name: the mark first, then each column.
func TestSealedForeignLayout(t *testing.T) {
	type narrow struct {
		Workload string `parquet:"workload,dict"`
		Task     string `parquet:"task,dict"`
		Sample   int64  `parquet:"sample"`
	}
	for want, options := range map[string][]parquet.WriterOption{
		`metadata workbench.trace is "", must be "1"`: nil,
		"column sample is":                            {parquet.KeyValueMetadata(formatKey, format)},
	} {
		path := filepath.Join(t.TempDir(), "t")
		if err := parquet.WriteFile(path, []narrow{{"a", "b", 1}}, options...); err != nil {
			t.Fatal(err)
		}
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := seal(f); err != nil {
			t.Fatal(err)
		}
		f.Close()
		if _, err := Read(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// Rows whose fields disagree are refused, although no bit is damaged.
func TestRowsAreChecked(t *testing.T) {
	good := row{Tokens: 2, Valid: 1, Dim: 2, Bits: 8, ScaleQ: 1, ScaleK: 1, ScaleV: 1, Q: make([]byte, 4), K: make([]byte, 4), V: make([]byte, 4)}
	if _, err := good.record(); err != nil {
		t.Fatal(err)
	}
	for want, spoil := range map[string]func(*row){
		"field bits is 1, must be in 2..16":                            func(r *row) { r.Bits = 1 },
		"fields tokens, dim are 0, 2":                                  func(r *row) { r.Tokens = 0 },
		"field k holds 3 bytes, must hold tokens x dim x 1 = 4":        func(r *row) { r.K = r.K[:3] },
		"field q holds 4 bytes, must hold tokens x dim x 2 = 8":        func(r *row) { r.Bits = 12 },
		"field q holds 4 bytes, must hold tokens x dim x 1 = 46116860": func(r *row) { r.Tokens, r.Dim = 1<<31-1, 1<<31-1 },
		"Head.Valid is 0":                           func(r *row) { r.Valid = 0 },
		"Record.Sample is -1":                       func(r *row) { r.Sample = -1 },
		"Head.Q[1] is 9, must be in -8..7 (4 bits)": func(r *row) { r.Bits, r.Q = 4, []byte{0, 9, 0, 0} },
	} {
		r := good
		spoil(&r)
		if _, err := r.record(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
