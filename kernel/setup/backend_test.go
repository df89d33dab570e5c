package setup

import (
	"errors"
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	none := errors.New("no C compiler")
	for _, c := range []struct {
		choice              Choice
		variable, onnx, xla string
		compiler            error
		config, tags        string
		cgo                 bool
		wrong               string
	}{
		{choice: Unset, config: pureGo},
		{choice: Unset, onnx: "/l.so", config: pureGo},
		{choice: Unset, variable: "onnx:/x.so", config: "onnx:/x.so", tags: "onnx", cgo: true},
		{choice: Unset, variable: "xla:cpu", config: "xla:cpu", tags: "xla", cgo: true},
		{choice: Unset, variable: "go:parallelism=1", compiler: none, config: "go:parallelism=1"},
		{choice: Unset, variable: "xla:cpu", compiler: none, wrong: "needs cgo: no C compiler"},
		{choice: Auto, config: pureGo},
		{choice: Auto, onnx: "/l.so", xla: "/p.so", config: "onnx:/l.so", tags: "onnx", cgo: true},
		{choice: Auto, xla: "/p.so", config: "xla:cpu", tags: "xla", cgo: true},
		{choice: Auto, onnx: "/l.so", compiler: none, config: pureGo},
		{choice: Auto, variable: "go", onnx: "/l.so", config: "go"},
		{choice: Go, variable: "onnx", onnx: "/l.so", config: pureGo},
		{choice: ONNX, onnx: "/l.so", config: "onnx:/l.so", tags: "onnx", cgo: true},
		{choice: ONNX, wrong: "its library is not found"},
		{choice: ONNX, onnx: "/l.so", compiler: none, wrong: "needs cgo"},
		{choice: XLA, xla: "/p.so", variable: "go", config: "xla:cpu", tags: "xla", cgo: true},
		{choice: XLA, onnx: "/l.so", wrong: "its library is not found"},
	} {
		b, err := choose(c.choice, c.variable, c.onnx, c.xla, c.compiler)
		if c.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("%+v: error %v", c, err)
			}
			continue
		}
		if err != nil || b.Config != c.config || b.Tags != c.tags || b.Cgo != c.cgo || b.Reason == "" {
			t.Errorf("%+v: got %+v, error %v", c, b, err)
		}
	}
	if _, err := ParseChoice("cuda"); err == nil || !strings.Contains(err.Error(), "must be auto, go, onnx or xla") {
		t.Errorf("error %v", err)
	}
}

func TestMergeFlags(t *testing.T) {
	for _, c := range []struct{ flags, tag, want string }{
		{"", "", "-ldflags=-w"},
		{"-ldflags=-s", "", "-ldflags=-s"},
		{"", "xla", "-ldflags=-w -tags=xla"},
		{"-buildvcs=false -mod=mod", "onnx", "-buildvcs=false -ldflags=-w -tags=onnx"},
		{"-tags=z,a -v", "", "-v -ldflags=-w -tags=a,z"},
		{"-tags=z,onnx,a -v", "onnx", "-v -ldflags=-w -tags=a,onnx,z"},
	} {
		if got := mergeFlags(c.flags, c.tag); got != c.want {
			t.Errorf("%q and %q: %q, must be %q", c.flags, c.tag, got, c.want)
		}
	}
}

func TestRuntimeSettingsKeepTheUsers(t *testing.T) {
	if experiment() == "" {
		t.Skip("no vector instructions here")
	}
	for own, want := range map[string]string{
		"": "asyncpreemptoff=1", "gctrace=1": "gctrace=1,asyncpreemptoff=1", "asyncpreemptoff=0": "asyncpreemptoff=0",
	} {
		if got := runtimeSettings(own); got != want {
			t.Errorf("GODEBUG=%q becomes %q, must be %q", own, got, want)
		}
	}
}
