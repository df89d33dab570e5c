package runner

import (
	"testing"

	"github.com/sparse-attention/workbench/kernel/jupyter"
	"github.com/sparse-attention/workbench/kernel/notebook"
)

// The replies are those of GoNB 0.11.5 with -raw_error.
func TestExplain(t *testing.T) {
	sources := map[int]string{1: "func f(x []int) int {\n\treturn x[5]\n}", 2: "%%\nx := 1\nfoo(x)"}
	for _, c := range []struct {
		name   string
		reply  jupyter.Reply
		stderr string
		want   CellError
	}{
		{"compiler", jupyter.Reply{Value: "# gonb\n./main.go:15:1: undefined: foo\n", Traceback: []string{"# gonb",
			"Cell[2]: Line 3\nfunc main() {\nfoo(x)\n^\n\n}\n\n\x1b[31mundefined: foo\x1b[0m"}}, "",
			CellError{Line: 3, Source: "foo(x)", Message: "undefined: foo"}},
		{"panic in an earlier cell's code", jupyter.Reply{Value: "exit status 2", Traceback: []string{"exit status 2"}},
			"panic: index out of range\n\ngoroutine 1 [running]:\n\t \x1b[7m[[ Cell [1] Line 2 ]]\x1b[0m gonb/main.go:9\nexit status 2\n",
			CellError{Source: "return x[5]", Message: "panic: index out of range (line 2 of In [1])"}},
		{"a mark that GoNB did not set", jupyter.Reply{Value: "exit status 2"},
			"panic: bad\n\ngoroutine 1 [running]:\nmain.main()\n\tgonb/main.go:3 +0x1d\nexit status 2\n",
			CellError{Line: 3, Source: "foo(x)", Message: "panic: bad"}},
		{"a line that stands nowhere in the cell", jupyter.Reply{Value: "exit status 2"}, "panic: bad\n\tgonb/main.go:1 +0x1d\n", CellError{Message: "panic: bad"}},
		{"a line behind the program", jupyter.Reply{Value: "exit status 2"}, "panic: bad\n\tgonb/main.go:9 +0x1d\n", CellError{Message: "panic: bad"}},
		{"exit", jupyter.Reply{Value: "exit status 3"}, "first\nbad thing\nexit status 3\n", CellError{Message: "bad thing"}},
		{"silent exit", jupyter.Reply{Value: "exit status 3"}, "exit status 3\n", CellError{Message: "exit status 3"}},
		{"special command", jupyter.Reply{Value: "executing special commands in cell: `%exec` needs a name"}, "",
			CellError{Message: "executing special commands in cell: `%exec` needs a name"}},
		{"a line that is not there", jupyter.Reply{Value: "v", Traceback: []string{"Cell[2]: Line 9\n\nmessage"}}, "",
			CellError{Message: "message"}},
	} {
		got := CellError{Count: 2}
		got.explain(c.reply, []notebook.Output{{Type: notebook.Stream, Name: "stderr", Text: c.stderr}}, sources, []string{"package main", "\tx := 1", "\tfoo(x)"})
		c.want.Count = 2
		if got != c.want {
			t.Errorf("%s: %+v, must be %+v", c.name, got, c.want)
		}
	}
}

func TestCellErrorIsOneLine(t *testing.T) {
	e := CellError{Notebook: "a.ipynb", Cell: 4, Count: 2, Line: 7, Message: "undefined: foo"}
	if got, want := e.Error(), "a.ipynb: cell 4 (In [2]), line 7: undefined: foo"; got != want {
		t.Errorf("%q, must be %q", got, want)
	}
}

func TestScrub(t *testing.T) {
	scrub := scrubber("/tmp/workbench-1+2", map[string]string{"WORKBENCH_ROOT": "/home/me/work", "WORKBENCH_OUT": "/home/me/work/figures",
		"WORKBENCH_DATA": "/home/me/shared"})
	const in = "/tmp/workbench-1+2/gonb_0a1b2c3d/main.go:9 in gonb_0a1b2c3d, not gonb_pipe nor xgonb_0a1b2c3d; /home/me/work/figures/a.svg /home/me/shared/b /home/me/worker"
	const want = "gonb/main.go:9 in gonb, not gonb_pipe nor xgonb_0a1b2c3d; figures/a.svg $WORKBENCH_DATA/b /home/me/worker"
	if got := scrub(in); got != want {
		t.Errorf("%q, must be %q", got, want)
	}
}
