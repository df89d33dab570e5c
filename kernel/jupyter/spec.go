package jupyter

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Spec is a kernelspec, the content of a kernel.json.
type Spec struct {
	Argv          []string          `json:"argv"`
	DisplayName   string            `json:"display_name"`
	Language      string            `json:"language"`
	InterruptMode string            `json:"interrupt_mode,omitempty"` // "signal" or "message"
	Env           map[string]string `json:"env,omitempty"`            // values may name ${VARIABLES} of the parent
	Metadata      map[string]any    `json:"metadata,omitempty"`
}

// ReadSpec reads kernels/NAME/kernel.json in a Jupyter data folder.
func ReadSpec(dataDir, name string) (Spec, error) {
	path := filepath.Join(dataDir, "kernels", name, "kernel.json")
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Spec{}, fmt.Errorf("jupyter: no kernelspec %s", path)
	} else if err != nil {
		return Spec{}, fmt.Errorf("jupyter: kernelspec: %w", err)
	}
	var s Spec
	if err := json.Unmarshal(raw, &s); err != nil {
		return Spec{}, fmt.Errorf("jupyter: kernelspec %s: %w", path, err)
	}
	if len(s.Argv) == 0 {
		return Spec{}, fmt.Errorf("jupyter: kernelspec %s: argv is empty, must name the kernel's program", path)
	}
	return s, nil
}

// Command returns the command line for a connection file.
func (s Spec) Command(connectionFile string) []string {
	argv := make([]string, len(s.Argv))
	for i, a := range s.Argv {
		argv[i] = strings.ReplaceAll(a, "{connection_file}", connectionFile)
	}
	return argv
}

var variable = regexp.MustCompile(`\$\{(\w+)\}`)

// Environ returns base overlaid with the environment of the kernelspec, in which ${NAME} stands for base's value.
func (s Spec) Environ(base []string) []string {
	values := make(map[string]string, len(base))
	for _, pair := range base {
		name, value, _ := strings.Cut(pair, "=")
		values[name] = value
	}
	env := make([]string, 0, len(base)+len(s.Env))
	for _, pair := range base {
		if name, _, _ := strings.Cut(pair, "="); !contains(s.Env, name) {
			env = append(env, pair)
		}
	}
	for name, value := range s.Env {
		env = append(env, name+"="+variable.ReplaceAllStringFunc(value, func(v string) string { return values[v[2:len(v)-1]] }))
	}
	return env
}

func contains(m map[string]string, key string) bool {
	_, ok := m[key]
	return ok
}
