package lib

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

const (
	module   = "github.com/sparse-attention/workbench/"
	maxLines = 400
)

// vague are folder names that say nothing of what lives there.
var vague = []string{"util", "utils", "common", "helper", "helpers", "misc", "base", "shared"}

// A house is the module as its source files tell it, whatever their build tags: folder -> folders that it imports.
type house struct {
	imports    map[string][]string
	documented map[string]bool // a file of the folder says what the package is
	lines      map[string]int  // of every file that is no test
}

// survey reads the Go files of a module. Folders that the go command passes over are passed over here.
func survey(module fs.FS, prefix string) (house, error) {
	h := house{imports: map[string][]string{}, documented: map[string]bool{}, lines: map[string]int{}}
	err := fs.WalkDir(module, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if base := entry.Name(); entry.IsDir() && name != "." &&
			(base[0] == '.' || base[0] == '_' || base == "testdata" || base == "node_modules") {
			return fs.SkipDir
		}
		if entry.IsDir() || path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		text, err := fs.ReadFile(module, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		folder := path.Dir(name)
		h.documented[folder] = h.documented[folder] || file.Doc != nil
		h.lines[name] = strings.Count(string(text), "\n")
		h.imports[folder] = slices.Grow(h.imports[folder], len(file.Imports)) // a folder without imports is a key too
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if own, is := strings.CutPrefix(imported, prefix); is && !slices.Contains(h.imports[folder], own) {
				h.imports[folder] = append(h.imports[folder], own)
			}
		}
		return nil
	})
	return h, err
}

// floors reads the map out of the package's documentation: pattern of a folder below lib -> floor.
func floors(doc string) map[string]int {
	floors := map[string]int{}
	for _, line := range regexp.MustCompile(`(?m)^//\tfloor (\d+)  (\S+)`).FindAllStringSubmatch(doc, -1) {
		floor, err := strconv.Atoi(line[1])
		if err != nil {
			panic(err) // the expression allows digits only
		}
		floors[line[2]] = floor
	}
	return floors
}

// floorOf is the floor of a folder below lib: that of its own line, else of the pattern that it matches. More than one pattern on
// different floors is no floor.
func floorOf(folder string, floors map[string]int) (int, bool) {
	if floor, named := floors[strings.TrimPrefix(folder, "lib/")]; named {
		return floor, true
	}
	floor, found := 0, false
	for pattern, f := range floors {
		if match, err := path.Match("lib/"+pattern, folder); err == nil && match {
			if found && f != floor {
				return 0, false
			}
			floor, found = f, true
		}
	}
	return floor, found
}

// machine is the machine that a folder belongs to, or "".
func machine(folder string) string {
	rest, _ := strings.CutPrefix(folder, "lib/accelerator/")
	name, _, _ := strings.Cut(rest, "/")
	if rest == folder {
		return ""
	}
	return name
}

// complaints lists what is wrong with a house, in order.
func complaints(h house, floors map[string]int) []string {
	var list []string
	say := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	room := func(folder string) string { first, _, _ := strings.Cut(folder, "/"); return first }

	for _, folder := range slices.Sorted(maps.Keys(h.imports)) {
		for name := range strings.SplitSeq(folder, "/") {
			if slices.Contains(vague, name) {
				say("%s: a folder called %s says nothing of what lives there", folder, name)
			}
		}
		if !h.documented[folder] {
			say("%s: no file says what the package is", folder)
		}
		inLib := strings.HasPrefix(folder, "lib/")
		floor, known := floorOf(folder, floors)
		if inLib && !known {
			say("%s: has no floor, or two, in lib/doc.go", folder)
		}
		for _, imported := range h.imports[folder] {
			switch below, named := floorOf(imported, floors); {
			case inLib && room(imported) == "kernel":
				say("%s imports %s: the library knows no kernel", folder, imported)
			case !inLib && folder != "lib" && room(imported) == "lib":
				say("%s imports %s: %s imports nothing of lib", folder, imported, room(folder))
			case machine(folder) != "" && machine(imported) != "" && machine(folder) != machine(imported):
				say("%s imports %s: a machine knows no other", folder, imported)
			case inLib && known && named && below >= floor:
				say("%s (floor %d) imports %s (floor %d), must be lower", folder, floor, imported, below)
			}
		}
	}
	for pattern := range floors {
		if !strings.Contains(pattern, "*") && !slices.ContainsFunc(slices.Collect(maps.Keys(h.imports)), func(folder string) bool { return folder == "lib/"+pattern }) {
			say("lib/doc.go: names %s, which has no Go file", pattern)
		}
	}
	if circle := circle(h.imports); circle != nil {
		say("import circle: %s", strings.Join(circle, " -> "))
	}
	for _, name := range slices.Sorted(maps.Keys(h.lines)) {
		if h.lines[name] > maxLines {
			say("%s: has %d lines, must be at most %d", name, h.lines[name], maxLines)
		}
	}
	slices.Sort(list)
	return list
}

