package doctor

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/cpu"

	"github.com/sparse-attention/workbench/kernel/setup"
)

// Examine looks at everything; data is the value of --data.
func Examine(ctx context.Context, root, data string, choice setup.Choice) []Check {
	return []Check{
		goVersion(ctx, root), compiler(), vectors(), backend(choice), onnx(), xla(), tools(ctx, root), jupyter(ctx), dataFolder(root, data),
		disk(),
	}
}

func goVersion(ctx context.Context, root string) Check {
	c := Check{Good, "Go", "", ""}
	out, err := exec.CommandContext(ctx, "go", "version").Output()
	if err != nil {
		return Check{Bad, "Go", "the go command is not found", "install Go from https://go.dev/dl and put it on PATH"}
	}
	c.Found = strings.TrimPrefix(strings.TrimSpace(string(out)), "go version ")
	c.Found += ", module in " + root
	return c
}

func compiler() Check {
	if err := setup.HasCompiler(); err != nil {
		return Check{Optional, "C compiler", err.Error(), "only the backends onnx and xla need one: apt-get install gcc"}
	}
	return Check{Good, "C compiler", "found; the backends onnx and xla can be built", ""}
}

func vectors() Check {
	c := Check{Good, "CPU", fmt.Sprintf("%s, %d cores, ", runtime.GOARCH, runtime.NumCPU()), ""}
	switch {
	case cpu.X86.HasAVX512F:
		c.Found += "512-bit vectors (AVX-512)"
	case cpu.X86.HasAVX2:
		c.Found += "256-bit vectors (AVX2)"
	case runtime.GOARCH == "amd64":
		c.State, c.Remedy = Optional, "matrix products run 12 to 25 times slower than with AVX2; use --mode quick"
		c.Found += "128-bit vectors (SSE2)"
	default:
		c.State, c.Remedy = Optional, "Go's vector experiment exists on amd64 alone; training is slower here, use --mode quick"
		c.Found += "no vector code"
	}
	return c
}

func backend(choice setup.Choice) Check {
	b, err := setup.ChooseBackend(choice)
	if err != nil {
		return Check{Bad, "backend", err.Error(), "leave --backend and GOMLX_BACKEND away"}
	}
	c := Check{Good, "backend", fmt.Sprintf("%s (%s)", b.Config, b.Reason), ""}
	if fast, err := setup.ChooseBackend(setup.Auto); err == nil && fast.Config != b.Config {
		c.Found += "; --backend auto takes " + fast.Config
	}
	return c
}

func onnx() Check {
	path := setup.FindONNXRuntime()
	switch {
	case path == "":
		return Check{Optional, "ONNX Runtime", "not found",
			"trains about four times faster: npm install onnxruntime-node, or set " + setup.ONNXVariable}
	case !exists(path):
		return Check{Bad, "ONNX Runtime", path + " does not exist", "correct " + setup.ONNXVariable}
	}
	return Check{Good, "ONNX Runtime", path, ""}
}

func xla() Check {
	if path := setup.FindXLA(); path != "" {
		return Check{Good, "XLA", path, ""}
	}
	return Check{Optional, "XLA", "not found", "only for --backend xla; set PJRT_PLUGIN_LIBRARY_PATH to the folder of its plug-in"}
}

func tools(ctx context.Context, root string) Check {
	t, there, err := setup.LocateTools(ctx, root)
	if err != nil {
		return Check{Bad, "GoNB", err.Error(), ""}
	}
	if !there {
		return Check{Good, "GoNB", t.Version + ", is built at the first use", ""}
	}
	return Check{Good, "GoNB", t.Version + ", built in " + t.Dir, ""}
}

func jupyter(ctx context.Context) Check {
	path, err := exec.LookPath("jupyter")
	if err != nil {
		return Check{Optional, "Jupyter", "not found", "only to edit notebooks in a browser: apt-get install jupyter-notebook, then go run ./kernel install"}
	}
	c := Check{Good, "Jupyter", path, ""}
	dir, err := setup.UserDataDir()
	if err == nil && !exists(dir+"/kernels/"+setup.Name+"/kernel.json") {
		c.State, c.Remedy = Optional, "go run ./kernel install makes the Go kernel known to it"
		c.Found += ", without the Go kernel"
	}
	return c
}

func dataFolder(root, data string) Check {
	dir, err := setup.FindData(root, data)
	switch {
	case err != nil:
		return Check{Bad, "data", err.Error(), "correct it or leave it away"}
	case dir == "":
		return Check{Optional, "data", "no folder; the embedded data sets are used", "give --data or WORKBENCH_DATA for the figures on real text"}
	}
	return Check{Good, "data", dir, ""}
}

// enough is the space that the build cache, the tools and the figures take together, with some to spare.
const enough = 4 << 30

func disk() Check {
	dir, err := os.UserCacheDir()
	if err != nil {
		return Check{Bad, "disk", "no folder for caches: " + err.Error(), "set HOME or XDG_CACHE_HOME"}
	}
	free, err := freeBytes(dir)
	if err != nil {
		return Check{Optional, "disk", "free space unknown: " + err.Error(), ""}
	}
	c := Check{Good, "disk", fmt.Sprintf("%.1f GB free for caches in %s", float64(free)/1e9, dir), ""}
	if free < enough {
		c.State, c.Remedy = Bad, "builds and caches want 4 GB: go clean -cache, or set XDG_CACHE_HOME and GOCACHE elsewhere"
	}
	return c
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
