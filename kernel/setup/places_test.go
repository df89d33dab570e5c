package setup

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/kernel/jupyter"
)

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFindModule(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "go.mod"), "// a comment\nmodule "+Module+"\n")
	write(t, filepath.Join(dir, "inner", "go.mod"), "module another\n")
	write(t, filepath.Join(dir, "inner", "deep", "x"), "")
	if got, err := FindModule(filepath.Join(dir, "inner", "deep")); err != nil || got != dir {
		t.Errorf("%q, error %v; must be %q", got, err, dir)
	}
	if _, err := FindModule(t.TempDir()); err == nil || !strings.Contains(err.Error(), "inside the workbench") {
		t.Errorf("error %v", err)
	}
}

func TestFindData(t *testing.T) {
	base := t.TempDir()
	root := filepath.Join(base, "checkout")
	beside := filepath.Join(base, "shared", "data")
	t.Setenv("WORKBENCH_DATA", "")
	if got, err := FindData(root, ""); err != nil || got != "" {
		t.Errorf("nothing there: %q, error %v", got, err)
	}
	file := write(t, filepath.Join(beside, "f"), "")
	if got, err := FindData(root, ""); err != nil || got != beside {
		t.Errorf("beside the module: %q, error %v", got, err)
	}
	if got, err := FindData(root, base); err != nil || got != base {
		t.Errorf("--data: %q, error %v", got, err)
	}
	for _, bad := range []string{filepath.Join(base, "missing"), file} {
		if _, err := FindData(root, bad); err == nil || !strings.Contains(err.Error(), "--data is "+bad) {
			t.Errorf("--data %s: error %v", bad, err)
		}
		t.Setenv("WORKBENCH_DATA", bad)
		if _, err := FindData(root, ""); err == nil || !strings.Contains(err.Error(), "WORKBENCH_DATA is "+bad) {
			t.Errorf("WORKBENCH_DATA %s: error %v", bad, err)
		}
	}
}

func TestFindONNXRuntime(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("LD_LIBRARY_PATH", "")
	t.Setenv("NODE_PATH", "")
	t.Setenv(ONNXVariable, "")
	if elsewhere := FindONNXRuntime(); elsewhere != "" || experiment() == "" {
		t.Skipf("the system has a library of its own (%s), or GoMLX has none for it", elsewhere)
	}
	node := write(t, filepath.Join(home, "node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1"), "")
	if got := FindONNXRuntime(); got != node {
		t.Errorf("npm's: %q, must be %q", got, node)
	}
	lib := write(t, filepath.Join(home, "lib", "libonnxruntime.so"), "")
	t.Setenv("LD_LIBRARY_PATH", filepath.Dir(lib))
	if got := FindONNXRuntime(); got != lib {
		t.Errorf("LD_LIBRARY_PATH: %q, must be %q", got, lib)
	}
	t.Setenv(ONNXVariable, "/own.so")
	if got := FindONNXRuntime(); got != "/own.so" {
		t.Errorf("variable: %q", got)
	}
}

func TestFindXLA(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "pjrt_c_api_cuda_plugin.so"), "")
	t.Setenv("PJRT_PLUGIN_LIBRARY_PATH", dir)
	t.Setenv("HOME", t.TempDir())
	t.Setenv("LD_LIBRARY_PATH", "")
	if got := FindXLA(); strings.HasPrefix(got, dir) {
		t.Errorf("%q is no plug-in for the CPU", got)
	}
	want := write(t, filepath.Join(dir, "pjrt_c_api_cpu_0.83.1_plugin.so"), "")
	if got := FindXLA(); got != want {
		t.Errorf("%q, must be %q", got, want)
	}
}

