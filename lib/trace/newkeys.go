package trace

import (
	"fmt"
	"math/bits"

	"github.com/sparse-attention/workbench/lib/attention"
)

// Service is the order in which a query's kept keys use an on-chip buffer.
type Service uint8

const (
	HitsFirst Service = iota // resident keys first, then the missing ones; ascending within each
	Ascending                // by index only, so that a load may evict a key that the same query needs
)

// NewKeys counts the keys that must be loaded, query by query, when capacity keys stay resident and the least recently
// used one makes room: SPRINT's traffic (reference sheet, 4.2), first loads included. It panics on a capacity below 1.
func NewKeys(m *attention.Mask, capacity int, order Service) []int {
	if capacity < 1 {
		panic(fmt.Sprintf("trace: capacity is %d, must be at least 1", capacity))
	}
	loads := make([]int, m.Queries())
	r := newResidency(m.Keys(), capacity)
	var missing []int32
	for t := range loads {
		missing = missing[:0]
		row := m.Row(t)
		for w, word := range row {
			for ; word != 0; word &= word - 1 {
				j := int32(w<<6 + bits.TrailingZeros64(word))
				switch {
				case r.resident(j):
					r.use(j)
				case order == HitsFirst:
					missing = append(missing, j)
				default:
					r.load(j)
					loads[t]++
				}
			}
		}
		for _, j := range missing {
			r.load(j)
		}
		loads[t] += len(missing)
	}
	return loads
}

// residency is a least-recently-used set: a doubly linked ring through an array, node n the sentinel.
type residency struct {
	next, previous []int32
	in             []bool
	free           int
}

func newResidency(keys, capacity int) *residency {
	r := &residency{next: make([]int32, keys+1), previous: make([]int32, keys+1), in: make([]bool, keys), free: capacity}
	r.next[keys], r.previous[keys] = int32(keys), int32(keys)
	return r
}

func (r *residency) resident(j int32) bool { return r.in[j] }

func (r *residency) unlink(j int32) {
	p, n := r.previous[j], r.next[j]
	r.next[p], r.previous[n] = n, p
}

func (r *residency) append(j int32) {
	s := int32(len(r.in))
	p := r.previous[s]
	r.next[p], r.previous[j], r.next[j], r.previous[s] = j, p, s, j
}

// use makes j the most recent.
func (r *residency) use(j int32) {
	r.unlink(j)
	r.append(j)
}

// load brings j in, in the place of the oldest when the buffer is full.
func (r *residency) load(j int32) {
	if r.free == 0 {
		oldest := r.next[len(r.in)]
		r.unlink(oldest)
		r.in[oldest] = false
	} else {
		r.free--
	}
	r.in[j] = true
	r.append(j)
}

// Requests splits each query's kept keys in those that the query before did not keep and those that it did: the
// populations of SPRINT's request and locality vectors.
func Requests(m *attention.Mask) (requests, locality []int) {
	requests, locality = make([]int, m.Queries()), make([]int, m.Queries())
	for t := range requests {
		kept := m.CountRow(t)
		if t > 0 {
			previous := m.Row(t - 1)
			for w, word := range m.Row(t) {
				locality[t] += bits.OnesCount64(word & previous[w])
			}
		}
		requests[t] = kept - locality[t]
	}
	return requests, locality
}
