//go:build onnx

package transformer

import _ "github.com/gomlx/compute-onnx" // ONNX Runtime, found by the path in GOMLX_BACKEND
