package spattenstudy_test

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"sync"
	"testing"

	"github.com/sparse-attention/workbench/lib/accelerator/processor"
	"github.com/sparse-attention/workbench/lib/accelerator/spatten"
	"github.com/sparse-attention/workbench/lib/experiment/spattenstudy"
	"github.com/sparse-attention/workbench/lib/published"
)

// thirty runs all benchmarks once for all tests.
var thirty = sync.OnceValues(func() ([]spattenstudy.Run, error) {
	return spattenstudy.Evaluate(context.Background(), spattenstudy.Default(), spatten.Benchmarks())
})

func results(t testing.TB) *spattenstudy.Results {
	t.Helper()
	runs, err := thirty()
	if err != nil {
		t.Fatal(err)
	}
	return &spattenstudy.Results{Options: spattenstudy.Default(), Runs: runs}
}

func bar(t testing.TB, figure, series, workload, metric string) float64 {
	t.Helper()
	r, err := published.Find("spatten", figure, series, workload, "attention layers", metric)
	if err != nil {
		t.Fatal(err)
	}
	return r.Value
}

// Geometric means over the 30 benchmarks on the four processors within 25 %, speed and energy, and of the families within 30 %:
// BERT comes out too fast, which is the known gap of the launch term.
func TestGeomeans(t *testing.T) {
	r := results(t)
	for p, s := range processor.Platforms() {
		for _, c := range []struct {
			figure, metric string
			f              func(spattenstudy.Run) float64
		}{{"fig14-speedup", "speedup", func(x spattenstudy.Run) float64 { return x.Speedup(p) }},
			{"fig14-energy", "energy_efficiency_ratio", func(x spattenstudy.Run) float64 { return x.Saving(p) }}} {
			ours := spattenstudy.Geomean(r.Runs, nil, c.f)
			want := bar(t, c.figure, "over "+s.Name, "geomean of 30", c.metric)
			if math.Abs(ours/want-1) > 0.25 {
				t.Errorf("%s over %s: %.4g, published %.4g", c.metric, s.Name, ours, want)
			}
			if c.metric == "speedup" {
				for name, family := range map[string]func(spattenstudy.Run) bool{"geomean of 22 BERT": spattenstudy.BERT, "geomean of 8 GPT-2": spattenstudy.GPT2} {
					ours, want := spattenstudy.Geomean(r.Runs, family, c.f), bar(t, c.figure, "over "+s.Name, name, c.metric)
					if math.Abs(ours/want-1) > 0.30 {
						t.Errorf("%s over %s, %s: %.4g, published %.4g", c.metric, s.Name, name, ours, want)
					}
				}
			}
		}
	}
}

// The order of benchmarks within every family.
func TestOrders(t *testing.T) {
	for _, f := range results(t).Orders() {
		if f.Correlation < 0.8 {
			t.Errorf("%s: rank correlation %.3f", f.Model, f.Correlation)
		}
	}
}

// GPT-2-Medium took part in no fit.
func TestMediumIsPredicted(t *testing.T) {
	for _, x := range results(t).Runs {
		if x.Benchmark.Model != spatten.GPT2Medium {
			continue
		}
		want := bar(t, "fig14-speedup", "over TITAN Xp", x.Benchmark.Name(), "speedup")
		if math.Abs(x.Speedup(0)/want-1) > 0.25 {
			t.Errorf("%s: %.1f, published %.0f", x.Benchmark.Name(), x.Speedup(0), want)
		}
	}
}

// The fit of the corpora: GPT-2-Small without head pruning, whose latencies follow from Fig. 15. 1BW is out of reach.
func TestCorporaFit(t *testing.T) {
	o := spattenstudy.Default()
	o.Keep.Heads = 0
	runs, err := spattenstudy.Evaluate(context.Background(), o, spatten.Benchmarks()[22:26])
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range runs {
		row, err := published.Find("spatten", "derived-latency", "SpAtten-e2e", x.Benchmark.Name(), "attention, no head pruning", "latency")
		if err != nil {
			t.Fatal(err)
		}
		allowed := 0.02
		if i == 3 {
			allowed = 0.20
		}
		if ms := x.Report.Seconds() * 1e3; math.Abs(ms/row.Value-1) > allowed {
			t.Errorf("%s: %.3f ms, published %.3f", x.Benchmark.Name(), ms, row.Value)
		}
	}
}

// Mean throughput, operations actually done: BERT within 10 % of 1.61 TFLOPS, GPT-2 within 20 % of 0.43.
func TestThroughput(t *testing.T) {
	r := results(t)
	if _, v := r.Roofline(spattenstudy.BERT); math.Abs(v/1.61e12-1) > 0.10 {
		t.Errorf("BERT: %.3g", v)
	}
	if _, v := r.Roofline(spattenstudy.GPT2); math.Abs(v/0.43e12-1) > 0.20 {
		t.Errorf("GPT-2: %.3g", v)
	}
}

