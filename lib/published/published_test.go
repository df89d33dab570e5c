package published

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A file that grows or shrinks must be noticed: the counts are those of the sheets' own tables.
func TestSheetsAreWhole(t *testing.T) {
	want := map[string]int{"a3": 316, "dota": 46, "dram": 460, "elsa": 699, "leopard": 38, "lra": 212, "mnnfast": 14,
		"rebert": 90, "spatten": 723, "sprint": 427}
	if got := Sheets(); len(got) != len(want) {
		t.Errorf("sheets %q, want %d of them", got, len(want))
	}
	for name, n := range want {
		if got := len(Sheet(name)); got != n {
			t.Errorf("sheet %s has %d rows, want %d", name, got, n)
		}
	}
}

// Every line that the strict parser accepted is checked once more against the text of its file.
func TestEveryLine(t *testing.T) {
	for _, name := range Sheets() {
		text, err := os.ReadFile(name + ".csv")
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
		rows := Sheet(name)
		if len(lines) != len(rows)+1 {
			t.Fatalf("%s: %d lines for %d rows", name, len(lines), len(rows))
		}
		for i, r := range rows {
			if !strings.HasPrefix(lines[i+1], r.System) || !strings.Contains(lines[i+1], ","+r.Evidence.String()+",") {
				t.Errorf("%s:%d: row %+v is not of line %q", name, i+2, r, lines[i+1])
			}
			if again, err := Find(r.System, r.Figure, r.Series, r.Workload, r.Config, r.Metric); err != nil || again != r {
				t.Errorf("%s:%d: Find returns %+v, %v", name, i+2, again, err)
			}
			if e, ok := r.ReadingError(); ok && (e < 0 || math.IsNaN(e)) {
				t.Errorf("%s:%d: reading error %v", name, i+2, e)
			}
			if r.Evidence == Digitised && strings.Contains(r.Note, "+-") {
				if _, ok := r.ReadingError(); !ok {
					t.Errorf("%s:%d: no reading error found in %q", name, i+2, r.Note)
				}
			}
		}
	}
}

func TestReadingError(t *testing.T) {
	for _, c := range []struct {
		value      float64
		unit, note string
		want       float64
		stated     bool
	}{
		{80, "%", "+-0.5 pt; relative to S-Baseline", 0.5, true},
		{8.9, "x", "+-0.1; shifted +0.06 to meet the printed geomeans", 0.1, true},
		{2, "% of N", "+-30%, small difference of large numbers", 0.6, true},
		{50, "tokens", "+-1 %", 0.5, true},
		{36.8, "%", "error about 1 % of full scale", 1, true},
		{0.3, "1", "error about 1 % of full scale", 0.01, true},
		{0.2, "1", "stacked segment, error about 0.001", 0.001, true},
		{100, "x", "log axis; vector bar heights; error <1 %", 1, true},
		{25, "BLEU", "error about 0.05 BLEU", 0.05, true},
		{1, "x", "bar label", 0, false},
	} {
		got, stated := Row{Value: c.value, Unit: c.unit, Note: c.note}.ReadingError()
		if math.Abs(got-c.want) > 1e-12 || stated != c.stated {
			t.Errorf("%q on %v %s: %v %v, want %v %v", c.note, c.value, c.unit, got, stated, c.want, c.stated)
		}
	}
}

// The printed geomeans of SPRINT's Fig. 11 must follow from the digitised bars within their reading error.
func TestGeomeansFollowFromBars(t *testing.T) {
	for _, size := range []string{"S", "M", "L"} {
		var bars []float64
		for _, r := range Figure("sprint", "fig11-speedup") {
			if r.Config == size && r.Workload != "Geomean" {
				bars = append(bars, r.Value)
			}
		}
		printed, err := Find("sprint", "fig11-speedup", "SPRINT", "Geomean", size, "speedup")
		if err != nil {
			t.Fatal(err)
		}
		if got := Geometric(bars); len(bars) != 8 || math.Abs(got-printed.Value) > 0.1 {
			t.Errorf("%s: geometric mean of %d bars is %.3f, printed %.2f", size, len(bars), got, printed.Value)
		}
	}
}

func TestFindNamesWhatIsThere(t *testing.T) {
	for _, c := range []struct{ key, want string }{
		{"x/fig11-speedup/SPRINT/BERT-B/S/speedup", `system is "x"`},
		{"sprint/fig12/SPRINT/BERT-B/S/speedup", `figure is "fig12"`},
		{"sprint/fig11-speedup/SPRINT/BERT-B/XL/speedup", `config is "XL", must be one of ["S" "M" "L"]`},
	} {
		k := strings.Split(c.key, "/")
		if _, err := Find(k[0], k[1], k[2], k[3], k[4], k[5]); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Find %s: %v, want %s", c.key, err, c.want)
		}
	}
}

