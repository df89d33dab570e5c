package dram

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// naive is a controller of one channel that looks at every request in every clock, with plain lists and no masks, hints
// or jumps: the rules of the two simulators written down literally. It shares the timing state with the real one and
// nothing else.
type naive struct {
	s     Spec
	d     *device
	m     *Mapping
	clock int64
	rows  []int // open row by bank, -1 closed
	hits  []int
	log   []Command

	// RoundRobin
	reads, writes []naiveRequest
	queues        [][]naiveRequest
	turn          int
	draining      int
	flushing      bool
	// OldestFirst
	active    []naiveRequest
	writeMode bool

	refreshes []int // ranks
}

type naiveRequest struct {
	Request
	l      Location
	bank   int
	arrive int64
}

func newNaive(t *rapid.T, s Spec) *naive {
	m, err := ParseMapping(s)
	if err != nil {
		t.Fatal(err)
	}
	n := &naive{s: s, d: newDevice(s, s.used()), m: m}
	for range s.BanksPerChannel() {
		n.rows, n.hits, n.queues = append(n.rows, -1), append(n.hits, 0), append(n.queues, nil)
	}
	return n
}

func (n *naive) put(o Op, b int, q *naiveRequest) {
	n.d.issue(o, b, n.clock)
	c := Command{At: n.clock, Op: o, Rank: n.d.rankOf[b], Group: b / n.s.Banks % n.s.Groups, Bank: b % n.s.Banks, Row: -1, Column: -1}
	per := n.s.Groups * n.s.Banks
	switch o {
	case ACT:
		c.Row, n.rows[b], n.hits[b] = q.l.Row, q.l.Row, 0
	case PRE:
		n.rows[b] = -1
	case PREA:
		c.Group, c.Bank = -1, -1
		for i := range per {
			n.rows[b/per*per+i] = -1
		}
	case REF:
		c.Group, c.Bank = -1, -1
	default:
		c.Row, c.Column = q.l.Row, q.l.Column
		n.hits[b]++
	}
	n.log = append(n.log, c)
}

func (n *naive) ready(o Op, b int) bool { return n.d.earliest(o, b) <= n.clock }

// needs is the command that a request needs next.
func (n *naive) needs(q naiveRequest) Op {
	switch {
	case n.rows[q.bank] == -1:
		return ACT
	case n.rows[q.bank] != q.l.Row:
		return PRE
	case q.Kind == Write:
		return WR
	}
	return RD
}

// accept takes a request in, or says that there is no room.
func (n *naive) accept(r Request) bool {
	l, _ := n.m.Locate(r.Addr)
	q := naiveRequest{r, l, (l.Rank*n.s.Groups+l.Group)*n.s.Banks + l.Bank, n.clock}
	list, room := &n.reads, n.s.Controller.ReadQueue
	if r.Kind == Write {
		list, room = &n.writes, n.s.Controller.WriteQueue
	}
	if len(*list) >= room {
		return false
	}
	at := func(k Kind) func(naiveRequest) bool {
		return func(p naiveRequest) bool { return p.Kind == k && p.Addr == r.Addr }
	}
	waiting := slices.ContainsFunc(n.writes, at(Write)) || slices.ContainsFunc(n.queues[q.bank], at(Write))
	if waiting { // forwarded or coalesced
		return true
	}
	if n.s.Controller.Merge && r.Kind == Read && (slices.ContainsFunc(n.reads, at(Read)) || slices.ContainsFunc(n.queues[q.bank], at(Read))) {
		return true
	}
	*list = append(*list, q)
	return true
}

func (n *naive) tick() {
	c := n.s.Controller
	if c.Refresh == AllBankRefresh && n.clock > 0 && n.clock%int64(n.s.Timing.TREFI) == 0 {
		for r := range n.s.Ranks {
			n.refreshes = append(n.refreshes, r)
		}
	}
	if c.Arbiter == RoundRobin {
		n.tickRoundRobin()
		n.move()
	} else {
		n.tickOldest()
	}
}