// Fig. 19(a): the shape within 10 %; and its saturation.
func TestComparatorShape(t *testing.T) {
	r := results(t)
	o := spattenstudy.Default()
	w, err := o.Keep.Workload(r.SweepApplication())
	if err != nil {
		t.Fatal(err)
	}
	if w, err = w.Only(10); err != nil {
		t.Fatal(err)
	}
	points, err := spattenstudy.Comparators(context.Background(), o, w, 1, 2, 4, 8, 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{168.404, 298.772, 485.423, 652.795, 776.242, 770.868} {
		if got := points[i].Throughput / points[4].Throughput; math.Abs(got/(want/776.242)-1) > 0.10 {
			t.Errorf("%d comparators: %.3f of 16, published %.3f", points[i].Parameter, got, want/776.242)
		}
	}
}

// The parts of Table II as shares, of which only the memory is not fitted.
func TestPowerSplit(t *testing.T) {
	p := results(t).Power()
	for _, c := range []struct {
		name        string
		ours, watts float64
	}{{"logic", p.Logic, 1.36}, {"SRAM", p.SRAM, 1.24}, {"DRAM", p.DRAM, 5.71}} {
		if got, want := c.ours/p.Total(), c.watts/(1.36+1.24+5.71); math.Abs(got/want-1) > 0.15 {
			t.Errorf("%s: %.3f of the power, published %.3f", c.name, got, want)
		}
	}
}

// Other chips' constants, worked by hand from their tables at our activity: A3 needs (14.338 + 50.918)/128 pJ a multiplier of 9 bits
// and 2.901/576 a bit from 20 KB, ELSA 566.42/512 and 167.39/2304 from 9 KB. The SRAM of ELSA comes within 15 % of the paper's; A3's
// is twenty times smaller: no constant from elsewhere decides the split.
func TestChips(t *testing.T) {
	r := results(t)
	active := spattenstudy.Mean(r.Runs, spattenstudy.GPT2, func(x spattenstudy.Run) float64 {
		return x.Report.Utilisation(spatten.QK) + x.Report.Utilisation(spatten.PV)
	})
	for i, c := range []struct{ multiplier, bit, bank float64 }{{0.50981, 0.0050365, 20}, {1.10629, 0.072652, 9}} {
		got := r.Chips()[i]
		logic := active * 512 * c.multiplier * 16 / 9 / 1000
		sram := active * 512 * 12 * 2 * c.bit * math.Sqrt(96/c.bank) / 1000
		if math.Abs(float64(got.Logic)/logic-1) > 1e-3 || math.Abs(float64(got.SRAM)/sram-1) > 1e-3 {
			t.Errorf("%s: logic %.4f W and SRAM %.4f W, must be %.4f and %.4f", got.Name, float64(got.Logic), float64(got.SRAM), logic, sram)
		}
	}
	if a, e := r.Chips()[0].SRAM, r.Chips()[1].SRAM; math.Abs(float64(e)/1.24-1) > 0.15 || a > e/10 {
		t.Errorf("SRAM at the constants of A3 %.3f W and of ELSA %.3f W", float64(a), float64(e))
	}
	if _, rows := r.ChipTable(); len(rows) != 3 {
		t.Errorf("%d rows, must be 3", len(rows))
	}
}

func TestTableIII(t *testing.T) {
	o := spattenstudy.Default()
	o.Machine = spatten.Eighth()
	runs, err := spattenstudy.Evaluate(context.Background(), o, spatten.Benchmarks()[:22])
	if err != nil {
		t.Fatal(err)
	}
	r := &spattenstudy.Results{Options: o, Eighth: runs}
	throughput, _, area := r.TableIII()
	if math.Abs(throughput/360e9-1) > 0.15 || math.Abs(area/238e9-1) > 0.15 {
		t.Errorf("%.4g operations a second, %.4g a square millimetre; published 360e9 and 238e9", throughput, area)
	}
}

// The mean reduction of tokens over BERT is what the declared slope was chosen for; heads come to the printed 1.1.
func TestDeclaredRatios(t *testing.T) {
	r := results(t)
	heads := func(x spattenstudy.Run) float64 {
		return float64(x.Report.Totals.DenseRows) / float64(x.Report.Totals.Rows)
	}
	if got := spattenstudy.Mean(r.Runs, spattenstudy.BERT, func(x spattenstudy.Run) float64 { return x.Report.Totals.Reduction() / heads(x) }); math.Abs(got-1.21) > 0.02 {
		t.Errorf("tokens of BERT: %.3f, wanted 1.21", got)
	}
	if got := spattenstudy.Mean(r.Runs, nil, heads); math.Abs(got/1.1-1) > 0.05 {
		t.Errorf("heads: %.3f, published 1.1", got)
	}
}

// The result does not depend on workers.
func TestWorkers(t *testing.T) {
	some := spatten.Benchmarks()[2:6]
	o := spattenstudy.Default()
	o.Workers = 1
	one, err := spattenstudy.Evaluate(context.Background(), o, some)
	if err != nil {
		t.Fatal(err)
	}
	o.Workers = 3
	three, err := spattenstudy.Evaluate(context.Background(), o, some)
	if err != nil {
		t.Fatal(err)
	}
	for i := range one {
		if one[i].Report.Cycles != three[i].Report.Cycles || one[i].Seconds != three[i].Seconds {
			t.Errorf("%s differs", one[i].Benchmark.Name())
		}
	}
	o.Workers = 0
	if _, err := spattenstudy.Evaluate(context.Background(), o, some); err == nil {
		t.Error("no workers")
	}
}

func TestRankCorrelation(t *testing.T) {
	if r := spattenstudy.RankCorrelation([]float64{1, 2, 3, 4}, []float64{10, 20, 30, 40}); r != 1 {
		t.Error(r)
	}
	if r := spattenstudy.RankCorrelation([]float64{1, 2, 3, 4}, []float64{4, 3, 2, 1}); r != -1 {
		t.Error(r)
	}
	if r := spattenstudy.RankCorrelation([]float64{1, 1, 3, 4}, []float64{1, 2, 3, 4}); math.Abs(r-0.9487) > 1e-4 {
		t.Error(r)
	}
}

// Everything, and a verdict on every row that we have a number for; half a minute, so in full mode only.
func TestVerdicts(t *testing.T) {
	if os.Getenv("WORKBENCH_MODE") != "full" {
		t.Skip("WORKBENCH_MODE is not full")
	}
	r, err := spattenstudy.Collect(context.Background(), spattenstudy.Default())
	if err != nil {
		t.Fatal(err)
	}
	passed, failed := 0, 0
	for _, v := range r.Verdicts(spattenstudy.Figures...) {
		switch v.Result {
		case published.Pass:
			passed++
		case published.Fail:
			failed++
			t.Logf("%s: ours %.4g, published %.4g: %s", v.Key(), v.Ours, v.Value, v.Reason)
		}
		if v.Result != published.Pass && v.Reason == "" {
			t.Errorf("%s is %v without a reason", v.Key(), v.Result)
		}
	}
	t.Logf("%d pass, %d fail", passed, failed)
	if passed < 3*failed/2 {
		t.Errorf("%d pass, %d fail", passed, failed)
	}
	if last := spattenstudy.Cumulative(r.Chains, spattenstudy.Progressive); math.Abs(last/209-1) > 0.15 {
		t.Errorf("the chain ends at %.1f, published 209.0", last)
	}
}

func ExampleFullyConnected() {
	fmt.Printf("%.2f ms\n", spattenstudy.FullyConnected(spatten.Full(), spatten.GPT2Medium, 8))
	// Output: 25.75 ms
}

// All 30 benchmarks on two cores.
func BenchmarkThirty(b *testing.B) {
	for b.Loop() {
		if _, err := spattenstudy.Evaluate(context.Background(), spattenstudy.Default(), spatten.Benchmarks()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/30-benchmarks")
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.Sys)/1e6, "MB") // all that the process took from the system
}

// Results survive the encoding in which a notebook keeps them.
func TestResultsAreKept(t *testing.T) {
	o := spattenstudy.Default()
	runs, err := spattenstudy.Evaluate(t.Context(), o, spatten.Benchmarks()[2:4])
	if err != nil {
		t.Fatal(err)
	}
	r := &spattenstudy.Results{Options: o, Runs: runs, Eighth: runs, Sweep: "x", Comparators: []spattenstudy.Point{{Parameter: 16, Throughput: 2}}}
	var b bytes.Buffer
	var back *spattenstudy.Results
	if err := errors.Join(gob.NewEncoder(&b).Encode(r), gob.NewDecoder(&b).Decode(&back)); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{"fig14-speedup", "fig14-energy", "table3", "fig13-area"} {
		for _, row := range published.Figure("spatten", f) {
			if a, b := r.Ours(row), back.Ours(row); a != b && a == a {
				t.Fatalf("%s: %v became %v", row.Key(), a, b)
			}
		}
	}
	if back.Options.Machine.Memory.Name != o.Machine.Memory.Name || back.Runs[0].Benchmark.Task != runs[0].Benchmark.Task {
		t.Error("options or benchmarks were lost")
	}
}
