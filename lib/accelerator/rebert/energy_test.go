package rebert_test

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/sparse-attention/workbench/lib/accelerator/rebert"
	"github.com/sparse-attention/workbench/lib/energy"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/unit"
	"pgregory.net/rapid"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// Reference sheet of ReRAM, 6: one 8-bit product of 768 x 768 and of 768 x 3072, in microjoules, without the shift-add.
func TestProductEnergies(t *testing.T) {
	s := rebert.Advanced()
	for _, c := range []struct {
		in, out, arrays int
		want            float64
	}{{768, 768, 576, 1.3674}, {768, 3072, 2304, 5.4697}, {3072, 768, 2304, 5.4697}} {
		b := s.Prices.Of(s.Product(c.in, c.out))
		got := float64(b.Total()-b[energy.CrossbarShiftAdd]) * 1e-6
		near(t, fmt.Sprintf("%d x %d", c.in, c.out), got, c.want, 0.00005)
		if n := s.Matrix(c.in, c.out); n != c.arrays {
			t.Errorf("%d x %d takes %d arrays, want %d", c.in, c.out, n, c.arrays)
		}
	}
}

// Reference sheet, 3.3 and 4.4: arrays of BERT-base, weights' energy of a word, a key written.
func TestIdentitiesOfBERTBase(t *testing.T) {
	w := rebert.Uniform(rebert.BERTBase(), 128, 20)
	r := simulate(t, rebert.Basic(), w)
	if a := r.Arrays; a.Weights != 82944 || a.Keys != 72*12 || a.Values != 96*12 || a.Copies != 0 {
		t.Errorf("arrays %+v", a)
	}
	weights := rebert.Arrays{Weights: 82944}
	if weights.Tiles() != 864 || math.Abs(weights.Chips()-5.14) > 0.005 {
		t.Errorf("%d tiles, %v chips", weights.Tiles(), weights.Chips())
	}
	if a := simulate(t, rebert.Baseline(), w).Arrays; a.Keys != 192*12 || a.Values != 96*12 || a.Copies != (192+96+576)*12 {
		t.Errorf("arrays of full attention %+v", a)
	}
	for half, want := range map[int]int{6: 24, 150: 456} {
		if a := rebert.Basic().Arrays(rebert.Uniform(rebert.BERTBase(), 384, half)); a.Keys != want*12 {
			t.Errorf("W=%d: %d key arrays, want %d a layer", half, a.Keys, want)
		}
	}
	if a := rebert.Baseline().Arrays(rebert.Uniform(rebert.BERTBase(), 384, 0)); a.Keys != 576*12 || a.Values != 288*12 {
		t.Errorf("N=384: %+v", a)
	}
	const words = 128 * 12
	sum := r.Energy[rebert.Generation].Plus(r.Energy[rebert.Projection]).Plus(r.Energy[rebert.FeedForward])
	near(t, "weights, uJ a word", float64(sum.Total()-sum[energy.CrossbarShiftAdd]-sum[energy.CrossbarBuffer])*1e-6/words, 16.41, 0.005)
	near(t, "key and value written, nJ a word", float64(r.Energy[rebert.Write][energy.CrossbarWrite])*1e-3/words, 2*7.3728, 1e-9)
	if d := simulate(t, rebert.Advanced(), w).Energy[rebert.Write][energy.CrossbarWrite]; d != 2*r.Energy[rebert.Write][energy.CrossbarWrite] {
		t.Errorf("two copies cost %v, one %v", d, r.Energy[rebert.Write][energy.CrossbarWrite])
	}
}

// Reference sheet, 4.4: savings of the inner product, with columns skipped one by one and in groups of 16.
func TestInnerProductSavings(t *testing.T) {
	for _, c := range []struct {
		tokens, half  int
		exact, groups float64
	}{{128, 20, 0.66, 0.625}, {128, 6, 0.89, 0.875}, {384, 150, 0.21, math.NaN()}} {
		w := rebert.Uniform(rebert.BERTBase(), c.tokens, c.half)
		base := simulate(t, rebert.Baseline(), w)
		near(t, fmt.Sprintf("N=%d, W=%d", c.tokens, c.half), saving(simulate(t, rebert.Advanced(), w), base), c.exact, 0.01)
		if !math.IsNaN(c.groups) {
			grouped := rebert.Advanced()
			grouped.ColumnGroup = 128
			near(t, fmt.Sprintf("N=%d, W=%d, whole arrays", c.tokens, c.half), saving(simulate(t, grouped, w), base), c.groups, 0.01)
		}
	}
}

// saving is of the analogue part: the buffers also move the query, which no window saves.
func saving(r, base rebert.Report) float64 {
	of := func(r rebert.Report) float64 {
		b := r.Energy[rebert.InnerProduct]
		return float64(b.Total() - b[energy.CrossbarBuffer])
	}
	return 1 - of(r)/of(base)
}

