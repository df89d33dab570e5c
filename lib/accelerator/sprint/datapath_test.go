package sprint

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/reram"
	"pgregory.net/rapid"
)

// gaussian is a head whose real scores have the given standard deviation.
func gaussian(tokens, valid int, deviation float64, seed uint64) *attention.Head {
	const dim = 64
	h := &attention.Head{Tokens: tokens, Valid: valid, Dim: dim, Bits: 8, ScaleV: 3. / 127}
	r := rand.New(rand.NewPCG(seed, 3))
	for _, m := range []*[]int16{&h.Q, &h.K, &h.V} {
		*m = make([]int16, tokens*dim)
		for i := range *m {
			(*m)[i] = int16(max(-127, min(127, math.Round(36*r.NormFloat64()))))
		}
	}
	// A sum of 64 products of deviation 36 x 36, over sqrt(64).
	scale := float32(math.Sqrt(deviation / (36 * 36)))
	h.ScaleQ, h.ScaleK = scale, scale
	return h
}

// gap is the root mean square of the difference over that of the reference.
func gap(got []float32, want []float64) float64 {
	var e, w float64
	for i, x := range want {
		e += (float64(got[i]) - x) * (float64(got[i]) - x)
		w += x * x
	}
	return math.Sqrt(e / w)
}

func attend(t testing.TB, d Datapath, h *attention.Head, m *attention.Mask) []float32 {
	t.Helper()
	dst := make([]float32, h.Tokens*h.Dim)
	if err := d.Attend(h, m, nil, dst); err != nil {
		t.Fatal(err)
	}
	return dst
}

// The published widths stay close to the real softmax at every length and sharpness that the paper runs, pruned or not.
func TestDatapathIsCloseToSoftmax(t *testing.T) {
	for _, tokens := range []int{16, 64, 384, 1024} {
		for _, deviation := range []float64{0.3, 1, 3} {
			h := gaussian(tokens, tokens, deviation, uint64(tokens))
			for name, m := range map[string]*attention.Mask{"dense": attention.Full(h), "pruned": attention.AtLeast(h, h.IntegerThreshold(0.7*deviation), true)} {
				if e := gap(attend(t, Published(), h, m), attention.Attend(h, m)); e > 0.02 {
					t.Errorf("%d tokens, score deviation %v, %s: output is off by %.4f", tokens, deviation, name, e)
				}
			}
		}
	}
}

// Without the row exponent a probability below 1/510 is lost, and with it most of a long dense row.
func TestRowExponentCarriesLongRows(t *testing.T) {
	h := gaussian(1024, 1024, 0.3, 1)
	d := Published()
	d.RowExponent = false
	m := attention.Full(h)
	with, without := gap(attend(t, Published(), h, m), attention.Attend(h, m)), gap(attend(t, d, h, m), attention.Attend(h, m))
	if with > 0.02 || without < 0.3 {
		t.Errorf("off by %.4f with, %.4f without", with, without)
	}
	short := gaussian(64, 64, 1, 1)
	m = attention.AtLeast(short, short.IntegerThreshold(0.7), true)
	if e := gap(attend(t, d, short, m), attention.Attend(short, m)); e > 0.05 {
		t.Errorf("a short pruned head without the exponent is off by %.4f", e)
	}
}

// Narrower scores and tables only lose.
func TestWidthsAreACurve(t *testing.T) {
	h := gaussian(100, 80, 1, 2)
	m := attention.Full(h)
	last := math.Inf(1)
	for _, bits := range []int{4, 6, 8, 12} {
		d := Published()
		d.ScoreBits = bits
		e := gap(attend(t, d, h, m), attention.Attend(h, m))
		if e >= last {
			t.Errorf("%d-bit scores are off by %.4f, fewer by %.4f", bits, e, last)
		}
		last = e
	}
}

// The integers: outputs within the values kept, one survivor exact, padding zero.
func TestDatapathInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tokens := rapid.IntRange(1, 60).Draw(t, "tokens")
		h := gaussian(tokens, rapid.IntRange(1, tokens).Draw(t, "valid"), rapid.Float64Range(1e-3, 20).Draw(t, "deviation"), rapid.Uint64().Draw(t, "seed"))
		h.Causal = rapid.Bool().Draw(t, "causal")
		d := Published()
		d.RowExponent = rapid.Bool().Draw(t, "rowExponent")
		m := attention.AtLeast(h, h.IntegerThreshold(rapid.Float64Range(-30, 30).Draw(t, "threshold")), true)
		dst := make([]float32, h.Tokens*h.Dim)
		dst[len(dst)-1] = 7
		if err := d.Attend(h, m, nil, dst); err != nil {
			t.Fatal(err)
		}
		for q := range h.Tokens {
			kept := m.KeptKeys(q, nil)
			for c := range h.Dim {
				x := float64(dst[q*h.Dim+c]) / float64(h.ScaleV)
				switch len(kept) {
				case 0:
					if x != 0 {
						t.Fatalf("padded query %d gives %v", q, x)
					}
				case 1:
					if math.Abs(x-float64(h.Value(int(kept[0]))[c])) > 1e-3 {
						t.Fatalf("query %d keeps one key and does not return its value", q)
					}
				default:
					if math.Abs(x) > 129 {
						t.Fatalf("query %d: %v is beyond 8-bit values", q, x)
					}
				}
			}
		}
	})
}

