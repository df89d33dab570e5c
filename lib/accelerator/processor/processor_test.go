package processor_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/lib/accelerator/processor"
	"github.com/sparse-attention/workbench/lib/published"
)

func must(t testing.TB, v processor.Seconds, err error) float64 {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return float64(v) * 1e3
}

func near(t *testing.T, what string, got, want, percent float64) {
	t.Helper()
	if math.Abs(got/want-1) > percent/100 {
		t.Errorf("%s: %.4g, want %.4g within %g %%", what, got, want, percent)
	}
}

func find(t testing.TB, system, figure, series, workload, config, metric string) float64 {
	t.Helper()
	r, err := published.Find(system, figure, series, workload, config, metric)
	if err != nil {
		t.Fatal(err)
	}
	return r.Value
}

// Times of generation on all platforms against those that follow from Table IV and Fig. 14; those of GPT-2-Small in
// proportion, since the sheet takes half of GPT-2-Medium's for the TITAN Xp.
func TestGeneration(t *testing.T) {
	half := 0.0
	for p, s := range processor.Platforms() {
		for w, model := range []string{"gpt2-small", "gpt2-medium"} {
			g := processor.Generation{Layers: 12 * (w + 1), Width: processor.Width(w), Tokens: 32}
			v, err := s.Generate(g)
			want := find(t, "spatten", "derived-latency", s.Name, model, "attention, 32 tokens after 992", "latency")
			if w == 0 {
				if p == 0 {
					half = must(t, v, err) / want
				}
				want *= half
			}
			near(t, s.Name+" "+model, must(t, v, err), want, 0.5)
		}
	}
	if half < 0.8 || half > 1 {
		t.Errorf("GPT-2-Small takes %.3f of half of GPT-2-Medium's time", half)
	}
}

// GPT-2-Small's time is where Figs. 14 and 15 meet: SpAtten's latency times its speedup, less what head pruning gains.
func TestNarrowStepFollowsFromTwoFigures(t *testing.T) {
	product, wide := 1.0, 0.0
	for _, c := range []string{"wikitext2", "wikitext103", "ptb", "1bw"} {
		latency := find(t, "spatten", "derived-latency", "SpAtten-e2e", "gpt2-small-"+c, "attention, no head pruning", "latency")
		product *= latency * find(t, "spatten", "fig14-speedup", "over TITAN Xp", "gpt2-small-"+c, "attention layers", "speedup")
		wide += find(t, "spatten", "derived-latency", "SpAtten", "gpt2-medium-"+c, "attention, with head pruning", "latency") / 4
	}
	heads := find(t, "spatten", "table4", "SpAtten-e2e", "mean of 4 GPT-2-Medium", "attention; no head pruning; 992 prompt + 32 tokens", "latency") / wide
	v, err := processor.TITANXp().Generate(processor.Generation{Layers: 12, Width: processor.Narrow, Tokens: 32})
	near(t, "GPT-2-Small", must(t, v, err), math.Pow(product, 0.25)/heads, 0.5)
}

// Fig. 2 prints attention and total for GPT-2-Medium; Table IV the TITAN Xp's.
func TestEndToEnd(t *testing.T) {
	g := processor.Generation{Layers: 24, Width: processor.Wide, Tokens: 32}
	for _, s := range processor.Platforms()[:3] {
		a, err := s.Generate(g)
		attention := must(t, a, err)
		f, err := s.FullyConnected(g)
		total := attention + must(t, f, err)
		near(t, s.Name+" attention", attention/1e3, find(t, "spatten", "fig2", "attention", s.Name, "GPT-2 end to end", "latency"), 2)
		near(t, s.Name+" total", total/1e3, find(t, "spatten", "fig2", "total", s.Name, "GPT-2 end to end", "latency"), 4)
		near(t, s.Name+" share", 100*attention/total, find(t, "spatten", "fig2", "attention", s.Name, "GPT-2 end to end", "latency_share"), 2)
	}
}

// The launch term alone of BERT-Base and BERT-Large, and growth with length.
func TestSummaries(t *testing.T) {
	titan := processor.TITANXp()
	near(t, "launch of BERT-Base", float64(titan.Launch)*12e3, 5.730, 0.1)
	near(t, "launch of BERT-Large", float64(titan.Launch)*24e3, 11.46, 0.1)
	for _, s := range processor.Platforms() {
		last := 0.0
		for n := 1; n < 600; n++ {
			v, err := s.Summarise(processor.Summary{Layers: 12, Model: 768, Tokens: n})
			now := must(t, v, err)
			if now < last {
				t.Errorf("%s: %d tokens take %v ms, %d take %v", s.Name, n-1, last, n, now)
			}
			last = now
		}
	}
}

