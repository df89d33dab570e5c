package setup

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// Choice is what the user may ask for.
type Choice string

// The choices of --backend.
const (
	Unset Choice = ""     // $GOMLX_BACKEND, else pure Go: figures come out again byte for byte
	Auto  Choice = "auto" // $GOMLX_BACKEND, else the fastest that is there
	Go    Choice = "go"
	ONNX  Choice = "onnx"
	XLA   Choice = "xla"
)

// Choices lists the legal values of --backend.
var Choices = []Choice{Auto, Go, ONNX, XLA}

// ParseChoice reads a value of --backend.
func ParseChoice(s string) (Choice, error) {
	for _, c := range append(Choices, Unset) {
		if s == string(c) {
			return c, nil
		}
	}
	return "", fmt.Errorf("backend is %q, must be auto, go, onnx or xla", s)
}

// Backend is where GoMLX computes in a cell.
type Backend struct {
	Config string // the value of GOMLX_BACKEND
	Tags   string // the build tag that links it in, "" for pure Go
	Cgo    bool   // whether that needs a C compiler
	Reason string // why this one, for people
}

// pureGo runs one operation after the other: the scheduler that runs them side by side was seen to wait for ever in training.
const pureGo = "go:ops_sequential"

// backendOf returns the build that a value of GOMLX_BACKEND needs.
func backendOf(config, reason string) Backend {
	kind, _, _ := strings.Cut(config, ":")
	b := Backend{Config: config, Reason: reason}
	switch kind {
	case "onnx", "onnxruntime":
		b.Tags, b.Cgo = "onnx", true
	case "xla", "stablehlo":
		b.Tags, b.Cgo = "xla", true
	}
	return b
}

// ChooseBackend picks the backend. A word of the user that cannot be had is an error; Auto falls back to pure Go.
func ChooseBackend(choice Choice) (Backend, error) {
	return choose(choice, os.Getenv("GOMLX_BACKEND"), FindONNXRuntime(), FindXLA(), HasCompiler())
}

// HasCompiler says why cells cannot be built with cgo, or nil when they can.
func HasCompiler() error {
	if os.Getenv("CGO_ENABLED") == "0" {
		return errors.New("CGO_ENABLED is 0")
	}
	cc := os.Getenv("CC")
	if cc == "" {
		cc = "gcc"
	}
	if _, err := exec.LookPath(strings.Fields(cc)[0]); err != nil {
		return fmt.Errorf("no C compiler %q", cc)
	}
	return nil
}

func choose(choice Choice, variable, onnx, xla string, compiler error) (Backend, error) {
	if choice == Unset || choice == Auto {
		if variable != "" {
			b := backendOf(variable, "GOMLX_BACKEND says so")
			if b.Cgo && compiler != nil {
				return b, fmt.Errorf("setup: GOMLX_BACKEND is %q, which needs cgo: %w", variable, compiler)
			}
			return b, nil
		}
	}
	switch choice {
	case Unset:
		return backendOf(pureGo, "the default: its figures come out again byte for byte"), nil
	case Go:
		return backendOf(pureGo, "--backend go"), nil
	case Auto:
		if onnx == "" && xla == "" {
			return backendOf(pureGo, "neither ONNX Runtime nor XLA is here"), nil
		}
		if compiler != nil {
			return backendOf(pureGo, compiler.Error()), nil
		}
		if onnx != "" {
			return backendOf("onnx:"+onnx, "ONNX Runtime is here"), nil
		}
		return backendOf("xla:cpu", "XLA is here: "+xla), nil
	}
	b := backendOf("onnx:"+onnx, "--backend onnx")
	missing := onnx == ""
	if choice == XLA {
		b, missing = backendOf("xla:cpu", "--backend xla"), xla == ""
	}
	if missing {
		return b, fmt.Errorf("setup: backend %s: its library is not found; %s", choice, remedy[choice])
	}
	if compiler != nil {
		return b, fmt.Errorf("setup: backend %s needs cgo: %w", choice, compiler)
	}
	return b, nil
}

var remedy = map[Choice]string{
	ONNX: "set " + ONNXVariable + " to libonnxruntime.so, or npm install onnxruntime-node",
	XLA:  "set PJRT_PLUGIN_LIBRARY_PATH to the folder of the PJRT plug-in",
}
