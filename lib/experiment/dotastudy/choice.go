package dotastudy

import (
	"math"
	"slices"

	"github.com/sparse-attention/workbench/lib/experiment/joint"
)

// The two settings of the evaluation, by the points of quality that they may cost (the limits are unverified).
const (
	ConservativeLimit = 0.5
	AggressiveLimit   = 1.5
)

// Choice is the least retention at which a method stays within a limit.
type Choice struct {
	Task, Method string
	Limit        float64
	Found        bool    // else nothing below dense does
	Knob         float64 // what was asked for
	Retention    float64 // measured on the split that was judged
	Drop, Half   float64 // points, there; Half is of the 95 % interval
	Seeds        int
}

// Choose searches the settings of a method on one split, from the largest retention down, until the mean loss over seeds reaches
// the limit, and judges the last one within it on another split.
func Choose(points []joint.Point, task, method, search, judge string, limit float64) Choice {
	c := Choice{Task: task, Method: method, Limit: limit, Retention: 1}
	of := func(split string) []joint.Summary {
		all := slices.DeleteFunc(joint.Summarise(points, task, split), func(s joint.Summary) bool { return s.Method != method })
		slices.SortFunc(all, func(a, b joint.Summary) int {
			switch {
			case a.Retention > b.Retention:
				return -1
			case a.Retention < b.Retention:
				return 1
			}
			return 0
		})
		return all
	}
	for _, s := range of(search) {
		if !(s.Drop < limit) {
			break
		}
		c.Found, c.Knob = true, s.Knob
	}
	if !c.Found {
		return c
	}
	for _, s := range of(judge) {
		if s.Knob == c.Knob {
			c.Retention, c.Drop, c.Half, c.Seeds = s.Retention, s.Drop, s.Half, s.Seeds
		}
	}
	return c
}

// Kept is how much each workload keeps at a limit under a method: the choice on the task that is like it, else the geometric
// mean of all choices.
func Kept(points []joint.Point, tasks []string, method string, limit float64, w Workload) float64 {
	sum, n := 0.0, 0.0
	for _, t := range tasks {
		c := Choose(points, t, method, joint.SearchSplit, joint.JudgedSplit, limit)
		if t == w.Like {
			return c.Retention
		}
		sum += math.Log(c.Retention)
		n++
	}
	return math.Exp(sum / n)
}
