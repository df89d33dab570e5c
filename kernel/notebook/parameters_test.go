package notebook

import (
	"strings"
	"testing"
)

const declaringCell = `%noautoget
import "time"

const tokens = 64
const share float32 = 0.5
var (
	name, other = "cola", 2
	rate   float64 = 1
	on             = true
	wait           = 3 * time.Second
	list           []int
)
var a, b = pair()
func pair() (int, int) { return 1, 2 }
%%
var inside = 1`

func withParameters(t *testing.T, values ...string) (string, error) {
	t.Helper()
	n := &Notebook{Cells: []*Cell{
		{ID: "text", Type: Markdown},
		{ID: "p", Type: Code, Source: declaringCell, Metadata: object{"tags": []any{ParametersTag}}},
		{ID: "old", Type: Code, Source: "stale", Metadata: object{"tags": []any{InjectedTag}}},
		{ID: "use", Type: Code, Source: "use"},
	}}
	var parameters []Parameter
	for _, v := range values {
		p, err := ParseParameter(v)
		if err != nil {
			return "", err
		}
		parameters = append(parameters, p)
	}
	if err := n.Inject(parameters); err != nil {
		return "", err
	}
	if len(values) == 0 {
		if len(n.Cells) != 3 {
			t.Errorf("%d cells, must be 3: the stale injection stays", len(n.Cells))
		}
		return "", nil
	}
	c := n.Cells[2]
	if len(n.Cells) != 4 || !c.Tagged(InjectedTag) || n.Cells[3].ID != "use" {
		t.Fatalf("cells are %v", n.Cells)
	}
	return c.Source, nil
}

func TestInject(t *testing.T) {
	for _, c := range []struct{ value, want string }{
		{"tokens=128", "const tokens = 128"},
		{"tokens=2*64", "const tokens = 2*64"},
		{"share=0.25", "const share float32 = 0.25"},
		{"name=mnli", `var name string = "mnli"`},
		{`name=a "b"=c`, `var name string = "a \"b\"=c"`},
		{`name="quoted"`, `var name string = "quoted"`},
		{"name=", `var name string = ""`},
		{"other=-3", "var other int = -3"},
		{"rate=2", "var rate float64 = 2"},
		{"on=false", "var on bool = false"},
		{"wait=time.Minute", "var wait = time.Minute"},
		{"list=[]int{1,2}", "var list []int = []int{1,2}"},
	} {
		got, err := withParameters(t, c.value)
		if want := "// Parameters of this run\n" + c.want; err != nil || got != want {
			t.Errorf("%s: %q, error %v, must be %q", c.value, got, err, want)
		}
	}
	withParameters(t)
}

func TestBadParameters(t *testing.T) {
	for _, c := range []struct{ value, want string }{
		{"tokens", "must be NAME=VALUE"},
		{"1x=2", "must be NAME=VALUE"},
		{"unknown=1", "must be one of tokens, share, name, other"},
		{"inside=1", "is not declared"},
		{"tokens=long", ""},
		{"tokens=0.5", "is float64, must be int"},
		{"on=1", "is int, must be bool"},
		{"tokens=1; panic()", "not a Go expression"},
		{"a=1", "cannot be set alone"},
	} {
		_, err := withParameters(t, c.value)
		if c.want == "" { // an identifier may name another constant: the compiler judges
			if err != nil {
				t.Errorf("%s: %v", c.value, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, must say %q", c.value, err, c.want)
		}
	}
	n := &Notebook{}
	if err := n.Inject([]Parameter{{"x", "1"}}); err == nil || !strings.Contains(err.Error(), "no cell is tagged") {
		t.Errorf("error %v", err)
	}
}
