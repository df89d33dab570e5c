package topk_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/lib/accelerator/spatten/topk"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/published"
	"pgregory.net/rapid"
)

func selector(t testing.TB, e topk.Engine, seed uint64) *topk.Selector {
	t.Helper()
	s, err := topk.NewSelector(e, rand.New(rand.NewPCG(seed, 1)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// wanted is what a stable descending sort keeps, in the order of the input.
func wanted(x []float64, k int) []int32 {
	order := make([]int32, len(x))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(x[b], x[a]) })
	return slices.Sorted(slices.Values(order[:k]))
}

// Fig. 9: five items, three kept, a tie at the threshold.
func TestFigure9(t *testing.T) {
	x := []float64{0.6, 0.1, 0.5, 1.2, 0.6}
	for seed := range uint64(20) {
		s := selector(t, topk.Published(16), seed)
		r, err := s.Select(x, 3)
		if err != nil {
			t.Fatal(err)
		}
		if r.Threshold != 0.6 || r.Equal != 2 || !slices.Equal(r.Keep(x, nil), []int32{0, 3, 4}) {
			t.Errorf("%+v keeps %v", r, r.Keep(x, nil))
		}
		for k, want := range map[int][]int32{1: {3}, 5: {0, 1, 2, 3, 4}} {
			if r, _ := s.Select(x, k); !slices.Equal(r.Keep(x, nil), want) {
				t.Errorf("k %d keeps %v", k, r.Keep(x, nil))
			}
		}
	}
}

// Fig. 10: a 0 b 0 c d 0 e, counts 0 1 2 2 3, shifts by one and two.
func TestFigure10(t *testing.T) {
	var row []topk.Lane
	for i, c := range "a.b.cd.e" {
		row = append(row, topk.Lane{Key: uint64(c), Index: int32(i), Valid: c != '.'})
	}
	z := topk.Zeros(row)
	if got := []int{z[0], z[2], z[4], z[5], z[7]}; !slices.Equal(got, []int{0, 1, 2, 2, 3}) {
		t.Errorf("counts %v", got)
	}
	var seen []string
	topk.Compact(row, func(l []topk.Lane) {
		var b strings.Builder
		for _, x := range l {
			if x.Valid {
				b.WriteRune(rune(x.Key))
			} else {
				b.WriteByte('.')
			}
		}
		seen = append(seen, b.String())
	})
	if want := []string{"ab..cde.", "abcde...", "abcde..."}; !slices.Equal(seen, want) {
		t.Errorf("stages %q, want %q", seen, want)
	}
}

// Any row comes out packed, in order, whatever the holes.
func TestCompact(t *testing.T) {
	for width := 1; width <= 16; width *= 2 {
		for holes := range 1 << width {
			row := make([]topk.Lane, width)
			var want []int32
			for i := range row {
				if holes>>i&1 == 0 {
					row[i] = topk.Lane{Index: int32(i), Valid: true}
					want = append(want, int32(i))
				}
			}
			for i, l := range topk.Compact(row, nil) {
				if l.Valid != (i < len(want)) || l.Valid && l.Index != want[i] {
					t.Fatalf("width %d, holes %b: lane %d is %+v, want %v", width, holes, i, l, want)
				}
			}
		}
	}
}

// The fast engine, the stepped one, the library's quick-select and a sort agree, for every number of comparators, pivots
// and ties; fast and stepped agree on the clocks.
func TestEnginesAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spread := rapid.SampledFrom([]int{0, 1, 3, 1000}).Draw(t, "spread")
		x := rapid.SliceOfN(rapid.Map(rapid.IntRange(-spread, spread), func(i int) float64 { return float64(i) / 7 }), 1, 120).Draw(t, "x")
		k := rapid.IntRange(1, len(x)).Draw(t, "k")
		e := topk.Published(rapid.IntRange(1, 32).Draw(t, "T"))
		s, err := topk.NewSelector(e, nil)
		if err != nil {
			t.Fatal(err)
		}
		fast, err := s.Select(x, k)
		if err != nil {
			t.Fatal(err)
		}
		slow, kept, err := e.Step(x, k, func(n int) int { return n / 2 })
		if err != nil {
			t.Fatal(err)
		}
		if fast != slow {
			t.Fatalf("fast %+v, stepped %+v", fast, slow)
		}
		want := wanted(x, k)
		lib := pruning.QuickSelect(x, k, nil)
		if !slices.Equal(kept, want) || !slices.Equal(fast.Keep(x, nil), want) || lib.Threshold != fast.Threshold || lib.Equal != fast.Equal ||
			len(lib.Rounds) != fast.Rounds {
			t.Fatalf("kept %v and %v, want %v; %+v, library %+v", kept, fast.Keep(x, nil), want, fast, lib)
		}
	})
}