func TestKernelspec(t *testing.T) {
	root, err := FindModule(".")
	if err != nil {
		t.Fatal(err)
	}
	tools := Tools{Dir: filepath.Join("/cache", "tools")}
	w := Workbench{Root: root, Out: "/out", Mode: "quick", Backend: backendOf(pureGo, "test")}
	spec, err := Kernelspec(context.Background(), tools, w, true)
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	for _, pair := range spec.Environ([]string{"PATH=/bin", "CGO_ENABLED=1", "OTHER=kept"}) {
		name, value, _ := strings.Cut(pair, "=")
		if _, twice := env[name]; twice {
			t.Errorf("%s is set twice", name)
		}
		env[name] = value
	}
	for name, want := range map[string]string{
		"PATH": tools.Dir + ":/bin", "CGO_ENABLED": "0", "OTHER": "kept", "WORKBENCH_MODE": "quick", "WORKBENCH_OUT": "/out",
		"WORKBENCH_ROOT": root, "GOMLX_BACKEND": pureGo, "GOMLX_NO_AUTO_INSTALL": "1", "GOEXPERIMENT": experiment(),
		"GODEBUG": runtimeSettings(os.Getenv("GODEBUG")),
	} {
		if env[name] != want {
			t.Errorf("%s is %q, must be %q", name, env[name], want)
		}
	}
	if strings.Contains(env["GOFLAGS"], "-tags=onnx") {
		t.Errorf("GOFLAGS is %q, must not link ONNX Runtime into a build without cgo", env["GOFLAGS"])
	}
	w.Backend = backendOf("onnx:/l.so", "test")
	if with := w.Environ(tools, "-v"); with["GOFLAGS"] != "-v -ldflags=-w -tags=onnx" || with["CGO_ENABLED"] != "1" {
		t.Errorf("with ONNX Runtime GOFLAGS is %q and CGO_ENABLED %q", with["GOFLAGS"], with["CGO_ENABLED"])
	}

	dir := t.TempDir()
	path, err := WriteKernelspec(dir, Name, spec, false)
	if err != nil {
		t.Fatal(err)
	}
	read, err := jupyter.ReadSpec(dir, Name)
	if err != nil || read.Argv[0] != tools.GoNB() || read.Command("file")[2] != "file" {
		t.Errorf("read back %+v, error %v", read, err)
	}
	if _, err := WriteKernelspec(dir, Name, spec, false); err != nil {
		t.Errorf("our own is not replaced: %v", err)
	}
	write(t, path, `{"argv":["other"]}`)
	if _, err := WriteKernelspec(dir, Name, spec, false); err == nil || !strings.Contains(err.Error(), "another kernel's") {
		t.Errorf("another's kernelspec: error %v", err)
	}
	if _, err := WriteKernelspec(dir, Name, spec, true); err != nil {
		t.Error(err)
	}
	if _, err := jupyter.ReadSpec(dir, "missing"); err == nil {
		t.Error("a missing kernelspec is read")
	}
	if _, err := jupyter.ReadSpec(filepath.Dir(write(t, filepath.Join(dir, "kernels", "bad", "kernel.json"), `{}`)), "."); err == nil {
		t.Error("a kernelspec without argv is read")
	}
}

func TestUserDataDir(t *testing.T) {
	t.Setenv("JUPYTER_DATA_DIR", "/j")
	if got, err := UserDataDir(); err != nil || got != "/j" {
		t.Errorf("%q, error %v", got, err)
	}
	t.Setenv("JUPYTER_DATA_DIR", "")
	t.Setenv("XDG_DATA_HOME", "/x")
	if got, err := UserDataDir(); err != nil || !strings.HasSuffix(got, "upyter") {
		t.Errorf("%q, error %v", got, err)
	}
}

func TestFirstLineOfAFailure(t *testing.T) {
	const text = "go: downloading x v1\n# pkg\n\nmain.go:1: broken\nmore\n"
	if got := firstLine(text, "exit status 1"); got != "main.go:1: broken" {
		t.Errorf("%q", got)
	}
	if got := firstLine("\n", "exit status 1"); got != "exit status 1" {
		t.Errorf("%q", got)
	}
	_, err := output(t.Context(), ".", nil, "go", "list", "no/such/package")
	if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "no/such/package") {
		t.Errorf("error %v, must be one line", err)
	}
}
