package spatten

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/sparse-attention/workbench/lib/accelerator/spatten/topk"
	"github.com/sparse-attention/workbench/lib/unit"
)

// Rows in flight take turns in these slots of the fetcher.
const slots = 64

// outputLag is how many rows later the run looks for the values of a row, so that waiting for them holds up no address. It
// changes the order of the work on the host, not the machine.
const outputLag = 4

// progress is where a row stands. Clocks count from 0.
type progress struct {
	keys, values int   // slots of the fetcher
	release      int64 // its keys may be overwritten
	threshold    int64 // its values are known
	ready        int64 // its last probabilities are out
	out          int64 // its last output is out
	valueRelease int64
	chosen       []int32 // values, of the surviving tokens
	kept         []int32 // surviving tokens
	asked        bool    // its values are on their way
	finished     bool
}

// machine is one run.
type machine struct {
	Spec
	w       Workload
	fetcher *fetcher
	random  *rand.Rand
	local   *topk.Selector
	ranking *topk.Selector
	state   [slots]progress

	next          int  // first row whose keys are not asked for
	done          int  // first row that prob x V has not seen
	keysHeld      room // rows in the key buffer
	valuesHeld    room
	gate          int64 // no keys of a later layer before
	barrier       int64 // no query of this layer before
	tokens        []int32
	qk, softmax   int64 // free from
	engine, pv    int64
	rankingEngine int64
	taken         [2]int64 // when the engine took the last two score rows
	last          int64
	scores        []float64
	scratch       []int32
	report        Report
	layerOutputs  int64
	outputGranule int
}

// Simulate runs a workload from the first address to the last output.
func (s Spec) Simulate(ctx context.Context, w Workload) (Report, error) {
	if err := s.Validate(); err != nil {
		return Report{}, err
	}
	if err := w.Validate(); err != nil {
		return Report{}, err
	}
	for i, r := range w.Rows {
		if need := s.bufferBytes(r.Keys, r.Dim); 2*need > s.KeySRAM || 2*s.bufferBytes(r.Values, r.Dim) > s.ValueSRAM {
			return Report{}, fmt.Errorf("spatten: %s: Rows[%d].Keys is %d, must fit half of Spec.KeySRAM and ValueSRAM (%d bytes of %v)", w.Name, i, r.Keys, need, s.KeySRAM/2)
		}
		if most := s.SoftmaxFIFO * s.SoftmaxLanes; r.Keys > most {
			return Report{}, fmt.Errorf("spatten: %s: Rows[%d].Keys is %d, must be at most %d (Spec.SoftmaxFIFO rows of SoftmaxLanes scores)", w.Name, i, r.Keys, most)
		}
		if r.Dim != w.Rows[0].Dim || r.Dim > s.QKMultipliers || r.Dim > s.PVMultipliers {
			return Report{}, fmt.Errorf("spatten: %s: Rows[%d].Dim is %d, must be %d as in the first row and at most %d multipliers", w.Name, i, r.Dim, w.Rows[0].Dim, min(s.QKMultipliers, s.PVMultipliers))
		}
	}
	f, err := newFetcher(s, w)
	if err != nil {
		return Report{}, err
	}
	m := &machine{Spec: s, w: w, fetcher: f, random: rand.New(rand.NewPCG(w.Seed, 0x5b)), keysHeld: room{size: s.KeySRAM}, valuesHeld: room{size: s.ValueSRAM}}
	for _, e := range []**topk.Selector{&m.local, &m.ranking} {
		if *e, err = topk.NewSelector(s.TopK, m.random); err != nil {
			return Report{}, err
		}
	}
	m.outputGranule = (w.Rows[0].Dim*s.Width/8 + granule - 1) / granule
	for i := range w.Rows {
		if i%256 == 0 && ctx.Err() != nil {
			return Report{}, ctx.Err()
		}
		if err := m.row(i); err != nil {
			return Report{}, fmt.Errorf("spatten: %s: row %d: %w", w.Name, i, err)
		}
	}
	if err := m.finishThrough(len(w.Rows) - 1); err != nil {
		return Report{}, err
	}
	if err := f.flush(true); err != nil {
		return Report{}, err
	}
	return m.conclude()
}

// waits reports whether a layer waits for the one before.
func (m *machine) waits() bool { return m.LayerBarrier || m.w.Stage == Summarisation }

// bufferBytes is what vectors take on the chip.
func (s Spec) bufferBytes(n, dim int) unit.Bytes {
	per := max(1, s.QKMultipliers/dim)
	return unit.Bytes(lines(n, per)) * unit.Bytes(per*dim*s.Width) / 8
}

// room is a buffer that rows take and leave in order.
type room struct {
	size, used unit.Bytes
	rows       []held
	free       int64 // clock from which what was left is free
}

type held struct {
	row  int
	size unit.Bytes
}

// enter makes room for a row; released tells when earlier rows leave, or false when that is not known yet.
func (b *room) enter(row int, size unit.Bytes, most int, released func(int) (int64, bool)) bool {
	for b.used+size > b.size || len(b.rows) >= most {
		at, known := released(b.rows[0].row)
		if !known {
			return false
		}
		b.free = max(b.free, at)
		b.used -= b.rows[0].size
		b.rows = b.rows[1:]
	}
	b.used += size
	b.rows = append(b.rows, held{row, size})
	return true
}

