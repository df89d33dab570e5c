package dota

import (
	"math"

	"github.com/sparse-attention/workbench/lib/dram"
	"github.com/sparse-attention/workbench/lib/unit"
)

// stage is a product with weights.
type stage uint8

const (
	linear stage = iota
	output
	expand
	contract
)

// tile is a part of a stage's weights.
type tile struct {
	stage      stage
	bytes      unit.Bytes
	cycles     float64 // of the fullest lane
	busy       float64 // mean over the lanes
	accumulate float64
}

// tiles cuts the weights of a layer.
func (s Spec) tiles(w Workload) []tile {
	n, d, wide := float64(w.Tokens), float64(w.Model), float64(w.Heads*w.Dim)
	fullest := float64(s.HeadsPerLane(w.Heads)) / float64(w.Heads)
	slice := math.Ceil(float64(w.FFN)/float64(s.Lanes)) / float64(w.FFN)
	var all []tile
	for _, x := range []struct {
		stage   stage
		weights float64
		share   float64 // of the fullest lane
		sums    float64 // values a token that the accumulator gets from each lane
	}{{linear, 3 * d * wide, fullest, 0}, {output, d * wide, fullest, d}, {expand, d * float64(w.FFN), slice, float64(w.FFN)}, {contract, d * float64(w.FFN), slice, d}} {
		bytes := unit.Bytes(2 * x.weights)
		for left := bytes; left > 0; left -= s.TileBytes {
			b := min(left, s.TileBytes)
			part := float64(b) / float64(bytes)
			products := n * x.weights * part / (float64(s.PEs()) * s.Utilisation)
			all = append(all, tile{x.stage, b, products * x.share, products / float64(s.Lanes),
				n * float64(s.Lanes) * x.sums * part / float64(s.Accumulated)})
		}
	}
	return all
}

// stream is the traffic with main memory, in order of time: weights, the residual stream, and keys and values that do not
// fit on chip.
type stream struct {
	memory *dram.System
	size   uint64
	at     int64  // of the latest request
	addr   uint64 // behind the latest
}

func newStream(s Spec) (*stream, error) {
	m, err := dram.New(s.DRAM, nil)
	if err != nil {
		return nil, err
	}
	return &stream{memory: m, size: uint64(s.DRAM.Capacity())}, nil
}

// start begins a transfer at a time, behind all earlier ones in the address space.
func (m *stream) start(kind dram.Kind, bytes unit.Bytes, at float64) (dram.Move, error) {
	if m.addr+uint64(bytes) > m.size {
		m.addr = 0 // what lies there was used
	}
	m.at = max(m.at, int64(math.Ceil(at)))
	move, err := m.memory.Start(dram.Transfer{Addr: m.addr, Bytes: bytes, At: m.at, Kind: kind})
	m.addr += uint64(bytes)
	return move, err
}
