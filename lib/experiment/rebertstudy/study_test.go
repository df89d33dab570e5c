package rebertstudy_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/sparse-attention/workbench/lib/accelerator/rebert"
	"github.com/sparse-attention/workbench/lib/experiment/rebertstudy"
	"github.com/sparse-attention/workbench/lib/published"
)

// found are windows as searches leave them, for tests of what follows.
func found() []rebert.Windows {
	return []rebert.Windows{
		{Task: "a", Model: "ours", Origin: rebert.Searched, Tokens: 64, Half: []int{4, 8, 2, 1}},
		{Task: "b", Model: "ours", Origin: rebert.Searched, Tokens: 128, Half: []int{40, 60}},
	}
}

func evaluate(t *testing.T) *rebertstudy.Evaluation {
	t.Helper()
	e, err := rebertstudy.Evaluate(t.Context(), found(), rebertstudy.AssumedASIC())
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestTimelinesArePublished(t *testing.T) {
	verdicts, err := rebertstudy.SlotVerdicts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range verdicts {
		if v.Result != published.Pass {
			t.Errorf("%v: %v", v.Key(), v)
		}
	}
	if len(verdicts) != 5 {
		t.Errorf("%d verdicts, want 5", len(verdicts))
	}
	ports, err := rebertstudy.Timelines(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{6, 6, 12, 12} { // with and without writes
		if n := len(ports[i].Array); n != want || len(ports[i].Keys) != 6 {
			t.Errorf("%s: %d operations of the arrays, want %d", ports[i].Machine, n, want)
		}
	}
}

// Attention's share rises with the sentence, whatever is counted; half of the operations of BERT-base at N = 4 x 6 x 768 / 2 words.
func TestAttentionShare(t *testing.T) {
	rows, err := rebertstudy.AttentionShare(t.Context(), 32, 128, 512)
	if err != nil {
		t.Fatal(err)
	}
	last := map[string]float64{}
	for _, r := range rows {
		if r.Value <= last[r.Series] || r.Value >= 100 {
			t.Errorf("%s at %s: %v after %v", r.Series, r.Config, r.Value, last[r.Series])
		}
		last[r.Series] = r.Value
	}
	// 2 N x 768 of 2 N x 768 + 12 x 768^2 at N = 512.
	if want := 100 * 2 * 512. / (2*512 + 12*768); math.Abs(last["operations"]-want) > 1e-9 {
		t.Errorf("operations at 512: %v, want %v", last["operations"], want)
	}
}

// No published speedup is a target, and every verdict says why.
func TestSpeedupsAreFitted(t *testing.T) {
	e := evaluate(t)
	six := 0
	for _, v := range e.SpeedVerdicts() {
		if v.Result != published.NotJudged || v.Reason == "" {
			t.Errorf("%v is %v: %s", v.Key(), v.Result, v.Reason)
		}
		if v.Class == published.Fitted && v.Metric != "speedup_over_gpu" {
			six++
			if math.Abs(v.Ratio-1) > 0.06 {
				t.Errorf("%v: the fit is off by %v", v.Key(), v.Ratio-1)
			}
		}
	}
	if six != 6 {
		t.Errorf("%d fitted ratios, want the six of the sheet", six)
	}
}

// The verdict on a saving names the window that it would need; at that window the model meets it.
func TestEnergyVerdictsNameTheWindow(t *testing.T) {
	e := evaluate(t)
	for _, r := range published.Figure("ReBERT", "energy-attention") {
		if r.Metric != "energy_reduction" {
			continue
		}
		w := e.WindowFor(r)
		at := rebert.Windows{Task: "x", Model: "x", Origin: rebert.Assumed, Tokens: 128, Half: []int{int(math.Round(w)), int(math.Round(w))}}
		x, err := rebertstudy.Evaluate(t.Context(), []rebert.Windows{at}, rebertstudy.AssumedASIC())
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range x.EnergyVerdicts() {
			if v.Key() == r.Key() && (v.Result != published.Pass || math.Abs(v.Ours-v.Value) > 3) {
				t.Errorf("%v at W = %.0f: %v", r.Key(), w, v)
			}
		}
	}
	if len(e.EnergyVerdicts()) != 6 {
		t.Errorf("%d verdicts, want 6", len(e.EnergyVerdicts()))
	}
}

// Thin and deep is slow on a word-serial machine: MobileBERT needs more steps than BERT-base, DistilBERT fewer.
func TestModelsCompared(t *testing.T) {
	steps := map[string]float64{}
	for _, r := range evaluate(t).ModelTimes(128) {
		if r.Series == "full attention" {
			steps[r.Workload] = r.Value
		}
	}
	if steps["BERT-base"] != 1760 || steps["DistilBERT"] != 944 || steps["MobileBERT"] <= 3392 {
		t.Errorf("%v", steps)
	}
	if steps["RoBERTa-base"] != steps["BERT-base"] || steps["BERT-large"] != 3392 {
		t.Errorf("%v", steps)
	}
}

// A deeper chain dilutes the gain, slower writes never speed a machine up, and a wider converter costs more.
func TestSensitivities(t *testing.T) {
	s, err := rebertstudy.Sensitivities(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range s.Depth[1:] {
		if r.Series == s.Depth[i].Series && r.Value > s.Depth[i].Value {
			t.Errorf("%s, %s: %v after %v", r.Series, r.Config, r.Value, s.Depth[i].Value)
		}
	}
	for i, r := range s.Write[1:] {
		if r.Series == s.Write[i].Series && r.Value < s.Write[i].Value {
			t.Errorf("%s, %s: %v after %v", r.Series, r.Config, r.Value, s.Write[i].Value)
		}
	}
	for i := 2; i < len(s.ADC); i++ {
		if s.ADC[i].Value <= s.ADC[i-2].Value {
			t.Errorf("%s at %s: %v after %v", s.ADC[i].Series, s.ADC[i].Config, s.ADC[i].Value, s.ADC[i-2].Value)
		}
	}
}

// A ring of half the keys is written about twice as often a sentence, in a shorter time.
func TestLifetimes(t *testing.T) {
	rows, err := rebertstudy.Lifetimes(t.Context(), 128, 4, 20, 127)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 9 {
		t.Fatalf("%d rows", len(rows))
	}
	for i := range 3 {
		if !(rows[3*i].Value < rows[3*i+1].Value && rows[3*i+1].Value < rows[3*i+2].Value) {
			t.Errorf("%v, %v, %v days", rows[3*i].Value, rows[3*i+1].Value, rows[3*i+2].Value)
		}
	}
	// Reference sheet of ReRAM, 6: W = 20, N = 128, 1e9 writes: 1.45 days.
	if d := rows[4].Value; math.Abs(d-1.45) > 0.02 {
		t.Errorf("W = 20 with 1e9 writes lasts %v days, want 1.45", d)
	}
}

func TestRefusals(t *testing.T) {
	if _, err := rebertstudy.Evaluate(t.Context(), nil, rebertstudy.AssumedASIC()); err == nil {
		t.Error("an evaluation without windows")
	}
	if _, err := (rebertstudy.ASIC{MACs: 1, Clock: 1e9, Utilisation: 1.5}).Latency(rebert.BERTBase(), 128); err == nil {
		t.Error("a utilisation above 1")
	}
	if _, err := rebertstudy.FindTask("sst3"); err == nil {
		t.Error("a task that is not there")
	}
}

func ExampleEvaluate() {
	e, _ := rebertstudy.Evaluate(context.Background(), found(), rebertstudy.AssumedASIC())
	for i := range e.Tasks {
		p := &e.Tasks[i]
		fmt.Printf("%s: advanced %.2fx, basic %.2fx full attention\n", p.Name, p.Speedup(p.Advanced), p.Speedup(p.Basic))
	}
	// Output:
	// a: advanced 6.26x, basic 3.83x full attention
	// b: advanced 2.11x, basic 1.19x full attention
}