// A million inputs of every kind: random, sorted both ways, constant, and heavy with ties.
func TestMillionEqualsSort(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 2))
	s := selector(t, topk.Published(16), 9)
	var x, sorted []float64
	var kept []int32
	for i := range 1_000_000 {
		n := 1 + r.IntN(24)
		x = x[:0]
		for j := range n {
			switch i % 5 {
			case 0:
				x = append(x, r.Float64()-0.5)
			case 1:
				x = append(x, float64(j))
			case 2:
				x = append(x, -float64(j))
			case 3:
				x = append(x, 7)
			default:
				x = append(x, float64(r.IntN(3)))
			}
		}
		k := 1 + r.IntN(n)
		got, err := s.Select(x, k)
		if err != nil {
			t.Fatal(err)
		}
		sorted = append(sorted[:0], x...)
		slices.Sort(sorted)
		above := 0 // how many of the k are above the threshold, by the sort
		for _, v := range sorted[n-k:] {
			if v > sorted[n-k] {
				above++
			}
		}
		kept = got.Keep(x, kept[:0])
		if got.Threshold != sorted[n-k] || got.Equal != k-above || len(kept) != k {
			t.Fatalf("%v, k %d: %+v keeps %v", x, k, got, kept)
		}
	}
}

// The values of the authors' latency model, and the mean of the engine against it.
func TestExpectation(t *testing.T) {
	one, err := topk.Expect(topk.Published(1), 5)
	if err != nil {
		t.Fatal(err)
	}
	for rank, want := range []float64{14.5667, 16.7333, 17.4, 16.7333, 14.5667} {
		if got := one.At(5, rank); math.Abs(got-want) > 5e-5 {
			t.Errorf("T 1, n 5, rank %d: %v, want %v", rank, got, want)
		}
	}
	sixteen, err := topk.Expect(topk.Published(16), 1024)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		n, rank int
		want    float64
	}{{5, 2, 10.6667}, {16, 8, 18.187}, {17, 8, 19.632}, {102, 20, 44.903}, {204, 40, 67.98}, {307, 92, 95.73}, {614, 184, 161.873},
		{921, 184, 212.591}, {993, 204, 228.106}, {1024, 307, 247.151}} {
		if got := sixteen.At(c.n, c.rank); math.Abs(got-c.want) > 5e-3 {
			t.Errorf("n %d, rank %d: %v, want %v", c.n, c.rank, got, c.want)
		}
	}
	s, r := selector(t, topk.Published(16), 5), rand.New(rand.NewPCG(6, 6))
	sum, x := 0.0, make([]float64, 307)
	const runs = 4000
	for range runs {
		for i := range x {
			x[i] = r.Float64()
		}
		got, _ := s.Select(x, 307-92) // the k-th largest has rank n-k from below
		sum += float64(got.Select)
	}
	if mean := sum / runs; math.Abs(mean/95.73-1) > 0.02 {
		t.Errorf("mean of the engine %v, expectation 95.73", mean)
	}
}

// Every published expectation, from 64 to 1024 items and 1 to 32 comparators.
func TestPublishedExpectations(t *testing.T) {
	tables := map[int]*topk.Expectation{}
	rows := published.Figure("spatten", "topk-model")
	if len(rows) != 36 {
		t.Fatalf("%d rows", len(rows))
	}
	for _, row := range rows {
		var n, k, lanes int
		if _, err := fmt.Sscanf(row.Workload+" "+row.Config, "n=%d k=%d comparators=%d", &n, &k, &lanes); err != nil {
			t.Fatal(err)
		}
		if tables[lanes] == nil {
			tables[lanes], _ = topk.Expect(topk.Published(lanes), 1024)
		}
		if got := tables[lanes].At(n, k); math.Abs(got-row.Value) > 0.051 {
			t.Errorf("%v: %v, published %v", row.Key(), got, row.Value)
		}
	}
}

// More comparators never cost clocks, longer inputs never save any.
func TestExpectationIsMonotone(t *testing.T) {
	var last *topk.Expectation
	for lanes := 1; lanes <= 32; lanes++ {
		x, err := topk.Expect(topk.Published(lanes), 300)
		if err != nil {
			t.Fatal(err)
		}
		for n := 2; n <= 300; n++ {
			if x.At(n, n/2) < x.At(n-1, (n-1)/2) {
				t.Errorf("T %d: n %d is faster than %d", lanes, n, n-1)
			}
			if last != nil && x.At(n, n/3) > last.At(n, n/3) {
				t.Errorf("n %d: T %d is slower than %d", n, lanes, lanes-1)
			}
		}
		last = x
	}
}

