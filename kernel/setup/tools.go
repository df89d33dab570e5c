package setup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// The programs that run cells, and the packages that go.mod pins them by.
var tools = map[string]string{
	"gonb":      "github.com/janpfeifer/gonb",
	"goimports": "golang.org/x/tools/cmd/goimports",
}

// Tools is a folder that holds GoNB and goimports.
type Tools struct {
	Dir     string
	Version string // GoNB's
}

// GoNB is the path of the kernel's program.
func (t Tools) GoNB() string { return filepath.Join(t.Dir, executable("gonb")) }

// CacheDir is the workbench's folder in the user's cache.
func CacheDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("setup: no folder for caches: %w; set HOME or XDG_CACHE_HOME", err)
	}
	return filepath.Join(dir, "sparse-attention-workbench"), nil
}

// LocateTools says where the tools of this version belong, and whether they are there.
func LocateTools(ctx context.Context, root string) (Tools, bool, error) {
	cache, err := CacheDir()
	if err != nil {
		return Tools{}, false, err
	}
	out, err := output(ctx, root, nil, "go", "list", "-m", "-f", "{{.Path}} {{.Version}}", "github.com/janpfeifer/gonb", "golang.org/x/tools")
	if err != nil {
		return Tools{}, false, err
	}
	_, version, _ := strings.Cut(strings.SplitN(out, "\n", 2)[0], " ")
	goVersion, err := output(ctx, root, nil, "go", "env", "GOVERSION", "GOOS", "GOARCH")
	if err != nil {
		return Tools{}, false, err
	}
	key := sha256.Sum256([]byte(out + "\n" + goVersion))
	t := Tools{Dir: filepath.Join(cache, "tools", hex.EncodeToString(key[:6])), Version: version}
	for name := range tools {
		if _, err := os.Stat(filepath.Join(t.Dir, executable(name))); err != nil {
			return t, false, nil
		}
	}
	return t, true, nil
}

// BuildTools returns the tools, building them when they are not there; say tells the user what takes so long. A build that
// fails or is interrupted leaves nothing, and two programs may build at once.
func BuildTools(ctx context.Context, root string, say func(string)) (Tools, error) {
	t, there, err := LocateTools(ctx, root)
	if err != nil || there {
		return t, err
	}
	say("building GoNB " + t.Version + " and goimports (first use only)")
	parent := filepath.Dir(t.Dir)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return t, fmt.Errorf("setup: cache folder: %w", err)
	}
	building, err := os.MkdirTemp(parent, "building-")
	if err != nil {
		return t, fmt.Errorf("setup: cache folder: %w", err)
	}
	defer os.RemoveAll(building)
	args := []string{"install"}
	for _, pkg := range tools {
		args = append(args, pkg)
	}
	// The same settings as a cell of the pure Go backend, so that both share one build of the standard library.
	env := append(os.Environ(), "GOBIN="+building, "GOWORK=off", "GOFLAGS=-buildvcs=false", "CGO_ENABLED=0", "GOEXPERIMENT="+experiment())
	if _, err := output(ctx, root, env, "go", args...); err != nil {
		return t, err
	}
	if err := os.Rename(building, t.Dir); err != nil {
		if _, there, _ := LocateTools(ctx, root); there { // somebody else was faster
			return t, nil
		}
		return t, fmt.Errorf("setup: cache folder: %w", err)
	}
	return t, nil
}

func executable(name string) string {
	if runtime.GOOS == "windows" {
		return name + ".exe"
	}
	return name
}

// experiment is the setting of GOEXPERIMENT for cells: vector instructions, which today Go offers on amd64 alone and which
// make the matrix products of GoMLX's Go backend many times faster.
func experiment() string {
	if runtime.GOARCH == "amd64" {
		return "simd"
	}
	return ""
}

// runtimeSettings is GODEBUG for cells: the user's own, and no preemption in mid-loop where vector instructions are on. Go 1.26
// restores the wide registers behind such a preemption and leaves their upper halves in use; every call of math.Exp in that
// loop then takes 4 microseconds, not 20 nanoseconds (see the minimal case in lib/training/doc.go).
func runtimeSettings(own string) string {
	const off = "asyncpreemptoff=1"
	switch {
	case experiment() == "" || strings.Contains(own, "asyncpreemptoff"):
		return own
	case own == "":
		return off
	}
	return own + "," + off
}

// output runs a program in dir and returns what it prints, without the last end of line. The error is one line: the first
// that the program wrote on its standard error.
func output(ctx context.Context, dir string, env []string, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, env
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = errors.New(firstLine(string(exit.Stderr), err.Error()))
		}
		return "", fmt.Errorf("setup: %s %s: %w", name, args[0], err)
	}
	return strings.TrimSpace(string(out)), nil
}

// firstLine is the first line of text that is not a comment of the go command, or otherwise.
func firstLine(text, otherwise string) string {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "go: downloading") {
			return line
		}
	}
	return otherwise
}
