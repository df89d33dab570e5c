package doctor

import (
	"fmt"
	"io"
	"strings"
)

// State of a check.
type State string

// Missing things that are needed are bad; things that only make it faster or richer are optional.
const (
	Good     State = "ok"
	Optional State = "--"
	Bad      State = "BAD"
)

// Check is one line of the report.
type Check struct {
	State  State
	Name   string
	Found  string
	Remedy string // when something is missing
}

// Print writes the checks, one a line with the remedy below, and says whether none is bad.
func Print(w io.Writer, checks []Check) bool {
	well := true
	for _, c := range checks {
		fmt.Fprintf(w, "%-4s %-14s %s\n", c.State, c.Name, c.Found)
		if c.Remedy != "" {
			fmt.Fprintf(w, "%s-> %s\n", strings.Repeat(" ", 20), c.Remedy)
		}
		well = well && c.State != Bad
	}
	return well
}
