package dota

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/unit"
	"pgregory.net/rapid"
)

// qa is a layer of BERT-Large over 384 tokens (sheet, fixture C1).
func qa(masks ...*attention.Mask) Workload {
	return Workload{Name: "QA", Layers: 24, Tokens: 384, Model: 1024, Heads: 16, Dim: 64, FFN: 4096, Masks: masks}
}

func detector(k int) *Detector { return &Detector{Width: k, Precision: INT4} }

func simulate(t testing.TB, s Spec, w Workload) Report {
	t.Helper()
	r, err := s.Simulate(context.Background(), w)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func closed(t testing.TB, s Spec, w Workload) Stages {
	t.Helper()
	c, err := s.Closed(w)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// sameRows is a mask in which the queries of a group keep the same c keys: loads never limit.
func sameRows(n, c int) *attention.Mask {
	m := attention.NewMask(n, n)
	for t := range n {
		for j := range c {
			m.Keep(t, (t/4*4+j*7)%n)
		}
	}
	return m
}

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if !(math.Abs(got-want) <= within) {
		t.Errorf("%s is %v, must be %v within %v", what, got, want, within)
	}
}

// Fixture C1 of the sheet.
func TestCycleModel(t *testing.T) {
	w := qa(sameRows(384, 39))
	w.Detector, w.Balanced = detector(13), true
	c := closed(t, DOTA(), w)
	for _, x := range []struct {
		name      string
		got, want float64
	}{
		{"C_lin", c.Linear, 589824}, {"C_out", c.Output, 196608}, {"C_ffn", c.FFN, 1572864}, {"C_qk + C_av", c.QK + c.AV, 14976},
		{"C_sm", c.Softmax, 7488}, {"C_det", c.Detection, 1998.75}, {"C_proj", c.Projection, 3328}, {"bytes", float64(c.Bytes), 26738688},
		{"attention block", c.AttentionBlock(), 20302.75}, {"additions of X.P", w.nonZeros() * 384, 1703936},
	} {
		near(t, x.name, x.got, x.want, 1e-6)
	}
	dense := closed(t, DOTA(), qa())
	near(t, "dense C_qk + C_av", dense.QK+dense.AV, 147456, 1e-6)
	near(t, "dense C_sm", dense.Softmax, 73728, 1e-6)
	near(t, "speedup of attention", dense.AttentionBlock()/c.AttentionBlock(), 7.26, 0.005)

	// The machine takes what the equations say, and the fill and drain that they leave out.
	r := simulate(t, DOTA(), w)
	near(t, "simulated linear", r.Spent[Linear], c.Linear, 1e-6)
	near(t, "simulated output", r.Spent[Output], c.Output, 1e-6)
	near(t, "simulated FFN", r.Spent[FFN], c.FFN, 1e-6)
	near(t, "simulated detection", r.Spent[Detection], c.Detection, 1e-6)
	near(t, "simulated attention block", r.AttentionBlock(), c.AttentionBlock(), 0.02*c.AttentionBlock())
	if r.Spent[Stall] > 0.02*r.LayerCycles() {
		t.Errorf("stalls take %.0f of %.0f cycles, must be hidden but for the first tiles", r.Spent[Stall], r.LayerCycles())
	}
	near(t, "traffic", float64(r.Memory.Bytes), float64(c.Bytes), 0.001*float64(c.Bytes))
	near(t, "busy sum over rows", r.Retention(), 39.0/384, 1e-12)
}

// Fixture C2: the port limits the worked example.
func TestPort(t *testing.T) {
	s := DOTA()
	w := Workload{Name: "example", Layers: 1, Tokens: 6, Model: 64, Heads: 1, Dim: 64, FFN: 64}
	for order, want := range map[Order]float64{OutOfOrder: 1.75, InOrder: 2.75} {
		g := scheduler(t, 4, 6, order).Schedule(Worked(), 0, nil)
		c := s.groupCost(w, g)
		near(t, fmt.Sprintf("%v: products", order), c.products, 1.5, 1e-12)
		near(t, fmt.Sprintf("%v: group", order), max(c.products, c.loads), want, 1e-12)
	}
	s.Coupling = PerStep // steps of 2, 2 and 3 loads, each at least half a cycle
	g := s.schedule(scheduler(t, 4, 6, OutOfOrder), Worked())[0]
	near(t, "per step", s.groupCost(w, g).products, 0.5+0.5+0.75, 1e-12)
}

// Fixture P1: the multiplier's four products are the product.
func TestMultiplier(t *testing.T) {
	for x := range uint8(16) {
		for y := range uint8(16) {
			if got := Multiply4(x, y); got != x*y {
				t.Fatalf("%d x %d is %d, must be %d", x, y, got, x*y)
			}
		}
	}
}

func TestGains(t *testing.T) {
	for _, c := range []struct {
		p             Precision
		ports, splits int
	}{{FX16, 1, 1}, {INT8, 4, 4}, {INT4, 8, 16}, {INT2, 16, 64}} {
		if a, b := PortLimited.Products(c.p), MultiplierLimited.Products(c.p); a != c.ports || b != c.splits {
			t.Errorf("%v: %d and %d products, must be %d and %d", c.p, a, b, c.ports, c.splits)
		}
	}
}

// The run against the equations over random shapes: never faster, and slower by no more than fill and drain of each head.
func TestRunMeetsEquations(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := TokenParallel(rapid.IntRange(1, 5).Draw(r, "T"))
		s.Lanes = rapid.IntRange(1, 5).Draw(r, "lanes")
		s.Order = Order(rapid.IntRange(0, int(orders)-1).Draw(r, "order"))
		s.Gain = Gain(rapid.IntRange(0, int(gains)-1).Draw(r, "gain"))
		n := rapid.IntRange(8, 90).Draw(r, "n")
		heads := rapid.IntRange(1, 6).Draw(r, "heads")
		w := Workload{Name: "random", Layers: 2, Tokens: n, Model: 16 * heads, Heads: heads, Dim: 16, FFN: 32 * heads}
		if rapid.Bool().Draw(r, "sparse") {
			c := rapid.IntRange(1, n).Draw(r, "c")
			w.Masks = []*attention.Mask{HotKeys(n, c, rapid.Float64Range(0, 1).Draw(r, "shared"), 1)}
			w.Detector = detector(rapid.IntRange(1, 8).Draw(r, "k"))
		}
		x, c := simulate(t, s, w), closed(t, s, w)
		// The run may hide the scan of a group behind all of the one before; the equations set it beside QK alone.
		if least := c.Projection + c.Detection + max(2*c.AV, c.Softmax); x.AttentionBlock() < least-1e-6 {
			r.Fatalf("attention takes %v cycles, must take at least %v", x.AttentionBlock(), least)
		}
		groups := float64((n + s.Parallelism - 1) / s.Parallelism)
		H := float64(s.HeadsPerLane(heads))
		// Between a head's first scores and its last sums lies one softmax and one scan; a group whose softmax is longer than
		// its products on one side and shorter on the other may wait for either.
		slack := H * (c.Softmax/H/groups*2 + float64(n)/float64(s.ScanRate)*2)
		if limit := c.QK + c.AV + c.Softmax + c.Projection + c.Detection + slack; x.AttentionBlock() > limit+1e-6 {
			r.Fatalf("attention takes %v cycles, must take at most %v", x.AttentionBlock(), limit)
		}
		if x.Flow.Connections < 1 || x.Flow.Idle() < 0 || x.LayerCycles() > float64(x.Cycles) {
			r.Fatalf("report %+v", x)
		}
		for m, busy := range x.Busy {
			if busy < 0 || busy > x.LayerCycles()+1e-6 {
				r.Fatalf("%v is busy %v of %v cycles", Module(m), busy, x.LayerCycles())
			}
		}
		if err := x.Memory.Verify(); err != nil {
			r.Fatal(err)
		}
	})
}

