package spatten_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/lib/accelerator/spatten"
	"github.com/sparse-attention/workbench/lib/accelerator/spatten/topk"
	"github.com/sparse-attention/workbench/lib/dram"
	"github.com/sparse-attention/workbench/lib/published"
	"pgregory.net/rapid"
)

func simulate(t testing.TB, s spatten.Spec, w spatten.Workload) spatten.Report {
	t.Helper()
	r, err := s.Simulate(context.Background(), w)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func only(t testing.TB, w spatten.Workload, iterations ...int) spatten.Workload {
	t.Helper()
	w, err := w.Only(iterations...)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// uniform is layers of heads that all look alike.
func uniform(layers, heads int, r spatten.Row) spatten.Workload {
	w := spatten.Workload{Name: "uniform", Seed: 1}
	for l := range layers {
		for h := range heads {
			r.Layer, r.Head = l, h
			w.Rows = append(w.Rows, r)
		}
	}
	return w
}

func row(keys, values, bits int) spatten.Row {
	return spatten.Row{Dim: 64, Length: max(keys, 1000), Queries: 1, Keys: keys, Values: values, KeyBits: bits, QueryBits: 16, ValueBits: bits, Threshold: spatten.Float,
		LSBBits: spatten.Float, Keep: spatten.Float}
}

// The analytic models over the authors' files give every number of the reference computation.
func TestModelCheck(t *testing.T) {
	e, err := topk.Expect(topk.Published(16), 1024)
	if err != nil {
		t.Fatal(err)
	}
	s := spatten.Full()
	models := map[string]func(spatten.Workload, *topk.Expectation, float64) float64{
		"stage-max model": s.StageMax, "stage-sum model": s.StageSum, "RTL-occupancy model": s.Occupancy}
	checked := 0
	for _, w := range spatten.Authors() {
		for _, p := range published.Figure("spatten", "model-check") {
			if p.Workload != w.Name {
				continue
			}
			var usable float64
			if _, err := fmt.Sscanf(p.Config, "bandwidth_utilisation=%g", &usable); err != nil {
				t.Fatal(err)
			}
			if got := models[p.Series](w, e, usable); math.Abs(got-p.Value) > 6e-4 {
				t.Errorf("%v: %.4f, want %v", p.Key(), got, p.Value)
			}
			checked++
		}
	}
	if checked != 24 {
		t.Errorf("%d rows checked", checked)
	}
}

// The fixtures of the authors' quick BERT model.
func TestQuick(t *testing.T) {
	for _, c := range []struct {
		q    spatten.Quick
		want [3]int64
	}{{spatten.Quick{Heads: 1, Length: 16, Keys: 16, Bits: 8}, [3]int64{4, 32, 105}}, {spatten.Quick{Heads: 12, Length: 16, Keys: 16, Bits: 8}, [3]int64{48, 384, 105}},
		{spatten.Quick{Heads: 12, Length: 11, Keys: 11, Bits: 8}, [3]int64{48, 264, 105}}} {
		a, b, d := c.q.Parts(spatten.Full(), 64)
		if got := [3]int64{a, b, d}; got != c.want {
			t.Errorf("%+v: %v, want %v", c.q, got, c.want)
		}
	}
}

// A layer of BERT in the run lies between the work alone and the quick model, whose terms are added, plus the latency of the
// memory, which that model leaves out.
func TestSummarisationAgainstQuick(t *testing.T) {
	for _, n := range []int{8, 12, 16, 53, 128, 384} {
		r := row(n, n, 8)
		r.Length, r.Queries, r.QueryBits = n, n, 8
		w := uniform(1, 12, r)
		w.Stage = spatten.Summarisation
		got := int64(simulate(t, spatten.Full(), w).Cycles)
		memory, fill, drain := spatten.Quick{Heads: 12, Length: n, Keys: n, Bits: 8}.Parts(spatten.Full(), 64)
		const latency = 80
		queries := memory * 3 // queries and keys and values come through the same channels, which the model does not charge
		if got < fill+drain || got > fill+drain+memory+queries+latency {
			t.Errorf("%d tokens: %d clocks, fill and drain %d, all added %d + %d", n, got, fill+drain, fill+drain+memory, latency)
		}
	}
}

// Where the top-k engine is the slowest stage, a row takes as long as the engine; where the memory is, bytes rule.
func TestSlowestStageRules(t *testing.T) {
	for _, c := range []struct{ keys, values, bits int }{{307, 92, 6}, {600, 180, 8}, {1000, 300, 8}} {
		w := uniform(4, 16, row(c.keys, c.values, c.bits))
		apart := spatten.Full()
		apart.FusedSelection = false
		r := simulate(t, apart, w)
		if u := r.Utilisation(spatten.TopK); u < 0.85 || u > 1 {
			t.Errorf("%+v: the engine works %.3f of the time", c, u)
		}
	}
	pairs := uniform(4, 16, row(600, 180, 6))
	apart := spatten.Full()
	apart.FusedSelection = false
	if a, b := simulate(t, spatten.Full(), pairs), simulate(t, apart, pairs); float64(a.Cycles) > 0.9*float64(b.Cycles) {
		t.Errorf("selecting for two heads at once: %d clocks, one by one %d", a.Cycles, b.Cycles)
	}
	dense := simulate(t, spatten.Full(), uniform(2, 16, row(1000, 1000, spatten.Float)))
	if share := dense.Bandwidth() / 512e9; share < 0.70 || share > 0.80 {
		t.Errorf("a dense FP32 stream reaches %.3f of the peak; 16 reads on their way allow about 0.76, the paper's FC layers reach 0.73", share)
	}
	free := spatten.Full()
	free.Outstanding = 64
	if share := simulate(t, free, uniform(2, 16, row(1000, 1000, spatten.Float))).Bandwidth() / 512e9; share < 0.85 {
		t.Errorf("with 64 reads on their way %.3f of the peak", share)
	}
}

// No run is faster than any of its stages, reads what it says, and comes out the same again.
func TestBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := spatten.Workload{Name: "drawn", Seed: rapid.Uint64().Draw(t, "seed")}
		bits := rapid.SampledFrom([]int{4, 6, 8, 12, spatten.Float}).Draw(t, "bits")
		length := rapid.IntRange(1, 400).Draw(t, "length")
		keys, heads := length, 6
		for l := range rapid.IntRange(1, 4).Draw(t, "layers") {
			keys = rapid.IntRange(1, keys).Draw(t, "keys")
			heads = rapid.IntRange(1, heads).Draw(t, "heads")
			for h := range heads {
				r := row(keys, rapid.IntRange(max(1, keys/4), keys).Draw(t, "values"), bits)
				r.Length, r.Layer, r.Head = length, l, h
				if bits == 6 {
					r.LSBBits, r.Threshold, r.LSB = 4, 0.1, rapid.Bool().Draw(t, "lsb")
				}
				if h == heads-1 {
					r.Rank, r.Keep = true, max(1, keys/2)
				}
				w.Rows = append(w.Rows, r)
			}
		}
		s := spatten.Full()
		s.LayerBarrier = rapid.Bool().Draw(t, "barrier")
		r, err := s.Simulate(context.Background(), w)
		if err != nil {
			t.Fatal(err)
		}
		for m := range spatten.Module(spatten.Modules) {
			most := 1.0
			if m == spatten.TopK {
				most = 2 // two engines
			}
			if u := r.Utilisation(m); u > most || u < 0 {
				t.Fatalf("%v works %v of the time", m, u)
			}
		}
		if float64(r.Memory.Bytes) < r.Totals.Traffic || r.Bandwidth() > 512e9 {
			t.Fatalf("%v bytes, planes have %v; %v B/s", r.Memory.Bytes, r.Totals.Traffic, r.Bandwidth())
		}
		again, err := s.Simulate(context.Background(), w)
		if err != nil || !reflect.DeepEqual(r, again) {
			t.Fatal("the same run came out differently", err)
		}
		if !s.LayerBarrier {
			s.LayerBarrier = true
			if b, _ := s.Simulate(context.Background(), w); b.Cycles+b.Cycles/10+100 < r.Cycles {
				t.Fatalf("waiting for layers makes it faster: %d, not %d", b.Cycles, r.Cycles)
			}
		}
	})
}

