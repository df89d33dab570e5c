package attention_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/lib/attention"
	"pgregory.net/rapid"
)

// head draws a valid head of random integers that use the whole width.
func head(t *rapid.T) *attention.Head {
	h := &attention.Head{
		Tokens: rapid.IntRange(1, 150).Draw(t, "tokens"),
		Dim:    rapid.IntRange(1, 70).Draw(t, "dim"),
		Bits:   rapid.IntRange(2, 12).Draw(t, "bits"),
		Causal: rapid.Bool().Draw(t, "causal"),
		ScaleQ: float32(rapid.Float64Range(1e-4, 10).Draw(t, "scaleQ")),
		ScaleK: float32(rapid.Float64Range(1e-4, 10).Draw(t, "scaleK")),
		ScaleV: 1,
	}
	h.Valid = rapid.IntRange(1, h.Tokens).Draw(t, "valid")
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	for _, m := range []*[]int16{&h.Q, &h.K, &h.V} {
		*m = make([]int16, h.Tokens*h.Dim)
		for i := range *m {
			(*m)[i] = int16(r.IntN(1<<h.Bits) - 1<<(h.Bits-1))
		}
	}
	return h
}

func TestValidateNamesTheField(t *testing.T) {
	good := func() *attention.Head {
		return &attention.Head{Tokens: 2, Valid: 1, Dim: 2, Bits: 8, ScaleQ: 1, ScaleK: 1, ScaleV: 1,
			Q: make([]int16, 4), K: make([]int16, 4), V: make([]int16, 4)}
	}
	if err := good().Validate(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		want  string
		spoil func(*attention.Head)
	}{
		{"Head.Tokens is 0", func(h *attention.Head) { h.Tokens = 0 }},
		{"Head.Valid is 3, must be in 1..2", func(h *attention.Head) { h.Valid = 3 }},
		{"Head.Dim is -1", func(h *attention.Head) { h.Dim = -1 }},
		{"Head.Bits is 17, must be in 2..16", func(h *attention.Head) { h.Bits = 17 }},
		{"hold 4, 3, 4 values, must each hold Tokens x Dim = 4", func(h *attention.Head) { h.K = h.K[:3] }},
		{"Head.ScaleK is NaN", func(h *attention.Head) { h.ScaleK = float32(math.NaN()) }},
		{"Head.ScaleV is 0", func(h *attention.Head) { h.ScaleV = 0 }},
		{"Head.V[3] is -129, must be in -128..127 (8 bits)", func(h *attention.Head) { h.V[3] = -129 }},
		// Two products of the largest magnitude just leave 32 bits.
		{"scores up to 2147483648, must be at most 2147483647", func(h *attention.Head) { h.Bits, h.Q[0], h.K[3] = 16, -32768, -32768 }},
	} {
		h := good()
		c.spoil(h)
		err := h.Validate()
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v, want one line with %q", err, c.want)
		}
	}
}

func TestShapeAlone(t *testing.T) {
	if err := (&attention.Head{Tokens: 2, Valid: 1, Dim: 2}).ValidateShape(); err != nil {
		t.Errorf("a head without integers: %v", err)
	}
	for want, h := range map[string]*attention.Head{
		"Head is nil":                      nil,
		"Head.Tokens is 0":                 {},
		"Head.Valid is 0, must be in 1..2": {Tokens: 2},
		"Head.Dim is 0":                    {Tokens: 2, Valid: 2},
	} {
		for _, err := range []error{h.ValidateShape(), h.Validate()} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q", err, want)
			}
		}
	}
}

