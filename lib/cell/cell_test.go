package cell

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/janpfeifer/gonb/gonbui"
	"github.com/sparse-attention/workbench/lib/figure"
	"github.com/sparse-attention/workbench/lib/progress"
	"github.com/sparse-attention/workbench/lib/published"
)

// printed runs f as a plain program and returns what it prints on standard output and standard error, and its exit status.
func printed(t *testing.T, f func()) (out, err string, status int) {
	t.Helper()
	var o, e bytes.Buffer
	outTo, errTo = &o, &e
	exit = func(code int) { status = code; panic(exited{}) }
	defer func() {
		outTo, errTo, exit = nil, nil, os.Exit
		if r := recover(); r != nil {
			if _, ok := r.(exited); !ok {
				panic(r)
			}
		}
		out, err = o.String(), e.String()
	}()
	f()
	return
}

type exited struct{}

func geomeans(t *testing.T) figure.Chart {
	t.Helper()
	rows := published.Select(published.Figure("sprint", "fig11-speedup"), func(r published.Row) bool { return r.Workload == "Geomean" })
	c, err := figure.NewBars("Speedup", figure.Against(rows, func(r published.Row) float64 { return r.Value }))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestShowPrintsNumbers(t *testing.T) {
	out, _, _ := printed(t, func() { Show(geomeans(t)) })
	if !strings.HasPrefix(out, "system,figure,") || !strings.Contains(out, "sprint,fig11-speedup,SPRINT,Geomean,M,speedup,x,7.36,7.36,printed\n") {
		t.Errorf("Show prints %q", out)
	}
}

func TestPublishWritesAndSaysWhere(t *testing.T) {
	root := t.TempDir()
	t.Setenv("WORKBENCH_ROOT", root)
	t.Setenv("WORKBENCH_OUT", filepath.Join(root, "out"))
	out, _, _ := printed(t, func() { Publish("sprint", "fig11", geomeans(t)) })
	if out != "out/sprint/fig11.svg .png .csv\n" {
		t.Errorf("Publish prints %q", out)
	}
	for _, e := range []string{".svg", ".png", ".csv"} {
		if _, err := os.Stat(filepath.Join(root, "out", "sprint", "fig11"+e)); err != nil {
			t.Error(err)
		}
	}
}

func TestVerdictsAreShownAndKept(t *testing.T) {
	t.Setenv("WORKBENCH_OUT", t.TempDir())
	var verdicts []published.Verdict
	for _, r := range published.Figure("sprint", "fig11-speedup")[:3] {
		verdicts = append(verdicts, published.Judge(r, r.Value*1.05, published.Tight))
	}
	verdicts[2] = published.Judge(verdicts[2].Row, 1, published.Tight)
	out, _, _ := printed(t, func() { Verdicts("sprint", verdicts) })
	if !strings.Contains(out, "2 pass, 1 fail, 0 n/a") || !strings.Contains(out, "allowed 10 %") {
		t.Errorf("Verdicts prints\n%s", out)
	}
	kept, err := published.ReadVerdicts(Out("sprint", "verdicts.csv"))
	if err != nil || len(kept) != 3 || kept[2].Result != published.Fail {
		t.Errorf("kept %v, %v", kept, err)
	}
}

func TestLongVerdictsListWhatDoesNotPass(t *testing.T) {
	var verdicts []published.Verdict
	for _, r := range published.Figure("sprint", "fig10-traffic") {
		verdicts = append(verdicts, published.Judge(r, r.Value, published.Tight))
	}
	verdicts[7] = published.Judge(verdicts[7].Row, 1000, published.Tight)
	out, _, _ := printed(t, func() { Verdicts("", verdicts) })
	if !strings.Contains(out, "53 pass, 1 fail, 0 n/a; those that pass are not listed") || strings.Count(out, "fig10-traffic") != 1 || !strings.Contains(out, "1000") {
		t.Errorf("Verdicts prints\n%s", out)
	}
}

func TestCheckNamesTheCaller(t *testing.T) {
	_, text, status := printed(t, func() { Must(1, errors.New("figure: Bars: first\nsecond")) })
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if status != 1 || len(lines) != 2 || !strings.Contains(lines[0], "cell_test.go:") || lines[1] != "figure: Bars: first; second" {
		t.Errorf("status %d, %q", status, text)
	}
	if _, text, status := printed(t, func() { Check(nil) }); status != 0 || text != "" {
		t.Errorf("Check(nil): status %d, %q", status, text)
	}
}

func TestMode(t *testing.T) {
	for in, want := range map[string]string{"": Default, "quick": Quick, "full": Full} {
		if got, err := parseMode(in); got != want || err != nil {
			t.Errorf("mode %q: %q, %v", in, got, err)
		}
	}
	t.Setenv("WORKBENCH_MODE", "fast")
	if _, text, status := printed(t, func() { Mode() }); status != 1 || !strings.Contains(text, `WORKBENCH_MODE is "fast", must be quick, default or full`) {
		t.Errorf("status %d, %q", status, text)
	}
	t.Setenv("WORKBENCH_MODE", "quick")
	if ByMode(1, 2, 3) != 1 {
		t.Error("ByMode must choose the first value in quick mode")
	}
}

// A run of two epochs, watched with a clock that ticks once a second.
func run(observe progress.Observer) {
	for step := 1; step <= 20; step++ {
		e := progress.Event{Phase: "fine-tune", Epoch: 1 + (step-1)/10, Epochs: 2, Step: step, Steps: 20, Loss: 0.7, ExamplesPerSecond: 100 * float64(step),
			Remaining: time.Duration(20-step) * time.Second, Kept: 1}
		observe(e)
		if step%10 == 0 {
			e.Evaluated, e.Accuracy, e.Kept = true, 0.7+0.01*float64(step), 0.25
			observe(e)
		}
	}
}

func TestProgressSettlesWithoutTimes(t *testing.T) {
	var texts []string
	now := time.Unix(0, 0)
	observe := watch(5*time.Second, func() time.Time { now = now.Add(time.Second); return now }, func(text string, settled bool) {
		texts = append(texts, text)
		if settled && strings.Contains(text, "/s") {
			t.Errorf("settled text %q holds a speed", text)
		}
	})
	run(observe)
	if last := texts[len(texts)-1]; last != "fine-tune: epoch 2 of 2, dev accuracy 90.0 %, 25.0 % of the scores kept" {
		t.Errorf("the last text is %q", last)
	}
	if len(texts) < 5 || len(texts) > 9 {
		t.Errorf("%d texts of 22 events at one in five seconds, want 5 to 9:\n%s", len(texts), strings.Join(texts, "\n"))
	}
	if !strings.Contains(strings.Join(texts, "\n"), "0:1") || !strings.Contains(texts[0], "[#") {
		t.Errorf("no live line with a bar and the time left in\n%s", strings.Join(texts, "\n"))
	}
	observe(progress.Event{Phase: "thresholds", Note: "checkpoint 3 is damaged", Kept: 1})
	observe(progress.Event{Phase: "thresholds", Evaluated: true, Accuracy: 0.5, Kept: 0.3})
	if last := texts[len(texts)-1]; last != "checkpoint 3 is damaged\nfine-tune: epoch 2 of 2, dev accuracy 90.0 %, 25.0 % of the scores kept\nthresholds: dev accuracy 50.0 %, 30.0 % of the scores kept" {
		t.Errorf("the last text is %q", last)
	}
}

func TestBarDrawsOverItself(t *testing.T) {
	var b bytes.Buffer
	draw := bar(&b)
	draw("a long line", false)
	draw("short", false)
	draw("first\ndone", true)
	draw("next", false)
	if got, want := b.String(), "\ra long line\rshort      \rdone \n\rnext"; got != want {
		t.Errorf("bar writes %q, want %q", got, want)
	}
}

func TestSliderStill(t *testing.T) {
	s := Slider{Label: "CORELETs", Min: 1, Max: 8, Value: 2}
	var drawn []int
	out, _, status := printed(t, func() {
		s.Show(func(v int) (figure.Chart, error) { drawn = append(drawn, v); return geomeans(t), nil })
	})
	if fmt.Sprint(drawn) != "[1 2 8]" || status != 0 || strings.Count(out, "CORELETs = ") != 3 {
		t.Errorf("still twin of %v: %v, status %d", s, drawn, status)
	}
	for _, bad := range []Slider{{Min: 1, Max: 1}, {Min: 1, Max: 3, Value: 0}, {Min: 1, Max: 3, Value: 1, Still: []int{4}}} {
		if err := bad.Validate(); err == nil || !strings.HasPrefix(err.Error(), "cell: Slider.") {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if _, text, status := printed(t, func() { s.Show(func(int) (figure.Chart, error) { return nil, errors.New("no chart") }) }); status != 1 || !strings.HasSuffix(text, "no chart\n") {
		t.Errorf("a chart that fails: status %d, %q", status, text)
	}
}

func TestEnvironment(t *testing.T) {
	for _, name := range []string{"WORKBENCH_ROOT", "WORKBENCH_OUT", "WORKBENCH_DATA", "WORKBENCH_INTERACTIVE"} {
		t.Setenv(name, "")
	}
	if _, err := os.Stat(filepath.Join(Root(), "go.mod")); err != nil {
		t.Errorf("Root: %v", err)
	}
	if Out("sprint") != filepath.Join(Root(), "figures", "sprint") || Data() != "" || Interactive() {
		t.Errorf("Out %q, Data %q, Interactive %v", Out("sprint"), Data(), Interactive())
	}
}

func TestTableDropsEmptyColumns(t *testing.T) {
	out, _, _ := printed(t, func() { Table([]string{"a", "b", "c"}, [][]string{{"1", "", "x"}, {"22", "", "y"}}) })
	if out != "a   c\n1   x\n22  y\n" {
		t.Errorf("Table prints %q", out)
	}
	html := htmlTable([]string{"a"}, [][]string{{"<1>"}}, nil)
	if !strings.Contains(html, "&lt;1&gt;") {
		t.Errorf("text is not escaped in %q", html)
	}
	if number(math.NaN(), "x") != "" || number(7.36321, "x") != "7.363 x" || number(3, "count") != "3" {
		t.Error("numbers of a verdict table")
	}
	if gonbui.IsNotebook {
		t.Error("tests must not run as a notebook")
	}
}

func ExampleTable() {
	Table([]string{"size", "speedup"}, [][]string{{"S", "7.49"}, {"M", "7.36"}})
	// Output:
	// size  speedup
	// S     7.49
	// M     7.36
}
