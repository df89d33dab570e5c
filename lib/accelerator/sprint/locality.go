package sprint

import "math/bits"

// Locality is the engine that compares adjacent pruning vectors: of the keys that a query keeps, R names those that the
// query before it did not keep, and L those that it did. Before the first query everything counts as pruned.
type Locality struct {
	kept []uint64 // by the previous query
}

// NewLocality prepares the engine for rows of the given number of keys.
func NewLocality(keys int) *Locality { return &Locality{kept: make([]uint64, (keys+63)/64)} }

// Step splits the kept keys of the next query into r (request) and l (locality), which must be as long as the row.
func (e *Locality) Step(kept, r, l []uint64) {
	for i, k := range kept {
		r[i] = k &^ e.kept[i]
		l[i] = k & e.kept[i]
		e.kept[i] = k
	}
}

func count(words []uint64) int {
	n := 0
	for _, w := range words {
		n += bits.OnesCount64(w)
	}
	return n
}
