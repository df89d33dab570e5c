package trace_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/trace"
)

func records(n, bits int) []trace.Record {
	out := make([]trace.Record, n)
	for i := range out {
		s := trace.Synthesis{Tokens: 20, Valid: 13 + i%8, Dim: 8, Bits: bits, Causal: i%2 == 1, PruningRate: 0.7, Locality: trace.Correlation(0.5), Seed: uint64(i)}
		h, th, err := trace.Synthesise(s)
		if err != nil {
			panic(err)
		}
		out[i] = trace.Record{Workload: "made", Task: "none", Sample: i / 4, Layer: i / 2 % 2, HeadIndex: i % 2, Threshold: th, Head: *h}
	}
	return out
}

func TestFileRoundTrip(t *testing.T) {
	for _, bits := range []int{4, 8, 12} {
		path := filepath.Join(t.TempDir(), "t.parquet")
		want := records(41, bits) // three row groups
		meta := trace.Metadata{"workload": "made", "seed": "7", "model": "sha256:00"}
		if err := trace.WriteAll(path, meta, want); err != nil {
			t.Fatal(err)
		}
		got, err := trace.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
		r, err := trace.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if d := cmp.Diff(meta, r.Metadata()); d != "" || r.Len() != 41 {
			t.Errorf("%d records, metadata %s", r.Len(), d)
		}
		for rec, err := range r.Records() { // a reader may stop early
			if err != nil || rec.Sample != 0 {
				t.Errorf("first record: %v, %v", rec.Sample, err)
			}
			break
		}
		if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
			t.Errorf("%d files remain, want 1", len(left))
		}
	}
}

func TestFileIsDeterministic(t *testing.T) {
	dir := t.TempDir()
	meta := trace.Metadata{"b": "2", "a": "1", "c": "3"}
	var first []byte
	for i := range 3 {
		path := filepath.Join(dir, fmt.Sprint(i))
		if err := trace.WriteAll(path, meta, records(20, 8)); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = data
		} else if !bytes.Equal(first, data) {
			t.Fatal("the same records give other bytes")
		}
	}
}

func TestBytesAreSmall(t *testing.T) {
	h := records(1, 8)
	path := filepath.Join(t.TempDir(), "t")
	if err := trace.Write(path, h); err != nil {
		t.Fatal(err)
	}
	if n := fileSize(t, path); n > 8000 {
		t.Errorf("a head of 3 x 20 x 8 bytes takes %d bytes", n)
	}
}

func fileSize(t *testing.T, path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// Every way of spoiling a file gives one line with its name, and never a wrong record.
func TestDamagedFiles(t *testing.T) {
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole")
	want := records(5, 8)
	if err := trace.Write(whole, want); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "spoilt.parquet")
	read := func(name string, spoilt []byte, mustFail bool) {
		if err := os.WriteFile(path, spoilt, 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := trace.Read(path)
		switch {
		case err == nil && mustFail:
			t.Errorf("%s: read", name)
		case err == nil && !cmp.Equal(want, got):
			t.Errorf("%s: read as something else", name)
		case err != nil && (!strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), "trace: ")):
			t.Errorf("%s: %q does not name the file on one line", name, err)
		}
	}
	for n := 0; n < len(data); n += 97 {
		read(fmt.Sprintf("cut to %d bytes", n), data[:n], true)
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range 400 {
		spoilt := bytes.Clone(data)
		at := r.IntN(len(spoilt))
		spoilt[at] ^= 1 << r.IntN(8)
		read(fmt.Sprintf("bit flipped at %d", at), spoilt, true)
	}
	read("no Parquet", []byte("sentence\tlabel\n"), true)
	if _, err := trace.Read(filepath.Join(dir, "none")); err == nil || !strings.Contains(err.Error(), "none") {
		t.Errorf("missing file: %v", err)
	}
	if _, err := trace.Read(dir); err == nil {
		t.Error("a folder was read")
	}
}

