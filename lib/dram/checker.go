package dram

import (
	"errors"
	"fmt"
)

// Checker replays a command log and says which rule a command breaks. It shares nothing with the controller but the
// timing table of the Spec: it keeps the last starts of every command at every node, compares each new command with
// each rule, and follows the rows and the data buses on its own.
type Checker struct {
	spec     Spec
	rules    []Constraint
	channels []checkedChannel
	commands int64
}

type checkedChannel struct {
	last   int64
	began  bool
	starts map[startKey][]int64 // latest first
	rows   []int                // open row by bank, -1 closed
	buses  []int64              // end of the last burst by data bus
	// refreshed is the start of the last REF of each rank, for the longest gap between two.
	refreshed []int64
	longest   int64
}

type startKey struct {
	op    Op
	level Level
	node  int
}

// NewChecker takes the Spec whose log it is to check.
func NewChecker(s Spec) (*Checker, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	k := &Checker{spec: s, rules: append(s.Table(), s.Extra...)}
	for range s.Channels {
		c := checkedChannel{starts: map[startKey][]int64{}, buses: make([]int64, s.buses()), refreshed: make([]int64, s.Ranks)}
		for range s.BanksPerChannel() {
			c.rows = append(c.rows, -1)
		}
		k.channels = append(k.channels, c)
	}
	return k, nil
}

// Commands is the number of commands seen.
func (k *Checker) Commands() int64 { return k.commands }

// LongestRefreshGap is the longest time between two refreshes of a rank (or its start), in clocks.
func (k *Checker) LongestRefreshGap() int64 {
	var g int64
	for _, c := range k.channels {
		g = max(g, c.longest)
	}
	return g
}

// Observe checks the next command of the log. Commands of one channel must come in order of time. The error names every
// rule that the command breaks; the command is booked all the same.
func (k *Checker) Observe(m Command) error {
	s := &k.spec
	k.commands++
	if m.Op >= numOps || m.Channel < 0 || m.Channel >= s.Channels || m.Rank < 0 || m.Rank >= s.Ranks ||
		!m.Op.rankWide() && (m.Group < 0 || m.Group >= s.Groups || m.Bank < 0 || m.Bank >= s.Banks) {
		return fmt.Errorf("dram: command %q is outside the memory", m)
	}
	c := &k.channels[m.Channel]
	var errs []error
	broken := func(format string, a ...any) {
		errs = append(errs, fmt.Errorf("dram: %s: %s", m, fmt.Sprintf(format, a...)))
	}
	if m.At < 0 || c.began && m.At < c.last {
		broken("the log goes back in time, from %d", c.last)
	}
	c.last, c.began = m.At, true
	nodes := k.nodes(m)
	for _, r := range k.rules {
		if contains(r.Following, m.Op) {
			k.checkRule(c, r, m, nodes, broken)
		}
	}
	k.checkState(c, m, nodes[Bank], broken)
	k.checkBus(c, m, broken)
	for l := range numLevels {
		if m.Op.rankWide() && l > Rank {
			break
		}
		key := startKey{m.Op, l, nodes[l]}
		past := append([]int64{m.At}, c.starts[key]...)
		c.starts[key] = past[:min(len(past), 64)]
	}
	return errors.Join(errs...)
}

// nodes numbers the node of each level that a command addresses.
func (k *Checker) nodes(m Command) [numLevels]int {
	g := m.Rank*k.spec.Groups + m.Group
	return [numLevels]int{0, m.Rank, g, g*k.spec.Banks + m.Bank}
}

func contains(ops []Op, o Op) bool {
	for _, x := range ops {
		if x == o {
			return true
		}
	}
	return false
}

// checkRule looks for the Window-th last preceding command at the same node, or at its siblings, and measures the gap.
// A command to a whole rank is a following command at every node below it, and precedes at its rank only.
func (k *Checker) checkRule(c *checkedChannel, r Constraint, m Command, nodes [numLevels]int, broken func(string, ...any)) {
	check := func(node int) {
		for _, p := range r.Preceding {
			past := c.starts[startKey{p, r.Level, node}]
			if len(past) < r.Window {
				continue
			}
			if gap, need := m.At-past[r.Window-1], int64(k.spec.FirstClock(r, p, m.Op)); gap < need {
				broken("%s: %d clocks after %s, must be %d", r.Name, gap, p, need)
			}
		}
	}
	switch {
	case r.Sibling:
		for n := range k.spec.Ranks {
			if n != m.Rank {
				check(n)
			}
		}
	case m.Op.rankWide() && r.Level > Rank:
		per := map[Level]int{Group: k.spec.Groups, Bank: k.spec.Groups * k.spec.Banks}[r.Level]
		for i := range per {
			check(m.Rank*per + i)
		}
	default:
		check(nodes[r.Level])
	}
}

// checkState follows the rows: what must be open or closed for a command.
func (k *Checker) checkState(c *checkedChannel, m Command, bank int, broken func(string, ...any)) {
	per := k.spec.Groups * k.spec.Banks
	switch m.Op {
	case ACT:
		if c.rows[bank] != -1 {
			broken("row %d is still open", c.rows[bank])
		}
		c.rows[bank] = m.Row
	case PRE:
		c.rows[bank] = -1
	case PREA:
		for i := range per {
			c.rows[m.Rank*per+i] = -1
		}
	case RD, RDA, WR, WRA:
		if c.rows[bank] != m.Row {
			broken("row %d is wanted, %d is open", m.Row, c.rows[bank])
		}
		if m.Op == RDA || m.Op == WRA {
			c.rows[bank] = -1
		}
	case REF:
		for i := range per {
			if row := c.rows[m.Rank*per+i]; row != -1 {
				broken("bank %d has row %d open", i, row)
			}
		}
		c.longest = max(c.longest, m.At-c.refreshed[m.Rank])
		c.refreshed[m.Rank] = m.At
	case REFB:
		if c.rows[bank] != -1 {
			broken("row %d is still open", c.rows[bank])
		}
	}
}

// checkBus follows the data bus of the command's rank or channel: bursts must not overlap.
func (k *Checker) checkBus(c *checkedChannel, m Command, broken func(string, ...any)) {
	t := k.spec.Timing
	var start int64
	switch {
	case m.Op.reads():
		start = m.At + int64(t.CL+t.TDQSCK)
	case m.Op.writes():
		start = m.At + int64(t.CWL)
	default:
		return
	}
	bus := 0
	if !k.spec.SharedDataBus {
		bus = m.Rank
	}
	if start < c.buses[bus] {
		broken("data would start at %d, the bus is taken until %d", start, c.buses[bus])
	}
	c.buses[bus] = max(c.buses[bus], start+int64(t.Burst))
}
