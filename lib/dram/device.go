package dram

import "slices"

// maxBanks is the most banks that a channel may have: masks of banks are words.
const maxBanks = 64

// far is a time that never comes.
const far = int64(1) << 62

// rule is a compiled Constraint: after its command, op at the node of level may start no sooner than lat clocks later.
type rule struct {
	level   Level
	op      Op
	sibling bool
	window  uint8 // 0: pairwise; else 1 + index of the history that counts
	lat     int64
}

// history keeps the last commands that a windowed rule looks back on, per node of its level.
type history struct {
	level  Level
	depth  int
	starts []int64 // node x depth, a ring
	at     []int   // node -> next to overwrite
}

// device is the timing state of one channel: for every node of the tree and every command the earliest legal clock. A
// command may start when channel, rank, group and bank all agree; group and bank are kept together, per bank.
type device struct {
	ranks, groups, banks int // ranks, groups and banks of the channel
	channel              [numOps]int64
	rank                 [][numOps]int64
	local                [numOps][maxBanks]int64 // by bank
	rules                [numOps][]rule
	hist                 []history
	groupOf, rankOf      []int // by bank
	perGroup             int
}

// used tells which commands a controller of this Spec ever issues; rules about others cost time and are left out.
func (s Spec) used() (u [numOps]bool) {
	u[ACT], u[PRE] = true, true
	if s.Controller.ClosedPage {
		u[RDA], u[WRA] = true, true
	} else {
		u[RD], u[WR] = true, true
	}
	switch s.Controller.Refresh {
	case AllBankRefresh:
		u[REF] = true
		u[PREA] = s.Controller.Arbiter == OldestFirst
	case PerBankRefresh:
		u[REFB] = true
	}
	u[CopyQ], u[ReadP] = s.InMemory, s.InMemory
	return u
}

// newDevice builds the timing state for the commands in used.
func newDevice(s Spec, used [numOps]bool) *device {
	d := &device{ranks: s.Ranks, groups: s.Ranks * s.Groups, banks: s.BanksPerChannel(), perGroup: s.Banks}
	d.rank = make([][numOps]int64, d.ranks)
	for b := range d.banks {
		d.groupOf = append(d.groupOf, b/s.Banks)
		d.rankOf = append(d.rankOf, b/s.Banks/s.Groups)
	}
	type slot struct {
		level         Level
		before, after Op
		sibling       bool
	}
	at := map[slot]int{} // pairwise rules of one slot keep the longest
	for _, c := range append(s.Table(), s.Extra...) {
		h := uint8(0)
		if c.Window > 1 {
			n := [numLevels]int{1, d.ranks, d.groups, d.banks}[c.Level]
			d.hist = append(d.hist, history{c.Level, c.Window, fill(make([]int64, n*c.Window), -far), make([]int, n)})
			h = uint8(len(d.hist))
		}
		for _, p := range c.Preceding {
			for _, f := range c.Following {
				lat := int64(s.FirstClock(c, p, f))
				if !used[p] || !used[f] || lat <= 0 || c.Level == Channel && lat == 1 { // the controller starts one command a clock
					continue
				}
				r := rule{c.Level, f, c.Sibling, h, lat}
				if h > 0 {
					d.rules[p] = append(d.rules[p], r)
					continue
				}
				k := slot{c.Level, p, f, c.Sibling}
				if i, ok := at[k]; ok {
					d.rules[p][i].lat = max(d.rules[p][i].lat, lat)
				} else {
					at[k] = len(d.rules[p])
					d.rules[p] = append(d.rules[p], r)
				}
			}
		}
	}
	for p := range d.rules {
		d.rules[p] = slices.DeleteFunc(d.rules[p], func(r rule) bool { return d.implied(Op(p), r) })
	}
	return d
}

// implied says whether a wider level has a rule that is as strict.
func (d *device) implied(p Op, r rule) bool {
	return r.window == 0 && !r.sibling && slices.ContainsFunc(d.rules[p], func(w rule) bool {
		return w.level < r.level && w.op == r.op && w.window == 0 && !w.sibling && w.lat >= r.lat
	})
}

func fill(s []int64, v int64) []int64 {
	for i := range s {
		s[i] = v
	}
	return s
}

// earliest is the first clock at which op may start at a bank. For a command to a whole rank any bank of it will do.
func (d *device) earliest(op Op, bank int) int64 {
	t := max(d.channel[op], d.rank[d.rankOf[bank]][op])
	if op.rankWide() {
		return t
	}
	return max(t, d.local[op][bank])
}

// issue books a command that starts at t.
func (d *device) issue(op Op, bank int, t int64) {
	nodes := [numLevels]int{0, d.rankOf[bank], d.groupOf[bank], bank}
	recorded := uint64(0)
	rules := d.rules[op]
	for i := range rules {
		r := &rules[i]
		if r.window > 0 {
			h := &d.hist[r.window-1]
			n := nodes[r.level]
			ring := h.starts[n*h.depth : (n+1)*h.depth]
			if recorded>>r.window&1 == 0 { // once per command, however many it holds up
				recorded |= 1 << r.window
				ring[h.at[n]] = t
				if h.at[n]++; h.at[n] == h.depth {
					h.at[n] = 0
				}
			}
			if oldest := ring[h.at[n]]; oldest > -far {
				d.raise(r.level, nodes[r.level], r.op, oldest+r.lat)
			}
			continue
		}
		if r.sibling {
			for k := range d.ranks {
				if k != nodes[Rank] {
					d.raise(Rank, k, r.op, t+r.lat)
				}
			}
			continue
		}
		d.raise(r.level, nodes[r.level], r.op, t+r.lat)
	}
}

// raise holds a command back at a node until t.
func (d *device) raise(l Level, node int, op Op, t int64) {
	switch l {
	case Channel:
		d.channel[op] = max(d.channel[op], t)
	case Rank:
		d.rank[node][op] = max(d.rank[node][op], t)
	case Group:
		local := d.local[op][node*d.perGroup : (node+1)*d.perGroup]
		for i := range local {
			local[i] = max(local[i], t)
		}
	default:
		d.local[op][node] = max(d.local[op][node], t)
	}
}
