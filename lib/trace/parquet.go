package trace

import (
	"encoding/binary"
	"fmt"

	"github.com/parquet-go/parquet-go"
	"github.com/sparse-attention/workbench/lib/attention"
)

// row is one Record as Parquet stores it. Q, K and V are little-endian integers of one byte up to 8 bits, of two above,
// Tokens x Dim each, row-major.
type row struct {
	Workload  string  `parquet:"workload,dict"`
	Task      string  `parquet:"task,dict"`
	Sample    int32   `parquet:"sample"`
	Layer     int32   `parquet:"layer"`
	HeadIndex int32   `parquet:"head"`
	Threshold float64 `parquet:"threshold"`
	Tokens    int32   `parquet:"tokens"`
	Valid     int32   `parquet:"valid"`
	Dim       int32   `parquet:"dim"`
	Bits      int32   `parquet:"bits"`
	Causal    bool    `parquet:"causal"`
	ScaleQ    float32 `parquet:"scale_q"`
	ScaleK    float32 `parquet:"scale_k"`
	ScaleV    float32 `parquet:"scale_v"`
	Q         []byte  `parquet:"q"`
	K         []byte  `parquet:"k"`
	V         []byte  `parquet:"v"`
}

var schema = parquet.SchemaOf(row{})

func (r *Record) row() row {
	h := &r.Head
	return row{
		Workload: r.Workload, Task: r.Task, Sample: int32(r.Sample), Layer: int32(r.Layer), HeadIndex: int32(r.HeadIndex),
		Threshold: r.Threshold, Tokens: int32(h.Tokens), Valid: int32(h.Valid), Dim: int32(h.Dim), Bits: int32(h.Bits),
		Causal: h.Causal, ScaleQ: h.ScaleQ, ScaleK: h.ScaleK, ScaleV: h.ScaleV,
		Q: pack(h.Q, h.Bits), K: pack(h.K, h.Bits), V: pack(h.V, h.Bits),
	}
}

// record checks and unpacks a row.
func (r *row) record() (Record, error) {
	if r.Bits < 2 || r.Bits > 16 {
		return Record{}, fmt.Errorf("field bits is %d, must be in 2..16", r.Bits)
	}
	width := int64(bytesPer(int(r.Bits)))
	if r.Tokens < 1 || r.Dim < 1 {
		return Record{}, fmt.Errorf("fields tokens, dim are %d, %d, must be at least 1", r.Tokens, r.Dim)
	}
	for _, m := range []struct {
		name string
		data []byte
	}{{"q", r.Q}, {"k", r.K}, {"v", r.V}} {
		if want := int64(r.Tokens) * int64(r.Dim) * width; int64(len(m.data)) != want {
			return Record{}, fmt.Errorf("field %s holds %d bytes, must hold tokens x dim x %d = %d", m.name, len(m.data), width, want)
		}
	}
	out := Record{
		Workload: r.Workload, Task: r.Task, Sample: int(r.Sample), Layer: int(r.Layer), HeadIndex: int(r.HeadIndex),
		Threshold: r.Threshold,
		Head: attention.Head{
			Tokens: int(r.Tokens), Valid: int(r.Valid), Dim: int(r.Dim), Bits: int(r.Bits), Causal: r.Causal,
			ScaleQ: r.ScaleQ, ScaleK: r.ScaleK, ScaleV: r.ScaleV,
			Q: unpack(r.Q, int(r.Bits)), K: unpack(r.K, int(r.Bits)), V: unpack(r.V, int(r.Bits)),
		},
	}
	return out, out.Validate()
}

func bytesPer(bits int) int {
	if bits <= 8 {
		return 1
	}
	return 2
}

func pack(x []int16, bits int) []byte {
	if bytesPer(bits) == 1 {
		b := make([]byte, len(x))
		for i, v := range x {
			b[i] = byte(v)
		}
		return b
	}
	b := make([]byte, 0, 2*len(x))
	for _, v := range x {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	return b
}

func unpack(b []byte, bits int) []int16 {
	x := make([]int16, len(b)/bytesPer(bits))
	for i := range x {
		if bytesPer(bits) == 1 {
			x[i] = int16(int8(b[i]))
		} else {
			x[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
		}
	}
	return x
}
