package sprint

import (
	"context"

	"github.com/sparse-attention/workbench/lib/energy"
	"github.com/sparse-attention/workbench/lib/reram"
	"github.com/sparse-attention/workbench/lib/unit"
)

// Simulate runs one head, query by query, and reports cycles, traffic, events and energy. It fails when the Spec or the
// workload is not legal, and when ctx ends.
func (s Spec) Simulate(ctx context.Context, w Workload) (Report, error) {
	if err := s.Validate(); err != nil {
		return Report{}, err
	}
	if err := w.check(s.Mode); err != nil {
		return Report{}, err
	}
	if err := s.holds(w.Head.Dim); err != nil {
		return Report{}, err
	}
	if s.MemoryBound == Banks {
		if err := s.stores(w.Head); err != nil {
			return Report{}, err
		}
	}
	m := newMachine(s, w)
	if err := m.run(ctx); err != nil {
		return Report{}, err
	}
	return m.report(), nil
}

// machine is a Spec in the course of one head.
type machine struct {
	Spec
	Workload
	source source
	pace   pace
	totals
	last   []int // used keys of each CORELET in the last timed query
	replay bool  // skip windows that repeat; off only to test that it changes nothing
}

// totals are sums over queries, so that a repeated stretch is added by multiplication.
type totals struct {
	compute, stall   unit.Cycles
	busy             []unit.Cycles
	queries          int64 // that asked anything of memory's thresholding
	streamed         int64 // vectors
	scored, used     int64
	requests, reused int64
	spared, reloaded int64
}

func newMachine(s Spec, w Workload) *machine {
	m := &machine{Spec: s, Workload: w, replay: true}
	m.source = s.source(w, s.MemoryBound == Banks)
	m.pace = s.pace(w.Head)
	m.busy = make([]unit.Cycles, s.Corelets)
	m.last = make([]int, s.Corelets)
	return m
}

// run takes the queries in windows. CORELETs drift apart within a window and meet at its end.
func (m *machine) run(ctx context.Context) error {
	timed := m.Head.Valid
	if m.PaddedQueries && (m.Mode == Baseline || m.Mode == Pruning) {
		timed = m.Head.Tokens
	}
	var d demand
	seen := map[string]totals{}
	for t := 0; t < timed; t += m.CoreletWindow {
		if err := ctx.Err(); err != nil {
			return err
		}
		if whole := (timed - t) / m.CoreletWindow; m.replay && m.source.uniform() && whole > 0 {
			key := m.pace.state()
			if before, ok := seen[key]; ok {
				// The machine stands as it stood then, and the same follows, period after period.
				period := m.totals.minus(before)
				windows := int(period.queries) / m.CoreletWindow
				m.totals.add(period, int64(whole/windows))
				t += whole / windows * windows * m.CoreletWindow
				clear(seen)
				if t >= timed {
					break
				}
			} else {
				seen[key] = m.totals.clone()
			}
		}
		m.window(t, min(t+m.CoreletWindow, timed), &d)
	}
	m.spend(m.pace.finish())
	copy(m.last, d.tail)
	m.padded(timed, &d)
	return nil
}

// window runs the queries from..to-1.
func (m *machine) window(from, to int, d *demand) {
	m.pace.open()
	for t := from; t < to; t++ {
		m.source.next(t, d)
		m.count(d, 1)
		m.pace.query(d)
		for c, n := range d.share {
			m.busy[c] += unit.Cycles(n) * m.step()
		}
	}
	m.spend(m.pace.close())
}

func (m *machine) spend(compute, span unit.Cycles) {
	m.compute += compute
	m.stall += span - compute
}

// padded adds what padded queries move and compute, when the mode does not leave them out. They keep nothing, so they are
// all alike; Fig. 11 gives them no time.
func (m *machine) padded(timed int, d *demand) {
	rest := m.Head.Tokens - timed
	if rest == 0 || m.Mode == MaskOnly || m.Mode == SPRINT {
		return
	}
	m.source.next(timed, d)
	m.count(d, int64(rest))
}