func TestSorter(t *testing.T) {
	for inputs := 2; inputs <= 16; inputs *= 2 { // 0-1 principle
		s, err := topk.NewSorter(inputs, inputs)
		if err != nil {
			t.Fatal(err)
		}
		if s.Size() != topk.ClosedSize(inputs) {
			t.Errorf("%d inputs: %d comparators, closed form %d", inputs, s.Size(), topk.ClosedSize(inputs))
		}
		for ones := range 1 << inputs {
			x := make([]float64, inputs)
			for i := range x {
				x[i] = float64(ones >> i & 1)
			}
			if err := s.Sort(x); err != nil {
				t.Fatal(err)
			}
			if !slices.IsSortedFunc(x, func(a, b float64) int { return cmp.Compare(b, a) }) {
				t.Fatalf("%d inputs: %v", inputs, x)
			}
		}
	}
	s, err := topk.NewSorter(1024, 32)
	if err != nil {
		t.Fatal(err)
	}
	if s.Size() != 24063 || len(s.Stages) != 55 {
		t.Errorf("1024 inputs: %d comparators in %d stages, want 24063 in 55", s.Size(), len(s.Stages))
	}
}

func TestRefusals(t *testing.T) {
	s := selector(t, topk.Published(16), 1)
	for _, c := range []struct {
		x    []float64
		k    int
		want string
	}{
		{[]float64{1, 2}, 0, "topk: k is 0, must be in 1..2 (n)"},
		{[]float64{1, 2}, 3, "topk: k is 3, must be in 1..2 (n)"},
		{nil, 1, "topk: k is 1, must be in 1..0 (n)"},
		{[]float64{1, math.NaN()}, 1, "topk: x[1] is NaN, must be a number"},
		{make([]float64, 1025), 1, "topk: n is 1025, must be at most 1024 (Engine.Capacity)"},
	} {
		if _, err := s.Select(c.x, c.k); err == nil || err.Error() != c.want {
			t.Errorf("%v, want %s", err, c.want)
		}
		if _, _, err := topk.Published(16).Step(c.x, c.k, func(int) int { return 0 }); err == nil || err.Error() != c.want {
			t.Errorf("Step: %v, want %s", err, c.want)
		}
	}
	for _, lanes := range []int{0, 33} {
		if _, err := topk.NewSelector(topk.Published(lanes), nil); err == nil || !strings.Contains(err.Error(), "Engine.Comparators is") {
			t.Errorf("T %d: %v", lanes, err)
		}
	}
	if _, err := topk.NewSorter(1000, 1); err == nil {
		t.Error("a sorter of 1000 inputs")
	}
}

// Infinities are numbers, and both zeros are one.
func TestExtremes(t *testing.T) {
	x := []float64{math.Inf(-1), 0, math.Copysign(0, -1), math.Inf(1), -1}
	s := selector(t, topk.Published(4), 3)
	for k := 1; k <= len(x); k++ {
		r, err := s.Select(x, k)
		if err != nil || !slices.Equal(r.Keep(x, nil), wanted(x, k)) {
			t.Errorf("k %d: %v, %v, want %v", k, r.Keep(x, nil), err, wanted(x, k))
		}
	}
}

func ExampleSelector() {
	s, _ := topk.NewSelector(topk.Published(16), nil)
	x := []float64{0.6, 0.1, 0.5, 1.2, 0.6}
	r, _ := s.Select(x, 3)
	fmt.Println(r.Threshold, r.Equal, r.Keep(x, nil), r.Cycles())
	// Output: 0.6 2 [0 3 4] 13
}

func BenchmarkSelect(b *testing.B) {
	s := selector(b, topk.Published(16), 1)
	r := rand.New(rand.NewPCG(1, 2))
	x := make([]float64, 1024)
	for i := range x {
		x[i] = r.Float64()
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Select(x, 307); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*1024/b.Elapsed().Seconds()/1e6, "Melements/s")
}

// The paper finds 1.4 times the throughput of a full sorter in the median case and does not say how wide the sorter is. At
// equal comparators the engine is almost three times as fast; 1.4 belongs to a sorter of twice as many.
func TestAgainstSorter(t *testing.T) {
	x, err := topk.Expect(topk.Published(16), 1024)
	if err != nil {
		t.Fatal(err)
	}
	engine := x.At(1024, 512)
	for _, c := range []struct {
		comparators int
		lo, hi      float64
	}{{32, 2.7, 3.1}, {64, 1.3, 1.6}} {
		s, err := topk.NewSorter(1024, c.comparators)
		if err != nil {
			t.Fatal(err)
		}
		if ratio := float64(s.Cycles()) / engine; ratio < c.lo || ratio > c.hi {
			t.Errorf("sorter of %d comparators: %.2f times the engine's clocks, want %v to %v", c.comparators, ratio, c.lo, c.hi)
		} else {
			t.Logf("sorter of %d comparators: %.2f times the engine's clocks", c.comparators, ratio)
		}
	}
}
