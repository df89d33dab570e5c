package dram

import "github.com/sparse-attention/workbench/lib/legal"

// Kind says what a request wants.
type Kind uint8

const (
	Read           Kind = iota // one burst from the addressed row
	Write                      // one burst to the addressed row
	ReadTransposed             // one burst of a transposable array read along the other axis: a key instead of a word line
	Threshold                  // CopyQ: hand a query to the array, which starts to compare
	ReadPruning                // ReadP: read the pruning vector that the last CopyQ of this bank produced
	numKinds
)

var kindNames = [numKinds]string{"read", "write", "transposed read", "CopyQ", "ReadP"}

func (k Kind) String() string { return legal.Name(k, "Kind", kindNames[:]...) }

func (k Kind) writes() bool { return k == Write }

// direct says whether the command needs no open row.
func (k Kind) direct() bool { return k == Threshold || k == ReadPruning }

// Request is one burst that a machine asks for: Addr in bytes, aligned to Spec.AccessBytes; At the first clock of the
// memory at which it may be handed over; ID, below 1<<63, comes back with the completion.
type Request struct {
	ID   uint64
	Addr uint64
	At   int64
	Kind Kind
	// Bytes may be left 0, which means one access. Anything larger than an access, or across its boundary, is refused:
	// Transfer splits bulk moves.
	Bytes int
}

// Completion tells when a request was taken in and when its last datum had passed.
type Completion struct {
	ID       uint64
	Accepted int64 // clock at which the controller took the request
	Done     int64 // clock at whose start the whole burst has passed the data bus
	Kind     Kind
}
