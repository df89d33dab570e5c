package rebertstudy

import "fmt"

// Claim is what the issue of windows asks of our own searches: tasks whose held-out loss is within the budget, and those of them whose
// mean half-window is under a third of N. Tasks at chance, and several encoders of one task, count once or not at all.
type Claim struct {
	Budget       float64
	Held, Narrow []string // titles of tasks
	Tasks        int      // searched, not at chance
}

// Claims counts searches at one budget.
func Claims(all []Outcome) Claim {
	var c Claim
	held, seen := map[string]bool{}, map[string]bool{}
	for _, o := range Real(all) {
		s := o.Search
		c.Budget = s.Options.Budget
		if !seen[o.Card.Dataset] {
			seen[o.Card.Dataset] = true
			c.Tasks++
		}
		if held[o.Card.Dataset] || !s.Holds() || s.Mean() >= float64(s.Tokens-1) {
			continue
		}
		held[o.Card.Dataset] = true
		c.Held = append(c.Held, o.Task.Title)
		if 3*s.Mean() < float64(s.Tokens) {
			c.Narrow = append(c.Narrow, o.Task.Title)
		}
	}
	return c
}

func (c Claim) String() string {
	return fmt.Sprintf("%d of %d tasks hold a budget of %g points on held-out examples %v, %d of them with a mean half-window under a third of N %v", len(c.Held), c.Tasks, c.Budget, c.Held, len(c.Narrow), c.Narrow)
}