func (m *machine) count(d *demand, times int64) {
	m.queries += times
	m.streamed += times * int64(d.loads)
	m.scored += times * int64(d.scored)
	m.used += times * int64(d.used)
	m.requests += times * int64(d.requests)
	m.reused += times * int64(d.reused)
	m.spared += times * int64(d.spared)
	m.reloaded += times * int64(d.reloaded)
}

// step is the cycles of one key: its vector takes Dim/Lanes of them.
func (m *machine) step() unit.Cycles { return keyCycles(m.Head.Dim, m.Lanes) }

func keyCycles(dim, lanes int) unit.Cycles { return unit.Cycles((dim + lanes - 1) / lanes) }

func (t totals) clone() totals {
	t.busy = append([]unit.Cycles(nil), t.busy...)
	return t
}

func (t totals) minus(u totals) totals {
	t = t.clone()
	t.add(u, -1)
	return t
}

func (t *totals) add(u totals, times int64) {
	c := unit.Cycles(times)
	t.compute += c * u.compute
	t.stall += c * u.stall
	for i := range t.busy {
		t.busy[i] += c * u.busy[i]
	}
	t.queries += times * u.queries
	t.streamed += times * u.streamed
	t.scored += times * u.scored
	t.used += times * u.used
	t.requests += times * u.requests
	t.reused += times * u.reused
	t.spared += times * u.spared
	t.reloaded += times * u.reloaded
}

// report turns the totals into quantities.
func (m *machine) report() Report {
	h := m.Head
	r := Report{Machine: m.Spec.Name, Mode: m.Mode, Workload: m.Workload.Name, Tokens: h.Tokens, Valid: h.Valid, Dim: h.Dim,
		Clock: m.Clock, Area: m.Area, Scored: m.scored, Used: m.used,
		Locality: Reuse{m.requests, m.reused, m.spared, m.reloaded}}

	tokens := h.Tokens // that are loaded and stored
	if m.Mode == MaskOnly || m.Mode == SPRINT {
		tokens = h.Valid
	}
	first := func(factor float64) float64 {
		if m.Mode == SPRINT {
			factor -= 2 // first keys and values are among those streamed
		}
		return factor * float64(tokens)
	}
	r.Traffic = Traffic{Streamed: m.streamed, First: first(m.FirstLoadFactor), EnergyFirst: first(m.EnergyFirstLoadFactor),
		Stored: 3 * int64(tokens)}

	fill := 0
	for _, n := range m.last {
		fill = max(fill, n)
	}
	r.Cycles = Cycles{Compute: m.compute, Stall: m.stall, Fill: unit.Cycles(fill) * m.step(),
		Memory: m.memoryCycles(), Store: m.transfer(r.Traffic.Stored)}
	r.Corelets = make([]Corelet, m.Corelets)
	for c, busy := range m.busy {
		r.Corelets[c] = Corelet{Busy: busy, Idle: r.Cycles.Total() - busy}
	}

	visible := int64(0)
	for t := range h.Valid {
		visible += int64(h.Keys(t))
	}
	perCell := int64(4 * h.Dim) // multiply and add, QK and PV
	r.Operations = Operations{Padded: perCell * int64(h.Tokens) * int64(h.Tokens), Valid: perCell * visible}
	r.Events = m.events(r.Traffic)
	r.Energy = m.Energy.Of(r.Events)
	return r
}

// events counts what the energy table prices (reference sheet, 4.4).
func (m *machine) events(t Traffic) energy.Counts {
	d := m.Head.Dim
	loads := float64(t.Streamed) + t.EnergyFirst
	c := reram.ReadEvents(loads, d).Plus(reram.WriteEvents(float64(t.Stored), d))
	if m.Mode == SPRINT {
		c = c.Plus(m.Array.ThresholdEvents(m.Head.Valid, m.Head.Valid, d))
	}
	vector := float64(8 * d)
	c[energy.OnChipRead] = vector * float64(m.scored+m.used)
	c[energy.OnChipWrite] = vector * loads
	c[energy.QKPU] = float64(d) * float64(m.scored)
	c[energy.VPU] = float64(d) * float64(m.used)
	c[energy.Softmax] = float64(m.used)
	return c
}
