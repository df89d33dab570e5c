package dram

import (
	"fmt"

	"github.com/sparse-attention/workbench/lib/unit"
)

// Transfer is a bulk move of consecutive bytes, which need not be aligned.
type Transfer struct {
	Addr  uint64
	Bytes unit.Bytes
	At    int64 // first clock at which it may start
	Kind  Kind  // Read, Write or ReadTransposed
}

// move is a Transfer under way.
type move struct {
	left int64 // accesses not yet served
	last int64 // latest completion
}

// Move is a handle on a Transfer that was started.
type Move struct {
	system *System
	index  int
}

// moveID marks the requests that belong to a Transfer; their low bits are its index.
const moveID = uint64(1) << 63

// Start hands all accesses of a Transfer over and returns without waiting for them. Accesses at both ends that the
// Transfer only touches are moved whole, as the burst length demands.
func (y *System) Start(m Transfer) (Move, error) {
	if m.Bytes < 0 {
		return Move{}, fmt.Errorf("dram: Transfer.Bytes is %d, must not be negative", m.Bytes)
	}
	if m.Kind.direct() || m.Kind >= numKinds {
		return Move{}, fmt.Errorf("dram: Transfer.Kind is %v, must be Read, Write or ReadTransposed", m.Kind)
	}
	if end := m.Addr + uint64(m.Bytes); end > y.mapping.capacity || end < m.Addr {
		return Move{}, fmt.Errorf("dram: Transfer reaches from %#x to %#x, must stay below the capacity %#x", m.Addr, end, y.mapping.capacity)
	}
	y.trackMoves()
	access := uint64(y.spec.AccessBytes)
	i := len(y.moves)
	y.moves = append(y.moves, move{last: m.At})
	first := m.Addr &^ (access - 1)
	for a := first; a < m.Addr+uint64(m.Bytes); a += access {
		y.moves[i].left++
		y.scratch = Request{ID: moveID | uint64(i), Addr: a, At: max(m.At, y.lastAt), Kind: m.Kind}
		if _, err := y.push(&y.scratch); err != nil {
			return Move{}, err
		}
	}
	return Move{y, i}, nil
}

// trackMoves has completions of Transfers counted; they do not reach the caller's onDone.
func (y *System) trackMoves() {
	if y.moves != nil {
		return
	}
	for _, c := range y.channels {
		c.done = func(k Completion) {
			if k.ID&moveID == 0 {
				if y.onDone != nil {
					y.onDone(k)
				}
				return
			}
			m := &y.moves[k.ID&^moveID]
			m.left--
			m.last = max(m.last, k.Done)
		}
	}
}

// Await works until the whole Transfer has passed and returns that clock. Requests handed over later start no sooner
// than the clock to which a channel had to be worked for that.
func (m Move) Await() int64 {
	y := m.system
	for y.moves[m.index].left > 0 {
		y.step()
	}
	return y.moves[m.index].last
}

// Move starts a Transfer and waits for it: the clock at which its last datum has passed.
func (y *System) Move(m Transfer) (int64, error) {
	h, err := y.Start(m)
	if err != nil {
		return 0, err
	}
	return h.Await(), nil
}