// row runs one row through scores and selection; its values follow when the next row has been started.
func (m *machine) row(i int) error {
	r := &m.w.Rows[i]
	newLayer := i > 0 && (m.w.Rows[i-1].Layer != r.Layer || m.w.Rows[i-1].Iteration != r.Iteration)
	if newLayer = newLayer && m.waits(); newLayer {
		if err := m.finishThrough(i - 1); err != nil {
			return err
		}
		m.barrier = max(m.barrier, m.layerOutputs)
		if m.w.Stage == Summarisation {
			m.gate = max(m.gate, m.layerOutputs)
		}
	}
	if i > 0 && r.Values == r.Keys { // its values enter the buffer with its keys, after those of the row before
		if err := m.finishThrough(i - 1); err != nil {
			return err
		}
	}
	if err := m.prefetch(i); err != nil {
		return err
	}
	if i > 0 {
		if err := m.askValues(i - 1); err != nil {
			return err
		}
	}
	p := &m.state[i%slots]
	f := m.fetcher.wait(p.keys)
	if err := m.queries(i, r, p, f); err != nil {
		return err
	}
	if r.Rank {
		n := r.Keys
		if r.Keep > n {
			n = r.Length // a new token makes the whole sentence a candidate again
		}
		c, err := m.choose(m.ranking, n, min(r.Keep, n), nil)
		if err != nil {
			return err
		}
		cycles := lines(n, m.TopK.FilterLanes) + c.Cycles()
		m.report.Busy[TopK] += float64(cycles)
		m.rankingEngine = max(m.rankingEngine, p.ready) + cycles
		if m.waits() {
			m.gate = max(m.gate, m.rankingEngine)
			m.layerOutputs = max(m.layerOutputs, m.gate)
		}
	}
	return m.finishThrough(i - outputLag)
}

// queries moves every query of a row through Q x K, softmax, the test for low bits, and the top-k engine.
func (m *machine) queries(i int, r *Row, p *progress, f *fetch) error {
	per := m.QKMultipliers / r.Dim
	nk, ns := lines(r.Keys, per), lines(r.Keys, m.SoftmaxLanes)
	nv := lines(r.Values, m.PVMultipliers/r.Dim)
	local := r.Values < r.Keys
	var values *fetch
	if !local {
		values = m.fetcher.wait(p.values)
	}
	for q := range r.Queries {
		t := max(m.qk, m.barrier, m.taken[0])
		if q == 0 {
			for _, a := range f.arrival {
				t = max(t, a) + 1
			}
			p.release = max(p.release, f.last)
		} else {
			t += nk
		}
		m.qk = t
		m.softmax = max(m.softmax+ns, t+int64(m.QKDepth+m.SoftmaxDepth)+ns)
		m.report.Busy[QK] += float64(nk)
		m.report.Busy[Softmax] += float64(ns)
		p.release = max(p.release, t)
		if r.Threshold != Float {
			p.release = max(p.release, m.softmax+int64(m.TestDepth))
		}
		if r.LSB && q == 0 {
			if err := m.again(i, r, p, nk, ns); err != nil {
				return err
			}
		}
		p.ready = m.softmax
		if !local {
			t = max(m.pv, p.ready-ns)
			if q == 0 {
				for _, a := range values.arrival {
					t = max(t, a) + 1
				}
			} else {
				t += nv
			}
			m.pv = max(t, p.ready+1)
			m.report.Busy[PV] += float64(nv)
			p.out = m.pv + int64(m.PVDepth)
			m.fetcher.output(m.outputGranule, p.out)
			continue
		}
		c, err := m.choose(m.local, r.Keys, r.Values, p)
		if err != nil {
			return err
		}
		start := max(m.engine, p.ready)
		m.taken[0], m.taken[1] = m.taken[1], start
		if m.FusedSelection && p.keys != i%slots { // selected together with the neighbour, whose keys came with its own
			c.Select = 0
		}
		p.threshold = start + c.Select
		m.engine = p.threshold + c.Filter
		m.report.Busy[TopK] += float64(c.Cycles())
	}
	if !local {
		p.valueRelease, p.finished = m.pv, true
		m.layerOutputs = max(m.layerOutputs, p.out)
		m.last = max(m.last, p.out)
	}
	return nil
}

// again reads the low bits of the keys and computes the scores a second time.
func (m *machine) again(i int, r *Row, p *progress, nk, ns int64) error {
	slot := slots + i%slots
	at := m.softmax + int64(m.TestDepth)
	m.fetcher.begin(slot, nk, at)
	if err := m.fetcher.vectors(slot, m.fetcher.layout.base(keyLSBPlane, r), p.kept, r.LSBBits, m.QKMultipliers/r.Dim, false); err != nil {
		return err
	}
	t := m.qk
	for _, a := range m.fetcher.wait(slot).arrival {
		t = max(t, a) + 1
	}
	m.qk = t
	m.softmax = max(m.softmax+ns, t+int64(m.QKDepth+m.SoftmaxDepth)+ns)
	m.report.Busy[QK] += float64(nk)
	m.report.Busy[Softmax] += float64(ns)
	p.release = m.softmax
	return nil
}

// choose runs an engine on n scores drawn for the row; with p, the chosen ones are its values.
func (m *machine) choose(e *topk.Selector, n, k int, p *progress) (topk.Result, error) {
	m.scores = m.scores[:0]
	for range n {
		m.scores = append(m.scores, float64(m.random.Uint64()>>11))
	}
	c, err := e.Select(m.scores, k)
	if err != nil {
		return c, err
	}
	m.report.Streamed += c.Streamed
	if p != nil {
		m.scratch = c.Keep(m.scores, m.scratch[:0])
		p.chosen = p.chosen[:0]
		for _, j := range m.scratch {
			p.chosen = append(p.chosen, p.kept[j])
		}
	}
	return c, nil
}
