package notebook

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var exported = cmpopts.IgnoreUnexported(Output{})

func text(s string) map[string]any { return map[string]any{"text/plain": s} }

func TestOutputsHaveOneOrderWhateverArrivesFirst(t *testing.T) {
	want := []Output{
		{Type: Stream, Name: "stdout", Text: "ab"},
		{Type: Stream, Name: "stderr", Text: "!"},
		{Type: DisplayData, Data: text("1")},
		{Type: DisplayData, Data: text("2")},
		{Type: Error, ErrorName: "E", ErrorValue: "v"},
	}
	steps := map[string]func(*Outputs){
		"text":    func(o *Outputs) { o.Stream("stdout", "a"); o.Stream("stdout", "b") },
		"warning": func(o *Outputs) { o.Stream("stderr", "!") },
		"figures": func(o *Outputs) {
			o.Show(Output{Type: DisplayData, Data: text("1")}, "")
			o.Show(Output{Type: DisplayData, Data: text("2")}, "")
		},
		"error": func(o *Outputs) { o.Fail("E", "v", nil) },
	}
	for _, order := range []string{"text warning figures error", "error figures warning text", "figures text error warning"} {
		var c Collector
		o := c.Cell()
		for _, name := range strings.Fields(order) {
			steps[name](o)
		}
		if diff := cmp.Diff(want, o.List(), exported); diff != "" {
			t.Errorf("%s: %s", order, diff)
		}
	}
}

func TestUpdateReachesAnEarlierCell(t *testing.T) {
	var c Collector
	first, second := c.Cell(), c.Cell()
	first.Show(Output{Type: DisplayData, Data: text("old")}, "id")
	first.Show(Output{Type: DisplayData, Data: text("other")}, "")
	second.Show(Output{Type: DisplayData, Data: text("old")}, "id")
	second.Update(text("new"), nil, "id")
	second.Update(text("nobody"), nil, "unknown id")
	want := []Output{{Type: DisplayData, Data: text("new")}, {Type: DisplayData, Data: text("other")}}
	if diff := cmp.Diff(want, first.List(), exported); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want[:1], second.List(), exported); diff != "" {
		t.Error(diff)
	}
}

func TestClear(t *testing.T) {
	var c Collector
	o := c.Cell()
	o.Stream("stdout", "1")
	o.Clear(true)
	if got := o.List(); len(got) != 1 || got[0].Text != "1" {
		t.Errorf("waiting clear took effect at once: %+v", got)
	}
	o.Stream("stdout", "2")
	if got := o.List(); len(got) != 1 || got[0].Text != "2" {
		t.Errorf("after the next output: %+v", got)
	}
	o.Clear(false)
	if got := o.List(); len(got) != 0 {
		t.Errorf("after clear: %+v", got)
	}
}

func TestScrubTouchesTextOnly(t *testing.T) {
	c := Collector{Scrub: func(s string) string { return strings.ReplaceAll(s, "volatile", "steady") }}
	o := c.Cell()
	o.Stream("stdout", "vola") // the word comes in two messages
	o.Stream("stdout", "tile")
	o.Show(Output{Type: DisplayData, Data: map[string]any{"text/html": "volatile", "image/png": "volatile"}}, "")
	o.Fail("E", "volatile", []string{"volatile"})
	want := []Output{
		{Type: Stream, Name: "stdout", Text: "steady"},
		{Type: DisplayData, Data: map[string]any{"text/html": "steady", "image/png": "volatile"}},
		{Type: Error, ErrorName: "E", ErrorValue: "steady", Traceback: []string{"steady"}},
	}
	if diff := cmp.Diff(want, o.List(), exported); diff != "" {
		t.Error(diff)
	}
}
