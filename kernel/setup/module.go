package setup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Module is the module path of the workbench.
const Module = "github.com/sparse-attention/workbench"

// FindModule returns the absolute path of the workbench's root: dir or the nearest folder above it whose go.mod names
// Module.
func FindModule(dir string) (string, error) {
	at, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("setup: %w", err)
	}
	if at, err = filepath.EvalSymlinks(at); err != nil {
		return "", fmt.Errorf("setup: %w", err)
	}
	for {
		if raw, err := os.ReadFile(filepath.Join(at, "go.mod")); err == nil {
			for line := range strings.Lines(string(raw)) {
				if strings.TrimSpace(line) == "module "+Module {
					return at, nil
				}
			}
		}
		if up := filepath.Dir(at); up != at {
			at = up
			continue
		}
		return "", errors.New("setup: no go.mod of " + Module + " here or above; run this inside the workbench")
	}
}
