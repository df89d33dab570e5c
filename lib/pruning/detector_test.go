package pruning

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/lib/attention"
	"pgregory.net/rapid"
)

// untrained is a detector of one layer with matrices drawn at random.
func untrained(d, k, heads, bits int, seed uint64) *Detector {
	r := rand.New(rand.NewPCG(seed, 1))
	draw := func() []float32 {
		w := make([]float32, k*k)
		for i := range w {
			w[i] = float32(r.NormFloat64())
		}
		return w
	}
	x := &Detector{Model: d, Width: k, Bits: bits, Layers: []DetectorLayer{{P: SparseProjection(d, k, seed)}}}
	for range heads {
		x.Layers[0].Heads = append(x.Layers[0].Heads, DetectorHead{draw(), draw()})
	}
	return x
}

func inputs(n, d int, seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 2))
	x := make([]float32, n*d)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

func TestSparseProjection(t *testing.T) {
	const d, k = 400, 100
	p := SparseProjection(d, k, 1)
	var plus, minus float64
	for _, v := range p {
		switch v {
		case 1:
			plus++
		case -1:
			minus++
		}
	}
	for _, share := range []float64{plus / (d * k), minus / (d * k)} {
		if math.Abs(share-1.0/6) > 0.01 {
			t.Errorf("a sign has share %.3f, must have 1/6", share)
		}
	}
	// Lengths are kept: the mean of |xP|²/|x|² over vectors is 1.
	x := inputs(200, d, 3)
	det := &Detector{Model: d, Width: k, Bits: 32, Layers: []DetectorLayer{{P: p}}}
	var in, out float64
	for _, v := range x {
		in += float64(v) * float64(v)
	}
	for _, v := range det.Project(x, 200, 0) {
		out += float64(v) * float64(v)
	}
	if math.Abs(out/in-1) > 0.05 {
		t.Errorf("projecting scales lengths by %.3f, must keep them", math.Sqrt(out/in))
	}
	if n := det.Additions(0); float64(n) != plus+minus {
		t.Errorf("%d additions, must be %v", n, plus+minus)
	}
}

// The estimate by factors is the product written out; more bits come nearer to floating point.
func TestEstimate(t *testing.T) {
	const n, d, k = 20, 24, 6
	x := inputs(n, d, 1)
	errors := map[int]float64{}
	for _, bits := range []int{2, 4, 8, 32} {
		det := untrained(d, k, 2, bits, 5)
		if err := det.Validate(); err != nil {
			t.Fatal(err)
		}
		xp := det.Project(x, n, 0)
		query, key, step := det.Factors(xp, n, 0, 1)
		row := make([]float32, n)
		for q := range n {
			Estimate(query, key, k, q, row)
			for j := range n {
				var want float64
				h := det.Layers[0].Heads[1]
				for m := range k {
					var a, b float64
					for i := range k {
						a += float64(xp[q*k+i]) * float64(h.Query[i*k+m])
						b += float64(xp[j*k+i]) * float64(h.Key[i*k+m])
					}
					want += a * b
				}
				errors[bits] += math.Abs(float64(row[j]) - want)
				if bits != 32 {
					if codes := float64(row[j]) / step; math.Abs(codes-math.Round(codes)) > 1e-2 {
						t.Fatalf("%d bits: estimate %v is %v steps, must be whole ones", bits, row[j], codes)
					}
				}
			}
		}
	}
	if !(errors[2] > errors[4] && errors[4] > errors[8] && errors[8] > errors[32]) || errors[32] > 1e-2 {
		t.Errorf("errors by bits %v, must fall to nearly nothing", errors)
	}
}

// Row balance: every query keeps ceil(r x visible) keys, the best ones, ties to the smaller index.
func TestBestOfRow(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(r, "n")
		rule := Detected{Detector: untrained(8, 3, 1, rapid.SampledFrom([]int{2, 4, 32}).Draw(r, "bits"), rapid.Uint64().Draw(r, "seed")),
			Retention: rapid.Float64Range(0.01, 1).Draw(r, "retention")}
		if err := rule.Validate(); err != nil {
			r.Fatal(err)
		}
		h := &attention.Head{Tokens: n + 3, Valid: n, Dim: 4, Causal: rapid.Bool().Draw(r, "causal")}
		xp := rule.Detector.Project(inputs(n, 8, 1), n, 0)
		m := rule.Mask(xp, h, 0, 0)
		query, key, _ := rule.Detector.Factors(xp, n, 0, 0)
		if err := m.Validate(h); err != nil {
			r.Fatal(err)
		}
		for q := range n {
			row := make([]float32, h.Keys(q))
			Estimate(query, key, 3, q, row)
			order := make([]int32, len(row))
			for j := range order {
				order[j] = int32(j)
			}
			slices.SortStableFunc(order, func(a, b int32) int {
				switch {
				case row[a] > row[b]:
					return -1
				case row[a] < row[b]:
					return 1
				}
				return 0
			})
			want := order[:int(math.Ceil(rule.Retention*float64(len(row))-1e-9))]
			slices.Sort(want)
			if got := m.KeptKeys(q, nil); !slices.Equal(got, want) {
				r.Fatalf("query %d keeps %v, must keep %v of %v", q, got, want, row)
			}
		}
	})
}