func (n *naive) tickRoundRobin() {
	held := -1 // the rank whose queues wait for its refresh
	first := numOps
	if len(n.refreshes) > 0 {
		held = n.refreshes[0]
		if o, b := n.refresh(); o != numOps {
			n.put(o, b, nil)
			first = o
			if o == REF {
				n.refreshes = n.refreshes[1:]
				held = -1
			}
		}
	}
	if first == numOps {
		o, b, i := n.next(held)
		if o == numOps {
			return
		}
		n.start(o, b, i)
		first = o
	}
	if n.s.DualCommandBus {
		if o, b, i := n.next(held); o != numOps && o.Column() != first.Column() {
			n.start(o, b, i)
		}
	}
}

// refresh is the next command towards the first refresh, or numOps.
func (n *naive) refresh() (Op, int) {
	per := n.s.Groups * n.s.Banks
	from := n.refreshes[0] * per
	if !slices.ContainsFunc(n.rows[from:from+per], func(r int) bool { return r != -1 }) {
		if n.ready(REF, from) {
			return REF, from
		}
		return numOps, 0
	}
	if n.s.Controller.Arbiter == OldestFirst {
		if slices.ContainsFunc(n.active, func(q naiveRequest) bool { return q.bank/per == n.refreshes[0] }) || !n.ready(PREA, from) {
			return numOps, 0
		}
		return PREA, from
	}
	for b := from; b < from+per; b++ {
		if n.rows[b] != -1 && n.ready(PRE, b) {
			return PRE, b
		}
	}
	return numOps, 0
}

// next goes through the banks after the last one served and returns the first legal command with its request.
func (n *naive) next(held int) (Op, int, int) {
	for range n.queues {
		n.turn = (n.turn + 1) % len(n.queues)
		if n.d.rankOf[n.turn] == held {
			continue
		}
		for i, q := range n.queues[n.turn] {
			o := n.needs(q)
			if !n.ready(o, n.turn) {
				continue
			}
			if o == PRE {
				hit := slices.ContainsFunc(n.queues[n.turn], func(p naiveRequest) bool { return p.l.Row == n.rows[n.turn] })
				if i > 0 || hit && (n.s.Controller.HitCap == 0 || n.hits[n.turn] < n.s.Controller.HitCap) {
					continue
				}
			}
			return o, n.turn, i
		}
	}
	return numOps, 0, 0
}

func (n *naive) start(o Op, b, i int) {
	n.put(o, b, &n.queues[b][i])
	if o.Column() {
		n.queues[b] = slices.Delete(n.queues[b], i, i+1)
	}
}

// move hands one accepted request to its bank.
func (n *naive) move() {
	c := n.s.Controller
	idle := !slices.ContainsFunc(n.queues, func(q []naiveRequest) bool { return len(q) > 0 })
	if n.draining == 0 && (len(n.writes) >= c.WriteHigh || len(n.writes) > c.WriteLow && idle || n.flushing && len(n.reads) == 0) {
		n.draining = len(n.writes)
	}
	if n.draining > 0 {
		for i, q := range n.writes {
			if len(n.queues[q.bank]) >= c.BankQueue {
				continue
			}
			read := func(p naiveRequest) bool { return p.Kind == Read && p.Addr == q.Addr }
			if slices.ContainsFunc(n.reads, read) || slices.ContainsFunc(n.queues[q.bank], read) {
				n.draining = 0
				break
			}
			n.draining--
			n.queues[q.bank] = append(n.queues[q.bank], q)
			n.writes = slices.Delete(n.writes, i, i+1)
			return
		}
		if n.draining > 0 {
			return
		}
	}
	for i, q := range n.reads {
		if len(n.queues[q.bank]) < c.BankQueue {
			n.queues[q.bank] = append(n.queues[q.bank], q)
			n.reads = slices.Delete(n.reads, i, i+1)
			return
		}
	}
}

