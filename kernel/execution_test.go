package main

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sparse-attention/workbench/kernel/notebook"
	"github.com/sparse-attention/workbench/kernel/setup"
)

// code writes a notebook of code cells into a fresh folder and returns its path.
func code(t *testing.T, sources ...string) string {
	t.Helper()
	n := &notebook.Notebook{}
	for i, s := range sources {
		c := &notebook.Cell{ID: "c" + string(rune('1'+i)), Type: notebook.Code, Source: s}
		if strings.HasPrefix(s, "// parameters") {
			c.Metadata = map[string]any{"tags": []any{notebook.ParametersTag}}
		}
		n.Cells = append(n.Cells, c)
	}
	path := filepath.Join(t.TempDir(), "test.ipynb")
	if err := os.WriteFile(path, n.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

var buildOnce sync.Once

// needKernel makes GoNB ready, skips in short mode, and cuts the network off from what follows.
func needKernel(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a real kernel")
	}
	buildOnce.Do(func() {
		root, err := setup.FindModule(".")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := setup.BuildTools(t.Context(), root, func(s string) { t.Log(s) }); err != nil {
			t.Fatal(err)
		}
	})
	t.Setenv("GOPROXY", "off")
	t.Setenv("TMPDIR", t.TempDir())
	t.Setenv("GOMLX_BACKEND", "")
}

// nothingLeft says whether every kernel took its scratch folder along.
func nothingLeft(t *testing.T) {
	t.Helper()
	for _, pattern := range []string{"workbench-*", "gonb_*", "go-build*"} {
		if left, _ := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), pattern)); len(left) != 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}

func read(t *testing.T, path string) *notebook.Notebook {
	t.Helper()
	n, err := notebook.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

var pictures = []string{
	"%noautoget\nimport \"github.com/sparse-attention/workbench/lib/unit\"\n\nfunc size(n int) unit.Bytes { return unit.Bytes(n) * unit.KiB }",
	"// parameters\nvar tokens = 64\nconst task = \"cola\"",
	"%%\nfmt.Println(size(tokens), task, os.Getenv(\"WORKBENCH_MODE\"))",
	`import "github.com/janpfeifer/gonb/gonbui"

var id = "picture"
%%
fmt.Println("before the figure")
gonbui.UpdateHtml(id, "<p>half way</p>")
gonbui.DisplaySvg("<svg xmlns=\"http://www.w3.org/2000/svg\"><title>line\nfeed</title></svg>")
gonbui.UpdateHtml(id, "<p>done</p>")
fmt.Println("after the figure")
fmt.Fprintln(os.Stderr, "a warning")
gonbui.Sync()`,
}

func TestNotebookRunsTwiceToTheSameBytes(t *testing.T) {
	needKernel(t)
	path := code(t, pictures...)
	first, second := filepath.Join(filepath.Dir(path), "first.ipynb"), filepath.Join(filepath.Dir(path), "second.ipynb")
	for _, out := range []string{first, second} {
		if status, _, errs := command(t.Context(), "run", path, "-o", out, "--mode", "quick", "--backend", "go"); status != 0 {
			t.Fatalf("status %d: %s", status, errs)
		}
	}
	a, _ := os.ReadFile(first)
	b, _ := os.ReadFile(second)
	if diff := cmp.Diff(string(a), string(b)); diff != "" {
		t.Error(diff)
	}
	cells := read(t, first).Cells
	if got := cells[2].Outputs[0].Text; got != "64 KiB cola quick\n" {
		t.Errorf("cell 3 prints %q", got)
	}
	out := cells[3].Outputs
	if len(out) != 4 || out[0].Text != "before the figure\nafter the figure\n" || out[1].Text != "a warning\n" ||
		out[2].Data["text/html"] != "<p>done</p>" {
		t.Errorf("cell 4 gives %+v", out)
	}
	nothingLeft(t)
}

func TestParametersReachTheCells(t *testing.T) {
	needKernel(t)
	path := code(t, pictures[:3]...)
	for _, tokens := range []string{"128", "256"} { // the second run replaces the injected cell
		if status, _, errs := command(t.Context(), "run", path, "-p", "tokens="+tokens, "-p", "task=sst2"); status != 0 {
			t.Fatalf("status %d: %s", status, errs)
		}
		cells := read(t, path).Cells
		if got, want := cells[3].Outputs[0].Text, tokens+" KiB sst2 default\n"; len(cells) != 4 || got != want {
			t.Errorf("%d cells, the last prints %q, must be %q", len(cells), got, want)
		}
	}
	status, _, errs := command(t.Context(), "run", path, "-p", "token=1")
	if status != statusFailed || !strings.Contains(errs, path+": notebook: parameter token is not declared, must be one of tokens, task") {
		t.Errorf("status %d: %s", status, errs)
	}
}

func TestFailingCells(t *testing.T) {
	needKernel(t)
	for _, c := range []struct{ name, source, message, line string }{
		{"compiler", "%%\nx := 1\nfoo(x)", "cell 2 (In [2]), line 3: undefined: foo", "foo(x)"},
		{"syntax", "%%\nx := (1\n", "cell 2 (In [2]), line 2: expected ')'", "x := (1"},
		{"panic", "%%\nfmt.Println(1)\nvar x []int\nx[5] = 1", "line 4: panic: runtime error: index out of range [5]", "x[5] = 1"},
		{"exit", "%%\nfmt.Fprintln(os.Stderr, \"no data\")\nos.Exit(3)", "cell 2 (In [2]): no data", ""},
		{"death", "!kill -9 $PPID", "cell 2 (In [2]): kernel died: signal: killed", ""},
		{"time", "%%\ntime.Sleep(time.Hour)", "cell 2 (In [2]): timed out after 5s", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := code(t, "%noautoget", c.source, "%%\nfmt.Println(2)")
			began := time.Now()
			status, _, errs := command(t.Context(), "run", path, "--timeout", "5s", "--backend", "go")
			if status != statusFailed || !strings.Contains(errs, path+": ") || !strings.Contains(errs, c.message) || !strings.Contains(errs, c.line) {
				t.Errorf("status %d: %s", status, errs)
			}
			cells := read(t, path).Cells
			last := cells[1].Outputs[len(cells[1].Outputs)-1]
			if last.Type != notebook.Error || cells[2].ExecutionCount != 0 {
				t.Errorf("cell 2 ends with %+v, cell 3 has the number %d", last, cells[2].ExecutionCount)
			}
			if c.name == "death" && time.Since(began) > 30*time.Second {
				t.Errorf("death was noticed after %v", time.Since(began))
			}
			nothingLeft(t)
		})
	}
}

