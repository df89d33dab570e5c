package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sparse-attention/workbench/kernel/notebook"
	"github.com/sparse-attention/workbench/kernel/setup"
)

// drawing is a cell that writes a figure and its verdict with nothing but Go's own library.
const drawing = `%noautoget
%%
dir := filepath.Join(os.Getenv("WORKBENCH_OUT"), "NAME")
os.MkdirAll(dir, 0o755)
os.WriteFile(filepath.Join(dir, "curve.svg"), []byte("<svg xmlns='http://www.w3.org/2000/svg'><title>NAME</title></svg>"), 0o644)
os.WriteFile(filepath.Join(dir, "verdicts.csv"), []byte("system,figure,series,workload,config,metric,published,evidence,ours,ratio,class,verdict,reason\n"+
	"NAME,f1,s,w,c,m,1,printed,1,1,exact,pass,\n"), 0o644)
fmt.Println(os.Getenv("WORKBENCH_MODE"))`

// module makes a module of the workbench's name, with two notebooks and no library, and goes there.
func module(t *testing.T) string {
	t.Helper()
	real, err := setup.FindModule(".")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		raw, err := os.ReadFile(filepath.Join(real, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	os.Mkdir(filepath.Join(dir, "notebooks"), 0o755)
	for _, name := range []string{"01-first", "02-second"} {
		n := &notebook.Notebook{Cells: []*notebook.Cell{{ID: "a", Type: notebook.Code, Source: strings.ReplaceAll(drawing, "NAME", name[3:])}}}
		if err := os.WriteFile(filepath.Join(dir, "notebooks", name+".ipynb"), n.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	return dir
}

// tree maps the files below dir to their content.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		files[filepath.ToSlash(name)] = string(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestFiguresInPlaceAndElsewhere(t *testing.T) {
	needKernel(t)
	dir := module(t)
	status, out, errs := command(t.Context(), "figures", "--jobs", "2")
	if status != 0 || !strings.Contains(out, "2 pass, 0 fail, 0 not comparable") {
		t.Fatalf("status %d: %s%s", status, out, errs)
	}
	first := tree(t, dir)
	if !strings.Contains(first["notebooks/01-first.ipynb"], `"default\n"`) {
		t.Errorf("the notebook was not executed in place:\n%s", first["notebooks/01-first.ipynb"])
	}
	if board := first["figures/scoreboard.csv"]; strings.Count(board, "\n") != 3 {
		t.Errorf("scoreboard:\n%s", board)
	}
	if page := first["figures/index.html"]; !strings.Contains(page, `<a href="second/curve.svg">`) || strings.Contains(page, "http") {
		t.Errorf("page:\n%s", page)
	}
	if status, _, errs := command(t.Context(), "figures"); status != 0 {
		t.Fatalf("status %d: %s", status, errs)
	}
	if diff := cmp.Diff(first, tree(t, dir)); diff != "" {
		t.Errorf("the second run gives other bytes:\n%s", diff)
	}

	elsewhere := filepath.Join(t.TempDir(), "look")
	if status, _, errs := command(t.Context(), "figures", "sec", "--mode", "quick", "--out", elsewhere); status != 0 {
		t.Fatalf("status %d: %s", status, errs)
	}
	if diff := cmp.Diff(first, tree(t, dir)); diff != "" {
		t.Errorf("--out changes the module:\n%s", diff)
	}
	quick := tree(t, elsewhere)
	if !strings.Contains(quick["notebooks/02-second.ipynb"], `"quick\n"`) || quick["notebooks/01-first.ipynb"] != "" ||
		strings.Count(quick["scoreboard.csv"], "\n") != 2 {
		t.Errorf("elsewhere: %v", quick)
	}
	status, _, errs = command(t.Context(), "figures", "third")
	if status != statusUsage || !strings.Contains(errs, "must be part of one of: 01-first, 02-second") {
		t.Errorf("status %d: %s", status, errs)
	}
}

func TestAFailingNotebookDoesNotStopTheOthers(t *testing.T) {
	needKernel(t)
	dir := module(t)
	bad := &notebook.Notebook{Cells: []*notebook.Cell{{ID: "a", Type: notebook.Code, Source: "%noautoget\n%%\nbroken()"}}}
	path := filepath.Join(dir, "notebooks", "01-first.ipynb")
	if err := os.WriteFile(path, bad.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	status, out, errs := command(t.Context(), "figures", "--mode", "quick")
	if status != statusFailed || !strings.Contains(errs, path+": cell 1 (In [1]), line 3: undefined: broken") {
		t.Errorf("status %d: %s", status, errs)
	}
	if !strings.Contains(out, filepath.Join(dir, "figures", "quick", "index.html")+": 1 pass") {
		t.Errorf("the other notebook's figures are missing: %s", out)
	}
}
