package sprint

import (
	"math/bits"

	"github.com/sparse-attention/workbench/lib/attention"
)

// demand is what one query asks of the machine. It is refilled query by query.
type demand struct {
	scored  int    // keys through the QK-PUs
	used    int    // keys through softmax and V-PU
	share   []int  // scored keys of each CORELET
	tail    []int  // used keys of each CORELET
	loads   int    // vectors read from memory
	missing []miss // the same key by key, in the order of their requests; filled on request only

	requests, reused, spared, reloaded int // see Locality in report.go
}

// miss is a key that is not on chip when its query comes.
type miss struct {
	key       int32
	behind    int32 // keys of the same CORELET that follow it in index order
	wantKey   bool
	wantValue bool
}

// source yields the demands of successive queries.
type source interface {
	// next refills d with query t. The slices stay the source's own.
	next(t int, d *demand)
	// uniform says that all queries ask the same.
	uniform() bool
}

// source returns the demands of w in the machine's mode; detail asks for demand.missing.
func (s Spec) source(w Workload, detail bool) source {
	h := w.Head
	keys, values := s.Vectors(h.Dim)
	switch s.Mode {
	case SPRINT:
		// One on-chip bit stands for a key and its value.
		return &sparse{head: h, mask: w.Mask, interleave: newInterleave(h.Tokens, s.Corelets), detail: detail,
			residents: newResidents(s, h.Tokens, min(keys, values)), locality: NewLocality(h.Tokens),
			r: make([]uint64, words(h.Tokens)), l: make([]uint64, words(h.Tokens))}
	case Pruning:
		return &late{mask: w.Mask, tokens: h.Tokens, interleave: newInterleave(h.Tokens, s.Corelets), detail: detail,
			keys: s.pinned(h, keys, h.Tokens), values: s.pinned(h, values, h.Tokens)}
	case MaskOnly:
		over := h.Tokens
		if s.MaskHitRatio == Valid {
			over = h.Valid
		}
		return newDense(h.Valid, s.Corelets, s.pinned(h, keys, over), s.pinned(h, values, over))
	}
	return newDense(h.Tokens, s.Corelets, s.pinned(h, keys, h.Tokens), s.pinned(h, values, h.Tokens))
}

// pinned marks which keys stay in a buffer of the given capacity for the whole head, spread evenly over the first over. A
// cyclic scan through a least-recently-used buffer would never hit. Where banks matter, as many of the valid keys and as many
// of the others are pinned, but in whole rounds over the banks: what is left to stream then uses all of them alike.
func (s Spec) pinned(h *attention.Head, capacity, over int) []uint64 {
	set := make([]uint64, words(h.Tokens))
	capacity = min(capacity, over)
	if s.MemoryBound == Banks {
		valid := min(h.Valid, over)
		inValid := valid * capacity / over
		pin(set, 0, valid, inValid, s.round())
		pin(set, valid, over, capacity-inValid, s.round())
		return set
	}
	pin(set, 0, over, capacity, 1)
	return set
}

// pin adds n of the keys from..to-1 in runs of neighbours, spread evenly.
func pin(set []uint64, from, to, n, run int) {
	slots, take := (to-from+run-1)/run, (n+run-1)/run
	for i := range slots {
		if (i+1)*take/slots == i*take/slots {
			continue
		}
		for j := from + i*run; j < min(from+(i+1)*run, to) && n > 0; j++ {
			set[j>>6] |= 1 << (j & 63)
			n--
		}
	}
	for j := from; n > 0; j++ { // the last run may have been a short one
		if !has(set, j) {
			set[j>>6] |= 1 << (j & 63)
			n--
		}
	}
}

func words(keys int) int { return (keys + 63) / 64 }

// interleave knows the keys of each CORELET: key j belongs to CORELET j mod n.
type interleave struct{ own [][]uint64 }

func newInterleave(keys, corelets int) interleave {
	v := interleave{own: make([][]uint64, corelets)}
	for c := range v.own {
		v.own[c] = make([]uint64, words(keys))
		for j := c; j < keys; j += corelets {
			v.own[c][j>>6] |= 1 << (j & 63)
		}
	}
	return v
}

// split writes how many keys of the row each CORELET has.
func (v interleave) split(row []uint64, dst []int) {
	if len(dst) == 1 {
		dst[0] = count(row)
		return
	}
	for c, own := range v.own {
		n := 0
		for i, w := range row {
			n += bits.OnesCount64(w & own[i])
		}
		dst[c] = n
	}
}

