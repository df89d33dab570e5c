package published

import (
	"fmt"

	"github.com/sparse-attention/workbench/lib/legal"
)

// Class says what may be asked of a reproduced number.
type Class uint8

// The classes and their rules.
const (
	Exact         Class = iota + 1 // a count or a table: equal, up to the rounding of floating point (1e-9)
	Tight                          // a deterministic ratio: 10 %, or the stated reading error when that is wider
	Modelled                       // rests on an assumption: 25 %, or the stated reading error when that is wider
	Trend                          // order, monotonicity or crossing point: see Order, Monotone and Crossing
	Accuracy                       // a drop against the own baseline: within the confidence interval plus the reading error
	NotComparable                  // shown, not judged; a reason must be given
	Fitted                         // a constant of ours was fitted on it; not counted; a reason must be given
)

var classNames = [...]string{"", "exact", "tight", "modelled", "trend", "accuracy", "not comparable", "fitted"}

// String is the class's name in the scoreboard.
func (c Class) String() string {
	if c > 0 && int(c) < len(classNames) {
		return classNames[c]
	}
	return fmt.Sprintf("Class(%d)", uint8(c))
}

// ParseClass reads a class by its name.
func ParseClass(s string) (Class, error) {
	for c, name := range classNames {
		if c > 0 && name == s {
			return Class(c), nil
		}
	}
	return 0, fmt.Errorf("class is %q, must be one of %q", s, classNames[1:])
}

const (
	tightTolerance    = 0.10 // of the published value; the workbench's own rule for deterministic ratios
	modelledTolerance = 0.25 // of the published value; the workbench's own rule for numbers that rest on an assumption
	exactTolerance    = 1e-9 // of the published value: sums taken in another order
)

// Result is what a judgement came to.
type Result uint8

// The results.
const (
	NotJudged Result = iota // n/a
	Pass
	Fail
)

var resultNames = [...]string{"n/a", "pass", "fail"}

// String is "n/a", "pass" or "fail".
func (r Result) String() string { return legal.Name(r, "Result", resultNames[:]...) }

// ParseResult reads a result by its name.
func ParseResult(s string) (Result, error) {
	for r, name := range resultNames {
		if name == s {
			return Result(r), nil
		}
	}
	return 0, fmt.Errorf("verdict is %q, must be pass, fail or n/a", s)
}
