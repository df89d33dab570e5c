package elsa

// machine is a Spec in the course of one head. A tick is one cycle in approximate mode, one query in exact mode.
type machine struct {
	Spec
	Workload

	cycle int64
	start int64 // end of preprocessing

	selecting int   // query in candidate selection; never more than one ahead of attention
	began     int64 // when its selection began, and the hash of the query behind it
	position  []int // keys that each selection module has compared, bank by bank

	attending int   // query in the attention modules
	taken     []int // keys that each bank has taken of it

	found   [2][]int // keys found and not yet taken, by module; index 0 for the query in attention, 1 for the next
	waiting [2][]int // their sums, by bank

	lastAttention int64 // end of the last query's attention
	divided       int64 // end of its division

	fullest int64 // sum over queries of the keys of the fullest bank
	stalled int64 // module-cycles that a full queue held up
	deepest int   // fullest queue ever
}

func newMachine(s Spec, w Workload) *machine {
	m := &machine{Spec: s, Workload: w, taken: make([]int, s.AttentionModules), position: make([]int, s.AttentionModules*s.Selectors)}
	for i := range m.found {
		m.found[i] = make([]int, s.AttentionModules*s.Selectors)
		m.waiting[i] = make([]int, s.AttentionModules)
	}
	if s.Mode == Approximate {
		m.start = int64(w.Head.Valid+1) * m.hashCycles()
	}
	m.cycle, m.began, m.lastAttention, m.divided = m.start, m.start, m.start, m.start
	return m
}

func (m *machine) hashCycles() int64 { return int64(ceil(m.HashMultiplications(), m.HashMultipliers)) }

func (m *machine) divisionCycles() int64 { return int64(ceil(m.Dim, m.Dividers)) }

func (m *machine) finished() bool { return m.attending == m.Head.Valid }

func (m *machine) tick() {
	if m.Mode == Exact {
		m.exact()
		return
	}
	m.attend() // looks at what selection left the cycle before
	m.compare()
	m.cycle++
	if m.Coupling == Lockstep {
		m.step()
	} else {
		m.drift()
	}
}

// exact runs a whole query: every bank takes a key a cycle, and the division of the query before goes on beside.
func (m *machine) exact() {
	for b := range m.AttentionModules {
		m.taken[b] = m.bankSize(b, m.Head.Keys(m.attending))
	}
	m.cycle = max(m.cycle+int64(m.most()), m.divided)
	m.handOver()
}

// attend lets every bank take one key, from the longest queue. In lockstep it waits until selection is over.
func (m *machine) attend() {
	if m.Coupling == Lockstep && m.selecting == m.attending {
		return
	}
	for b, n := range m.waiting[0] {
		if n == 0 {
			continue
		}
		queues := m.found[0][b*m.Selectors : (b+1)*m.Selectors]
		longest := 0
		for i, n := range queues {
			if n > queues[longest] {
				longest = i
			}
		}
		queues[longest]--
		m.waiting[0][b]--
		m.taken[b]++
	}
}

// compare lets every selection module compare one key with the query in selection.
func (m *machine) compare() {
	if m.selecting == m.Head.Valid {
		return
	}
	n, ahead := m.Head.Keys(m.selecting), m.selecting-m.attending
	for b := range m.AttentionModules {
		size := m.bankSize(b, n)
		for i := range m.Selectors {
			module := b*m.Selectors + i
			at := m.position[module]*m.Selectors + i // within the bank
			if at >= size {
				continue
			}
			if m.QueueDepth > 0 && m.depth(module) >= m.QueueDepth {
				m.stalled++
				continue
			}
			m.position[module]++
			if m.Mask.Kept(m.selecting, m.key(b, at)) {
				m.found[ahead][module]++
				m.waiting[ahead][b]++
				m.deepest = max(m.deepest, m.depth(module))
			}
		}
	}
}

func (m *machine) depth(module int) int { return m.found[0][module] + m.found[1][module] }

// selected reports whether selection is through with its query and the next one's hash is ready.
func (m *machine) selected() bool {
	if m.selecting == m.Head.Valid || m.cycle < m.began+m.hashCycles() {
		return false
	}
	n := m.Head.Keys(m.selecting)
	for b := range m.AttentionModules {
		size := m.bankSize(b, n)
		for i := range m.Selectors {
			if m.position[b*m.Selectors+i]*m.Selectors+i < size {
				return false
			}
		}
	}
	return true
}

// attended reports whether the banks have taken every key of the query in attention, and the division can have it.
func (m *machine) attended() bool {
	if m.selecting == m.attending || m.cycle < m.divided {
		return false
	}
	for _, n := range m.waiting[0] {
		if n > 0 {
			return false
		}
	}
	return true
}

// step is the barrier: attention of one query, selection of the next and division of the one before end together.
func (m *machine) step() {
	switch {
	case m.selecting == m.attending: // the first query
		if m.selected() {
			m.selectNext()
		}
	case m.attended() && (m.selecting == m.Head.Valid || m.selected()):
		m.handOver()
		if m.selecting < m.Head.Valid {
			m.selectNext()
		}
	}
}

// drift lets selection be one query ahead, and each stage go on when it can.
func (m *machine) drift() {
	selected := m.selected()
	if selected && m.selecting == m.attending {
		m.selectNext()
		selected = false
	}
	if m.attended() {
		m.handOver()
		if selected {
			m.selectNext()
		}
	}
}

func (m *machine) selectNext() {
	m.selecting++
	m.began = m.cycle
	clear(m.position)
}

// handOver gives the query in attention to the division and takes the next.
func (m *machine) handOver() {
	m.fullest += int64(m.most())
	clear(m.taken)
	m.lastAttention, m.divided = m.cycle, m.cycle+m.divisionCycles()
	m.attending++
	m.found[0], m.found[1] = m.found[1], m.found[0]
	m.waiting[0], m.waiting[1] = m.waiting[1], m.waiting[0]
}

func (m *machine) most() int {
	most := 0
	for _, n := range m.taken {
		most = max(most, n)
	}
	return most
}

// bankSize is how many of the first n keys bank b holds.
func (m *machine) bankSize(b, n int) int {
	if m.BankMap == Interleave {
		return (n - b + m.AttentionModules - 1) / m.AttentionModules
	}
	size := ceil(m.Head.Valid, m.AttentionModules)
	return max(0, min(size, n-b*size))
}

// key is the key that stands at a place of bank b.
func (m *machine) key(b, at int) int {
	if m.BankMap == Interleave {
		return at*m.AttentionModules + b
	}
	return b*ceil(m.Head.Valid, m.AttentionModules) + at
}