// Closed forms of the counts against the events, for random shapes and windows.
func TestCountsMeetClosedForms(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		heads := rapid.IntRange(1, 4).Draw(t, "heads")
		m := rebert.Encoder("x", rapid.IntRange(1, 4).Draw(t, "layers"), heads*rapid.IntRange(1, 200).Draw(t, "dim"), heads, rapid.IntRange(1, 300).Draw(t, "inner"))
		w := rebert.Workload{Model: m, Tokens: rapid.IntRange(1, 40).Draw(t, "tokens"), Batch: rapid.IntRange(1, 3).Draw(t, "batch")}
		for range m.Layers {
			w.Windows = append(w.Windows, rapid.IntRange(0, w.Tokens-1).Draw(t, "half"))
		}
		s := rebert.Basic()
		s.Scope = rebert.Scope(rapid.IntRange(0, 1).Draw(t, "scope"))
		r, err := s.Simulate(context.Background(), w)
		if err != nil {
			t.Fatal(err)
		}
		n := float64(w.Tokens * w.Batch)
		var elements, conversions float64
		for _, half := range w.Windows {
			if s.Scope == rebert.Kept {
				elements += n * pruning.MeanWindow(w.Tokens, half)
			} else {
				elements += n * float64(min(2*half+2, w.Tokens))
			}
		}
		elements *= float64(heads)
		conversions = elements * 8 * 8 * 2 * math.Ceil(float64(m.Dim())/128)
		if got := r.Counts[rebert.Softmax][energy.CrossbarMultiply]; math.Abs(got-2*elements) > 1e-6*elements {
			t.Fatalf("%v multiplications, want %v", got, 2*elements)
		}
		if got := r.Counts[rebert.InnerProduct][energy.CrossbarADC]; math.Abs(got-conversions) > 1e-6*conversions {
			t.Fatalf("%v conversions, want %v", got, conversions)
		}
		if got, want := r.Counts[rebert.Write][energy.CrossbarWrite], n*float64(m.Layers*m.Hidden*8*2*2); got != want {
			t.Fatalf("%v cells written, want %v", got, want)
		}
	})
}

// No part of the attention takes more energy in a smaller window, and full attention is the window of the whole sentence.
func TestEnergyIsMonotone(t *testing.T) {
	last := rebert.Energy{}
	for half := range 64 {
		r := simulate(t, rebert.Basic(), example(64, half, half))
		for _, p := range []rebert.Part{rebert.InnerProduct, rebert.Softmax, rebert.WeightedSum} {
			if r.Energy[p].Total() < last[p].Total() {
				t.Errorf("W=%d: %v takes %v, with a smaller window %v", half, p, r.Energy[p].Total(), last[p].Total())
			}
		}
		last = r.Energy
	}
	full := simulate(t, rebert.Baseline(), example(64, 63, 63))
	if last.Attention() != full.Energy.Attention() {
		t.Errorf("window of the whole sentence takes %v, full attention %v", last.Attention(), full.Energy.Attention())
	}
}

// Reference sheet of ReRAM, 6: lifetimes at an endurance of 1e9.
func TestLifetime(t *testing.T) {
	full := simulate(t, rebert.Baseline(), rebert.Uniform(rebert.BERTBase(), 128, 0))
	near(t, "days of full attention", full.Lifetime.Duration.Hours()/24, 16.3, 0.05)
	ring := simulate(t, rebert.Advanced(), rebert.Uniform(rebert.BERTBase(), 128, 20))
	near(t, "writes a sentence", ring.Lifetime.Writes, 3.05, 0.005)
	near(t, "days of a ring", ring.Lifetime.Duration.Hours()/24, 1.45, 0.005)
	tough := rebert.Baseline()
	tough.Endurance = 1e12
	near(t, "years of full attention", simulate(t, tough, rebert.Uniform(rebert.BERTBase(), 128, 0)).Lifetime.Years, 44.6, 0.05)
}

// The components that the sheet lists make most of ISAAC's tile of 0.372 mm2; registers and links are not listed.
func TestTileArea(t *testing.T) {
	c := rebert.DefaultCircuit()
	near(t, "tile, mm2", float64(c.Area(96).Total()), 0.334, 0.001)
	if c.Area(97).Total() != c.Area(192).Total() || c.Area(96).Total() >= 0.372 {
		t.Error("arrays are not in whole tiles, or the parts exceed the whole")
	}
	c.ArraysToADC = 4
	if c.Area(96).ADC*4 != rebert.DefaultCircuit().Area(96).ADC || c.Cycle() != 400*time.Nanosecond {
		t.Errorf("a shared converter takes %v and a cycle %v", c.Area(96).ADC, c.Cycle())
	}
}

func ExampleReport_Reductions() {
	// The published saving of the softmax, 54 %, is that of 59 keys out of 128; what the model saves there.
	fmt.Printf("W = %.1f\n", rebert.WindowFor(128, 0.54))
	w := rebert.Uniform(rebert.BERTBase(), 128, 28)
	base, _ := rebert.Baseline().Simulate(context.Background(), w)
	r, _ := rebert.Advanced().Simulate(context.Background(), w)
	d := r.Reductions(base)
	fmt.Printf("inner product %.0f %%, softmax %.0f %%, attention %.0f %%\n", 100*d.InnerProduct, 100*d.Softmax, 100*d.Attention)
	// Output:
	// W = 28.4
	// inner product 54 %, softmax 55 %, attention 40 %
}

// The three published reductions within ten points at the one window that the softmax implies, and the share of the softmax,
// which is far below the published one: the digital unit would have to take tens of picojoules a score.
func TestPublishedReductions(t *testing.T) {
	w := rebert.Uniform(rebert.BERTBase(), 128, 28)
	base := simulate(t, rebert.Baseline(), w)
	d := simulate(t, rebert.Advanced(), w).Reductions(base)
	near(t, "inner product", d.InnerProduct, 0.50, 0.10)
	near(t, "softmax", d.Softmax, 0.54, 0.10)
	near(t, "attention", d.Attention, 0.37, 0.10)
	attention := base.Energy.Attention()
	if share := unit.Ratio(base.Energy[rebert.Softmax].Total(), attention); share > 0.05 {
		t.Errorf("softmax takes %.3f of the attention energy", share)
	}
	near(t, "pJ a score for a share of 13 %", float64(base.SoftmaxElementFor(0.13, 12)), 60, 10)
}