var lengths = map[string]int{"squad-v1": 181, "squad-v2": 181, "cola": 12, "mnli-m": 39, "mnli-mm": 39, "mrpc": 53, "qnli": 51, "qqp": 30, "rte": 68,
	"sst2": 25, "stsb": 31}

// miss sums squared logarithms of our ratio to the TITAN Xp over the published one.
func miss(t testing.TB, s processor.Spec, model string, layers, width int) float64 {
	sum := 0.0
	for task, n := range lengths {
		w := processor.Summary{Layers: layers, Model: width, Tokens: n, Long: n > 128}
		ours, err := s.Summarise(w)
		titan, _ := processor.TITANXp().Summarise(w)
		want := find(t, "spatten", "fig14-speedup", "over "+s.Name, model+task, "attention layers", "speedup") /
			find(t, "spatten", "fig14-speedup", "over TITAN Xp", model+task, "attention layers", "speedup")
		sum += math.Pow(math.Log(must(t, ours, err)/(float64(titan)*1e3)/want), 2)
	}
	return math.Sqrt(sum / float64(len(lengths)))
}

// The fitted terms are where the misfit is least, and carry over to BERT-Large, which took no part.
func TestFittedTerms(t *testing.T) {
	for _, s := range processor.Platforms()[1:] {
		base := miss(t, s, "bert-base-", 12, 768)
		for _, f := range [][2]float64{{1.1, 1}, {0.9, 1}, {1, 1.1}, {1, 0.9}} {
			moved := s
			moved.Launch *= processor.Seconds(f[0])
			moved.PerToken *= processor.Seconds(f[1])
			if m := miss(t, moved, "bert-base-", 12, 768); m < base {
				t.Errorf("%s: scaled by %v the misfit is %.4f, at the preset %.4f", s.Name, f, m, base)
			}
		}
		if large := miss(t, s, "bert-large-", 24, 1024); large > 0.4 {
			t.Errorf("%s: misfit of BERT-Large %.3f", s.Name, large)
		} else {
			t.Logf("%s: misfit %.3f on BERT-Base, %.3f on BERT-Large", s.Name, base, large)
		}
	}
	if n := len(processor.Anchors()); n != 33 {
		t.Errorf("%d anchors", n)
	}
}

// ELSA's V100: the bar that the efficiency comes from, and the sizes for which it is no more than a guess.
func TestV100(t *testing.T) {
	v, err := processor.V100().Head(384, 64)
	near(t, "SQuAD v1.1", must(t, v, err)*1e3, 24.5, 1)
	v, err = processor.V100().Head(512, 64)
	if us := must(t, v, err) * 1e3; us < 23 || us > 46 { // RACE: 23.0 us if everything is padded to 512
		t.Errorf("padded to 512: %v us", us)
	}
}

func TestPower(t *testing.T) {
	for _, s := range processor.Platforms() {
		want := find(t, "spatten", "derived-power", s.Name, "gpt2-medium-wikitext2", "SpAtten at 8.30 W", "dynamic_power")
		near(t, s.Name, float64(s.Generating[processor.Wide]), want, 6) // the group's mean against one data set
	}
	if got := processor.Amdahl(0.486); math.Abs(got-1.9455) > 1e-3 {
		t.Errorf("Amdahl %v", got)
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		change func(*processor.Spec)
		want   string
	}{
		{func(s *processor.Spec) { s.Efficiency = 0 }, "Spec.Efficiency is 0, must be in (0,1]"},
		{func(s *processor.Spec) { s.Launch = -1 }, "Spec.Launch is -1"},
		{func(s *processor.Spec) { s.Peak = math.NaN() }, "Spec.Peak is NaN"},
		{func(s *processor.Spec) { s.PadLong = 1 }, "Spec.PadLong is 1, must be at least 128"},
	} {
		s := processor.TITANXp()
		c.change(&s)
		if _, err := s.Summarise(processor.Summary{Layers: 1, Model: 1, Tokens: 1}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
	if _, err := processor.TITANXp().Summarise(processor.Summary{Layers: 1, Model: 768}); err == nil {
		t.Error("a sentence without tokens")
	}
	if _, err := processor.RaspberryPi().FullyConnected(processor.Generation{Layers: 1, Tokens: 1}); err == nil {
		t.Error("a time that nobody published")
	}
	if _, err := processor.Xeon().Head(384, 64); err == nil {
		t.Error("a roofline without a roof")
	}
}

func ExampleSpec_Generate() {
	t, _ := processor.TITANXp().Generate(processor.Generation{Layers: 24, Width: processor.Wide, Tokens: 32})
	fmt.Printf("%.1f ms\n", t*1e3)
	// Output: 366.7 ms
}