// circle returns packages that import each other, the first one again at the end, or nil. The compiler refuses circles too,
// but only among the files of one set of build tags.
func circle(imports map[string][]string) []string {
	var way []string
	left := map[string]bool{}
	var visit func(string) []string
	visit = func(folder string) []string {
		if at := slices.Index(way, folder); at >= 0 {
			return append(slices.Clone(way[at:]), folder)
		}
		if left[folder] {
			return nil
		}
		way = append(way, folder)
		for _, next := range slices.Sorted(slices.Values(imports[folder])) {
			if found := visit(next); found != nil {
				return found
			}
		}
		way, left[folder] = way[:len(way)-1], true
		return nil
	}
	for _, folder := range slices.Sorted(maps.Keys(imports)) {
		if found := visit(folder); found != nil {
			return found
		}
	}
	return nil
}

func TestHouse(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	h, err := survey(os.DirFS(".."), module)
	if err != nil {
		t.Fatal(err)
	}
	if len(h.imports) < 20 || len(h.imports["lib/accelerator/sprint"]) == 0 {
		t.Fatalf("%d packages found, sprint imports %v: the survey is broken", len(h.imports), h.imports["lib/accelerator/sprint"])
	}
	for _, complaint := range complaints(h, floors(string(doc))) {
		t.Error(complaint)
	}
}

func TestComplaints(t *testing.T) {
	const doc = "// Package lib.\n//\n//\tfloor 2  high        above\n//\tfloor 1  accelerator/*   all\n//\tfloor 0  low         below\n"
	sound := map[string]string{
		"lib/doc.go": "package lib", "lib/low/a.go": "package low",
		"lib/accelerator/x/a.go": `package x; import _ "m/lib/low"`, "lib/high/a.go": `package high; import _ "m/lib/accelerator/x"; import _ "m/datasets"`,
		"datasets/a.go": `package datasets; import _ "fmt"`, "kernel/main.go": "package main",
	}
	for _, c := range []struct {
		file, text string
		want       []string
	}{
		{"lib/low/a_test.go", `package low; import _ "m/lib/high"`, nil},
		{"lib/low/testdata/b.go", `package b; import _ "m/lib/high"`, nil},
		{"lib/low/b.go", `package low; import _ "m/lib/accelerator/x"`, []string{
			"import circle: lib/accelerator/x -> lib/low -> lib/accelerator/x",
			"lib/low (floor 0) imports lib/accelerator/x (floor 1), must be lower"}},
		{"lib/low/tagged.go", "//go:build never\n\npackage low\nimport _ \"m/lib/high\"\n", []string{
			"import circle: lib/accelerator/x -> lib/low -> lib/high -> lib/accelerator/x",
			"lib/low (floor 0) imports lib/high (floor 2), must be lower"}},
		{"lib/accelerator/y/a.go", "// Y.\npackage y; import _ \"m/lib/accelerator/x\"", []string{
			"lib/accelerator/y imports lib/accelerator/x: a machine knows no other"}},
		{"lib/stray/a.go", "// Package stray.\npackage stray", []string{"lib/stray: has no floor, or two, in lib/doc.go"}},
		{"lib/high/util/a.go", "package util", []string{
			"lib/high/util: a folder called util says nothing of what lives there",
			"lib/high/util: has no floor, or two, in lib/doc.go",
			"lib/high/util: no file says what the package is"}},
		{"kernel/a.go", `package main; import _ "m/lib/low"`, []string{"kernel imports lib/low: kernel imports nothing of lib"}},
		{"datasets/b.go", `package datasets; import _ "m/lib/low"`, []string{"datasets imports lib/low: datasets imports nothing of lib"}},
		{"lib/low/c.go", `package low; import _ "m/kernel/setup"`, []string{"lib/low imports kernel/setup: the library knows no kernel"}},
		{"kernel/long.go", "package main\n" + strings.Repeat("\n", maxLines), []string{"kernel/long.go: has 401 lines, must be at most 400"}},
		{"kernel/long_test.go", "package main\n" + strings.Repeat("\n", maxLines), nil},
	} {
		files := fstest.MapFS{c.file: {Data: []byte(c.text)}}
		for name, text := range sound {
			files[name] = &fstest.MapFile{Data: []byte("// Package documented.\n" + text)}
		}
		h, err := survey(files, "m/")
		if err != nil {
			t.Errorf("%s: %v", c.file, err)
			continue
		}
		got := complaints(h, floors(doc))
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: complaints %q, must be %q", c.file, got, c.want)
		}
	}
	if got := complaints(house{}, floors(doc)); len(got) != 2 {
		t.Errorf("a map of nothing: complaints %q, must be two, for the lines without *", got)
	}
}
