package figure

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"flag"
	"fmt"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sparse-attention/workbench/lib/published"
	"gonum.org/v1/plot/vg"
	"pgregory.net/rapid"
)

var keep = flag.String("keep", "", "folder that the gallery is written to, to be looked at")

var regen = flag.Bool("regen", false, "write the golden files anew")

var stamp = Provenance{Code: "0123456789abcdef", Config: "c0ffee", Data: "da7a", Seed: 7, Mode: "quick"}

// The SVG and CSV of each kind of chart are compared with committed ones; after a wanted change run with -regen and look at
// the difference.
func TestGolden(t *testing.T) {
	for _, g := range gallery[:5] {
		c, err := g.make()
		if err != nil {
			t.Fatal(err)
		}
		c.page().Provenance = stamp
		svg, err := SVG(c)
		if err != nil {
			t.Fatal(err)
		}
		table, err := CSV(c)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range []output{{".svg", svg}, {".csv", table}} {
			path := filepath.Join("testdata", g.name+f.extension)
			if *regen {
				if err := os.MkdirAll("testdata", 0o777); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, f.data, 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(f.data)); diff != "" {
				t.Errorf("%s differs; run with -regen when it should:\n%.2000s", path, diff)
			}
		}
	}
}

// Two runs give the same bytes, the drawing is well-formed, and nothing reaches the border of the page, where it would be
// cut off.
func TestGallery(t *testing.T) {
	one, two := t.TempDir(), t.TempDir()
	if *keep != "" {
		one = *keep
	}
	for _, g := range gallery {
		for _, dir := range []string{one, two} {
			c, err := g.make()
			if err != nil {
				t.Fatal(err)
			}
			c.page().Provenance = stamp
			if err := Save(c, dir, g.name); err != nil {
				t.Fatal(err)
			}
		}
	}
	entries, err := os.ReadDir(one)
	if err != nil {
		t.Fatal(err)
	}
	if want := 3*len(gallery) + 2; len(entries) != want {
		t.Errorf("%d files, want %d", len(entries), want)
	}
	for _, e := range entries {
		a, err := os.ReadFile(filepath.Join(one, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(two, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a, b) {
			t.Errorf("%s differs in a second run", e.Name())
		}
		if !bytes.Contains(a, []byte(stamp.Code)) || bytes.Contains(a, []byte(one)) {
			t.Errorf("%s lacks its provenance, or holds a path", e.Name())
		}
		switch filepath.Ext(e.Name()) {
		case ".svg":
			checkXML(t, e.Name(), a)
		case ".png":
			checkBorder(t, e.Name(), a)
		case ".csv":
			checkCSV(t, e.Name(), a)
		}
	}
}

func checkXML(t *testing.T, name string, text []byte) {
	d := xml.NewDecoder(bytes.NewReader(text))
	words := 0
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		if s, ok := token.(xml.StartElement); ok && s.Name.Local == "text" {
			words++
		}
	}
	if words < 5 {
		t.Errorf("%s holds %d texts, want axes and a legend", name, words)
	}
}

func checkBorder(t *testing.T, name string, data []byte) {
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if y > b.Min.Y+3 && y < b.Max.Y-4 && x == b.Min.X+4 {
				x = b.Max.X - 4
			}
			if r, g, b, _ := img.At(x, y).RGBA(); r+g+b != 3*0xFFFF {
				t.Errorf("%s: pixel (%d, %d) at the border is not white", name, x, y)
				return
			}
		}
	}
}

func checkCSV(t *testing.T, name string, data []byte) {
	in := csv.NewReader(bytes.NewReader(data))
	in.Comment = '#'
	rows, err := in.ReadAll()
	if err != nil || len(rows) < 2 || strings.Join(rows[0], ",") != "system,figure,series,workload,config,metric,unit,ours,published,evidence" {
		t.Errorf("%s: %d rows, %v", name, len(rows), err)
	}
}

func TestUnverifiedIsNotDrawn(t *testing.T) {
	chart := func(e published.Evidence) string {
		row := published.Row{System: "s", Figure: "f", Workload: "w", Metric: "m", Value: 3, Evidence: e}
		b, err := NewBars("t", []Pair{{row, 2}, Own(published.Row{System: "s", Figure: "f", Workload: "v", Metric: "m"}, 5)})
		if err != nil {
			t.Fatal(err)
		}
		svg, err := SVG(b)
		if err != nil {
			t.Fatal(err)
		}
		return string(svg)
	}
	if chart(published.Unverified) != chart(published.None) {
		t.Error("an unverified value is drawn")
	}
	printed, digitised := chart(published.Printed), chart(published.Digitised)
	if printed == digitised || printed == chart(published.None) {
		t.Error("printed and digitised values look the same, or a printed one is not drawn")
	}
	if !strings.Contains(printed, "as printed") || !strings.Contains(digitised, "read from a chart") {
		t.Error("the legend does not say how the published value is known")
	}
}

