package transformer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// onnxNode is one operation of an ONNX file's graph.
type onnxNode struct {
	op              string
	inputs, outputs []string
}

// The fields that are read of ONNX's protocol buffers (onnx.proto) and the one tensor type that weights have.
const (
	modelGraph = 7

	graphNode        = 1
	graphInitialiser = 5

	nodeInput  = 1
	nodeOutput = 2
	nodeOp     = 4

	tensorDims      = 1
	tensorType      = 2
	tensorFloats    = 4
	tensorName      = 8
	tensorRaw       = 9
	tensorElsewhere = 13

	onnxFloat = 1
)

// readONNX reads the operations and the float initialisers of a file.
func readONNX(file []byte) (nodes []onnxNode, weights []Tensor, err error) {
	err = eachField(file, func(f onnxField) error {
		if f.number != modelGraph {
			return nil
		}
		return eachField(f.bytes, func(f onnxField) error {
			switch f.number {
			case graphNode:
				n, err := readNode(f.bytes)
				nodes = append(nodes, n)
				return err
			case graphInitialiser:
				t, float, err := readInitialiser(f.bytes)
				if err == nil && float {
					weights = append(weights, t)
				}
				return err
			}
			return nil
		})
	})
	if err == nil && len(nodes) == 0 {
		err = errors.New("no ONNX model: its graph has no operations")
	}
	return nodes, weights, err
}

func readNode(message []byte) (n onnxNode, err error) {
	return n, eachField(message, func(f onnxField) error {
		switch f.number {
		case nodeInput:
			n.inputs = append(n.inputs, string(f.bytes))
		case nodeOutput:
			n.outputs = append(n.outputs, string(f.bytes))
		case nodeOp:
			n.op = string(f.bytes)
		}
		return nil
	})
}

// readInitialiser reports float = false for tensors of other types, such as shapes and position ids.
func readInitialiser(message []byte) (t Tensor, float bool, err error) {
	var kind uint64
	var raw []byte
	elsewhere := false
	err = eachField(message, func(f onnxField) error {
		switch f.number {
		case tensorDims:
			return f.each(func(d uint64) { t.Shape = append(t.Shape, int(d)) })
		case tensorType:
			kind = f.value
		case tensorName:
			t.Name = string(f.bytes)
		case tensorRaw, tensorFloats: // both little-endian float32 in a row
			raw = append(raw, f.bytes...)
		case tensorElsewhere:
			elsewhere = true
		}
		return nil
	})
	if err != nil || kind != onnxFloat {
		return t, false, err
	}
	n := 1
	for _, d := range t.Shape {
		if d < 0 || d > 0 && n > len(raw)/d {
			n = -1
			break
		}
		n *= d
	}
	switch {
	case elsewhere:
		return t, false, fmt.Errorf("tensor %s lies in another file, must be in this one", t.Name)
	case n < 0 || len(raw) != 4*n:
		return t, false, fmt.Errorf("tensor %s holds %d bytes, must hold 4 a value of shape %v", t.Name, len(raw), t.Shape)
	}
	t.Values = make([]float32, n)
	for i := range t.Values {
		t.Values[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return t, true, nil
}

// onnxField is one field of a message: a number, or the bytes of a string, a message or packed values.
type onnxField struct {
	number protowire.Number
	value  uint64
	bytes  []byte
}

// each calls fn for a repeated number, packed or not.
func (f onnxField) each(fn func(uint64)) error {
	if f.bytes == nil {
		fn(f.value)
		return nil
	}
	for left := f.bytes; len(left) > 0; {
		v, n := protowire.ConsumeVarint(left)
		if n < 0 {
			return fmt.Errorf("damaged: %w", protowire.ParseError(n))
		}
		fn(v)
		left = left[n:]
	}
	return nil
}

// eachField calls fn for every field of a message.
func eachField(message []byte, fn func(onnxField) error) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return fmt.Errorf("damaged: %w", protowire.ParseError(n))
		}
		message = message[n:]
		f := onnxField{number: number}
		switch kind {
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(message)
		case protowire.VarintType:
			f.value, n = protowire.ConsumeVarint(message)
		default:
			n = protowire.ConsumeFieldValue(number, kind, message)
		}
		if n < 0 {
			return fmt.Errorf("damaged: %w", protowire.ParseError(n))
		}
		message = message[n:]
		if err := fn(f); err != nil {
			return err
		}
	}
	return nil
}
