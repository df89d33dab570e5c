package published

import (
	"fmt"
	"math"
	"strings"
)

// Verdict is one line of the scoreboard: a published number, ours beside it, and what the comparison came to.
type Verdict struct {
	Row
	Ours   float64 // NaN when we have none
	Ratio  float64 // Ours / Row.Value; NaN when that has no meaning
	Class  Class
	Result Result
	Reason string // why it failed or was not judged, or what the reader must know
}

// Option changes how Judge compares.
type Option func(*judgement)

type judgement struct {
	points     float64 // absolute tolerance, < 0 when not given
	relative   float64 // relative tolerance, < 0 when not given
	confidence float64 // half width of ours, < 0 when not given
	side       int     // +1: at least, -1: at most, 0: both sides
	reason     string
}

// Points replaces the class's tolerance by an absolute one in the row's own unit: Points(2) on a row in % is two points.
func Points(tolerance float64) Option { return func(j *judgement) { j.points = tolerance } }

// Percent replaces the class's tolerance by a relative one: Percent(15) is 15 % of the published value.
func Percent(tolerance float64) Option { return func(j *judgement) { j.relative = tolerance / 100 } }

// Confidence gives the half width of the confidence interval of our number, in the row's unit. Class Accuracy needs it.
func Confidence(half float64) Option { return func(j *judgement) { j.confidence = half } }

// AtLeast accepts every value of ours above the published one as well.
func AtLeast() Option { return func(j *judgement) { j.side = +1 } }

// AtMost accepts every value of ours below the published one as well.
func AtMost() Option { return func(j *judgement) { j.side = -1 } }

// Because gives the reason that goes with the verdict. Classes NotComparable and Fitted need one.
func Because(format string, args ...any) Option {
	return func(j *judgement) { j.reason = fmt.Sprintf(format, args...) }
}

// Judge compares ours with a published row under a class. A row that is unverified, not comparable or fitted is n/a. What
// cannot be judged for want of something that the caller owes (a number, a reason, an interval) fails, and says so.
func Judge(row Row, ours float64, class Class, options ...Option) Verdict {
	j := judgement{points: -1, relative: -1, confidence: -1}
	for _, o := range options {
		o(&j)
	}
	v := Verdict{Row: row, Ours: ours, Ratio: ratio(ours, row.Value), Class: class, Reason: oneLine(j.reason)}
	switch {
	case row.Evidence == None:
		return v.fail("there is no published number")
	case class < Exact || class > Fitted:
		return v.fail("%v is no class", class)
	case !row.Evidence.Target():
		v.Reason = joinReasons("published value is unverified, never a target", v.Reason)
		return v
	case class == NotComparable || class == Fitted:
		if v.Reason == "" {
			return v.fail("class %q needs a reason", class)
		}
		return v
	case math.IsNaN(ours) || math.IsInf(ours, 0):
		return v.fail("ours is %v, must be a finite number", ours)
	case class == Accuracy && j.confidence < 0:
		return v.fail("class accuracy needs the confidence interval of our number")
	case class == Trend && j.points < 0 && j.relative < 0:
		return v.fail("class trend is judged by Order, Monotone or Crossing, or within given points")
	}
	tolerance, rule := j.tolerance(row, class)
	distance := ours - row.Value
	if j.side > 0 && distance > 0 || j.side < 0 && distance < 0 {
		distance = 0
	}
	// The nudge forgives only the rounding of the subtraction: 2.1 - 2 may come out just above 0.1.
	if math.Abs(distance) > tolerance*(1+exactTolerance)+1e-12*math.Abs(row.Value) {
		return v.fail("off by %s %s, allowed %s", FormatNumber(ours-row.Value), row.Unit, rule)
	}
	v.Result = Pass
	return v
}

// tolerance gives the allowed distance in the row's unit, and its rule in words.
func (j *judgement) tolerance(row Row, class Class) (float64, string) {
	size := math.Abs(row.Value)
	reading, stated := row.ReadingError()
	switch {
	case j.points >= 0:
		return j.points, fmt.Sprintf("%s %s", FormatNumber(j.points), row.Unit)
	case j.relative >= 0:
		return j.relative * size, fmt.Sprintf("%s %%", FormatNumber(100*j.relative))
	case class == Accuracy:
		return j.confidence + reading, fmt.Sprintf("%s %s (confidence %s + reading %s)", FormatNumber(j.confidence+reading), row.Unit,
			FormatNumber(j.confidence), FormatNumber(reading))
	case class == Exact:
		return exactTolerance * size, "0"
	}
	share := tightTolerance
	if class == Modelled {
		share = modelledTolerance
	}
	if stated && reading > share*size {
		return reading, fmt.Sprintf("the reading error %s %s", FormatNumber(reading), row.Unit)
	}
	return share * size, fmt.Sprintf("%s %%", FormatNumber(100*share))
}

func (v Verdict) fail(format string, args ...any) Verdict {
	v.Result = Fail
	v.Reason = joinReasons(fmt.Sprintf(format, args...), v.Reason)
	return v
}

// ratio is NaN when either number is missing or the published one is zero.
func ratio(ours, theirs float64) float64 {
	if theirs == 0 || math.IsNaN(ours) || math.IsInf(ours, 0) {
		return math.NaN()
	}
	return ours / theirs
}

func joinReasons(a, b string) string {
	if b == "" {
		return a
	}
	return a + "; " + b
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
