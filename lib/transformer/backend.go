package transformer

import (
	"fmt"
	"os"
	"strings"

	"github.com/gomlx/compute"
	_ "github.com/gomlx/compute/gobackend" // the pure Go backend is always there
)

// BackendVariable is GoMLX's own environment variable for the choice of backend.
const BackendVariable = "GOMLX_BACKEND"

// DefaultBackend is the pure Go backend, one operation after the other. Its parallel scheduler is avoided because a lost
// wake-up in its worker pool was seen to stop training for ever; the matrix products inside an operation stay parallel.
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
	kind, _, _ := strings.Cut(config, ":")
	if config == "go" {
		config = DefaultBackend
	}
	if tag, ok := map[string]string{"onnx": "onnx", "onnxruntime": "onnx", "xla": "xla"}[kind]; ok && !registered(tag) {
		return nil, fmt.Errorf("transformer: %s is %q, but this program was built without -tags=%s; legal here: %s",
			BackendVariable, config, tag, strings.Join(compute.List(), ", "))
	}
	b, err := compute.NewWithConfig(config)
	if err != nil {
		return nil, fmt.Errorf("transformer: %s is %q: %w", BackendVariable, config, err)
	}
	return b, nil
}

func registered(tag string) bool {
	for _, name := range compute.List() {
		if strings.HasPrefix(name, tag) {
			return true
		}
	}
	return false
}
