package dota

import "github.com/sparse-attention/workbench/lib/attention"

// flows schedules every mask of the workload: its groups, in order. Full attention is one list of groups that load every key
// once.
func (s Spec) flows(w Workload) ([][]Group, error) {
	if len(w.Masks) == 0 {
		return [][]Group{s.full(w)}, nil
	}
	scheduler, err := NewScheduler(s.Parallelism, w.Tokens, s.Order)
	if err != nil {
		return nil, err
	}
	done := map[*attention.Mask][]Group{}
	var all [][]Group
	for _, m := range w.Masks {
		if done[m] == nil {
			done[m] = s.schedule(scheduler, m)
		}
		all = append(all, done[m])
	}
	return all, nil
}

func (s Spec) schedule(scheduler *Scheduler, m *attention.Mask) []Group {
	var groups []Group
	for first := 0; first < m.Queries(); first += s.Parallelism {
		if s.Coupling == Buffered {
			groups = append(groups, scheduler.Schedule(m, first, nil))
			continue
		}
		groups = append(groups, s.stepwise(scheduler, m, first))
	}
	return groups
}

// stepwise charges every step the slower of its products and its loads: it turns the excess of loads in a step into slots
// that stay empty.
func (s Spec) stepwise(scheduler *Scheduler, m *attention.Mask, first int) Group {
	var loads []int
	g := scheduler.Schedule(m, first, func(i Issue) {
		for len(loads) <= i.Step {
			loads = append(loads, 0)
		}
		loads[i.Step]++
	})
	// A load takes as long as this many slots.
	perLoad := float64(2*s.PEs()) / float64(s.PortBytes)
	width := float64(g.Slots) / float64(max(1, g.Steps))
	slots := 0.0
	for _, n := range loads {
		slots += max(width, float64(n)*perLoad)
	}
	g.Slots = int(slots + 0.5)
	return g
}

// full is attention without a mask: T queries meet every key, which is loaded once.
func (s Spec) full(w Workload) []Group {
	var groups []Group
	for first := 0; first < w.Tokens; first += s.Parallelism {
		q := min(s.Parallelism, w.Tokens-first)
		groups = append(groups, Group{Steps: w.Tokens, Loads: w.Tokens, Connections: q * w.Tokens, Slots: s.Parallelism * w.Tokens})
	}
	return groups
}
