package figure

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
)

const (
	module = "github.com/sparse-attention/workbench"
	self   = "lib/figure"
)

var codeHashes sync.Map // of root and packages, to string

// CodeHash is the hash of the Go sources of packages (folders under root, or import paths of the module), of everything
// that they import from the module, and of this package. Tests do not count, files for other systems do, and line ends are
// taken as LF, so that the hash is the same on every machine. It is computed once per process.
func CodeHash(root string, packages ...string) (string, error) {
	key := strings.Join(append([]string{root}, packages...), "\x00")
	if h, ok := codeHashes.Load(key); ok {
		return h.(string), nil
	}
	h, err := hashSources(root, append(slices.Clone(packages), self))
	if err != nil {
		return "", err
	}
	codeHashes.Store(key, h)
	return h, nil
}

func hashSources(root string, todo []string) (string, error) {
	sums := make(map[string][]byte) // by folder and file
	done := make(map[string]bool)
	for len(todo) > 0 {
		folder := path.Clean(strings.TrimPrefix(strings.TrimPrefix(todo[0], module), "/"))
		todo = todo[1:]
		if done[folder] {
			continue
		}
		done[folder] = true
		imports, err := hashFolder(root, folder, sums)
		if err != nil {
			return "", err
		}
		todo = append(todo, imports...)
	}
	names := make([]string, 0, len(sums))
	for name := range sums {
		names = append(names, name)
	}
	slices.Sort(names)
	all := sha256.New()
	for _, name := range names {
		fmt.Fprintf(all, "%s %x\n", name, sums[name])
	}
	return hex.EncodeToString(all.Sum(nil)[:hashBytes]), nil
}

// hashFolder adds the sums of one package's files and returns what it imports from the module.
func hashFolder(root, folder string, sums map[string][]byte) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(root, filepath.FromSlash(folder)))
	if err != nil {
		return nil, fmt.Errorf("figure: CodeHash: package %s: %w", folder, err)
	}
	var imports []string
	found := false
	for _, e := range entries {
		name := e.Name()
		if e.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(folder), name))
		if err != nil {
			return nil, fmt.Errorf("figure: CodeHash: %w", err)
		}
		found = true
		text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
		sum := sha256.Sum256(text)
		sums[folder+"/"+name] = sum[:]
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ImportsOnly)
		if err != nil {
			return nil, fmt.Errorf("figure: CodeHash: package %s: %w", folder, err)
		}
		for _, i := range file.Imports {
			p, err := strconv.Unquote(i.Path.Value)
			if err == nil && strings.HasPrefix(p, module+"/") {
				imports = append(imports, p)
			}
		}
	}
	if !found {
		return nil, fmt.Errorf("figure: CodeHash: package %s has no Go files", folder)
	}
	return imports, nil
}

// moduleRoot is WORKBENCH_ROOT, or the nearest folder above the working directory that holds this module's go.mod.
func moduleRoot() (string, bool) {
	if root := os.Getenv("WORKBENCH_ROOT"); root != "" {
		return root, true
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", false
	}
	for {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil {
			for line := range strings.Lines(string(text)) {
				if strings.TrimSpace(line) == "module "+module {
					return dir, true
				}
			}
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", false
		}
		dir = parent
	}
}
