package trace_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/trace"
)

// fig10 is the SPRINT series of Figure 10, percent of main memory traffic saved over S-Baseline at S, M and L (digitised
// to +-0.5 points).
var fig10 = map[string][3]float64{
	"BERT-B": {97.9, 98.7, 99.1}, "BERT-L": {98.7, 99.1, 99.1}, "ALBERT-XL": {97.9, 98.7, 99.1}, "ALBERT-XXL": {98.3, 99.1, 99.1},
	"ViT-B": {72.9, 96.6, 96.6}, "GPT-2-L": {97.4, 98.3, 99.1}, "Synth-1": {96.6, 97.4, 98.3}, "Synth-2": {96.1, 97.0, 97.9},
}

// reductions applies the traffic equations of the reference sheet, 4.2, to the mean of some heads.
func reductions(t *testing.T, s trace.Synthesis, heads int) (r [3]float64) {
	n, v := float64(s.Tokens), float64(s.Valid)
	base := 2*n*max(n-128, 0) + 4.6*n
	for i := range heads {
		s.Seed = uint64(1 + i)
		out := mustMake(t, s)
		if m := attention.Measure(out.Head, out.Mask); math.Abs(m.PruningRate-s.PruningRate) > 1e-3 {
			t.Errorf("%s: pruned %v, want %v", s.Name, m.PruningRate, s.PruningRate)
		}
		for b, capacity := range []int{128, 256, 512} {
			loads := 0
			for _, k := range trace.NewKeys(out.Mask, capacity, trace.HitsFirst) {
				loads += k
			}
			r[b] += 100 * (1 - (2*float64(loads)+2.6*v)/base) / float64(heads)
		}
	}
	return r
}

// The declared correlations reproduce the S bars that they were fitted on; M and L, and all bars of the two synthetic
// workloads, are predictions within 2 points.
func TestSPRINTWorkloadsReproduceFigure10(t *testing.T) {
	for i, s := range trace.SPRINT() {
		if err := s.Validate(); err != nil {
			t.Fatal(err)
		}
		heads := 4
		if s.Tokens > 1024 {
			heads = 1
		}
		got, want := reductions(t, s, heads), fig10[s.Name]
		for size, name := range []string{"S", "M", "L"} {
			limit := 2.0
			if i < 6 && size == 0 {
				limit = 0.5
			}
			if d := got[size] - want[size]; math.Abs(d) > limit {
				t.Errorf("%s %s: %.2f, published %.1f", s.Name, name, got[size], want[size])
			}
		}
		t.Logf("%-10s S %.2f/%.1f M %.2f/%.1f L %.2f/%.1f", s.Name, got[0], want[0], got[1], want[1], got[2], want[2])
	}
}

// The declared numbers are what the fit gives, to the scatter of a few heads.
func TestSPRINTCorrelationsAreFitted(t *testing.T) {
	for _, s := range trace.SPRINT()[:6] {
		declared := s.Locality.Value
		s.Locality = trace.SPRINTFit(s, fig10[s.Name][0]/100)
		a, reached, err := s.Fit(3)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(a-declared) > 0.03 || math.Abs(reached-s.Locality.Value) > 5e-4 {
			t.Errorf("%s: fit gives %.3f (new keys %.4f of %.4f), declared %.3f", s.Name, a, reached, s.Locality.Value, declared)
		}
	}
}

// S cannot tell the locality of the synthetic workloads: the published bar asks for no more loads than a mask that never
// changes would need.
func TestSynthBarsAreOutOfReachOnS(t *testing.T) {
	for _, s := range trace.SPRINT()[6:] {
		kept := (1 - s.PruningRate) * float64(s.Valid)
		least := (kept - 128) / float64(s.Tokens)
		if want := trace.SPRINTFit(s, fig10[s.Name][0]/100).Value; want > 1.02*least {
			t.Errorf("%s: the bar asks for %.4f of N new keys, a fixed mask needs %.4f", s.Name, want, least)
		}
	}
}

func ExampleSPRINT() {
	for _, s := range trace.SPRINT()[:2] {
		fmt.Printf("%s: N %d, %d valid, correlation %.3f, %.0f %% of a row kept by the next\n",
			s.Name, s.Tokens, s.Valid, s.Locality.Value, 100*trace.StayKeptProbability(s.PruningRate, s.Locality.Value))
	}
	// Output:
	// BERT-B: N 384, 211 valid, correlation 0.656, 54 % of a row kept by the next
	// BERT-L: N 384, 194 valid, correlation 0.743, 59 % of a row kept by the next
}
