package pruning_test

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/pruning"
	"pgregory.net/rapid"
)

func projection(t testing.TB, factors ...[][]float64) *pruning.Projection {
	t.Helper()
	p, err := pruning.NewProjection(factors...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// ELSA's reference sheet, K1: the paper's Figure 5.
func TestProjectionFigure5(t *testing.T) {
	p := projection(t, [][]float64{{1.2, -0.8}, {0.8, 1.2}}, [][]float64{{0.2, -0.7}, {0.7, 0.2}})
	got := p.Apply([]float64{0.1, 0.4, 0.3, 0.2})
	for i, want := range []float64{-0.248, -0.02, -0.304, 0.42} {
		if math.Abs(got[i]-want) > 1e-12 {
			t.Errorf("value %d is %v, want %v", i, got[i], want)
		}
	}
}

// K2: three Hadamard factors on a ramp leave the sum and one value for each power of two.
func TestProjectionHadamard(t *testing.T) {
	had := [][]float64{{.5, .5, .5, .5}, {.5, -.5, .5, -.5}, {.5, .5, -.5, -.5}, {.5, -.5, -.5, .5}}
	p := projection(t, had, had, had)
	x := make([]float64, 64)
	for i := range x {
		x[i] = float64(i)
	}
	for i, v := range p.Apply(x) {
		want := 0.0
		if i == 0 {
			want = 252
		} else if bits.OnesCount(uint(i)) == 1 {
			want = -4 * float64(i)
		}
		if v != want {
			t.Errorf("value %d is %v, want %v", i, v, want)
		}
	}
	e := pruning.Hash{Projections: []*pruning.Projection{p}}
	if s := e.Sign(x); bits.OnesCount64(s[0]) != 58 {
		t.Errorf("hash %x has %d ones, want 58", s, bits.OnesCount64(s[0]))
	}
}

// K3 and the product counts: the structured transform is the dense one and keeps lengths.
func TestProjectionIsTheKroneckerProduct(t *testing.T) {
	for _, c := range []struct {
		sizes          []int
		multiplication int
	}{{[]int{4, 4, 4}, 768}, {[]int{8, 8}, 1024}, {[]int{64}, 4096}, {[]int{2, 3, 5}, 300}} {
		p, err := pruning.RandomProjection(7, c.sizes...)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Multiplications(); got != c.multiplication {
			t.Errorf("%v: %d products, want %d", c.sizes, got, c.multiplication)
		}
		r := rand.New(rand.NewPCG(1, 1))
		x := make([]float64, p.Dim())
		for i := range x {
			x[i] = r.NormFloat64()
		}
		y, dense := p.Apply(x), p.Dense()
		var lx, ly float64
		for i, row := range dense {
			var want float64
			for j, a := range row {
				want += a * x[j]
			}
			if math.Abs(y[i]-want) > 1e-12 {
				t.Errorf("%v: value %d is %v, want %v", c.sizes, i, y[i], want)
			}
			lx += x[i] * x[i]
			ly += y[i] * y[i]
		}
		if math.Abs(lx-ly) > 1e-9 {
			t.Errorf("%v: squared length %v became %v", c.sizes, lx, ly)
		}
	}
	for want, factors := range map[string][][][]float64{
		"no factors": nil, "factor 0 is empty": {{}}, "factor 1 row 0 holds 1 values, must hold 2": {{{1}}, {{1}, {1}}},
	} {
		if _, err := pruning.NewProjection(factors...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if _, err := pruning.RandomProjection(1, 4, 0); err == nil {
		t.Error("a factor of size 0 was made")
	}
}

// F4: the paper's Figure 4, four keys against the query hash 111.
func TestHashFigure4(t *testing.T) {
	table := pruning.Cosines(3, pruning.ELSABias)
	query := pruning.Signature{0b111}
	for i, c := range []struct {
		vector    []float64
		hash      uint64
		norm, sim float64
	}{
		{[]float64{-0.3, -0.2, 1.1, 0.7}, 0b101, 1.35, 0.82},
		{[]float64{1.4, -0.7, 0.9, -0.8}, 0b001, 1.97, -0.76},
		{[]float64{0.4, 0.3, 0.8, -0.2}, 0b101, 0.96, 0.58},
		{[]float64{0.9, 0.5, 0.1, -1.3}, 0b000, 1.66, -1.65},
	} {
		var square float64
		for _, x := range c.vector {
			square += x * x
		}
		norm := math.Sqrt(square)
		sim := norm * table[query.Hamming(pruning.Signature{c.hash})]
		if math.Abs(norm-c.norm) > 0.0051 || math.Abs(sim-c.sim) > 0.0051 {
			t.Errorf("key %d: length %v, estimate %v, want %v, %v", i, norm, sim, c.norm, c.sim)
		}
		for _, threshold := range []float64{0.585, 0.81} {
			if (sim > threshold) != (i == 0) {
				t.Errorf("key %d: estimate %v against %v", i, sim, threshold)
			}
		}
	}
}

// L1: the cosine table at k = 64.
func TestCosineTable(t *testing.T) {
	table := pruning.Cosines(64, pruning.ELSABias)
	if len(table) != 65 {
		t.Fatalf("%d entries, want 65", len(table))
	}
	for i, want := range map[int]float64{0: 1, 1: 1, 2: 1, 3: 0.99979, 8: 0.96491, 16: 0.79097, 32: 0.12666, 48: -0.61185, 64: -0.99195} {
		if math.Abs(table[i]-want) > 5e-6 {
			t.Errorf("entry %d is %v, want %v", i, table[i], want)
		}
	}
	if !slices.IsSortedFunc(table, func(a, b float64) int { return int(math.Copysign(1, b-a)) }) {
		t.Error("the table rises")
	}
}

// T1: the paper's Figure 6 and its neighbours.
func TestLearnedScore(t *testing.T) {
	scores := []float64{1.35, -0.72, 0.86, 0.24}
	for p, want := range map[float64]float64{1: 0.86, 0.5: 0.24, 2: 1.35, 0: -0.72} {
		if got := pruning.LearnedScore(scores, p); got != want {
			t.Errorf("p %v: %v, want %v", p, got, want)
		}
	}
}

// B1: the bias of orthogonal planes, and the larger one of independent planes.
func TestAngleBias(t *testing.T) {
	var orthogonal, independent float64
	for set := range uint64(8) {
		p, err := pruning.RandomProjection(set, 64)
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(set, 99))
		rows := make([][]float64, 64)
		for i := range rows {
			rows[i] = make([]float64, 64)
			for j := range rows[i] {
				rows[i][j] = r.NormFloat64()
			}
		}
		for bias, q := range map[*float64]*pruning.Projection{&orthogonal: p, &independent: projection(t, rows)} {
			e := pruning.Hash{Projections: []*pruning.Projection{q}}
			*bias += e.AngleBias(780, set) / 8
		}
	}
	if math.Abs(orthogonal-0.129) > 0.005 || math.Abs(independent-0.165) > 0.008 {
		t.Errorf("bias %v orthogonal, %v independent, want 0.129, 0.165", orthogonal, independent)
	}
}

func elsa(t testing.TB, thresholds ...float64) *pruning.Hash {
	p, err := pruning.RandomProjection(1, 4, 4, 4)
	if err != nil {
		t.Fatal(err)
	}
	e := &pruning.Hash{Projections: []*pruning.Projection{p}, Bias: pruning.ELSABias, Thresholds: thresholds}
	if err := e.Validate(); err != nil {
		t.Fatal(err)
	}
	return e
}

// A higher threshold keeps a subset; every query keeps a key; -2 keeps all, since no estimate lies below minus the length.
func TestHashMask(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := randomHead(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)), 30, 24, 64, 8)
		h.Causal = rapid.Bool().Draw(t, "causal")
		a := rapid.Float64Range(-1, 1).Draw(t, "low")
		p, _ := pruning.RandomProjection(1, 4, 4, 4)
		e := &pruning.Hash{Projections: []*pruning.Projection{p}, Bias: pruning.ELSABias, Thresholds: []float64{-2, a, a + rapid.Float64Range(0, 1).Draw(t, "step")}}
		all, low, high := e.Mask(h, 0), e.Mask(h, 1), e.Mask(h, 2)
		if all.Count() != attention.Full(h).Count() {
			t.Fatalf("-2 keeps %d of %d", all.Count(), attention.Full(h).Count())
		}
		for q := range h.Valid {
			if high.CountRow(q) == 0 || low.CountRow(q) < high.CountRow(q) {
				t.Fatalf("query %d keeps %d, then %d", q, low.CountRow(q), high.CountRow(q))
			}
			for _, j := range low.KeptKeys(q, nil) {
				if int(j) >= h.Keys(q) {
					t.Fatalf("query %d keeps key %d, which it cannot see", q, j)
				}
			}
		}
	})
}

