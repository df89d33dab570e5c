package setup

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/sparse-attention/workbench/kernel/durable"
	"github.com/sparse-attention/workbench/kernel/jupyter"
)

// Name and DisplayName are what Jupyter and the notebooks call the kernel.
const (
	Name        = "gonb"
	DisplayName = "Go (gonb)"
)

// Kernelspec is the kernel of a workbench. Raw errors are text, which a report on a terminal can quote; otherwise they are
// HTML, which a browser shows better.
func Kernelspec(ctx context.Context, tools Tools, w Workbench, rawErrors bool) (jupyter.Spec, error) {
	goflags, err := output(ctx, w.Root, nil, "go", "env", "GOFLAGS")
	if err != nil {
		return jupyter.Spec{}, err
	}
	argv := []string{tools.GoNB(), "--kernel", "{connection_file}", "-go_work=" + w.Root}
	if rawErrors {
		argv = append(argv, "-raw_error")
	}
	return jupyter.Spec{
		Argv: argv, DisplayName: DisplayName, Language: "go", InterruptMode: "message", Env: w.Environ(tools, goflags),
		Metadata: map[string]any{"workbench": w.Root},
	}, nil
}

// WriteKernelspec writes kernels/NAME/kernel.json in a Jupyter data folder and returns its path. A kernelspec of that
// name that is not the workbench's is left alone unless force is set.
func WriteKernelspec(dataDir, name string, spec jupyter.Spec, force bool) (string, error) {
	path := filepath.Join(dataDir, "kernels", name, "kernel.json")
	raw, err := os.ReadFile(path)
	if err == nil && !force {
		var old jupyter.Spec
		if json.Unmarshal(raw, &old) != nil || old.Metadata["workbench"] == nil {
			return "", fmt.Errorf("%s: is another kernel's; give --force to replace it or --name for another name", path)
		}
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%s: kernelspec: %w", path, errors.Unwrap(err))
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", fmt.Errorf("setup: kernelspec: %w", err)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(spec); err != nil {
		return "", err
	}
	if bytes.Equal(raw, b.Bytes()) {
		return path, nil
	}
	return path, durable.WriteFile(path, b.Bytes())
}

// OwnDataDir is a Jupyter data folder that only the workbench uses.
func OwnDataDir() (string, error) {
	cache, err := CacheDir()
	return filepath.Join(cache, "jupyter"), err
}

// UserDataDir is the folder in which the user's own Jupyter looks for kernelspecs.
func UserDataDir() (string, error) {
	if dir := os.Getenv("JUPYTER_DATA_DIR"); dir != "" {
		return dir, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("setup: no home folder: %w", err)
	}
	switch runtime.GOOS {
	case "darwin":
		return filepath.Join(home, "Library", "Jupyter"), nil
	case "windows":
		return filepath.Join(os.Getenv("APPDATA"), "jupyter"), nil
	}
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "jupyter"), nil
	}
	return filepath.Join(home, ".local", "share", "jupyter"), nil
}
