package cell

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A value is computed once for a configuration and code, anew for others.
func TestRemember(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	type point struct {
		X    int
		Name map[string][]float64
	}
	calls := 0
	make := func() (point, error) {
		calls++
		return point{calls, map[string][]float64{"a": {1, 2}}}, nil
	}
	a := Remember("point", 1, []string{"lib/unit"}, make)
	b := Remember("point", 1, []string{"lib/unit"}, make)
	if calls != 1 || !cmp.Equal(a, b) {
		t.Errorf("%d calls gave %v and %v", calls, a, b)
	}
	if c := Remember("point", 2, []string{"lib/unit"}, make); calls != 2 || c.X != 2 {
		t.Errorf("another configuration: %d calls, %v", calls, c)
	}
	Remember("point", 1, []string{"lib/progress"}, make)
	if calls != 3 {
		t.Errorf("other packages: %d calls", calls)
	}
	Remember("other", 1, []string{"lib/unit"}, make)
	if calls != 4 {
		t.Errorf("another name: %d calls", calls)
	}
}
