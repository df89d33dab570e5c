package transformer

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes/float16"
	"github.com/google/renameio/v2/maybe"
)

// Tensor is one named array of a weights file.
type Tensor struct {
	Name   string
	Shape  []int
	Values []float32
}

// Precision is how WriteTensors stores values.
type Precision string

const (
	Float32 Precision = "F32" // exact, for checkpoints that training resumes from
	Float16 Precision = "F16" // half the size, for models that are only run
)

// brainFloat is a type that others write, with float32's range.
const brainFloat = "BF16"

// tensorHeader is an entry of the JSON header of the safetensors format.
type tensorHeader struct {
	DType   string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

// checksumKey is the metadata entry with the SHA-256 of the tensor bytes, so that a damaged file is refused.
const checksumKey = "sha256"

// maxHeader bounds the JSON header, as the format's reference reader does.
const maxHeader = 100 << 20

// WriteTensors writes a safetensors file (8 bytes of header length, JSON header, little-endian data) beside path and
// renames it, so that a reader sees the old file or the new one. Metadata comes back from ReadTensors.
func WriteTensors(path string, tensors []Tensor, precision Precision, metadata map[string]string) error {
	header := map[string]any{}
	var data bytes.Buffer
	for _, t := range tensors {
		start := int64(data.Len())
		for _, v := range t.Values {
			var cell [4]byte
			if precision == Float16 {
				binary.LittleEndian.PutUint16(cell[:], uint16(float16.FromFloat32(v)))
				data.Write(cell[:2])
				continue
			}
			binary.LittleEndian.PutUint32(cell[:], math.Float32bits(v))
			data.Write(cell[:])
		}
		header[t.Name] = tensorHeader{string(precision), t.Shape, [2]int64{start, int64(data.Len())}}
	}
	sum := sha256.Sum256(data.Bytes())
	meta := map[string]string{checksumKey: hex.EncodeToString(sum[:])}
	for k, v := range metadata {
		meta[k] = v
	}
	header["__metadata__"] = meta
	text, err := json.Marshal(header) // map keys come out sorted: the same tensors give the same bytes
	if err != nil {
		return fmt.Errorf("transformer: header of %s: %w", path, err)
	}
	text = append(text, bytes.Repeat([]byte{' '}, (8-len(text)%8)%8)...)
	var file bytes.Buffer
	var length [8]byte
	binary.LittleEndian.PutUint64(length[:], uint64(len(text)))
	file.Write(length[:])
	file.Write(text)
	file.Write(data.Bytes())
	return ReplaceFile(path, file.Bytes())
}

// ReplaceFile makes the folder of path and writes the file whole or not at all.
func ReplaceFile(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("transformer: %w", err)
	}
	if err := maybe.WriteFile(path, content, 0o644); err != nil {
		return fmt.Errorf("transformer: %s: %w", path, err)
	}
	return nil
}

// ReadTensors reads a safetensors file of F32, F16 or BF16 tensors, sorted by name, and its metadata.
func ReadTensors(path string) ([]Tensor, map[string]string, error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("transformer: weights: %w", err)
	}
	tensors, metadata, err := parseTensors(file, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("transformer: %s: %w", path, err)
	}
	return tensors, metadata, nil
}

// readFloats reads a file that others wrote: tensors of integers, such as position ids, are passed over.
func readFloats(path string) ([]Tensor, error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("transformer: weights: %w", err)
	}
	tensors, _, err := parseTensors(file, map[string]bool{"I64": true, "I32": true, "I16": true, "I8": true, "U8": true, "BOOL": true})
	if err != nil {
		return nil, fmt.Errorf("transformer: %s: %w", path, err)
	}
	return tensors, nil
}

// parseTensors leaves out the types in skip.
func parseTensors(file []byte, skip map[string]bool) ([]Tensor, map[string]string, error) {
	if len(file) < 8 {
		return nil, nil, fmt.Errorf("truncated: %d bytes, a safetensors file has at least 8", len(file))
	}
	length := binary.LittleEndian.Uint64(file)
	if length > maxHeader || length > uint64(len(file)-8) {
		return nil, nil, fmt.Errorf("truncated or no safetensors file: header of %d bytes, %d left", length, len(file)-8)
	}
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(file[8:8+length], &entries); err != nil {
		return nil, nil, fmt.Errorf("header: %w", err)
	}
	data := file[8+length:]
	metadata := map[string]string{}
	if raw, ok := entries["__metadata__"]; ok {
		if err := json.Unmarshal(raw, &metadata); err != nil {
			return nil, nil, fmt.Errorf("__metadata__: %w", err)
		}
		delete(entries, "__metadata__")
	}
	var tensors []Tensor
	var end int64
	for name, raw := range entries {
		var h tensorHeader
		if err := json.Unmarshal(raw, &h); err != nil {
			return nil, nil, fmt.Errorf("tensor %s: %w", name, err)
		}
		end = max(end, h.Offsets[1])
		if skip[h.DType] {
			continue
		}
		t, err := decodeTensor(name, h, data)
		if err != nil {
			return nil, nil, err
		}
		tensors = append(tensors, t)
	}
	if end != int64(len(data)) {
		return nil, nil, fmt.Errorf("%d bytes of data, the header describes %d", len(data), end)
	}
	if want, ok := metadata[checksumKey]; ok {
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != want {
			return nil, nil, errors.New("damaged: the data do not match the SHA-256 of the header")
		}
	}
	slices.SortFunc(tensors, func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
	return tensors, metadata, nil
}

func decodeTensor(name string, h tensorHeader, data []byte) (Tensor, error) {
	width := map[string]int64{string(Float32): 4, string(Float16): 2, brainFloat: 2}[h.DType]
	if width == 0 {
		return Tensor{}, fmt.Errorf("tensor %s: dtype is %q, must be F32, F16 or BF16", name, h.DType)
	}
	n := int64(1)
	for _, d := range h.Shape {
		if d < 0 || (d > 0 && n > int64(len(data))/int64(d)) {
			return Tensor{}, fmt.Errorf("tensor %s: shape %v does not fit in %d bytes", name, h.Shape, len(data))
		}
		n *= int64(d)
	}
	lo, hi := h.Offsets[0], h.Offsets[1]
	if lo < 0 || hi < lo || hi > int64(len(data)) || hi-lo != n*width {
		return Tensor{}, fmt.Errorf("tensor %s: data_offsets are %v, must span %d bytes within 0..%d", name, h.Offsets, n*width, len(data))
	}
	t := Tensor{Name: name, Shape: h.Shape, Values: make([]float32, n)}
	for i := range t.Values {
		cell := data[lo+int64(i)*width:]
		switch {
		case h.DType == brainFloat: // the upper half of a float32
			t.Values[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(cell)) << 16)
		case width == 2:
			t.Values[i] = float16.Float16(binary.LittleEndian.Uint16(cell)).Float32()
		default:
			t.Values[i] = math.Float32frombits(binary.LittleEndian.Uint32(cell))
		}
	}
	return t, nil
}
