package datasets

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// leftOut marks a file that no person wrote (go help generate), or a program beside the package that writes such files:
// its templates hold other files' heads.
var leftOut = regexp.MustCompile(`(?m)^(// Code generated .* DO NOT EDIT\.|//go:build ignore)$`)

// goPackage is a package, with the packages below it, and the documents cut from it.
type goPackage struct {
	path      string
	family    int
	documents []string
}

// goPackages cuts the files under src into documents, by package. A text that occurs twice is kept once.
func goPackages(src string, length int) ([]goPackage, error) {
	groups := map[string]*goPackage{}
	seen := map[string]bool{}
	err := filepath.WalkDir(src, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("datasets: gosource: %s: %w", path, plain(err))
		}
		relative, err := filepath.Rel(src, path)
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() {
			if name == "testdata" || name == "vendor" || relative == "cmd" || path != src && strings.HasPrefix(name, ".") {
				return filepath.SkipDir
			}
			return nil
		}
		key, family := group(filepath.ToSlash(filepath.Dir(relative)))
		if family < 0 || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("datasets: gosource: %s: %w", path, plain(err))
		}
		if groups[key] == nil {
			groups[key] = &goPackage{path: key, family: family}
		}
		for _, d := range cut(goBody(text), length) {
			if !seen[d] {
				seen[d] = true
				groups[key].documents = append(groups[key].documents, d)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var packages []goPackage
	for _, p := range groups {
		packages = append(packages, *p)
	}
	slices.SortFunc(packages, func(a, b goPackage) int { return strings.Compare(a.path, b.path) })
	return packages, nil
}

// group names the unit that goes to one split: the first two elements of a package path, without internal/ in front, so
// that net/http/httputil stays with net/http and internal/syscall/unix with syscall/unix. The family is -1 for none.
func group(path string) (key string, of int) {
	elements := strings.Split(strings.TrimPrefix(path, "internal/"), "/")
	of = slices.IndexFunc(families, func(f family) bool { return slices.Contains(f.folders, elements[0]) })
	return strings.Join(elements[:min(2, len(elements))], "/"), of
}

// goBody is what follows the import block (or the package clause) of a Go file; empty for one that is
// left out or does not parse.
func goBody(text []byte) string {
	if leftOut.Match(text) {
		return ""
	}
	files := token.NewFileSet()
	f, err := parser.ParseFile(files, "", text, parser.ImportsOnly)
	if err != nil {
		return ""
	}
	end := f.Name.End()
	for _, d := range f.Decls {
		end = max(end, d.End())
	}
	body := text[files.Position(end).Offset:]
	if _, rest, ok := strings.Cut(string(body), "\n"); ok {
		return rest
	}
	return ""
}

// cut divides text into runs of whole lines, as long as fit into length bytes. Blank lines at a run's ends are dropped, and
// so is a run of under half the length or one that is not UTF-8. A line that is too long ends the run before it and is left out.
func cut(text string, length int) []string {
	var documents []string
	var run strings.Builder
	flush := func() {
		if d := strings.Trim(run.String(), "\n"); len(d) >= (length+1)/2 && utf8.ValidString(d) {
			documents = append(documents, d)
		}
		run.Reset()
	}
	for line := range strings.Lines(text) {
		if run.Len()+len(line) > length {
			flush()
		}
		if len(line) > length || run.Len() == 0 && strings.TrimSpace(line) == "" {
			continue
		}
		run.WriteString(line)
	}
	flush()
	return documents
}
