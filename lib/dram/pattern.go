package dram

import "iter"

// SplitMix is the generator of the reference traces: state and output as in dram.md section 2.3.
type SplitMix uint64

// Next returns the next 64 random bits.
func (s *SplitMix) Next() uint64 {
	*s += 0x9E3779B97F4A7C15
	z := uint64(*s)
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// Addresses is a sequence of byte addresses.
type Addresses = iter.Seq[uint64]

// Sequential is n addresses from 0 on, stride bytes apart.
func Sequential(n int, stride uint64) Addresses {
	return func(yield func(uint64) bool) {
		for i := range n {
			if !yield(uint64(i) * stride) {
				return
			}
		}
	}
}

// Random is n aligned addresses, uniform over a window of bytes, drawn from a SplitMix that starts at seed: the window
// and granule are powers of two. Seed 1, window 1 GiB and granule 64 give the reference trace.
func Random(n int, seed uint64, window, granule uint64) Addresses {
	return func(yield func(uint64) bool) {
		g := SplitMix(seed)
		mask := window/granule - 1
		for range n {
			if !yield(granule * (g.Next() & mask)) {
				return
			}
		}
	}
}

// Gather is n vectors of size bytes at random places of a table of entries vectors: each vector is read from its start
// to its end, granule bytes at a time.
func Gather(n int, seed uint64, entries, size, granule uint64) Addresses {
	return func(yield func(uint64) bool) {
		g := SplitMix(seed)
		for range n {
			base := g.Next() % entries * size
			for o := uint64(0); o < size; o += granule {
				if !yield(base + o) {
					return
				}
			}
		}
	}
}

// Reads makes requests to read of addresses: each granule is split into accesses of access bytes, in order. IDs count
// from 0, and all may start at clock 0.
func Reads(addresses Addresses, granule, access int) iter.Seq[Request] {
	return func(yield func(Request) bool) {
		var id uint64
		for a := range addresses {
			for o := 0; o < granule; o += access {
				if !yield(Request{ID: id, Addr: a + uint64(o)}) {
					return
				}
				id++
			}
		}
	}
}