func TestParseNamesFileLineAndField(t *testing.T) {
	head := strings.Join(columns, ",") + "\n"
	good := "s,f,a,w,c,m,x,1.5,printed,src,note\n"
	for _, c := range []struct{ text, want string }{
		{"", "f.csv:1: header"},
		{"system,figure\n", "f.csv:1: header is"},
		{head + good + "s,f,a,w,c,m,x,1.5,printed,src\n", "f.csv:3: has 10 fields, must be 11"},
		{head + good + good, "f.csv:3: system to metric repeat line 2"},
		{head + "s,f,a,w,c,m,x,NaN,printed,src,\n", `f.csv:2: value is "NaN"`},
		{head + "s,f,a,w,c,m,x,0x10,printed,src,\n", `f.csv:2: value is "0x10"`},
		{head + "s,f,a,w,c,m,x,1e999,printed,src,\n", `f.csv:2: value is "1e999"`},
		{head + "s,f,a,w,c,m,x,1,guessed,src,\n", `f.csv:2: evidence is "guessed"`},
		{head + "s,f,a, w,c,m,x,1,printed,src,\n", `f.csv:2: workload is " w"`},
		{head + ",f,a,w,c,m,x,1,printed,src,\n", `f.csv:2: system is empty`},
		{head + "s,f,\"a\tb\",w,c,m,x,1,printed,src,\n", `f.csv:2: series is "a\tb", must not hold`},
		{head + "s,f,\"a,w\n", "f.csv"},
	} {
		if _, err := Parse("f.csv", strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Parse(%q): %v, want %s", c.text, err, c.want)
		}
	}
	if rows, err := Parse("f.csv", strings.NewReader(head+good)); err != nil || len(rows) != 1 || rows[0].Value != 1.5 {
		t.Errorf("a good line gives %v, %v", rows, err)
	}
}

func FuzzParse(f *testing.F) {
	head := strings.Join(columns, ",") + "\n"
	f.Add(head + "s,f,a,w,c,m,x,1.5,printed,src,note\n")
	f.Add(head + "s,f,\"a,b\",w,c,m,%,-1e-3,digitised,src,+-0.5 pt\n")
	f.Add(head + "s,f,a,w,c,m,x,1_0,printed,src,\n")
	f.Add("\"")
	f.Fuzz(func(t *testing.T, text string) {
		rows, err := Parse("f.csv", strings.NewReader(text))
		if err != nil {
			if !strings.HasPrefix(err.Error(), "published: f.csv:") {
				t.Errorf("error does not name the file: %v", err)
			}
			return
		}
		keys := make(map[Key]bool)
		for _, r := range rows {
			if math.IsNaN(r.Value) || math.IsInf(r.Value, 0) || r.Evidence == None || r.System == "" || keys[r.Key()] {
				t.Errorf("accepted %+v", r)
			}
			keys[r.Key()] = true
			if e, _ := r.ReadingError(); e < 0 {
				t.Errorf("reading error %v of %q", e, r.Note)
			}
		}
	})
}

func TestMeansAreOrdered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SliceOfN(rapid.Float64Range(1e-3, 1e3), 1, 20).Draw(t, "v")
		h, g, a := Harmonic(v), Geometric(v), Arithmetic(v)
		slack := 1e-9 * a
		if h > g+slack || g > a+slack || h < slices.Min(v)-slack || a > slices.Max(v)+slack {
			t.Fatalf("harmonic %v, geometric %v, arithmetic %v of %v", h, g, a, v)
		}
	})
	if v := []float64{1, 4, 4}; Arithmetic(v) != 3 || math.Abs(Geometric(v)-math.Cbrt(16)) > 1e-12 || Harmonic(v) != 2 {
		t.Errorf("means of %v: %v %v %v", v, Arithmetic(v), Geometric(v), Harmonic(v))
	}
	for _, m := range []func([]float64) float64{Arithmetic, Geometric, Harmonic} {
		if got := m(nil); !math.IsNaN(got) {
			t.Errorf("mean of nothing is %v", got)
		}
	}
	if !math.IsNaN(Geometric([]float64{1, 0})) || !math.IsNaN(Harmonic([]float64{1, -1})) {
		t.Error("a geometric or harmonic mean of numbers not above zero must be NaN")
	}
}

func TestFormatNumber(t *testing.T) {
	for _, c := range []struct {
		v    float64
		want string
	}{{1016589, "1016589"}, {-3, "-3"}, {0.1 + 0.2, "0.3"}, {1.0 / 3, "0.333333"}, {math.NaN(), ""}, {1e-9, "1e-09"}, {123456.789, "123457"}} {
		if got := FormatNumber(c.v); got != c.want {
			t.Errorf("FormatNumber(%v) = %q, want %q", c.v, got, c.want)
		}
	}
}

func ExampleFind() {
	row, err := Find("sprint", "fig11-speedup", "SPRINT", "Geomean", "M", "speedup")
	fmt.Println(row.Value, row.Unit, row.Evidence, err)
	// Output: 7.36 x printed <nil>
}

func ExampleFigures() {
	fmt.Println(Figures("mnnfast"))
	// Output: [abstract spatten-table3 spatten-text]
}