// In-memory sums that are exact give what recomputing gives; those of four bits do not.
func TestRecomputeMatters(t *testing.T) {
	h := gaussian(64, 50, 1.5, 4)
	s := S()
	out := func(c Scheme) []float32 {
		dst := make([]float32, h.Tokens*h.Dim)
		if _, err := s.Attention(c, h, 0.9, dst); err != nil {
			t.Fatal(err)
		}
		return dst
	}
	s.Array = reram.Ideal().Bits(8)
	a, b, c := out(RuntimePruning), out(WithoutRecompute), out(Recompute)
	for i := range a {
		if a[i] != b[i] || a[i] != c[i] {
			t.Fatalf("eight exact bits in memory: %v, %v, %v", a[i], b[i], c[i])
		}
	}
	s.Array = reram.Typical()
	exact := attention.Attend(h, attention.AtLeast(h, h.IntegerThreshold(0.9), true))
	with, without := gap(out(Recompute), exact), gap(out(WithoutRecompute), exact)
	if with >= without {
		t.Errorf("recomputed off by %.3f, in-memory scores off by %.3f", with, without)
	}
}

func TestSoftmaxRow(t *testing.T) {
	u, err := Published().softmax(1. / 64)
	if err != nil {
		t.Fatal(err)
	}
	// Four equal scores: the sum is 4 x 2^16, normalised to 16 bits it is 2^15, and every quotient is one in 2^-2.
	prob, shift := u.row([]int32{5, 5, 5, 5})
	for _, p := range prob {
		if p != 255 || shift != 2 {
			t.Errorf("probability %d x 2^-%d, want 255 x 2^-2", p, shift)
		}
	}
	d := Published()
	d.RowExponent = false
	u, _ = d.softmax(1. / 64)
	if prob, shift = u.row([]int32{5, 5, 5, 5}); prob[0] != 64 || shift != 0 {
		t.Errorf("fixed: %d x 2^-%d, want 64", prob[0], shift)
	}
	// exp(-1) and exp(0): 0.2689 and 0.7311.
	if prob, _ = u.row([]int32{-64, 0}); prob[0] != 69 || prob[1] != 186 {
		t.Errorf("got %v, want [69 186]", prob)
	}
}

// 2 x 3 + 1 x (-5) = 1, with an exponent of 1: a half, rounded up; and the output port saturates.
func TestAccumulatorRoundsAndSaturates(t *testing.T) {
	h := gaussian(2, 2, 1, 1)
	h.V[0], h.V[64], h.ScaleV = 3, -5, 255
	a := newAccumulator(Published(), h)
	dst := make([]float32, 64)
	if a.query(dst, []int32{0, 1}, []int32{2, 1}, 1); dst[0] != 1 {
		t.Errorf("got %v, want 1", dst[0])
	}
	if a.query(dst, []int32{0}, []int32{1 << 20}, 0); dst[0] != 1<<15-1 {
		t.Errorf("got %v, want the largest 16-bit output", dst[0])
	}
}

func TestAttendRefuses(t *testing.T) {
	good := gaussian(4, 3, 1, 1)
	dst := make([]float32, 4*64)
	outside := attention.Full(good)
	outside.Keep(0, 3)
	wide := *good
	wide.Bits = 16
	for _, c := range []struct {
		want string
		d    func(*Datapath)
		h    *attention.Head
		m    *attention.Mask
		dst  []float32
	}{
		{"Datapath.ScoreBits is 1, must be in 2..24", func(d *Datapath) { d.ScoreBits = 1 }, good, attention.Full(good), dst},
		{"HighBits + LowBits is 0", func(d *Datapath) { d.HighBits, d.LowBits = 0, 0 }, good, attention.Full(good), dst},
		{"Head.Bits is 16, must be in 2..8", nil, &wide, attention.Full(good), dst},
		{"mask is 3 x 4, must be 4 x 4", nil, good, attention.NewMask(3, 4), dst},
		{"dst holds 1 values, must hold Tokens x Dim = 256", nil, good, attention.Full(good), dst[:1]},
		{"mask keeps key 3 for query 0, which sees the first 3 keys", nil, good, outside, dst},
	} {
		d := Published()
		if c.d != nil {
			c.d(&d)
		}
		if err := d.Attend(c.h, c.m, nil, c.dst); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
	if _, err := S().Attention(9, good, 0, dst); err == nil || !strings.Contains(err.Error(), "Scheme is 9, must be in 0..3") {
		t.Errorf("got %v", err)
	}
}

func BenchmarkAttention(b *testing.B) {
	h := gaussian(64, 64, 1, 1)
	dst := make([]float32, h.Tokens*h.Dim)
	for c := range Schemes {
		b.Run(strings.ReplaceAll(Scheme(c).String(), " ", "-"), func(b *testing.B) {
			s := S()
			s.Array = reram.Typical()
			for b.Loop() {
				if _, err := s.Attention(Scheme(c), h, 0.7, dst); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(b.Elapsed().Seconds()*1e3/float64(b.N), "ms/head")
		})
	}
}
