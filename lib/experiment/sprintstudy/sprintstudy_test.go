package sprintstudy_test

import (
	"math"
	"testing"

	"github.com/sparse-attention/workbench/lib/accelerator/sprint"
	"github.com/sparse-attention/workbench/lib/experiment/sprintstudy"
	"github.com/sparse-attention/workbench/lib/published"
)

// One head of every workload already meets what the study claims.
func TestPublishedNumbers(t *testing.T) {
	runs, err := sprintstudy.Run(t.Context(), 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []string{"S", "M", "L"} {
		row, err := published.Find("sprint", "fig11-speedup", "SPRINT", "Geomean", size, "speedup")
		if err != nil {
			t.Fatal(err)
		}
		if ours := runs.Ours(row); math.Abs(ours/row.Value-1) > 0.1 {
			t.Errorf("geomean speedup of %s is %.2f, published %.2f", size, ours, row.Value)
		}
	}
	for _, figure := range []string{"fig10-traffic", "energy-a-multiplier"} {
		for _, v := range runs.Verdicts(figure) {
			if v.Result == published.Fail {
				t.Errorf("%s %s %s %s: ours %.2f, published %.2f", figure, v.Row.Series, v.Row.Workload, v.Row.Config, v.Ours, v.Row.Value)
			}
		}
	}
	if n := len(runs.Segments("M", sprint.Baseline, sprint.SPRINT)); n != 8*2*8 {
		t.Errorf("%d segments of M, want workloads x modes x components = %d", n, 8*2*8)
	}
	if _, err := sprintstudy.Run(t.Context(), 0, nil); err == nil {
		t.Error("no heads were accepted")
	}
}

func TestCoLACountsAreExact(t *testing.T) {
	verdicts := sprintstudy.CoLAVerdicts()
	if len(verdicts) < 20 {
		t.Errorf("%d verdicts, the figure has 21 rows", len(verdicts))
	}
	for _, v := range verdicts {
		if v.Result != published.Pass {
			t.Errorf("%s %s: ours %v, published %v", v.Row.Metric, v.Row.Config, v.Ours, v.Row.Value)
		}
	}
}
