package published

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func TestJudgeRules(t *testing.T) {
	row := func(value float64, e Evidence, note string) Row {
		return Row{System: "s", Figure: "f", Metric: "m", Unit: "%", Value: value, Evidence: e, Note: note}
	}
	printed := row(100, Printed, "")
	for _, c := range []struct {
		name    string
		row     Row
		ours    float64
		class   Class
		options []Option
		want    Result
		reason  string
	}{
		{"exact hit", row(88, Digitised, "exact"), 88, Exact, nil, Pass, ""},
		{"exact miss by one", row(88, Digitised, "exact"), 89, Exact, nil, Fail, "allowed 0"},
		{"exact sum in another order", row(0.3, Derived, ""), 0.1 + 0.2, Exact, nil, Pass, ""},
		{"tight at the edge", printed, 110, Tight, nil, Pass, ""},
		{"tight beyond", printed, 110.1, Tight, nil, Fail, "off by 10.1 %, allowed 10 %"},
		{"tight within a wide reading error", row(1, Digitised, "+-1 pt"), 1.9, Tight, nil, Pass, ""},
		{"tight beyond a wide reading error", row(1, Digitised, "+-1 pt"), 2.1, Tight, nil, Fail, "reading error 1"},
		{"modelled", printed, 125, Modelled, nil, Pass, ""},
		{"modelled beyond", printed, 74, Modelled, nil, Fail, "allowed 25 %"},
		{"points", row(99.1, Digitised, "+-0.5 pt"), 97.1, Tight, []Option{Points(2)}, Pass, ""},
		{"points beyond", row(99.1, Digitised, "+-0.5 pt"), 97, Tight, []Option{Points(2)}, Fail, "allowed 2 %"},
		{"percent", printed, 118, Tight, []Option{Percent(20)}, Pass, ""},
		{"at least", printed, 500, Tight, []Option{AtLeast()}, Pass, ""},
		{"at least, below", printed, 80, Tight, []Option{AtLeast()}, Fail, "off by -20"},
		{"at most", printed, 5, Tight, []Option{AtMost()}, Pass, ""},
		{"accuracy", row(-0.28, Digitised, "+-0.1 pt"), -0.6, Accuracy, []Option{Confidence(0.3)}, Pass, ""},
		{"accuracy beyond", row(-0.28, Digitised, "+-0.1 pt"), -0.8, Accuracy, []Option{Confidence(0.3)}, Fail, "confidence 0.3 + reading 0.1"},
		{"accuracy without interval", row(-0.28, Digitised, ""), -0.28, Accuracy, nil, Fail, "needs the confidence interval"},
		{"not comparable", printed, 3, NotComparable, []Option{Because("another model")}, NotJudged, "another model"},
		{"not comparable without reason", printed, 3, NotComparable, nil, Fail, "needs a reason"},
		{"fitted", printed, 100, Fitted, []Option{Because("scale of the table")}, NotJudged, "scale of the table"},
		{"fitted without reason", printed, 100, Fitted, nil, Fail, "needs a reason"},
		{"unverified", row(100, Unverified, ""), 100, Tight, nil, NotJudged, "unverified, never a target"},
		{"not measured", printed, math.NaN(), Tight, nil, Fail, "ours is NaN"},
		{"infinite", printed, math.Inf(1), Tight, nil, Fail, "ours is +Inf"},
		{"trend without rule", printed, 100, Trend, nil, Fail, "judged by Order"},
		{"no class", printed, 100, 0, nil, Fail, "no class"},
		{"no number", Row{}, 1, Tight, nil, Fail, "no published number"},
		{"zero", row(0, Printed, ""), 0, Tight, nil, Pass, ""},
		{"not zero", row(0, Printed, ""), 0.001, Tight, nil, Fail, "allowed 10 %"},
	} {
		v := Judge(c.row, c.ours, c.class, c.options...)
		if v.Result != c.want || !strings.Contains(v.Reason, c.reason) || (c.want == Pass && v.Reason != "") {
			t.Errorf("%s: %s %q, want %s %q", c.name, v.Result, v.Reason, c.want, c.reason)
		}
	}
}

