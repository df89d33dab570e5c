package rebert

import "math/bits"

// event is something that happens to a layer at a time.
type event struct {
	kind  uint8
	stage uint8
	layer uint16
	word  int32
}

// wheel is a timing wheel: a ring of buckets, one a tick, that reaches further than any delay. Events of one tick come out in
// no meaning order; the pipeline treats them as simultaneous.
type wheel struct {
	now     int64    // tick
	mask    int64    // buckets - 1
	head    []int32  // of each bucket's list, -1 = empty
	used    []uint64 // a bit for each bucket that is not empty
	pool    []node
	free    int32 // list of unused nodes
	pending int
}

type node struct {
	event
	next int32
}

// reset empties the wheel and makes it reach delays of up to reach ticks.
func (w *wheel) reset(reach int64) {
	n := int64(64)
	for n <= reach {
		n *= 2
	}
	if int64(len(w.head)) != n {
		w.head = make([]int32, n)
		w.used = make([]uint64, n/64)
	}
	for i := range w.head {
		w.head[i] = -1
	}
	clear(w.used)
	w.now, w.mask, w.pool, w.free, w.pending = 0, n-1, w.pool[:0], -1, 0
}

// after schedules e in delay ticks, 1..reach.
func (w *wheel) after(delay int64, e event) {
	i := w.free
	if i >= 0 {
		w.free = w.pool[i].next
	} else {
		i = int32(len(w.pool))
		w.pool = append(w.pool, node{})
	}
	b := (w.now + delay) & w.mask
	w.pool[i] = node{e, w.head[b]}
	w.head[b] = i
	w.used[b>>6] |= 1 << (b & 63)
	w.pending++
}

// next moves to the tick of the earliest event and appends all events of that tick to dst. There must be one.
func (w *wheel) next(dst []event) []event {
	b := (w.now + 1) & w.mask
	i := b >> 6
	word := w.used[i] &^ (1<<(b&63) - 1)
	for word == 0 {
		i = (i + 1) & (w.mask >> 6)
		word = w.used[i]
	}
	found := i<<6 + int64(bits.TrailingZeros64(word))
	w.now += 1 + (found-b)&w.mask
	w.used[i] &^= 1 << (found & 63)
	for n := w.head[found]; n >= 0; {
		dst = append(dst, w.pool[n].event)
		w.pending--
		following := w.pool[n].next
		w.pool[n].next, w.free = w.free, n
		n = following
	}
	w.head[found] = -1
	return dst
}
