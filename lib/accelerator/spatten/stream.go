package spatten

import (
	"errors"
	"math/rand/v2"
)

// prefetch asks for the keys of row i and of as many rows behind it as buffers and dependences allow.
func (m *machine) prefetch(i int) error {
	for ; m.next < len(m.w.Rows) && m.next-i < slots-1; m.next++ {
		j := m.next
		r := &m.w.Rows[j]
		first := j == 0 || m.w.Rows[j-1].Layer != r.Layer || m.w.Rows[j-1].Iteration != r.Iteration
		if first && j > i && (m.w.Stage == Summarisation || m.LayerBarrier && m.w.Rows[j-1].Rank) {
			return nil // what to read is not known before that layer is over
		}
		if j > i && r.Values == r.Keys && m.w.Rows[j-1].Values < m.w.Rows[j-1].Keys {
			return nil // values are held in the order of rows, and those of the row before are not chosen yet
		}
		if !m.keysHeld.enter(j, m.bufferBytes(r.Keys, r.Dim), m.Allocations, func(k int) (int64, bool) { return m.state[k%slots].release, k < i }) {
			return nil
		}
		if r.Values == r.Keys && !m.valuesHeld.enter(j, m.bufferBytes(r.Values, r.Dim), m.Allocations,
			func(k int) (int64, bool) { p := &m.state[k%slots]; return p.valueRelease, k < i && p.finished }) {
			// Leave again: the value buffer is full, so the row waits for both.
			m.keysHeld.rows = m.keysHeld.rows[:len(m.keysHeld.rows)-1]
			m.keysHeld.used -= m.bufferBytes(r.Keys, r.Dim)
			return nil
		}
		if first {
			m.survivors(j, r)
		}
		if err := m.askKeys(j, r); err != nil {
			return err
		}
	}
	return nil
}

// survivors draws the tokens that are left in the layer of row j: some of those of the layer before, or of the whole
// sentence where an iteration begins.
func (m *machine) survivors(j int, r *Row) {
	if j == 0 || m.w.Rows[j-1].Iteration != r.Iteration {
		m.tokens = m.tokens[:0]
		for t := range r.Length {
			m.tokens = append(m.tokens, int32(t))
		}
	}
	m.tokens = sample(m.random, m.tokens, r.Keys)
}

// sample keeps k of list in place, all sets alike, in order.
func sample(r *rand.Rand, list []int32, k int) []int32 {
	out := list[:0]
	for i, v := range list {
		if left := len(list) - i; r.IntN(left) < k-len(out) {
			out = append(out, v)
		}
	}
	return out
}

func (m *machine) askKeys(j int, r *Row) error {
	f, p := m.fetcher, &m.state[j%slots]
	*p = progress{keys: j % slots, values: 2*slots + j%slots, chosen: p.chosen[:0], kept: append(p.kept[:0], m.tokens...)}
	if err := f.flush(false); err != nil {
		return err
	}
	per := m.QKMultipliers / r.Dim
	bits := width(r.KeyBits)
	at := max(m.keysHeld.free, m.gate)
	paired := f.layout.paired(bits)
	brought := paired && r.Head%2 == 1 && m.w.Rows[j-1].Head == r.Head-1 && m.w.Rows[j-1].Layer == r.Layer
	if brought {
		p.keys = (j - 1) % slots // they come with the neighbour's
	} else {
		f.begin(p.keys, lines(r.Keys, per), at)
	}
	base := f.layout.base(queryPlane, r)
	for t := range r.Queries {
		size := uint64(r.Dim * width(r.QueryBits) / 8)
		for a := uint64(t) * size &^ (granule - 1); a < uint64(t+1)*size; a += granule {
			if err := f.request(p.keys, t*int(lines(r.Keys, per))/r.Queries, base+a); err != nil {
				return err
			}
		}
	}
	var err error
	switch {
	case brought:
	case !paired:
		err = f.vectors(p.keys, f.layout.base(keyPlane, r), p.kept, bits, per, false)
	case r.Head%2 == 0:
		err = f.vectors(p.keys, f.layout.base(keyPlane, r), p.kept, bits, per, true)
	default: // the neighbour was pruned
		err = f.vectors(p.keys, f.layout.base(keyPlane, r)-f.layout.stride, p.kept, bits, per, true)
	}
	if err != nil || r.Values < r.Keys {
		return err
	}
	f.begin(p.values, lines(r.Values, m.PVMultipliers/r.Dim), max(at, m.valuesHeld.free))
	return f.vectors(p.values, f.layout.base(valuePlane, r), p.kept, width(r.ValueBits), m.PVMultipliers/r.Dim, false)
}

// askValues asks for the values that local pruning left to row i.
func (m *machine) askValues(i int) error {
	r, p := &m.w.Rows[i], &m.state[i%slots]
	if r.Values == r.Keys || p.finished {
		return nil
	}
	if p.asked {
		return nil
	}
	p.asked = true
	var failed error
	m.valuesHeld.enter(i, m.bufferBytes(r.Values, r.Dim), m.Allocations, func(k int) (int64, bool) {
		failed = errors.Join(failed, m.finishThrough(k))
		return m.state[k%slots].valueRelease, true
	})
	if failed != nil {
		return failed
	}
	per := m.PVMultipliers / r.Dim
	m.fetcher.begin(p.values, lines(r.Values, per), max(p.threshold, m.valuesHeld.free))
	return m.fetcher.vectors(p.values, m.fetcher.layout.base(valuePlane, r), p.chosen, width(r.ValueBits), per, false)
}

// finishThrough takes all rows up to i through prob x V.
func (m *machine) finishThrough(i int) error {
	for ; m.done <= i; m.done++ {
		if err := m.finish(m.done); err != nil {
			return err
		}
	}
	return nil
}

func (m *machine) finish(i int) error {
	p := &m.state[i%slots]
	if p.finished {
		return nil
	}
	if err := m.askValues(i); err != nil {
		return err
	}
	f := m.fetcher.wait(p.values)
	t := max(m.pv, p.threshold)
	for _, a := range f.arrival {
		t = max(t, a) + 1
	}
	m.pv = t
	m.report.Busy[PV] += float64(len(f.arrival))
	p.out, p.valueRelease, p.finished = t+int64(m.PVDepth), t, true
	m.fetcher.output(m.outputGranule, p.out)
	m.layerOutputs = max(m.layerOutputs, p.out)
	m.last = max(m.last, p.out)
	return nil
}
