package figure

import (
	"math"
	"testing"

	"github.com/sparse-attention/workbench/lib/published"
)

func TestFirstSkipsNaN(t *testing.T) {
	only := func(series string, v float64) func(published.Row) float64 {
		return func(r published.Row) float64 {
			if r.Series == series {
				return v
			}
			return math.NaN()
		}
	}
	first := First(only("a", 1), only("b", 2), only("a", 3))
	if a, b := first(published.Row{Series: "a"}), first(published.Row{Series: "b"}); a != 1 || b != 2 {
		t.Errorf("a is %v and b is %v, want 1 and 2", a, b)
	}
	if c := first(published.Row{Series: "c"}); !math.IsNaN(c) {
		t.Errorf("c is %v, want NaN", c)
	}
}
