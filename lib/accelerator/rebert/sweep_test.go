package rebert_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/lib/accelerator/rebert"
)

// Reports do not depend on the number of workers, and the first bad workload is named.
func TestSweep(t *testing.T) {
	var points []rebert.Workload
	for half := range 40 {
		points = append(points, example(40, half, 39-half))
	}
	one, err := rebert.Basic().Sweep(t.Context(), 1, points)
	if err != nil {
		t.Fatal(err)
	}
	many, err := rebert.Basic().Sweep(t.Context(), 5, points)
	if err != nil || !reflect.DeepEqual(one, many) {
		t.Errorf("five workers give other reports: %v", err)
	}
	points[7].Tokens, points[30].Tokens = 0, -1
	if _, err := rebert.Basic().Sweep(t.Context(), 3, points); err == nil || !strings.Contains(err.Error(), "workload 7: ") || !strings.Contains(err.Error(), "Tokens is 0") {
		t.Errorf("got %v", err)
	}
	if _, err := rebert.Basic().Sweep(t.Context(), -1, points); err == nil || !strings.Contains(err.Error(), "workers is -1") {
		t.Errorf("got %v", err)
	}
}
