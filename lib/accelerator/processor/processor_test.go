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

// Times of generation on all platforms against those that follow from Table IV and Fig. 14.
func TestGeneration(t *testing.T) {
	for _, s := range processor.Platforms() {
		for w, model := range []string{"gpt2-small", "gpt2-medium"} {
			g := processor.Generation{Layers: 12 * (w + 1), Width: processor.Width(w), Tokens: 32}
			v, err := s.Generate(g)
			want := find(t, "spatten", "derived-latency", s.Name, model, "attention, 32 tokens after 992", "latency")
			near(t, s.Name+" "+model, must(t, v, err), want, 0.5)
		}
	}
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

// The two bars of each platform that its line goes through, relative to the TITAN Xp.
func TestAnchors(t *testing.T) {
	for _, s := range processor.Platforms()[1:] {
		for _, task := range []struct {
			name   string
			tokens int
		}{{"bert-base-cola", 11}, {"bert-base-rte", 69}} {
			w := processor.Summary{Layers: 12, Model: 768, Tokens: task.tokens}
			ours, err := s.Summarise(w)
			titan, _ := processor.TITANXp().Summarise(w)
			want := find(t, "spatten", "fig14-speedup", "over "+s.Name, task.name, "attention layers", "speedup") /
				find(t, "spatten", "fig14-speedup", "over TITAN Xp", task.name, "attention layers", "speedup")
			near(t, s.Name+" "+task.name, must(t, ours, err)/(float64(titan)*1e3), want, 1)
		}
	}
	if n := len(processor.Anchors()); n != 6 {
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