// dense is Baseline and Mask Only: every query scores and uses the first n keys and streams those that are not pinned.
type dense struct{ demand }

func newDense(n, corelets int, keys, values []uint64) *dense {
	d := &dense{demand{scored: n, used: n, share: dealt(n, corelets)}}
	for j := range n {
		m := miss{key: int32(j), behind: int32(d.share[j%corelets] - 1 - j/corelets), wantKey: !has(keys, j), wantValue: !has(values, j)}
		d.loads += ones(m.wantKey) + ones(m.wantValue)
		if m.wantKey || m.wantValue {
			d.missing = append(d.missing, m)
		}
	}
	d.tail = d.share
	return d
}

func (s *dense) next(_ int, d *demand) { *d = s.demand }
func (s *dense) uniform() bool         { return true }

// dealt is how many of the first n keys each CORELET has.
func dealt(n, corelets int) []int {
	share := make([]int, corelets)
	for c := range share {
		share[c] = (n - c + corelets - 1) / corelets
	}
	return share
}

// late is Pruning: every query scores all keys, padded ones too, and uses the survivors.
type late struct {
	interleave
	mask         *attention.Mask
	tokens       int
	keys, values []uint64 // pinned
	detail       bool

	share, tail []int
	streamed    int // keys loaded for every query
	missing     []miss
}

func (s *late) next(t int, d *demand) {
	if s.share == nil {
		s.share, s.tail = dealt(s.tokens, len(s.own)), make([]int, len(s.own))
		s.streamed = s.tokens - count(s.keys)
	}
	row := s.mask.Row(t)
	used, values := 0, 0
	for i, w := range row {
		used += bits.OnesCount64(w)
		values += bits.OnesCount64(w &^ s.values[i])
	}
	s.split(row, s.tail)
	*d = demand{scored: s.tokens, used: used, share: s.share, tail: s.tail, loads: s.streamed + values}
	if !s.detail {
		return
	}
	s.missing = s.missing[:0]
	for j := range s.tokens {
		m := miss{key: int32(j), behind: int32(s.share[j%len(s.own)] - 1 - j/len(s.own)),
			wantKey: !has(s.keys, j), wantValue: has(row, j) && !has(s.values, j)}
		if m.wantKey || m.wantValue {
			s.missing = append(s.missing, m)
		}
	}
	d.missing = s.missing
}

func (s *late) uniform() bool { return false }

// sparse is SPRINT: survivors only, each loaded unless it is on chip.
type sparse struct {
	interleave
	head      *attention.Head
	mask      *attention.Mask
	residents *residents
	locality  *Locality
	detail    bool

	r, l    []uint64
	share   []int
	loaded  []int32
	missing []miss
	before  []int32 // kept keys of each CORELET so far
	rank    []int32 // of each kept key within its CORELET
}

func (s *sparse) next(t int, d *demand) {
	if s.share == nil {
		s.share, s.before = make([]int, len(s.own)), make([]int32, len(s.own))
	}
	row := s.mask.Row(t)
	s.locality.Step(row, s.r, s.l)
	requests, reused := count(s.r), count(s.l)
	spared, reloaded := 0, 0
	for i, on := range s.residents.on {
		spared += bits.OnesCount64(s.r[i] & on)
		reloaded += bits.OnesCount64(s.l[i] &^ on)
	}
	s.loaded = s.residents.serve(row, s.loaded[:0])
	s.split(row, s.share)
	n := requests + reused
	*d = demand{scored: n, used: n, share: s.share, tail: s.share, loads: 2 * len(s.loaded),
		requests: requests, reused: reused, spared: spared, reloaded: reloaded}
	if !s.detail {
		return
	}
	s.missing = s.missing[:0]
	if s.rank == nil {
		s.rank = make([]int32, s.head.Tokens)
	}
	clear(s.before)
	for i, w := range row {
		for ; w != 0; w &= w - 1 {
			j := i<<6 + bits.TrailingZeros64(w)
			c := j % len(s.own)
			s.rank[j] = s.before[c]
			s.before[c]++
		}
	}
	for _, j := range s.loaded {
		c := int(j) % len(s.own)
		s.missing = append(s.missing, miss{key: j, behind: s.before[c] - 1 - s.rank[j], wantKey: true, wantValue: true})
	}
	d.missing = s.missing
}

func (s *sparse) uniform() bool { return false }

func has(set []uint64, j int) bool { return set[j>>6]>>(j&63)&1 == 1 }

func ones(b bool) int {
	if b {
		return 1
	}
	return 0
}