// A Parquet file of something else is refused before it is decoded.
func TestForeignParquet(t *testing.T) {
	type other struct {
		Workload string
		Sample   int64
	}
	path := filepath.Join(t.TempDir(), "other")
	if err := parquet.WriteFile(path, []other{{"a", 1}}); err != nil {
		t.Fatal(err)
	}
	if _, err := trace.Read(path); err == nil || !strings.Contains(err.Error(), "not a trace file: it has no seal") {
		t.Errorf("got %v", err)
	}
}

// Other Parquet software reads a trace file as it stands, seal and all.
func TestOtherSoftwareReadsTheFile(t *testing.T) {
	type part struct {
		Layer int32  `parquet:"layer"`
		Q     []byte `parquet:"q"`
	}
	path := filepath.Join(t.TempDir(), "t.parquet")
	want := records(3, 8)
	if err := trace.Write(path, want); err != nil {
		t.Fatal(err)
	}
	got, err := parquet.ReadFile[part](path)
	if err != nil || len(got) != 3 {
		t.Fatalf("%d rows, %v", len(got), err)
	}
	for i, p := range got {
		if int(p.Layer) != want[i].Layer || int16(int8(p.Q[5])) != want[i].Head.Q[5] {
			t.Errorf("row %d differs", i)
		}
	}
}

func TestWriteRefusesABadRecord(t *testing.T) {
	dir := t.TempDir()
	for want, spoil := range map[string]func(*trace.Record){
		"record 1: trace: Record.Layer is -1":                 func(r *trace.Record) { r.Layer = -1 },
		"record 1: trace: Record.Threshold is NaN":            func(r *trace.Record) { r.Threshold = math.NaN() },
		"record 1: attention: Head.Valid is 21, must be in 1": func(r *trace.Record) { r.Head.Valid = 21 },
	} {
		rs := records(2, 8)
		spoil(&rs[1])
		if err := trace.Write(filepath.Join(dir, "t"), rs); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("%d files remain, want none", len(left))
	}
	if err := trace.Write(filepath.Join(dir, "no", "t"), records(1, 8)); err == nil {
		t.Error("written into a folder that is not there")
	}
}

func FuzzRead(f *testing.F) {
	path := filepath.Join(f.TempDir(), "t")
	if err := trace.Write(path, records(2, 8)); err != nil {
		f.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(data[:len(data)/2])
	f.Add([]byte("PAR1PAR1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		records, err := trace.Read(path)
		if err != nil {
			return
		}
		for i := range records {
			if err := records[i].Validate(); err != nil {
				t.Fatalf("read, but: %v", err)
			}
		}
	})
}

func TestQuantise(t *testing.T) {
	shape := attention.Head{Tokens: 3, Valid: 2, Dim: 2, Bits: 8}
	q := []float32{1.27, -0.5, 0, 0.01, 99, 99} // padding must not set the scale
	h, err := trace.Quantise(q, q, make([]float32, 6), shape)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]int16{127, -50, 0, 1, 0, 0}, h.Q); d != "" || math.Abs(float64(h.ScaleQ)-0.01) > 1e-8 || h.ScaleV != 1 {
		t.Errorf("scale %v %v: %s", h.ScaleQ, h.ScaleV, d)
	}
	if _, err := trace.Quantise(q[:5], q, q, shape); err == nil || !strings.Contains(err.Error(), "Q holds 5 values, must hold Tokens x Dim = 6") {
		t.Errorf("short Q: %v", err)
	}
	q[1] = float32(math.NaN())
	if _, err := trace.Quantise(q, q, q, shape); err == nil || !strings.Contains(err.Error(), "value 1 is NaN") {
		t.Errorf("NaN: %v", err)
	}
}

func BenchmarkRead(b *testing.B) {
	s := trace.SPRINT()[0]
	h, th, err := trace.Synthesise(s)
	if err != nil {
		b.Fatal(err)
	}
	rs := make([]trace.Record, 24)
	for i := range rs {
		rs[i] = trace.Record{Workload: s.Name, HeadIndex: i, Threshold: th, Head: *h}
	}
	path := filepath.Join(b.TempDir(), "t")
	if err := trace.Write(path, rs); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := trace.Read(path); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(info.Size())/24/1024, "KiB/head")
	b.ReportMetric(float64(b.N)*24/b.Elapsed().Seconds(), "heads/s")
}