// Two charts with the same Order give a key the same colour, whatever else they show; an interval is drawn and is in the CSV.
func TestBarsOrderAndIntervals(t *testing.T) {
	bar := func(series string, v float64) Pair {
		return Own(published.Row{System: "s", Figure: "f", Series: series, Workload: "w", Metric: "m", Unit: "points"}, v)
	}
	one := &Bars{Data: []Pair{bar("c", 1), bar("a", -2)}, Group: ByWorkload, Colour: BySeries, Order: []string{"a", "b", "c"}}
	two := &Bars{Data: []Pair{bar("d", 1), bar("b", 2), bar("c", 1)}, Group: ByWorkload, Colour: BySeries, Order: one.Order}
	if got := one.colours(); strings.Join(got, "") != "ac" || one.colourOf("c") != two.colourOf("c") || two.colourOf("d") != colourAt(3) {
		t.Errorf("colours of %q, %q", got, two.colours())
	}
	plain, err := SVG(one)
	if err != nil {
		t.Fatal(err)
	}
	one.Half = map[published.Key]float64{one.Data[1].Key(): 1.5}
	with, err := SVG(one)
	if err != nil {
		t.Fatal(err)
	}
	text, err := CSV(one)
	if err != nil || !strings.Contains(string(text), "# half width of the interval of s/f/a/w/m: 1.5") {
		t.Errorf("%s, %v", text, err)
	}
	if bytes.Equal(plain, with) || fmt.Sprint(one.ends()) != "[-3.5 -0.5]" {
		t.Errorf("ends %v", one.ends())
	}
}

func TestMeansInCSV(t *testing.T) {
	c, err := speedup()
	if err != nil {
		t.Fatal(err)
	}
	data, err := CSV(c)
	if err != nil {
		t.Fatal(err)
	}
	in := csv.NewReader(bytes.NewReader(data))
	rows, err := in.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var ours []float64
	for _, p := range c.Pairs() {
		if p.Config == "M" && p.Workload != "Geomean" {
			ours = append(ours, p.Ours)
		}
	}
	found := 0
	for _, r := range rows {
		if r[4] != "M" {
			continue
		}
		switch r[3] {
		case "mean (geometric)", "Geomean":
			found++
			if r[7] != published.FormatNumber(published.Geometric(ours)) {
				t.Errorf("%s of ours is %s, want %v", r[3], r[7], published.Geometric(ours))
			}
		case "mean (harmonic)":
			found++
			if r[7] != published.FormatNumber(published.Harmonic(ours)) || r[9] != "derived" {
				t.Errorf("harmonic row %q", r)
			}
		}
	}
	if found != 3 {
		t.Errorf("%d rows of means for M, want the paper's own, the geometric and the harmonic", found)
	}
}

func TestBadDataIsRefused(t *testing.T) {
	row := published.Row{System: "s", Figure: "f", Workload: "w", Metric: "m"}
	good := []Pair{Own(row, 1)}
	fail := func(name string, err error, want string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	_, err := NewBars("t", nil)
	fail("no pairs", err, "figure: Bars: there are no pairs")
	_, err = NewBars("t", []Pair{Own(row, math.Inf(1))})
	fail("infinite", err, "ours is +Inf, must be finite")
	_, err = NewBars("t", []Pair{Own(row, math.NaN())})
	fail("nothing", err, "neither our number nor a published one")
	_, err = NewBars("t", []Pair{good[0], good[0]})
	fail("repeated", err, "repeats a name")
	_, err = NewStack("t", []Pair{Own(row, -1)})
	fail("negative", err, "negative")
	_, err = NewScatter("t", good)
	fail("no published", err, "there are no pairs")
	_, err = NewMaskMap("t", stripes(4, 4), 5, row)
	fail("valid", err, "valid is 5, must be in 1..4")
	_, err = NewHeat("t", [][]float64{{1, 2}, {3}}, row)
	fail("ragged", err, "row 1 has 1 cells, must have 2")
	_, err = NewHistogram("t", row, Sample{"a", []float64{math.NaN()}})
	fail("nan sample", err, `value 0 of sample "a" is NaN`)
	_, err = NewPanels("t")
	fail("no panels", err, "must be at least one")

	dir := t.TempDir()
	bars, err := NewBars("t", good)
	if err != nil {
		t.Fatal(err)
	}
	fail("folder in the name", bars.Save(dir, "a/b"), `name is "a/b"`)
	panels, err := NewPanels("t", bars)
	if err != nil {
		t.Fatal(err)
	}
	panels.Rows = 2
	fail("more rows than panels", panels.Save(dir, "a"), "there are 2 rows")
	bars.YMin, bars.YMax = 2, 1
	fail("range", bars.Save(dir, "a"), "YMin is 2, must be below YMax 1")
	lines, err := NewLines("t", good)
	if err != nil {
		t.Fatal(err)
	}
	fail("no x", lines.Save(dir, "a"), `config is "", must end in a number`)
	lines.X = func(Pair) (float64, error) { return 0, nil }
	lines.LogX = true
	fail("log of zero", lines.Save(dir, "a"), "must be above 0")
	percent, err := NewPercent("t", good)
	if err != nil {
		t.Fatal(err)
	}
	fail("shares", percent.Save(dir, "a"), "sum to 1, must be 100")
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("refused charts left %d files", len(left))
	}
}

