package dotastudy

import (
	"context"
	"math"
	"testing"

	"github.com/sparse-attention/workbench/lib/accelerator/dota"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/experiment/joint"
	"github.com/sparse-attention/workbench/lib/published"
)

func TestScheduler(t *testing.T) {
	verdicts, err := SchedulerVerdicts()
	if err != nil {
		t.Fatal(err)
	}
	exact := 0
	for _, v := range verdicts {
		if v.Result != published.Pass {
			t.Errorf("%s: ours %v, must be %v: %s", v.Row.Key(), v.Ours, v.Row.Value, v.Reason)
		}
		if v.Class == published.Exact {
			exact++
		}
	}
	if exact != 11 || len(verdicts) != 11+24-2 {
		t.Errorf("%d verdicts, %d of them exact", len(verdicts), exact)
	}
}

func TestMachines(t *testing.T) {
	w := Workloads()[1]
	o := MachineOptions{Spec: dota.DOTA(), Shared: 0.4, Sigma: 0.25, Bits: dota.INT4,
		Retained: func(Workload) Retained { return Retained{[Versions]float64{1, 0.1, 0.05}, 0.3} }}
	m, err := machine(context.Background(), o, w)
	if err != nil {
		t.Fatal(err)
	}
	if f, c, a := m.AttentionSpeedup(Full), m.AttentionSpeedup(Conservative), m.AttentionSpeedup(Aggressive); !(f < c && c < a) {
		t.Errorf("attention %v, %v, %v times faster, must rise", f, c, a)
	}
	if f, c, a, bound := m.EndToEnd(Full), m.EndToEnd(Conservative), m.EndToEnd(Aggressive), m.Bound(); !(f < c && c < a && a < bound) {
		t.Errorf("end to end %v, %v, %v of %v, must rise to the bound", f, c, a, bound)
	}
	if got := m.DOTA[Conservative].Retention(); math.Abs(got-0.1) > 1e-3 {
		t.Errorf("DOTA-C keeps %v, must keep 0.1", got)
	}
	sum := 0.0
	for _, r := range Latency([]Machine{m}) {
		if r.Series == Full.String() {
			sum += r.Value
		}
	}
	if math.Abs(sum-100) > 1e-9 {
		t.Errorf("DOTA-F's phases sum to %v %%", sum)
	}
	for _, v := range HeadlineVerdicts([]Machine{m}, Assumed().Source) {
		if v.Result != published.NotJudged || v.Ours <= 0 {
			t.Errorf("headline %+v, must be shown and not judged", v)
		}
	}
}

// The GPU's attention share of BERT at 384 padded tokens is the anchor of its linear layers.
func TestGPUShares(t *testing.T) {
	rows, err := GPUShares(384, 4096)
	if err != nil {
		t.Fatal(err)
	}
	var at384, at4096 float64
	for _, r := range rows {
		if r.Metric == "attention" {
			at384, at4096 = at4096, r.Value
		}
	}
	if math.Abs(at384-30) > 2 || at4096 < at384 {
		t.Errorf("attention takes %v %% at 384 tokens and %v %% at 4096", at384, at4096)
	}
}

func TestShared(t *testing.T) {
	m := dota.HotKeys(64, 16, 0.5, 1)
	if s := Shared([]*attention.Mask{m}, 4); s < 0.5 || s > 0.6 {
		t.Errorf("a half of the keys is shared, measured %v", s)
	}
	rows, err := Loads("x", []*attention.Mask{m})
	if err != nil {
		t.Fatal(err)
	}
	last := map[string]float64{}
	for _, r := range rows {
		if v, ok := last[r.Series]; ok && r.Value > v {
			t.Errorf("%s %s: %v, must be at most %v", r.Series, r.Config, r.Value, v)
		}
		last[r.Series] = r.Value
	}
}

func TestChoose(t *testing.T) {
	var points []joint.Point
	for _, split := range []string{joint.SearchSplit, joint.JudgedSplit} {
		for i, knob := range []float64{0.02, 0.05, 0.1, 0.5} {
			lost := []int{9, 1, 3, 0}[i] // the search stops at the first loss from above, though 0.05 would be within
			points = append(points, joint.Point{Task: "a", Split: split, Method: "DOTA", Seed: 1, Knob: knob, Retention: knob, Examples: 200, Lost: lost})
		}
	}
	if c := Choose(points, "a", "DOTA", joint.SearchSplit, joint.JudgedSplit, 0.5); !c.Found || c.Knob != 0.5 || c.Drop != 0 {
		t.Errorf("conservative %+v, must keep a half", c)
	}
	if c := Choose(points, "a", "DOTA", joint.SearchSplit, joint.JudgedSplit, 2); c.Knob != 0.05 || c.Drop != 0.5 {
		t.Errorf("within two points %+v, must keep 0.05", c)
	}
	if c := Choose(points, "a", "ELSA", joint.SearchSplit, joint.JudgedSplit, 2); c.Found || c.Retention != 1 {
		t.Errorf("nothing known %+v, must keep all", c)
	}
	if k := Kept(points, []string{"a"}, "DOTA", 2, Workload{Like: "a"}); k != 0.05 {
		t.Errorf("a workload like the task keeps %v, must keep 0.05", k)
	}
}