func TestCtrlC(t *testing.T) {
	needKernel(t)
	flag := filepath.Join(t.TempDir(), "running")
	t.Setenv("TEST_FLAG", flag)
	path := code(t, "%noautoget", "%%\nos.WriteFile(os.Getenv(\"TEST_FLAG\"), nil, 0o644)\ntime.Sleep(time.Hour)")
	before, _ := os.ReadFile(path)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for ctx.Err() == nil {
			if _, err := os.Stat(flag); err == nil {
				cancel()
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	status, _, errs := command(ctx, "run", path, "--backend", "go")
	if status != statusInterrupted || !strings.HasSuffix(errs, "interrupted\n") {
		t.Errorf("status %d: %s", status, errs)
	}
	if after, _ := os.ReadFile(path); string(after) != string(before) {
		t.Error("the notebook was changed")
	}
	nothingLeft(t)
}

// Jupyter's own runner is the reference for the protocol: the same kernelspec, the same notebook, the same outputs.
func TestNbclientFindsTheSameOutputs(t *testing.T) {
	needKernel(t)
	python := ""
	for _, p := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(p, "-c", "import nbclient").Run() == nil {
			python = p
			break
		}
	}
	if python == "" {
		t.Skip("no python3 with nbclient here: apt-get install jupyter-nbconvert")
	}
	path := code(t, pictures...)
	ours, theirs := filepath.Join(filepath.Dir(path), "ours.ipynb"), filepath.Join(filepath.Dir(path), "theirs.ipynb")
	if status, _, errs := command(t.Context(), "run", path, "-o", ours, "--mode", "quick", "--backend", "go"); status != 0 {
		t.Fatalf("status %d: %s", status, errs)
	}
	data, err := setup.OwnDataDir() // where the run has written its kernelspec
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, python, "-c", `import sys, nbformat, nbclient
nb = nbformat.read(sys.argv[1], 4)
nbclient.NotebookClient(nb, kernel_name="gonb", timeout=120, record_timing=False).execute()
nbformat.write(nb, sys.argv[2])`, path, theirs)
	cmd.Dir = filepath.Dir(path)
	cmd.Env = append(os.Environ(), "JUPYTER_DATA_DIR="+data, "JUPYTER_RUNTIME_DIR="+t.TempDir(), "WORKBENCH_MODE=quick")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("nbclient: %v\n%s", err, out)
	}
	a, b := read(t, ours), read(t, theirs)
	for i := range a.Cells {
		if diff := cmp.Diff(canonical(b.Cells[i]), canonical(a.Cells[i]), cmpopts.IgnoreUnexported(notebook.Output{})); diff != "" {
			t.Errorf("cell %d (-nbclient +ours):\n%s", i+1, diff)
		}
		if a.Cells[i].ExecutionCount != b.Cells[i].ExecutionCount {
			t.Errorf("cell %d: In [%d], nbclient In [%d]", i+1, a.Cells[i].ExecutionCount, b.Cells[i].ExecutionCount)
		}
	}
}

// canonical puts outputs into our order: nbclient keeps that of arrival.
func canonical(c *notebook.Cell) []notebook.Output {
	var all notebook.Collector
	o := all.Cell()
	for _, out := range c.Outputs {
		if out.Type == notebook.Stream {
			o.Stream(out.Name, out.Text)
		} else {
			o.Show(out, "")
		}
	}
	return o.List()
}

func TestInstallWritesTheUsersKernelspec(t *testing.T) {
	needKernel(t)
	dir := t.TempDir()
	t.Setenv("JUPYTER_DATA_DIR", dir)
	status, out, errs := command(t.Context(), "install", "--mode", "quick")
	path := filepath.Join(dir, "kernels", "gonb", "kernel.json")
	if status != 0 || !strings.HasPrefix(out, path+"\n") {
		t.Fatalf("status %d: %s%s", status, out, errs)
	}
	raw, err := os.ReadFile(path)
	var spec struct{ Env map[string]string }
	if err != nil || json.Unmarshal(raw, &spec) != nil || spec.Env["WORKBENCH_MODE"] != "quick" {
		t.Errorf("%s, error %v", raw, err)
	}
}