// A number that passes a class passes every looser one, and judging is symmetric about the published value.
func TestLooserClassesAcceptMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		row := Row{System: "s", Figure: "f", Metric: "m", Value: rapid.Float64Range(0.01, 1000).Draw(t, "value"), Evidence: Printed}
		d := rapid.Float64Range(0, 0.5).Draw(t, "distance") * row.Value
		before := true
		for _, c := range []Class{Modelled, Tight, Exact} {
			up, down := Judge(row, row.Value+d, c).Result == Pass, Judge(row, row.Value-d, c).Result == Pass
			if up && !before {
				t.Fatalf("%v passes %v but not a looser class", row.Value+d, c)
			}
			edge := math.Abs(d/row.Value-0.1) < 1e-6 || math.Abs(d/row.Value-0.25) < 1e-6 || d/row.Value < 1e-8
			if up != down && !edge {
				t.Fatalf("class %v: +%v is %v, -%v is %v", c, d, up, d, down)
			}
			before = up
		}
	})
}

func TestOrder(t *testing.T) {
	rows := Select(Figure("sprint", "fig11-speedup"), func(r Row) bool { return r.Config == "S" && r.Workload != "Geomean" })
	same := make([]float64, len(rows))
	for i, r := range rows {
		same[i] = r.Value
	}
	v := Order(rows, same)
	if v.Result != Pass || v.Value != v.Ours || v.Value < 20 || v.Metric != "speedup_order" || v.Config != "S" || v.Workload != "" {
		t.Errorf("the paper against itself: %+v", v)
	}
	same[4] = 100 // ViT-B, the slowest
	if v := Order(rows, same); v.Result != Fail || !strings.Contains(v.Reason, "> SPRINT ViT-B S") || v.Ours >= v.Value {
		t.Errorf("ViT-B as the fastest: %+v", v)
	}
	if v := Order(rows[:1], same[:1]); v.Result != Fail {
		t.Errorf("one row has an order: %+v", v)
	}
}

func TestMonotone(t *testing.T) {
	rows := Select(Figure("sprint", "fig5-bits"), func(r Row) bool { return r.Workload == "BERT-SQUAD" })
	ours := []float64{1, 2, 50, 80, 79.8, 81, 81, 81}
	if v := Monotone(rows, ours, Rising, 0.5); v.Result != Pass || v.Value != 7 {
		t.Errorf("a dip within the slack: %+v", v)
	}
	if v := Monotone(rows, ours, Rising, 0.1); v.Result != Fail || v.Ours != 6 || !strings.Contains(v.Reason, "b=4 to accuracy vs b BERT-SQUAD b=5 by -0.2") {
		t.Errorf("a dip beyond the slack: %+v", v)
	}
	if v := Monotone(rows, ours, Falling, 0); v.Result != Fail {
		t.Errorf("a rising curve falls: %+v", v)
	}
}

func TestCrossing(t *testing.T) {
	x := []float64{1, 2, 3, 4}
	a, b := []float64{0, 1, 2, 3}, []float64{2, 2, 2, 2}
	row := Row{System: "s", Figure: "f", Metric: "time", Evidence: Digitised}
	if v := Crossing(row, x, a, b, []float64{0, 0, 1, 3}, b, "tokens", 1); v.Result != Pass || v.Value != 3 || v.Ours != 3.5 || v.Metric != "time_crossing" {
		t.Errorf("%+v", v)
	}
	if v := Crossing(row, x, a, b, []float64{0, 0, 1, 3}, b, "tokens", 0.4); v.Result != Fail {
		t.Errorf("%+v", v)
	}
	if v := Crossing(row, x, a, b, []float64{0, 0, 0, 0}, b, "tokens", 1); v.Result != Fail || !strings.Contains(v.Reason, "our curves do not cross") {
		t.Errorf("%+v", v)
	}
}