// A learned threshold keeps the share that it was learned for.
func TestAboveThreshold(t *testing.T) {
	const n = 200
	rule := Detected{Detector: untrained(8, 4, 1, 8, 1), Rule: AboveThreshold}
	h := &attention.Head{Tokens: n, Valid: n, Dim: 4}
	xp := rule.Detector.Project(inputs(n, 8, 1), n, 0)
	query, key, _ := rule.Detector.Factors(xp, n, 0, 0)
	var all []float32
	for q := range n {
		row := make([]float32, n)
		Estimate(query, key, 4, q, row)
		all = append(all, row...)
	}
	rule.Thresholds = []float64{LearnDetected(all, 0.2)}
	if err := rule.Validate(); err != nil {
		t.Fatal(err)
	}
	m := rule.Mask(xp, h, 0, 0)
	if share := float64(m.Count()) / (n * n); math.Abs(share-0.2) > 0.02 {
		t.Errorf("the threshold keeps %.3f, must keep 0.2", share)
	}
	for q := range n {
		if m.CountRow(q) == 0 {
			t.Fatalf("query %d keeps nothing", q)
		}
	}
}

func TestJudge(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	h := &attention.Head{Tokens: 40, Valid: 30, Dim: 8, Bits: 8, ScaleQ: 0.02, ScaleK: 0.02, ScaleV: 1}
	for _, m := range []*[]int16{&h.Q, &h.K, &h.V} {
		for range 40 * 8 {
			*m = append(*m, int16(r.IntN(255)-127))
		}
	}
	oracle := Judge(h, TopKeys{Keep: 0.2}.Mask(h, 0))
	chance := Judge(h, Random{Keep: 0.2, Seed: 1}.Mask(h, 0))
	all := Judge(h, attention.Full(h))
	if oracle.Recall != 1 || oracle.Retention != 0.2 || all.Mass < 1-1e-9 || all.Recall != 1 {
		t.Errorf("oracle %+v, everything %+v", oracle, all)
	}
	if math.Abs(chance.Recall-0.2) > 0.05 || chance.Mass >= oracle.Mass || chance.Retention != 0.2 {
		t.Errorf("chance %+v, must recall a fifth and keep less mass than %+v", chance, oracle)
	}
}

func TestDetectorRefuses(t *testing.T) {
	for _, c := range []struct {
		sigma float64
		dim   int
	}{{0, 4}, {1.01, 4}, {math.NaN(), 4}, {0.5, 0}} {
		if _, err := DetectorWidth(c.sigma, c.dim); err == nil {
			t.Errorf("sigma %v of %d is accepted", c.sigma, c.dim)
		}
	}
	if k, _ := DetectorWidth(0.2, 64); k != 13 {
		t.Errorf("sigma 0.2 of 64 is %d, must be 13", k)
	}
	for field, change := range map[string]func(*Detected){
		"Detector is nil":    func(p *Detected) { p.Detector = nil },
		"Width":              func(p *Detected) { p.Detector.Width = 9 }, // k larger than d
		"Bits":               func(p *Detected) { p.Detector.Bits = 3 },
		"Layers is empty":    func(p *Detected) { p.Detector.Layers = nil },
		"Layers[0].P":        func(p *Detected) { p.Detector.Layers[0].P = nil },
		"Layers[0].Heads[0]": func(p *Detected) { p.Detector.Layers[0].Heads[0].Key = nil },
		"Retention":          func(p *Detected) { p.Retention = 0 },
		"Rule":               func(p *Detected) { p.Rule = rules },
		"Thresholds":         func(p *Detected) { p.Rule = AboveThreshold },
	} {
		p := Detected{Detector: untrained(8, 3, 1, 4, 1), Retention: 0.1}
		change(&p)
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	d := untrained(8, 3, 2, 4, 1)
	for _, c := range [][3]int{{2, 2, 8}, {1, 3, 8}, {1, 2, 9}} {
		if err := d.Fits(c[0], c[1], c[2]); err == nil || !strings.Contains(err.Error(), "trained for") {
			t.Errorf("layers, heads, width %v: %v", c, err)
		}
	}
	if err := d.Fits(1, 2, 8); err != nil {
		t.Error(err)
	}
}

func ExampleDetectorWidth() {
	k, _ := DetectorWidth(0.2, 64)
	fmt.Println("a head of 64 values is estimated from", k)
	// Output:
	// a head of 64 values is estimated from 13
}
