package figure

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCodeHashFollowsImports(t *testing.T) {
	write := func(root, name, text string) {
		t.Helper()
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	hash := func(change func(root string)) string {
		t.Helper()
		root := t.TempDir()
		write(root, "lib/figure/f.go", "package figure\n")
		write(root, "lib/a/a.go", "package a\n\nimport _ \""+module+"/lib/b\"\n")
		write(root, "lib/b/b.go", "package b\n\nconst X = 1\n")
		write(root, "lib/b/b_test.go", "package b\n")
		write(root, "lib/c/c.go", "package c\n")
		change(root)
		h, err := CodeHash(root, "lib/a")
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	base := hash(func(string) {})
	for _, c := range []struct {
		name, file, text string
		same             bool
	}{
		{"a test", "lib/b/b_test.go", "package b // changed\n", true},
		{"a package that is not imported", "lib/c/c.go", "package c // changed\n", true},
		{"a note beside the code", "lib/b/notes.txt", "changed", true},
		{"line ends", "lib/b/b.go", "package b\r\n\r\nconst X = 1\r\n", true},
		{"an imported package", "lib/b/b.go", "package b\n\nconst X = 2\n", false},
		{"a file for another system", "lib/b/b_plan9.go", "package b\n", false},
		{"this package", "lib/figure/f.go", "package figure // changed\n", false},
	} {
		if got := hash(func(root string) { write(root, c.file, c.text) }); (got == base) != c.same {
			t.Errorf("%s: hash %s against %s, want same %v", c.name, got, base, c.same)
		}
	}
	if _, err := CodeHash(t.TempDir(), "lib/none"); err == nil || !strings.Contains(err.Error(), "package lib/none") {
		t.Errorf("a package that is not there: %v", err)
	}
}

func TestProvenance(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data.txt")
	if err := os.WriteFile(data, []byte("abc"), 0o666); err != nil {
		t.Fatal(err)
	}
	d, err := DataHash(data)
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewProvenance("quick", 1, map[string]int{"b": 2, "a": 1}, d, "lib/published")
	if err != nil {
		t.Fatal(err)
	}
	q, err := NewProvenance("quick", 1, map[string]int{"a": 1, "b": 2}, d, module+"/lib/published")
	if err != nil {
		t.Fatal(err)
	}
	if p != q || len(p.Code) != 16 || len(p.Config) != 16 || len(p.Data) != 16 {
		t.Errorf("%v and %v must be equal", p, q)
	}
	if other, err := ConfigHash(map[string]int{"a": 2}); err != nil || other == p.Config {
		t.Errorf("another configuration has hash %s, %v", other, err)
	}
	if _, err := ConfigHash(func() {}); err == nil || !strings.Contains(err.Error(), "figure: ConfigHash") {
		t.Errorf("a configuration that has no JSON: %v", err)
	}
	if _, err := DataHash(data + ".none"); err == nil || !strings.Contains(err.Error(), "data.txt.none") {
		t.Errorf("a missing file: %v", err)
	}
	if got := (Provenance{}).String(); got != "" {
		t.Errorf("no provenance prints %q", got)
	}
}