// The integer threshold and the real one are the same test, also where the real threshold is a score itself.
func TestIntegerThresholdDecidesAsTheRealOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := &attention.Head{Dim: rapid.IntRange(1, 256).Draw(t, "dim"),
			ScaleQ: float32(rapid.Float64Range(1e-6, 1e3).Draw(t, "q")), ScaleK: float32(rapid.Float64Range(1e-6, 1e3).Draw(t, "k"))}
		score := int32(rapid.IntRange(-1<<24, 1<<24).Draw(t, "score"))
		th := float64(score) * h.ScoreScale()
		switch rapid.IntRange(0, 2).Draw(t, "side") {
		case 1:
			th = math.Nextafter(th, math.Inf(1))
		case 2:
			th = math.Nextafter(th, math.Inf(-1))
		}
		limit := h.IntegerThreshold(th)
		for s := score - 2; s <= score+2; s++ {
			if (s >= limit) != (float64(s)*h.ScoreScale() >= th) {
				t.Fatalf("score %d, threshold %v: integer threshold %d decides otherwise", s, th, limit)
			}
		}
	})
	h := &attention.Head{Dim: 1, ScaleQ: 1e-6, ScaleK: 1e-6}
	if got := h.IntegerThreshold(1); got != math.MaxInt32 {
		t.Errorf("a threshold beyond 32 bits became %d", got)
	}
	if got := h.IntegerThreshold(-1); got != -math.MaxInt32 {
		t.Errorf("a threshold below 32 bits became %d", got)
	}
}

// The vector path gives the scores that plain integer arithmetic gives, and the mask follows the comparison.
func TestScorerAndMaskAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := head(t)
		if err := h.Validate(); err != nil {
			t.Fatal(err)
		}
		s := attention.NewScorer(h)
		spread := int32(1) << (2*h.Bits - 2)
		threshold := int32(rapid.IntRange(int(-2*spread), int(2*spread)).Draw(t, "threshold"))
		plain, filled := attention.AtLeast(h, threshold, false), attention.AtLeast(h, threshold, true)
		for q := range h.Tokens {
			if q >= h.Valid {
				if filled.CountRow(q) != 0 {
					t.Fatalf("padded query %d keeps keys", q)
				}
				continue
			}
			row := s.Row(q)
			if len(row) != h.Keys(q) {
				t.Fatalf("row %d has %d scores, want %d", q, len(row), h.Keys(q))
			}
			best := 0
			for j, got := range row {
				var want int64
				for i := range h.Dim {
					want += int64(h.Query(q)[i]) * int64(h.Key(j)[i])
				}
				if int64(got) != want {
					t.Fatalf("score %d,%d is %d, want %d", q, j, got, want)
				}
				if plain.Kept(q, j) != (want >= int64(threshold)) {
					t.Fatalf("score %d against %d: kept is %v", want, threshold, plain.Kept(q, j))
				}
				if got > row[best] {
					best = j
				}
			}
			for j := h.Keys(q); j < h.Tokens; j++ {
				if filled.Kept(q, j) {
					t.Fatalf("query %d keeps key %d, which it cannot see", q, j)
				}
			}
			if n := plain.CountRow(q); n > 0 && n != filled.CountRow(q) || n == 0 && (filled.CountRow(q) != 1 || !filled.Kept(q, best)) {
				t.Fatalf("row %d: %d kept, %d with the maximum", q, n, filled.CountRow(q))
			}
		}
	})
}

func BenchmarkAtLeast(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, bits := range []int{8, 12} {
		const n, d = 2048, 64
		h := &attention.Head{Tokens: n, Valid: n, Dim: d, Bits: bits, ScaleQ: 1, ScaleK: 1, ScaleV: 1}
		h.Q, h.K = make([]int16, n*d), make([]int16, n*d)
		for i := range h.Q {
			h.Q[i], h.K[i] = int16(r.IntN(1<<bits)-1<<(bits-1)), int16(r.IntN(1<<bits)-1<<(bits-1))
		}
		b.Run(map[int]string{8: "8bit", 12: "12bit"}[bits], func(b *testing.B) {
			for b.Loop() {
				attention.AtLeast(h, 1000, true)
			}
			b.ReportMetric(float64(b.N)*n*n*d/b.Elapsed().Seconds()/1e9, "GMAC/s")
		})
	}
}
