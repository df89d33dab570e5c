package setup

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Modes lists the values of --mode, from seconds to retraining.
var Modes = []string{"quick", "default", "full"}

// Workbench is what the environment tells every cell. Paths are absolute; Data may be empty.
type Workbench struct {
	Root    string
	Out     string
	Mode    string
	Data    string
	Backend Backend
}

// FindData returns the data folder: dir if given, else $WORKBENCH_DATA, else shared/data beside the module, else "".
func FindData(root, dir string) (string, error) {
	named := "--data"
	if dir == "" {
		dir, named = os.Getenv("WORKBENCH_DATA"), "WORKBENCH_DATA"
	}
	if dir == "" {
		dir = filepath.Join(filepath.Dir(root), "shared", "data")
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			return dir, nil
		}
		return "", nil
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("%s: %w", named, err)
	}
	if info, err := os.Stat(abs); err != nil || !info.IsDir() {
		return "", fmt.Errorf("%s is %s, must be a folder that exists", named, dir)
	}
	return abs, nil
}

// Environ is the environment of a kernel, to be laid over the user's. goflags is the user's own GOFLAGS.
func (w Workbench) Environ(tools Tools, goflags string) map[string]string {
	cgo := "0" // without it no compiler is needed and linking is quicker
	if w.Backend.Cgo {
		cgo = "1"
	}
	return map[string]string{
		"PATH":                  tools.Dir + string(os.PathListSeparator) + "${PATH}",
		"GOFLAGS":               mergeFlags(goflags, w.Backend.Tags),
		"GOWORK":                "",
		"GOEXPERIMENT":          experiment(),
		"GODEBUG":               runtimeSettings(os.Getenv("GODEBUG")),
		"CGO_ENABLED":           cgo,
		"GOMLX_BACKEND":         w.Backend.Config,
		"GOMLX_NO_AUTO_INSTALL": "1",
		"WORKBENCH_ROOT":        w.Root,
		"WORKBENCH_OUT":         w.Out,
		"WORKBENCH_MODE":        w.Mode,
		"WORKBENCH_DATA":        w.Data,
	}
}

// mergeFlags adds a build tag, if any, to GOFLAGS, and leaves debugging information out of the cells' programs, unless the user
// has linker flags of her own: linking is most of what a cell waits for, and a third of it. -mod and -modfile are dropped because
// cells build in a workspace, where the go command refuses them.
func mergeFlags(goflags, tag string) string {
	var flags, tags []string
	linker := false
	if tag != "" {
		tags = []string{tag}
	}
	for _, f := range strings.Fields(goflags) {
		name, value, _ := strings.Cut(strings.TrimLeft(f, "-"), "=")
		switch name {
		case "mod", "modfile":
		case "tags":
			tags = append(tags, strings.Split(value, ",")...)
		default:
			linker = linker || name == "ldflags"
			flags = append(flags, f)
		}
	}
	if !linker {
		flags = append(flags, "-ldflags=-w")
	}
	if len(tags) > 0 {
		slices.Sort(tags)
		flags = append(flags, "-tags="+strings.Join(slices.Compact(tags), ","))
	}
	return strings.Join(flags, " ")
}
