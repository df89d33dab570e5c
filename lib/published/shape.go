package published

import (
	"fmt"
	"math"
	"strings"
)

// Direction is the way in which a curve is expected to go.
type Direction int

// The directions.
const (
	Falling Direction = -1
	Rising  Direction = +1
)

// Order judges whether ours ranks the rows as the paper does. Every pair of rows whose published values differ by more than
// their two reading errors is a test; pairs that we put equal do not pass. The verdict's published value is the number of
// such pairs, ours how many agree; its name is that of the first row with the parts that differ left empty and "_order"
// added to the metric. Unverified rows are left out. len(ours) must equal len(rows).
func Order(rows []Row, ours []float64, options ...Option) Verdict {
	rows, ours = targets(rows, ours)
	v := shapeVerdict(rows, "_order", "pairs", options)
	pairs, agree := 0, 0
	var wrong []string
	for i, a := range rows {
		for k := i + 1; k < len(rows); k++ {
			b := rows[k]
			ea, _ := a.ReadingError()
			eb, _ := b.ReadingError()
			if math.Abs(a.Value-b.Value) <= ea+eb {
				continue
			}
			pairs++
			if (a.Value-b.Value)*(ours[i]-ours[k]) > 0 {
				agree++
			} else {
				if a.Value < b.Value {
					wrong = append(wrong, label(b)+" > "+label(a))
				} else {
					wrong = append(wrong, label(a)+" > "+label(b))
				}
			}
		}
	}
	return v.conclude(pairs, agree, "in the paper but not in ours: ", wrong)
}

// Monotone judges whether ours goes one way along the rows, which are in the order of the x axis. A step back of at most
// slack (in the rows' unit) is forgiven. The verdict counts steps.
func Monotone(rows []Row, ours []float64, direction Direction, slack float64, options ...Option) Verdict {
	rows, ours = targets(rows, ours)
	v := shapeVerdict(rows, "_monotone", "steps", options)
	agree := 0
	var wrong []string
	for i := 1; i < len(rows); i++ {
		if step := float64(direction) * (ours[i] - ours[i-1]); step >= -slack {
			agree++
		} else {
			wrong = append(wrong, fmt.Sprintf("%s to %s by %s", label(rows[i-1]), label(rows[i]), FormatNumber(ours[i]-ours[i-1])))
		}
	}
	return v.conclude(max(0, len(rows)-1), agree, "goes the other way: ", wrong)
}

// Crossing judges where two curves cross: the published pair of curves and ours are given at the same x, ascending. Row
// names the verdict; its Value, Unit and Evidence are replaced by the published crossing point, the unit of x and the
// weaker grade is the caller's to give in row.Evidence. It passes when ours lies within tolerance (in units of x).
func Crossing(row Row, x, publishedA, publishedB, oursA, oursB []float64, unit string, tolerance float64, options ...Option) Verdict {
	row.Metric += "_crossing"
	row.Unit = unit
	row.Value = CrossingPoint(x, publishedA, publishedB)
	ours := CrossingPoint(x, oursA, oursB)
	if math.IsNaN(row.Value) {
		v := Verdict{Row: row, Ours: ours, Ratio: math.NaN(), Class: Trend}
		return v.fail("the published curves do not cross")
	}
	if math.IsNaN(ours) {
		v := Verdict{Row: row, Ours: ours, Ratio: math.NaN(), Class: Trend}
		return v.fail("our curves do not cross")
	}
	return Judge(row, ours, Trend, append(options, Points(tolerance))...)
}

// CrossingPoint is the first x at which curve a stops being on the side of curve b where it began, by linear
// interpolation; NaN when it never does. The slices must have one length; x ascends.
func CrossingPoint(x, a, b []float64) float64 {
	if len(a) != len(x) || len(b) != len(x) {
		panic(fmt.Sprintf("published: CrossingPoint: curves of %d and %d points over %d", len(a), len(b), len(x)))
	}
	for i := 1; i < len(x); i++ {
		before, after := a[i-1]-b[i-1], a[i]-b[i]
		if before != 0 && before*after <= 0 {
			return x[i-1] + (x[i]-x[i-1])*before/(before-after)
		}
	}
	return math.NaN()
}

// targets drops the rows that may not be compared.
func targets(rows []Row, ours []float64) ([]Row, []float64) {
	if len(rows) != len(ours) {
		panic(fmt.Sprintf("published: %d rows and %d values of ours", len(rows), len(ours)))
	}
	var r []Row
	var o []float64
	for i, row := range rows {
		if row.Evidence.Target() {
			r, o = append(r, row), append(o, ours[i])
		}
	}
	return r, o
}

func shapeVerdict(rows []Row, suffix, unit string, options []Option) Verdict {
	j := judgement{}
	for _, o := range options {
		o(&j)
	}
	v := Verdict{Class: Trend, Ours: math.NaN(), Ratio: math.NaN(), Reason: oneLine(j.reason)}
	for i, r := range rows {
		if i == 0 {
			v.Row = Row{System: r.System, Figure: r.Figure, Series: r.Series, Workload: r.Workload, Config: r.Config,
				Metric: r.Metric + suffix, Unit: unit, Evidence: r.Evidence, Source: r.Source}
			continue
		}
		v.Evidence = min(v.Evidence, r.Evidence)
		if v.Series != r.Series {
			v.Series = ""
		}
		if v.Workload != r.Workload {
			v.Workload = ""
		}
		if v.Config != r.Config {
			v.Config = ""
		}
	}
	return v
}

func (v Verdict) conclude(tests, agree int, prefix string, wrong []string) Verdict {
	v.Value, v.Ours = float64(tests), float64(agree)
	v.Ratio = ratio(v.Ours, v.Value)
	if tests == 0 {
		return v.fail("there is nothing to compare: fewer than two distinct published values")
	}
	if agree == tests {
		v.Result = Pass
		return v
	}
	if len(wrong) > 3 {
		wrong = append(wrong[:3:3], fmt.Sprintf("and %d more", len(wrong)-3))
	}
	return v.fail("%s%s", prefix, strings.Join(wrong, ", "))
}

func label(r Row) string {
	return strings.Join(strings.Fields(r.Series+" "+r.Workload+" "+r.Config), " ")
}