func (n *naive) tickOldest() {
	column := n.column()
	if column && !n.s.DualCommandBus {
		return
	}
	if len(n.refreshes) > 0 {
		if o, b := n.refresh(); o != numOps {
			n.put(o, b, nil)
			if o == REF {
				n.refreshes = n.refreshes[1:]
			}
		}
		return
	}
	list := n.list()
	i := n.oldest(*list, func(q naiveRequest) bool {
		o := n.needs(q)
		if o == ACT {
			return true
		}
		if o != PRE || slices.ContainsFunc(n.active, func(p naiveRequest) bool { return p.bank == q.bank }) {
			return false
		}
		return !slices.ContainsFunc(*list, func(p naiveRequest) bool { // a hit that came no later
			return p.bank == q.bank && p.l.Row == n.rows[q.bank] && p.arrive <= q.arrive
		})
	})
	if i < 0 {
		return
	}
	q := (*list)[i]
	o := n.needs(q)
	n.put(o, q.bank, &q)
	if o == ACT {
		n.active = append(n.active, q)
		*list = slices.Delete(*list, i, i+1)
	}
}

func (n *naive) column() bool {
	if i := n.oldest(n.active, func(q naiveRequest) bool { return n.needs(q).Column() }); i >= 0 {
		q := n.active[i]
		n.put(n.needs(q), q.bank, &q)
		n.active = slices.Delete(n.active, i, i+1)
		return true
	}
	if len(n.refreshes) > 0 {
		return false
	}
	list := n.list()
	i := n.oldest(*list, func(q naiveRequest) bool { return n.needs(q).Column() })
	if i < 0 {
		return false
	}
	q := (*list)[i]
	n.put(n.needs(q), q.bank, &q)
	*list = slices.Delete(*list, i, i+1)
	return true
}

// list is the buffer that the watermarks select.
func (n *naive) list() *[]naiveRequest {
	c := n.s.Controller
	if !n.writeMode {
		n.writeMode = len(n.writes) >= c.WriteHigh || len(n.reads) == 0
	} else if len(n.writes) <= c.WriteLow && len(n.reads) != 0 {
		n.writeMode = false
	}
	if n.writeMode {
		return &n.writes
	}
	return &n.reads
}

// oldest is the first request of the earliest arrival whose command is legal, or -1.
func (n *naive) oldest(list []naiveRequest, may func(naiveRequest) bool) int {
	best := -1
	for i, q := range list {
		if may(q) && n.ready(n.needs(q), q.bank) && (best < 0 || q.arrive < list[best].arrive) {
			best = i
		}
	}
	return best
}

func (n *naive) busy() bool {
	return len(n.reads)+len(n.writes)+len(n.active) > 0 || slices.ContainsFunc(n.queues, func(q []naiveRequest) bool { return len(q) > 0 })
}

// play runs a stream through: Width requests a clock at most, in order.
func (n *naive) play(requests []Request) []Command {
	i := 0
	for n.clock = 0; i < len(requests) || n.busy(); n.clock++ {
		n.flushing = i == len(requests)
		if n.clock > 0 {
			n.tick()
		}
		for w := 0; w < n.s.FrontEnd.Width && i < len(requests) && requests[i].At <= n.clock && n.accept(requests[i]); w++ {
			i++
		}
	}
	return n.log
}

// TestAgainstNaive: the controllers give the commands of their literal twins, clock for clock, under reads and writes.
func TestAgainstNaive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySpec(t)
		if s.InMemory {
			s = HBM2(DRAMsim3)
		}
		s.Channels = 1
		s.Controller.ClosedPage, s.Controller.AgeLimit, s.Controller.StaggerRefresh = false, 0, false
		if s.Controller.Arbiter == OldestFirst {
			s.Controller.Merge = false
		}
		if s.Controller.Refresh == PerBankRefresh {
			s.Controller.Refresh = NoRefresh
		}
		s.FrontEnd.PerChannel = true // of one channel
		requests := anyRequests(t, s)
		want := newNaive(t, s).play(requests)
		y, err := New(s, nil)
		if err != nil {
			t.Fatal(err)
		}
		var got []Command
		y.Log(func(c Command) { got = append(got, c) })
		for _, r := range requests {
			if _, err := y.Push(r); err != nil {
				t.Fatal(err)
			}
		}
		y.Drain()
		for i, c := range want {
			if i >= len(got) || got[i] != c {
				t.Fatalf("command %d is %v, must be %v", i, got[min(i, len(got)-1)], c)
			}
		}
		for _, c := range got[len(want):] { // the end of the run may still refresh
			if c.Op == RD || c.Op == WR || c.Op == ACT {
				t.Fatalf("one command too many: %v", c)
			}
		}
	})
}