// More keys, more bits and second passes cost time; more comparators do not.
func TestMonotone(t *testing.T) {
	last := 0.0
	for keys := 100; keys <= 1000; keys += 150 {
		now := simulate(t, spatten.Full(), uniform(2, 16, row(keys, keys*3/10, 8))).Seconds()
		if now < last {
			t.Errorf("%d keys are faster than fewer", keys)
		}
		last = now
	}
	last = math.Inf(1)
	for _, n := range []int{1, 2, 4, 8, 16, 32} {
		s := spatten.Full()
		s.TopK.Comparators = n
		now := simulate(t, s, uniform(2, 16, row(600, 180, 8))).Seconds()
		if now > last*1.02 {
			t.Errorf("%d comparators are slower than %d", n, n/2)
		}
		last = now
	}
	plain := row(300, 90, 6)
	plain.LSBBits, plain.Threshold = 4, 0.1
	low := plain
	low.LSB = true
	a, b := simulate(t, spatten.Full(), uniform(2, 12, plain)), simulate(t, spatten.Full(), uniform(2, 12, low))
	if a.Cycles >= b.Cycles || b.Busy[spatten.QK] != 2*a.Busy[spatten.QK] || b.Memory.Bytes-a.Memory.Bytes != 24*300*32 {
		t.Errorf("second passes: %d clocks and %v, without %d and %v", b.Cycles, b.Memory.Bytes, a.Cycles, a.Memory.Bytes)
	}
}

