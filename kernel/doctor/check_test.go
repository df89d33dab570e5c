package doctor

import (
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/kernel/setup"
)

func TestPrint(t *testing.T) {
	var b strings.Builder
	checks := []Check{{Good, "Go", "go1.26", ""}, {Optional, "XLA", "not found", "get it"}}
	if !Print(&b, checks) {
		t.Error("something optional is missing, and that is called bad")
	}
	const want = "ok   Go             go1.26\n--   XLA            not found\n                    -> get it\n"
	if b.String() != want {
		t.Errorf("%q, must be %q", b.String(), want)
	}
	if Print(&b, append(checks, Check{Bad, "disk", "full", "tidy up"})) {
		t.Error("something needed is missing, and that is called good")
	}
}

func TestEveryFaultHasARemedy(t *testing.T) {
	t.Setenv("PATH", t.TempDir()) // no go, no compiler, no Jupyter
	t.Setenv("HOME", t.TempDir())
	t.Setenv(setup.ONNXVariable, "/missing.so")
	t.Setenv("CC", "")
	faults := 0
	for _, c := range []Check{goVersion(t.Context(), "."), compiler(), backend(setup.ONNX), onnx(), xla(), jupyter(t.Context()), dataFolder(t.TempDir(), "missing")} {
		if c.State != Good {
			faults++
		}
		if c.State != Good && c.Remedy == "" {
			t.Errorf("%+v has no remedy", c)
		}
	}
	if faults < 6 {
		t.Errorf("%d faults found, must be 6 or 7", faults)
	}
}
