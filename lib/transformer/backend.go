package transformer

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/gomlx/compute"
	_ "github.com/gomlx/compute/gobackend" // the pure Go backend is always there
)

// BackendVariable is GoMLX's own environment variable for the choice of backend.
const BackendVariable = "GOMLX_BACKEND"

// DefaultBackend is the pure Go backend, one operation after the other. Its parallel scheduler is avoided because it was
// seen to stop training for ever (see package training); the matrix products inside an operation stay parallel.
const DefaultBackend = "go:ops_sequential"

// OpenBackend opens the backend that config names ("" = $GOMLX_BACKEND, else DefaultBackend). "onnx:<library>" needs a
// build with -tags=onnx and "xla:<plug-in>" one with -tags=xla; the error says so when they are missing.
func OpenBackend(config string) (compute.Backend, error) {
	if config == "" {
		config = os.Getenv(BackendVariable)
	}
	if config == "" {
		config = DefaultBackend
	}
	if config == "go" {
		config = DefaultBackend
	}
	kind, _, _ := strings.Cut(config, ":")
	if !slices.Contains(compute.List(), kind) {
		hint := ""
		if tag, ok := map[string]string{"onnx": "onnx", "onnxruntime": "onnx", "xla": "xla"}[kind]; ok {
			hint = fmt.Sprintf(" (this program was built without -tags=%s)", tag)
		}
		return nil, fmt.Errorf("transformer: backend is %q%s, must be one of %s", config, hint, strings.Join(compute.List(), ", "))
	}
	opened.Lock()
	defer opened.Unlock()
	if b := opened.byConfig[config]; b != nil {
		return b, nil
	}
	b, err := compute.NewWithConfig(config)
	if err != nil {
		return nil, fmt.Errorf("transformer: backend %q: %w", config, err)
	}
	opened.byConfig[config] = b
	return b, nil
}

// opened keeps one backend a configuration: GoMLX refuses a parameter of one instance in a graph of another.
var opened = struct {
	sync.Mutex
	byConfig map[string]compute.Backend
}{byConfig: map[string]compute.Backend{}}
