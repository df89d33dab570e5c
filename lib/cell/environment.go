package cell

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Root is the module's folder: WORKBENCH_ROOT, or the nearest folder above with the module's go.mod, or ".".
func Root() string {
	if root := os.Getenv("WORKBENCH_ROOT"); root != "" {
		return root
	}
	dir, err := os.Getwd()
	for err == nil {
		text, e := os.ReadFile(filepath.Join(dir, "go.mod"))
		if e == nil && strings.Contains(string(text), "module github.com/sparse-attention/workbench\n") {
			return dir
		}
		if filepath.Dir(dir) == dir {
			break
		}
		dir = filepath.Dir(dir)
	}
	return "."
}

// Out is a place in the folder of the figures: WORKBENCH_OUT, or figures under Root. Out("sprint") is the folder of SPRINT's.
func Out(parts ...string) string {
	out := os.Getenv("WORKBENCH_OUT")
	if out == "" {
		out = filepath.Join(Root(), "figures")
	}
	return filepath.Join(append([]string{out}, parts...)...)
}

// Data is the folder of real data sets, WORKBENCH_DATA, or "" when there is none.
func Data() string { return os.Getenv("WORKBENCH_DATA") }

// Modes of a notebook: seconds, minutes from committed checkpoints, or everything trained anew.
const (
	Quick   = "quick"
	Default = "default"
	Full    = "full"
)

// Mode is WORKBENCH_MODE, "default" when it is empty; any other word ends the program.
func Mode() string {
	mode, err := parseMode(os.Getenv("WORKBENCH_MODE"))
	Check(err)
	return mode
}

func parseMode(s string) (string, error) {
	switch s {
	case "":
		return Default, nil
	case Quick, Default, Full:
		return s, nil
	}
	return "", fmt.Errorf("cell: WORKBENCH_MODE is %q, must be quick, default or full", s)
}

// ByMode chooses a value by Mode.
func ByMode[T any](quick, normal, full T) T {
	switch Mode() {
	case Quick:
		return quick
	case Full:
		return full
	}
	return normal
}

// Interactive reports whether somebody is there to move sliders: WORKBENCH_INTERACTIVE=1.
func Interactive() bool { return os.Getenv("WORKBENCH_INTERACTIVE") == "1" }