func TestSparserIsFaster(t *testing.T) {
	last, saved := math.Inf(1), math.Inf(1)
	small := Workload{Name: "small", Layers: 2, Tokens: 384, Model: 128, Heads: 4, Dim: 32, FFN: 256}
	full := simulate(t, DOTA(), small)
	for _, c := range []int{384, 192, 96, 39, 19} {
		w := small
		w.Masks = []*attention.Mask{HotKeys(384, c, 0.5, 1)}
		w.Detector = detector(13)
		r := simulate(t, DOTA(), w)
		if r.LayerCycles() >= last || r.Joules() >= saved {
			t.Errorf("%d keys a query: %v cycles and %v J, must be fewer than %v and %v", c, r.LayerCycles(), r.Joules(), last, saved)
		}
		last, saved = r.LayerCycles(), r.Joules()
		if r.LayerCycles() < full.LayerCycles()/full.Bound() {
			t.Errorf("%d keys a query: faster than Amdahl's bound", c)
		}
	}
}

func TestMoreQueriesLoadLess(t *testing.T) {
	w := Workload{Name: "small", Layers: 1, Tokens: 384, Model: 64, Heads: 2, Dim: 32, FFN: 64, Masks: []*attention.Mask{HotKeys(384, 39, 0.5, 1)}}
	last := math.MaxInt
	for _, parallel := range []int{1, 2, 4, 6} {
		r := simulate(t, TokenParallel(parallel), w)
		if r.Flow.Loads >= last {
			t.Errorf("T = %d: %d loads, must be fewer than %d", parallel, r.Flow.Loads, last)
		}
		last = r.Flow.Loads
	}
}

