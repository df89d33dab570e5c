package sprint

import "math/bits"

// residents is the on-chip table of the address generators: which keys, each with its value, are in the buffers, and in
// which order they leave. The order is a ring through two arrays with the node behind the last key as sentinel.
type residents struct {
	on             []uint64 // the on-chip bits
	next, previous []int32
	free           int
	refresh        bool // a hit makes a key the youngest (LRU)
	row            bool // keys of earlier rows leave at once
	hitsFirst      bool
}

func newResidents(s Spec, keys, capacity int) *residents {
	r := &residents{on: make([]uint64, (keys+63)/64), next: make([]int32, keys+1), previous: make([]int32, keys+1), free: capacity,
		refresh: s.Replacement == LRU || s.Residency == Row, row: s.Residency == Row, hitsFirst: s.SkipLate}
	r.next[keys], r.previous[keys] = int32(keys), int32(keys)
	return r
}

// serve uses the keys of one query and appends those that had to be loaded, in that order.
func (r *residents) serve(row []uint64, loaded []int32) []int32 {
	if r.hitsFirst {
		if r.refresh {
			for i, w := range row {
				for w &= r.on[i]; w != 0; w &= w - 1 {
					j := int32(i<<6 + bits.TrailingZeros64(w))
					r.unlink(j)
					r.append(j)
				}
			}
		}
		first := len(loaded)
		for i, w := range row {
			for w &^= r.on[i]; w != 0; w &= w - 1 {
				loaded = append(loaded, int32(i<<6+bits.TrailingZeros64(w)))
			}
		}
		for _, j := range loaded[first:] {
			r.load(j)
		}
	} else {
		for i, w := range row {
			for ; w != 0; w &= w - 1 {
				j := int32(i<<6 + bits.TrailingZeros64(w))
				switch {
				case !r.resident(j):
					r.load(j)
					loaded = append(loaded, j)
				case r.refresh:
					r.unlink(j)
					r.append(j)
				}
			}
		}
	}
	if r.row {
		r.keepOnly(row)
	}
	return loaded
}

// keepOnly lets go of the keys that the row does not hold; they are the oldest, because the row's were refreshed.
func (r *residents) keepOnly(row []uint64) {
	s := int32(len(r.next) - 1)
	for j := r.next[s]; j != s && row[j>>6]>>(j&63)&1 == 0; j = r.next[s] {
		r.evict(j)
	}
}

func (r *residents) resident(j int32) bool { return r.on[j>>6]>>(j&63)&1 == 1 }

// load brings j in, in the place of the oldest when the buffers are full.
func (r *residents) load(j int32) {
	if r.free == 0 {
		r.evict(r.next[len(r.next)-1])
	}
	r.free--
	r.on[j>>6] |= 1 << (j & 63)
	r.append(j)
}

func (r *residents) evict(j int32) {
	r.unlink(j)
	r.on[j>>6] &^= 1 << (j & 63)
	r.free++
}

func (r *residents) unlink(j int32) {
	p, n := r.previous[j], r.next[j]
	r.next[p], r.previous[n] = n, p
}

func (r *residents) append(j int32) {
	s := int32(len(r.next) - 1)
	p := r.previous[s]
	r.next[p], r.previous[j], r.next[j], r.previous[s] = j, p, s, j
}