// The estimate finds most of the attention mass at a learned threshold, far more than chance at the same size; more bits
// find more.
func TestHashFindsTheMass(t *testing.T) {
	h := randomHead(rand.New(rand.NewPCG(3, 0)), 200, 200, 64, 8)
	h.ScaleQ, h.ScaleK = 0.025, 0.025
	mass := func(m *attention.Mask) (sum float64) {
		scores, p := make([]int32, 200), make([]float64, 200)
		for q := range 200 {
			h.Scores(q, scores)
			attention.Softmax(p, scores, h.ScoreScale())
			for _, j := range m.KeptKeys(q, nil) {
				sum += p[j] / 200
			}
		}
		return sum
	}
	th := pruning.LearnThreshold([]*attention.Head{h}, 1, nil)
	one := elsa(t, th)
	m := one.Mask(h, 0)
	share := float64(m.Count()) / 200 / 200
	chance := mass(pruning.Random{Keep: share, Seed: 1}.Mask(h, 0))
	second, err := pruning.RandomProjection(2, 4, 4, 4)
	if err != nil {
		t.Fatal(err)
	}
	two := elsa(t, th)
	two.Projections = append(two.Projections, second)
	two.Bias = two.AngleBias(2000, 1)
	m2 := two.Mask(h, 0)
	best := mass(pruning.TopKeys{Keep: share}.Mask(h, 0))
	if got := mass(m); share > 0.6 || got < chance+0.15 || got > best {
		t.Errorf("%.3f of the keys hold %.3f of the mass; chance %.3f, best %.3f", share, got, chance, best)
	}
	perKey := func(m *attention.Mask) float64 { return mass(m) / float64(m.Count()) }
	if perKey(m2) <= perKey(m) {
		t.Errorf("128 bits find %v a key, 64 bits %v", perKey(m2), perKey(m))
	}
	if two.Bias >= pruning.ELSABias {
		t.Errorf("128 bits need a bias of %v, 64 of %v", two.Bias, pruning.ELSABias)
	}
}