// With rows balanced, splitting them costs the detection of the first head, during which the others have nothing to attend to,
// and what the rounding to whole rows unbalances.
func TestRowSplit(t *testing.T) {
	w := qa(sameRows(384, 39))
	w.Detector = detector(13)
	serial := simulate(t, DOTA(), w)
	s := DOTA()
	s.Overlap, s.DetectorRows = RowSplit, 4 // detection takes 500 of 4244 cycles a head: 3.8 of 32 rows
	split := simulate(t, s, w)
	fill := 499.6875 * 32 / 4
	near(t, "attention block split", split.AttentionBlock(), serial.AttentionBlock()+fill, 0.02*serial.AttentionBlock())
}

func TestUnevenHeads(t *testing.T) {
	w := qa(sameRows(384, 39))
	w.Heads, w.Model = 5, 320 // one lane has two heads
	two := simulate(t, DOTA(), w)
	w.Heads, w.Model = 8, 320
	w.Name = "eight"
	if eight := simulate(t, DOTA(), w); two.Spent[Attention] != eight.Spent[Attention] {
		t.Errorf("5 heads take %v cycles of attention, must take the %v of 8", two.Spent[Attention], eight.Spent[Attention])
	}
}

func TestSpill(t *testing.T) {
	w := qa(sameRows(384, 39))
	if DOTA().spill(w) != 0 {
		t.Error("K and V of 384 tokens spill, must fit")
	}
	s := DOTA()
	s.Memory = 64 * unit.KiB
	spilt, kept := simulate(t, s, w), simulate(t, DOTA(), w)
	if more := spilt.Memory.Bytes - kept.Memory.Bytes; more != 2*2*2*384*1024 {
		t.Errorf("spilling moves %v more, must move K and V out and in: %v", more, unit.Bytes(2*2*2*384*1024))
	}
}