func TestTicks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		low := rapid.Float64Range(-1e4, 1e4).Draw(t, "low")
		high := low + rapid.Float64Range(1e-2, 1e4).Draw(t, "width")
		ticks := niceTicks{}.Ticks(low, high)
		if len(ticks) < 3 || len(ticks) > 11 {
			t.Fatalf("%d ticks on [%v, %v]", len(ticks), low, high)
		}
		labels := make(map[string]bool)
		for i, k := range ticks {
			if labels[k.Label] || i > 0 && k.Value <= ticks[i-1].Value || k.Value < low-1e-6*(high-low) || k.Value > high+1e-6*(high-low) {
				t.Fatalf("tick %d of [%v, %v] is %+v", i, low, high, k)
			}
			labels[k.Label] = true
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		low := math.Pow(10, rapid.Float64Range(-6, 6).Draw(t, "low"))
		high := low * rapid.Float64Range(3, 1e6).Draw(t, "factor")
		named := 0
		for _, k := range (logTicks{}).Ticks(low, high) {
			if k.Label != "" {
				named++
			}
		}
		if named < 1 {
			t.Fatalf("no named tick on [%v, %v]", low, high)
		}
	})
}

func TestLabelsKeepTheirLetters(t *testing.T) {
	s := textStyle(tickSize, regular, ink)
	squeeze := strings.NewReplacer(" ", "", "\n", "")
	rapid.Check(t, func(t *rapid.T) {
		label := strings.TrimSpace(rapid.StringMatching(`[A-Za-z0-9_/ -]{1,30}`).Draw(t, "label"))
		width := rapid.Float64Range(5, 100).Draw(t, "width")
		broken, ok := breakLabel(s, label, vg.Length(width))
		if squeeze.Replace(broken) != squeeze.Replace(label) {
			t.Fatalf("%q became %q", label, broken)
		}
		for _, line := range strings.Split(broken, "\n") {
			if ok && s.Width(line) > vg.Length(width) {
				t.Fatalf("line %q of %q is wider than %v", line, label, width)
			}
		}
		if wrapped := strings.Join(wrap(s, label, vg.Length(width)), " "); wrapped != strings.Join(strings.Fields(label), " ") {
			t.Fatalf("%q was wrapped into %q", label, wrapped)
		}
	})
}

func TestPaletteIsOkabeIto(t *testing.T) {
	want := []string{"0072B2", "E69F00", "009E73", "CC79A7", "56B4E9", "D55E00", "F0E442", "999999"}
	for i, c := range palette {
		if got := fmt.Sprintf("%02X%02X%02X", c.R, c.G, c.B); got != want[i] {
			t.Errorf("colour %d is %s, want %s", i, got, want[i])
		}
	}
	if slices.Contains(palette, colourAt(8)) || colourAt(8) == colourAt(9) {
		t.Error("colours beyond the palette must differ from it and from each other")
	}
}

func ExampleNewBars() {
	rows := published.Select(published.Figure("sprint", "fig11-speedup"), func(r published.Row) bool { return r.Workload == "Geomean" })
	ours := map[string]float64{"S": 7.4, "M": 7.3, "L": 7.0}
	chart, err := NewBars("Speedup", Against(rows, func(r published.Row) float64 { return ours[r.Config] }))
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := CSV(chart)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(string(text))
	// Output:
	// system,figure,series,workload,config,metric,unit,ours,published,evidence
	// sprint,fig11-speedup,SPRINT,Geomean,S,speedup,x,7.4,7.49,printed
	// sprint,fig11-speedup,SPRINT,Geomean,M,speedup,x,7.3,7.36,printed
	// sprint,fig11-speedup,SPRINT,Geomean,L,speedup,x,7,7.13,printed
}

func ExampleTable_Markdown() {
	rows := published.Select(metric("table3", "throughput"), func(r published.Row) bool { return r.Series != "A3" })
	table, err := NewTable("", Against(rows, func(r published.Row) float64 {
		if r.Series == "M-SPRINT" {
			return 1790.2
		}
		return math.NaN()
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	table.Names = map[string]string{"throughput": "Throughput"}
	fmt.Print(table.Markdown())
	// Output:
	// |  | SpAtten | LeOPArd | M-SPRINT |
	// |---|---:|---:|---:|
	// | Throughput, GOPs/s | 360 | 574.1 | **1790** (1816.2) |
}