// The channel of an address changes every 32 bytes.
func TestChannelMap(t *testing.T) {
	m, err := dram.ParseMapping(spatten.Memory(16))
	if err != nil {
		t.Fatal(err)
	}
	if l, err := m.Locate(0x1234); err != nil || l.Channel != 1 {
		t.Errorf("0x1234 lies at %+v, %v; must be in channel 1", l, err)
	}
	r := simulate(t, spatten.Full(), uniform(1, 16, row(512, 512, 8)))
	lo, hi := r.Memory.Channels[0].Requests, r.Memory.Channels[0].Requests
	for _, c := range r.Memory.Channels {
		lo, hi = min(lo, c.Requests), max(hi, c.Requests)
	}
	if len(r.Memory.Channels) != 16 || float64(lo) < 0.8*float64(hi) {
		t.Errorf("%d channels with %d to %d requests", len(r.Memory.Channels), lo, hi)
	}
}

// The authors' workload for GPT-2-Medium against the latency that Fig. 14 and Table IV imply, and the dense one against step 1 of
// Fig. 20. Neither took part in any fit.
func TestAuthorsLatencies(t *testing.T) {
	first, later := simulate(t, spatten.Full(), only(t, spatten.AuthorsMedium(), 0)), simulate(t, spatten.Full(), only(t, spatten.AuthorsMedium(), 10, 22))
	ms := (first.Seconds() + 31.0/2*later.Seconds()) * 1e3
	row, err := published.Find("spatten", "derived-latency", "SpAtten", "gpt2-medium-wikitext2", "attention, with head pruning", "latency")
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(ms/row.Value-1) > 0.10 {
		t.Errorf("GPT-2-Medium on WikiText-2: %.3f ms, published %.3f", ms, row.Value)
	}
	dense := simulate(t, spatten.Full(), only(t, spatten.AuthorsMediumDense(), 15)).Seconds() * 32e3
	if math.Abs(dense/(366.7/22.1431)-1) > 0.10 {
		t.Errorf("dense GPT-2-Medium: %.2f ms, published %.2f", dense, 366.7/22.1431)
	}
}

