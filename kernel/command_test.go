package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// command runs a command line and returns the exit status and what was printed.
func command(ctx context.Context, args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = run(ctx, args, &out, &errs)
	return status, out.String(), errs.String()
}

func TestHelpIsReadable(t *testing.T) {
	for _, name := range []string{"", "figures", "run", "install", "doctor", "score"} {
		status, out, errs := command(t.Context(), strings.Fields(name+" --help")...)
		if status != 0 || errs != "" || !strings.Contains(out, "Usage:") || len(out) < 200 {
			t.Errorf("%s --help: status %d, %d letters, errors %q", name, status, len(out), errs)
		}
		for line := range strings.Lines(out) {
			if !strings.Contains(line, "--") && len(line) > 130 {
				t.Errorf("%s --help: line of %d letters: %s", name, len(line), line)
			}
		}
	}
}

func TestWrongUsage(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"frobnicate", `no command "frobnicate"`},
		{"figures --mode fast", "mode is \"fast\", must be quick, default, full"},
		{"figures --backend cuda", "must be auto, go, onnx or xla"},
		{"figures --jobs 0", "jobs is 0, must be 1 or more"},
		{"figures --timeout -1s", "timeout is -1s"},
		{"figures --timeout x", "invalid argument"},
		{"figures --colour", "unknown flag: --colour"},
		{"run", "needs a notebook"},
		{"run a.ipynb -p 3=4", "must be NAME=VALUE"},
		{"run a.ipynb b.ipynb -o one.ipynb", "must be a folder"},
		{"run a/x.ipynb b/x.ipynb -o folder/", "two notebooks would be written to folder/x.ipynb"},
		{"score extra", "takes no argument"},
		{"doctor --backend cuda", "must be auto"},
		{"install extra", "takes no argument"},
	} {
		status, out, errs := command(t.Context(), strings.Fields(c.args)...)
		if status != statusUsage || out != "" || !strings.Contains(errs, c.want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%s: status %d, %q %q, must be %d and one line with %q", c.args, status, out, errs, statusUsage, c.want)
		}
	}
}

func TestBadInput(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	missing := filepath.Join(dir, "missing.ipynb")
	notJSON := put("text.ipynb", "# Title\n")
	truncated := put("truncated.ipynb", `{"cells": [`)
	old := put("old.ipynb", `{"nbformat": 3, "worksheets": []}`)
	good := put("good.ipynb", `{"nbformat":4,"nbformat_minor":5,"metadata":{},"cells":[]}`)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"run", missing}, missing + ": notebook: no such file"},
		{[]string{"run", notJSON}, notJSON + ": notebook: line 1: is not JSON"},
		{[]string{"run", truncated}, truncated + ": notebook: line 1: the file ends in the middle"},
		{[]string{"run", old}, old + ": notebook: nbformat is 3, must be 4"},
		{[]string{"run", good, "--data", missing}, "--data is " + missing + ", must be a folder"},
		{[]string{"run", dir}, dir + ": notebook: is a directory"},
		{[]string{"score", "--out", dir}, "go run ./kernel figures writes it"},
	} {
		status, out, errs := command(t.Context(), c.args...)
		if status != statusFailed || out != "" || !strings.Contains(errs, c.want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%q: status %d, %q %q, must be %d and one line with %q", c.args, status, out, errs, statusFailed, c.want)
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 4 {
		t.Errorf("left behind: %v", entries)
	}
}

func TestScore(t *testing.T) {
	dir := filepath.Join("scoreboard", "testdata", "golden")
	status, out, errs := command(t.Context(), "score", "--out", dir)
	if status != 0 || errs != "" || !strings.HasPrefix(out, "system ") {
		t.Errorf("status %d, %q %q", status, out, errs)
	}
	status, out, _ = command(t.Context(), "score", "--out", dir, "--json")
	var got map[string]any
	if err := json.Unmarshal([]byte(out), &got); status != 0 || err != nil || len(got) != 2 || got["rows"] == nil || got["totals"] == nil {
		t.Errorf("status %d, error %v, %s", status, err, out)
	}
}

func TestDoctorNamesEverything(t *testing.T) {
	_, out, errs := command(t.Context(), "doctor")
	for _, want := range []string{"Go ", "C compiler", "CPU", "backend", "ONNX Runtime", "XLA", "GoNB", "Jupyter", "data", "disk"} {
		if !strings.Contains(out, " "+want) {
			t.Errorf("doctor is silent about %s: %s%s", want, out, errs)
		}
	}
	status, out, _ := command(t.Context(), "doctor", "--data", "missing-folder")
	if status != statusFailed || !strings.Contains(out, "BAD  data") {
		t.Errorf("status %d: %s", status, out)
	}
}