func TestRefusals(t *testing.T) {
	change := func(f func(*Spec)) Spec { s := DOTA(); f(&s); return s }
	for field, s := range map[string]Spec{
		"Lanes":            change(func(s *Spec) { s.Lanes = 0 }),
		"Rows":             change(func(s *Spec) { s.Rows = -1 }),
		"Columns":          change(func(s *Spec) { s.Columns = 0 }),
		"Gain":             change(func(s *Spec) { s.Gain = gains }),
		"Order":            change(func(s *Spec) { s.Order = orders }),
		"Coupling":         change(func(s *Spec) { s.Coupling = couplings }),
		"Overlap":          change(func(s *Spec) { s.Overlap = overlaps }),
		"Parallelism":      change(func(s *Spec) { s.Parallelism = 7 }),
		"Queues (15)":      change(func(s *Spec) { s.Parallelism = 6 }), // 63 queues do not fit into the table
		"DetectorRows":     change(func(s *Spec) { s.Overlap, s.DetectorRows = RowSplit, 32 }),
		"ScanRate":         change(func(s *Spec) { s.ScanRate = 0 }),
		"ProjectionAdders": change(func(s *Spec) { s.ProjectionAdders = 0 }),
		"Exponents":        change(func(s *Spec) { s.Exponents = 0 }),
		"Dividers":         change(func(s *Spec) { s.Dividers = 0 }),
		"PortBytes":        change(func(s *Spec) { s.PortBytes = 0 }),
		"Memory":           change(func(s *Spec) { s.Memory = 0 }),
		"TileBytes":        change(func(s *Spec) { s.TileBytes = unit.GiB }),
		"Accumulated":      change(func(s *Spec) { s.Accumulated = 0 }),
		"Utilisation":      change(func(s *Spec) { s.Utilisation = 0 }),
		"Clock":            change(func(s *Spec) { s.Clock = 0 }),
		"DRAM.Clock":       change(func(s *Spec) { s.DRAM.Clock = 2 * unit.GHz }),
		"DRAM":             change(func(s *Spec) { s.DRAM.Channels = 0 }),
		"Modules":          change(func(s *Spec) { s.Modules.List = nil }),
	} {
		if _, err := s.Simulate(context.Background(), qa()); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	empty, uneven := sameRows(384, 39), sameRows(384, 39)
	for j := range 384 {
		empty.Prune(7, j)
	}
	uneven.Keep(7, 383)
	work := func(f func(*Workload)) Workload {
		w := qa(sameRows(384, 39))
		w.Detector, w.Balanced = detector(13), true
		f(&w)
		return w
	}
	for field, w := range map[string]Workload{
		"Layers":                   work(func(w *Workload) { w.Layers = 0 }),
		"Tokens":                   work(func(w *Workload) { w.Tokens = 0 }),
		"Heads":                    work(func(w *Workload) { w.Heads = 0 }),
		"retention cannot be zero": work(func(w *Workload) { w.Masks = []*attention.Mask{empty} }),
		"(Balanced)":               work(func(w *Workload) { w.Masks = []*attention.Mask{uneven} }),
		"Masks[1]":                 work(func(w *Workload) { w.Masks = append(w.Masks, sameRows(12, 3)) }),
		"Detector.Width":           work(func(w *Workload) { w.Detector.Width = 1025 }), // k larger than what it projects
		"Detector.NonZeros":        work(func(w *Workload) { w.Detector.NonZeros = -1 }),
		"Detector.Precision is 3":  work(func(w *Workload) { w.Detector.Precision = 3 }),
		"nil for full attention":   work(func(w *Workload) { w.Masks = nil }),
	} {
		if _, err := DOTA().Simulate(context.Background(), w); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
		if _, err := DOTA().Closed(w); err == nil {
			t.Errorf("%s: Closed accepts it", field)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := DOTA().Simulate(ctx, qa()); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled run: %v", err)
	}
}

// One head of 4096 tokens through the whole machine: at most a second is wanted.
func BenchmarkHead4096(b *testing.B) {
	w := Workload{Name: "head", Layers: 1, Tokens: 4096, Model: 64, Heads: 1, Dim: 64, FFN: 256, Masks: []*attention.Mask{HotKeys(4096, 410, 0.5, 1)}, Detector: detector(13)}
	for b.Loop() {
		simulate(b, DOTA(), w)
	}
}

func BenchmarkLayerQA(b *testing.B) {
	w := qa(HotKeys(384, 39, 0.5, 1))
	w.Detector = detector(13)
	for b.Loop() {
		simulate(b, DOTA(), w)
	}
}

func ExampleSpec_Simulate() {
	w := Workload{Name: "QA", Layers: 24, Tokens: 384, Model: 1024, Heads: 16, Dim: 64, FFN: 4096}
	full, _ := DOTA().Simulate(context.Background(), w)
	w.Masks, w.Detector = []*attention.Mask{HotKeys(384, 39, 0.5, 1)}, &Detector{Width: 13, Precision: INT4}
	sparse, _ := DOTA().Simulate(context.Background(), w)
	fmt.Printf("attention %.1fx faster, the model %.2fx of at most %.2fx\n",
		full.AttentionBlock()/sparse.AttentionBlock(), float64(full.Cycles)/float64(sparse.Cycles), full.Bound())
	// Output:
	// attention 6.5x faster, the model 1.05x of at most 1.06x
}