// p = 0 learns the least score of each row, a growing p a growing threshold.
func TestLearnThresholdGrows(t *testing.T) {
	h := randomHead(rand.New(rand.NewPCG(3, 0)), 60, 50, 16, 8)
	last := math.Inf(-1)
	for _, p := range []float64{0, 0.5, 1, 2, 4, 1e6} {
		th := pruning.LearnThreshold([]*attention.Head{h, h}, p, nil)
		if th < last || th > 1 || th < -1 {
			t.Errorf("p %v: threshold %v after %v", p, th, last)
		}
		last = th
	}
	if got := pruning.LearnThreshold(nil, 1, nil); got != 0 {
		t.Errorf("no heads give %v", got)
	}
}

func TestHashValidate(t *testing.T) {
	p4, _ := pruning.RandomProjection(1, 4)
	p8, _ := pruning.RandomProjection(1, 8)
	for want, e := range map[string]pruning.Hash{
		"Projections is empty":                        {},
		"Projections[1] has dimension 8, must have 4": {Projections: []*pruning.Projection{p4, p8}},
		"Bias is -1":              {Projections: []*pruning.Projection{p4}, Bias: -1},
		"Thresholds[0] is NaN":    {Projections: []*pruning.Projection{p4}, Thresholds: []float64{math.NaN()}},
		"Bias is NaN, must be in": {Projections: []*pruning.Projection{p4}, Bias: math.NaN()},
	} {
		if err := e.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func ExampleCosines() {
	table := pruning.Cosines(64, pruning.ELSABias)
	fmt.Printf("%.3f %.3f %.3f\n", table[0], table[32], table[64])
	// Output: 1.000 0.127 -0.992
}

func BenchmarkMethods(b *testing.B) {
	h := randomHead(rand.New(rand.NewPCG(3, 0)), 384, 384, 64, 8)
	h.ScaleQ, h.ScaleK = 0.025, 0.025
	for _, c := range []struct {
		name   string
		method pruning.Method
	}{
		{"threshold", &pruning.Threshold{Layers: []float64{1}}}, {"top", pruning.TopKeys{Keep: 0.2}},
		{"random", pruning.Random{Keep: 0.2}}, {"window", pruning.Window{Half: []int{40}}},
		{"zeroskip", pruning.ZeroSkip{Theta: 0.01}}, {"a3", pruning.A3Conservative()}, {"elsa", elsa(b, 0.2)},
	} {
		b.Run(c.name, func(b *testing.B) {
			kept := 0
			for b.Loop() {
				kept = c.method.Mask(h, 0).Count()
			}
			b.ReportMetric(100*float64(kept)/384/384, "%kept")
			b.ReportMetric(float64(b.N)*384/b.Elapsed().Seconds(), "queries/s")
		})
	}
}