func TestArea(t *testing.T) {
	if a := float64(spatten.Full().Modules.Sum(0, spatten.Modules).Area); math.Abs(a-18.713) > 1e-3 {
		t.Errorf("area %v", a)
	}
	if a := float64(spatten.Eighth().Modules.Sum(0, spatten.Modules).Area); math.Abs(a-1.55) > 1e-9 {
		t.Errorf("area of the eighth %v", a)
	}
	if p := spatten.Full().PeakOperations(); math.Abs(p/2.048e12-1) > 1e-9 {
		t.Errorf("peak %v", p)
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := spatten.Full().Simulate(ctx, spatten.AuthorsSmall()); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		change func(*spatten.Workload)
		want   string
	}{
		{func(w *spatten.Workload) { w.Rows[3].Keys = 1001 }, "Rows[3].Keys is 1001, must be in 1..1000 (Length)"},
		{func(w *spatten.Workload) { w.Rows[3].Values = 301 }, "Rows[3].Values is 301, must be in 1..300 (Keys)"},
		{func(w *spatten.Workload) { w.Rows[3].Values = 0 }, "Rows[3].Values is 0, must be in 1..300 (Keys)"},
		{func(w *spatten.Workload) { w.Rows[2].KeyBits = 5 }, "Rows[2].KeyBits is 5, must be 4, 6, 8, 10, 12, 16 or -1"},
		{func(w *spatten.Workload) { w.Rows[2].LSBBits = 6 }, "Rows[2].LSBBits is 6"},
		{func(w *spatten.Workload) { w.Rows[2].LSB = true }, "Rows[2].LSB is true, must be false without a second plane"},
		{func(w *spatten.Workload) { w.Rows[1].Threshold = math.NaN() }, "Rows[1].Threshold is NaN, must be -1 or in 0..1"},
		{func(w *spatten.Workload) {
			for i := 4; i < 8; i++ {
				w.Rows[i].Keys = 400
			}
		}, "Rows[4].Keys is 400, must be at most 300: a pruned token does not come back"},
		{func(w *spatten.Workload) { w.Rows = append(w.Rows[:3:3], w.Rows[4:]...) }, "Rows[6].Head is 3, must be among the 3 of the layer before: a pruned head does not come back"},
		{func(w *spatten.Workload) { w.Rows[5].Keys = 299 }, "Rows[5].Keys is 299, must be 300 as for the other heads of its layer"},
		{func(w *spatten.Workload) { w.Rows[5].Head = 0 }, "Rows[5].Head is 0, must be after the row before"},
		{func(w *spatten.Workload) { w.Rows[5].Queries = 2 }, "Rows[5].Queries is 2, must be 1 in generation"},
		{func(w *spatten.Workload) { w.Rows[5].Rank = true }, "Rows[5].Keep is -1, must be in 1..1000 (Length)"},
		{func(w *spatten.Workload) { w.Rows = nil }, "holds 0 rows"},
	} {
		w := uniform(2, 4, row(300, 90, 8))
		c.change(&w)
		if _, err := spatten.Full().Simulate(context.Background(), w); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
	for _, c := range []struct {
		change func(*spatten.Spec)
		want   string
	}{
		{func(s *spatten.Spec) { s.QKMultipliers = 0 }, "Spec.QKMultipliers is 0, must be in 1.."},
		{func(s *spatten.Spec) { s.Clock = 2e9 }, "Spec.Memory.Clock is 1e+09, must be 2e+09 Hz (Clock)"},
		{func(s *spatten.Spec) { s.TopK.Comparators = 33 }, "topk: Engine.Comparators is 33, must be in 1..32"},
		{func(s *spatten.Spec) { s.Memory.Mapping = "rochbabgpcco" }, "Spec.Memory.Mapping is"},
		{func(s *spatten.Spec) { s.KeySRAM = 1000 }, "must fit half of Spec.KeySRAM"},
		{func(s *spatten.Spec) { s.SoftmaxFIFO = 37 }, "Keys is 300, must be at most 296 (Spec.SoftmaxFIFO"},
		{func(s *spatten.Spec) { s.QKMultipliers = 32 }, "at most 32 multipliers"},
	} {
		s := spatten.Full()
		c.change(&s)
		if _, err := s.Simulate(context.Background(), uniform(1, 2, row(300, 90, 8))); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
	k := spatten.Declared()
	k.Corpora[0] = 1
	if _, err := k.Workload(spatten.Benchmarks()[22]); err == nil || !strings.Contains(err.Error(), "must be in [0,1)") {
		t.Error(err)
	}
}

func ExampleSpec_Simulate() {
	w, _ := spatten.Declared().Workload(spatten.Benchmarks()[2])
	r, _ := spatten.Full().Simulate(context.Background(), w)
	fmt.Printf("%s: %d rows, %.1f us\n", w.Name, r.Totals.Rows, r.Seconds()*1e6)
	// Output: bert-base-cola: 127 rows, 5.4 us
}

// One generation of 32 tokens by GPT-2-Medium, cycle by cycle.
func BenchmarkGeneration(b *testing.B) {
	w, err := spatten.Declared().Workload(spatten.Benchmarks()[26])
	if err != nil {
		b.Fatal(err)
	}
	var r spatten.Report
	for b.Loop() {
		r = simulate(b, spatten.Full(), w)
	}
	b.ReportMetric(float64(b.N)*float64(r.Memory.Requests)/b.Elapsed().Seconds()/1e6, "Mrequests/s")
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/generation")
}
