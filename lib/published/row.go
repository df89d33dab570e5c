package published

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Row is one published number. The first six fields name it; no two rows of a file have the same name.
type Row struct {
	System   string // "sprint", "a3", "DRAMsim3"
	Figure   string // figure or table: "fig11-speedup"
	Series   string // curve, bar colour or machine: "SPRINT"
	Workload string // "BERT-B"
	Config   string // size or operating point: "M", "b=4"
	Metric   string // "speedup"
	Unit     string // "x", "%"
	Value    float64
	Evidence Evidence
	Source   string // where it was read
	Note     string // reading error and remarks
}

// Key names a row among all rows.
type Key struct{ System, Figure, Series, Workload, Config, Metric string }

// Key is the row's name.
func (r Row) Key() Key {
	return Key{r.System, r.Figure, r.Series, r.Workload, r.Config, r.Metric}
}

// String joins the parts that are not empty with slashes.
func (k Key) String() string {
	var parts []string
	for _, p := range []string{k.System, k.Figure, k.Series, k.Workload, k.Config, k.Metric} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, "/")
}

var (
	plusMinus   = regexp.MustCompile(`\+-(\d+(?:\.\d+)?)( ?%)?`)
	errorAbout  = regexp.MustCompile(`error (?:about |<)(\d+(?:\.\d+)?)( %)?( of full scale)?`)
	percentUnit = regexp.MustCompile(`^%`)
)

// ReadingError is the uncertainty that the row's note states, in the row's own unit, and whether it states one. The notes
// give it as "+-0.5 pt" (absolute), "+-30%" or "error about 1 %" (relative), or "error about 1 % of full scale", which is
// one point of a percentage and 0.01 of a share.
func (r Row) ReadingError() (float64, bool) {
	if m := plusMinus.FindStringSubmatch(r.Note); m != nil {
		v, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			return 0, false
		}
		if m[2] != "" {
			return math.Abs(r.Value) * v / 100, true
		}
		return v, true
	}
	m := errorAbout.FindStringSubmatch(r.Note)
	if m == nil {
		return 0, false
	}
	v, err := strconv.ParseFloat(m[1], 64)
	switch {
	case err != nil:
		return 0, false
	case m[2] == "":
		return v, true
	case m[3] == "":
		return math.Abs(r.Value) * v / 100, true
	case percentUnit.MatchString(r.Unit):
		return v, true
	default:
		return v / 100, true
	}
}

// FormatNumber writes a number as the CSV files hold it: whole numbers in full, others rounded to six significant digits
// so that the last bits of a processor's arithmetic do not show, and nothing for NaN.
func FormatNumber(v float64) string {
	switch {
	case math.IsNaN(v):
		return ""
	case math.IsInf(v, 0):
		return strconv.FormatFloat(v, 'g', -1, 64)
	case v == math.Trunc(v) && math.Abs(v) < 1<<53:
		return strconv.FormatInt(int64(v), 10)
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 6, 64), 64)
	if err != nil {
		panic("published: a formatted float does not parse: " + err.Error())
	}
	if a := math.Abs(rounded); a >= 1e-6 && a < 1e15 {
		return strconv.FormatFloat(rounded, 'f', -1, 64)
	}
	return strconv.FormatFloat(rounded, 'g', -1, 64)
}
