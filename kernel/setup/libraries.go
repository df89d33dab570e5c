package setup

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

// ONNXVariable names the file of ONNX Runtime's library, for GoMLX as well as for this package.
const ONNXVariable = "ONNXRUNTIME_SHARED_LIBRARY_PATH"

// FindONNXRuntime returns the path of ONNX Runtime's library, or "". It looks at $ONNXRUNTIME_SHARED_LIBRARY_PATH, the
// folder of GoMLX's installer, the folders of the system, and inside npm's package onnxruntime-node.
func FindONNXRuntime() string {
	if path := os.Getenv(ONNXVariable); path != "" {
		return path // the user's word, right or wrong
	}
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return "" // GoMLX links ONNX Runtime only there
	}
	home, _ := os.UserHomeDir()
	var patterns []string
	for _, dir := range append(libraryDirs(home), filepath.Join(home, ".local/lib/onnxruntime")) {
		patterns = append(patterns, filepath.Join(dir, "libonnxruntime.so"), filepath.Join(dir, "libonnxruntime.so.*"))
	}
	for _, dir := range nodeDirs(home) {
		patterns = append(patterns, filepath.Join(dir, "onnxruntime-node/bin/napi-v*/linux/x64/libonnxruntime.so*"))
	}
	return firstMatch(patterns)
}

// pluginName is the form of the file names of PJRT plug-ins for the CPU.
var pluginName = regexp.MustCompile(`^(pjrt_c_api_cpu.*_plugin|pjrt[-_]plugin[-_]cpu.*)\.(so|dylib)$`)

// FindXLA returns the path of XLA's plug-in for the CPU, or "", in the places where go-xla looks for it.
func FindXLA() string {
	home, _ := os.UserHomeDir()
	dirs := filepath.SplitList(os.Getenv("PJRT_PLUGIN_LIBRARY_PATH"))
	dirs = append(dirs, filepath.Join(home, ".local/lib/go-xla"), "/usr/local/lib/go-xla")
	for _, dir := range append(dirs, libraryDirs(home)...) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue
		}
		for _, e := range entries {
			if pluginName.MatchString(e.Name()) {
				return filepath.Join(dir, e.Name())
			}
		}
	}
	return ""
}

func libraryDirs(home string) []string {
	dirs := filepath.SplitList(os.Getenv("LD_LIBRARY_PATH"))
	return append(dirs, filepath.Join(home, ".local/lib"), "/usr/local/lib", "/usr/lib", "/usr/lib/x86_64-linux-gnu",
		"/usr/lib64", "/opt/onnxruntime/lib")
}

// nodeDirs lists the folders that hold npm's packages: the global ones and those of the working folder and its parents.
func nodeDirs(home string) []string {
	dirs := filepath.SplitList(os.Getenv("NODE_PATH"))
	if prefix := os.Getenv("npm_config_prefix"); prefix != "" {
		dirs = append(dirs, filepath.Join(prefix, "lib/node_modules"))
	}
	if at, err := os.Getwd(); err == nil {
		for ; ; at = filepath.Dir(at) {
			dirs = append(dirs, filepath.Join(at, "node_modules"))
			if at == filepath.Dir(at) {
				break
			}
		}
	}
	dirs = append(dirs, filepath.Join(home, "node_modules"), filepath.Join(home, ".npm-global/lib/node_modules"))
	versions, _ := filepath.Glob(filepath.Join(home, ".nvm/versions/node/*/lib/node_modules"))
	return append(append(dirs, versions...), "/usr/local/lib/node_modules", "/usr/lib/node_modules")
}

func firstMatch(patterns []string) string {
	for _, p := range patterns {
		matches, _ := filepath.Glob(p)
		for _, m := range matches {
			if info, err := os.Stat(m); err == nil && info.Mode().IsRegular() && !strings.HasSuffix(m, ".debug") {
				return m
			}
		}
	}
	return ""
}