func someVerdicts(t *testing.T) []Verdict {
	var verdicts []Verdict
	for i, r := range Figure("sprint", "fig11-speedup") {
		verdicts = append(verdicts, Judge(r, r.Value*(1+0.01*float64(i%20)), Tight))
	}
	r, err := Find("sprint", "abstract", "SPRINT", "Average", "S", "speedup")
	if err != nil {
		t.Fatal(err)
	}
	return append(verdicts, Judge(r, math.NaN(), NotComparable, Because("averages\nhidden, \"workloads\"")))
}

func TestWriteVerdicts(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "sprint", "verdicts.csv")
	verdicts := someVerdicts(t)
	if err := WriteVerdicts(path, verdicts); err != nil {
		t.Fatal(err)
	}
	first, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if head, _, _ := strings.Cut(string(first), "\n"); head != "system,figure,series,workload,config,metric,published,evidence,ours,ratio,class,verdict,reason" {
		t.Errorf("header is %q", head)
	}
	back, err := ReadVerdicts(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(back) != len(verdicts) || back[0].Figure != "abstract" {
		t.Errorf("%d verdicts come back of %d, the first of %s", len(back), len(verdicts), back[0].Figure)
	}
	// Reversed and merged in two halves, the file is the same byte for byte.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	for i := len(verdicts) - 1; i >= 0; i-- {
		if f := verdicts[i].Figure; i == len(verdicts)-1 || f != verdicts[i+1].Figure {
			var some []Verdict
			for k := len(verdicts) - 1; k >= 0; k-- {
				if verdicts[k].Figure == f {
					some = append(some, verdicts[k])
				}
			}
			if err := MergeVerdicts(path, some); err != nil {
				t.Fatal(err)
			}
		}
	}
	second, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(first), string(second)); diff != "" {
		t.Errorf("merged file differs:\n%s", diff)
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Errorf("%d files left in the folder, want 1", len(entries))
	}
	again, err := ReadVerdicts(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(back, again, cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("reading differs:\n%s", diff)
	}
}

func TestWriteVerdictsRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "verdicts.csv")
	v := someVerdicts(t)
	if err := WriteVerdicts(path, append(v, v[0])); err == nil || !strings.Contains(err.Error(), "two verdicts on sprint/fig11-speedup") {
		t.Errorf("a repeated verdict: %v", err)
	}
	v[0].Result, v[0].Reason = NotJudged, ""
	if err := WriteVerdicts(path, v); err == nil || !strings.Contains(err.Error(), "gives no reason") {
		t.Errorf("no reason: %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a refused file was written")
	}
}

func FuzzParseVerdicts(f *testing.F) {
	head := strings.Join(verdictColumns, ",") + "\n"
	f.Add(head + "sprint,fig11-speedup,SPRINT,Geomean,M,speedup,7.36,printed,7.1,0.965,tight,pass,\n")
	f.Add(head + "s,f,,,,m,,,,,not comparable,n/a,why\n")
	f.Add(head + "s,f,,,,m,x,printed,1,1,tight,maybe,\n")
	f.Fuzz(func(t *testing.T, text string) {
		verdicts, err := ParseVerdicts("v.csv", strings.NewReader(text))
		if err != nil {
			if !strings.HasPrefix(err.Error(), "published: v.csv:") {
				t.Errorf("error does not name the file: %v", err)
			}
			return
		}
		for _, v := range verdicts {
			if v.Class.String() == "" || math.IsInf(v.Value, 0) || v.Result > Fail {
				t.Errorf("accepted %+v", v)
			}
		}
	})
}

func ExampleJudge() {
	row, err := Find("sprint", "fig11-speedup", "SPRINT", "Geomean", "M", "speedup")
	if err != nil {
		fmt.Println(err)
		return
	}
	v := Judge(row, 6.2, Tight)
	fmt.Printf("%.2f of %.2f is a ratio of %.3f: %s (%s)\n", v.Ours, v.Value, v.Ratio, v.Result, v.Reason)
	// Output: 6.20 of 7.36 is a ratio of 0.842: fail (off by -1.16 x, allowed 10 %)
}
