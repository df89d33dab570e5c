package published

import (
	"fmt"

	"github.com/sparse-attention/workbench/lib/legal"
)

// Evidence says how well a published number is known. Higher is better; the zero value stands for no number at all.
type Evidence uint8

// The grades, worst first.
const (
	None       Evidence = iota // no published number
	Unverified                 // believed, no source read: never a target
	Secondary                  // a public summary
	Derived                    // computed from other numbers
	Digitised                  // read from a chart
	Measured                   // a public tool was run
	Printed                    // read in the paper
)

var evidenceNames = [...]string{"", "unverified", "secondary", "derived", "digitised", "measured", "printed"}

// String is the grade's name in the CSV files, "" for None.
func (e Evidence) String() string { return legal.Name(e, "Evidence", evidenceNames[:]...) }

// Target reports whether a number of this grade may be compared with ours.
func (e Evidence) Target() bool { return e > Unverified }

// Exact reports whether the number was read as digits, so that it is drawn solid; others are drawn hollow.
func (e Evidence) Exact() bool { return e >= Measured }

// ParseEvidence reads a grade by its name; the error names the field, its value and what is legal.
func ParseEvidence(s string) (Evidence, error) {
	for e, name := range evidenceNames {
		if name == s && s != "" {
			return Evidence(e), nil
		}
	}
	return None, fmt.Errorf("evidence is %q, must be printed, measured, digitised, derived, secondary or unverified", s)
}
