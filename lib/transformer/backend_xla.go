//go:build xla

package transformer

import _ "github.com/gomlx/go-xla/compute/xla" // XLA, found by the plug-in path in GOMLX_BACKEND
