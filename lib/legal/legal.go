// Package legal checks the fields of a Spec. Every error names the field, what it is, and what it may be:
//
//	sprint: Spec.Corelets is 0, must be in 1..1024
//
// Name gives the values of an enumeration, which is most often such a field, their names.
package legal

import (
	"fmt"
	"math"
)

// Fields checks the fields of one value in turn and keeps the first that is out of range.
type Fields struct {
	owner string
	err   error
}

// Of starts a check; owner is the package and the type, such as "sprint: Spec".
func Of(owner string) *Fields { return &Fields{owner: owner} }

// Err is the first complaint, nil if there is none.
func (f *Fields) Err() error { return f.err }

// Require complains about a field unless ok; legal, with its arguments, goes on after "must be".
func (f *Fields) Require(ok bool, field string, value any, legal string, args ...any) {
	if !ok && f.err == nil {
		f.err = Complaint(f.owner)(field, value, legal, args...)
	}
}

// Complaint makes the errors of a check that is written as the cases of a switch: the field, its value and what it must be.
func Complaint(owner string) func(field string, value any, legal string, args ...any) error {
	return func(field string, value any, legal string, args ...any) error {
		return fmt.Errorf("%s.%s is %v, must be %s", owner, field, value, fmt.Sprintf(legal, args...))
	}
}

// In requires low..high, both allowed.
func (f *Fields) In(field string, value, low, high int) {
	f.Require(low <= value && value <= high, field, value, "in %d..%d", low, high)
}

// AtLeast requires low or more.
func (f *Fields) AtLeast(field string, value, low int) {
	f.Require(value >= low, field, value, "at least %d", low)
}

// One requires one of an enumeration's count values, which are numbered from 0.
func One[T ~uint8](f *Fields, field string, value, count T) {
	f.Require(value < count, field, value, "in 0..%d", uint8(count)-1)
}

// Name is the String of an enumeration that is numbered from 0: one of names, or the type and the number of a value beyond them.
func Name[T ~uint8](value T, kind string, names ...string) string {
	if int(value) < len(names) {
		return names[value]
	}
	return fmt.Sprintf("%s(%d)", kind, uint8(value))
}

// Positive requires a finite number above 0.
func (f *Fields) Positive(field string, value float64) {
	f.Require(value > 0 && !math.IsInf(value, 0), field, value, "positive and finite")
}

// NotNegative requires a finite number of at least 0.
func (f *Fields) NotNegative(field string, value float64) {
	f.Require(value >= 0 && !math.IsInf(value, 0), field, value, "at least 0 and finite")
}

// Share requires a number in (0,1].
func (f *Fields) Share(field string, value float64) {
	f.Require(value > 0 && value <= 1, field, value, "in (0,1]")
}

// Clock requires 1 Hz to 1 THz.
func (f *Fields) Clock(field string, hertz float64) {
	f.Require(hertz >= 1 && hertz <= 1e12, field, hertz, "in 1..1e12 Hz")
}

// Parts takes over the first complaint of parts that check themselves.
func (f *Fields) Parts(parts ...interface{ Validate() error }) {
	for _, p := range parts {
		if f.err == nil {
			f.err = p.Validate()
		}
	}
}
