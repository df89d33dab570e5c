package sprintstudy_test

import (
	"math"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/lib/accelerator/sprint"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/experiment/sprintstudy"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/published"
	"github.com/sparse-attention/workbench/lib/transformer"
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

// scored is a run of 1000 examples of which the given ones, from one place on, are wrong.
func scored(from, wrong int) *sprintstudy.Score {
	s := &sprintstudy.Score{Score: experiment.Score{Examples: 1000, Correct: 1000 - wrong, Right: make([]bool, 1000)}}
	for i := range s.Right {
		s.Right[i] = i < from || i >= from+wrong
	}
	return s
}

func TestRecomputeIsJudgedByItsInterval(t *testing.T) {
	for _, c := range []struct {
		with, without *sprintstudy.Score
		want          [2]published.Result
	}{
		{scored(0, 105), scored(0, 135), [2]published.Result{published.Pass, published.Pass}},  // loses 0.5; 3.0 +- 1.1 more
		{scored(0, 107), scored(0, 135), [2]published.Result{published.Fail, published.Pass}},  // loses 0.7
		{scored(0, 95), scored(90, 110), [2]published.Result{published.Pass, published.Fail}},  // gains; 1.5 +- 2.7 more
		{scored(0, 100), scored(0, 100), [2]published.Result{published.Pass, published.Fail}},  // no difference
		{scored(0, 100), scored(100, 90), [2]published.Result{published.Pass, published.Fail}}, // gains
	} {
		m := sprintstudy.Model{Model: experiment.Model{Trained: &experiment.Trained{}}, Schemes: map[sprint.Scheme]*sprintstudy.Score{
			sprint.Unpruned: scored(0, 90), sprint.RuntimePruning: scored(0, 100), sprint.Recompute: c.with, sprint.WithoutRecompute: c.without}}
		verdicts, err := (&sprintstudy.Study{Models: []sprintstudy.Model{m}}).Verdicts()
		if err != nil {
			t.Fatal(err)
		}
		last := verdicts[len(verdicts)-2:]
		if got := [2]published.Result{last[0].Result, last[1].Result}; got != c.want {
			t.Errorf("%v: results %v, want %v (%s; %s)", c.without.Correct, got, c.want, last[0].Reason, last[1].Reason)
		}
	}
}

func TestDecoderWithoutThresholdsIsLeftOut(t *testing.T) {
	b, err := transformer.OpenBackend("")
	if err != nil {
		t.Fatal(err)
	}
	d, absent, err := sprintstudy.OwnDecoder(t.Context(), b, experiment.Where{Checkpoints: t.TempDir()}, sprintstudy.Machine(), 1)
	if d != nil || err != nil || !strings.Contains(absent, "card.json") {
		t.Errorf("%v, %q, %v: must say which file is missing", d, absent, err)
	}
}

// Two texts through a decoder that keeps nearly all: pruning then changes nothing that a converter of 4 bits does not.
func TestDecoderOnTheMachine(t *testing.T) {
	b, err := transformer.OpenBackend("")
	if err != nil {
		t.Fatal(err)
	}
	recipe := experiment.OpticksRecipe()
	data, err := recipe.Open("")
	if err != nil {
		t.Skip(err)
	}
	s := transformer.LlamaSpec(2, 32, 2, 0, 64, 128, data.Vocabulary.Size())
	m, err := transformer.NewEncoder(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	trained := &experiment.TrainedLanguage{Recipe: recipe, Dense: m, Pruned: m, Thresholds: &pruning.Threshold{Layers: []float64{-100, -100}}}
	d, err := sprintstudy.MeasureDecoder(t.Context(), b, trained, sprintstudy.Machine(), data.Dev[:1], data.Test[:2])
	if err != nil {
		t.Fatal(err)
	}
	rows := d.Perplexities()
	if len(rows) != 4 || rows[0].Value != rows[1].Value || rows[0].Value < 100 {
		t.Errorf("perplexities %v: nothing is pruned, and fresh weights guess among %d tokens", rows, s.Vocabulary)
	}
	if headings, table, err := d.Increases(); err != nil || len(table) != 4 || len(table[0]) != len(headings) {
		t.Errorf("%d rows, %v", len(table), err)
	}
}
