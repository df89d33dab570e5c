package spatten_test

import (
	"math"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/lib/accelerator/spatten"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/fixedpoint"
	"pgregory.net/rapid"
)

func head(t interface{ Fatal(...any) }, tokens int, k func(j, d int) int16) (*attention.Head, []int32) {
	h := &attention.Head{Tokens: tokens, Valid: tokens, Dim: 4, Bits: 10, ScaleQ: 0.02, ScaleK: 0.02, ScaleV: 1,
		Q: make([]int16, 4*tokens), K: make([]int16, 4*tokens), V: make([]int16, 4*tokens)}
	var keys []int32
	for j := range tokens {
		keys = append(keys, int32(j))
		for d := range 4 {
			h.Q[4*j+d] = int16(100 + d)
			h.K[4*j+d] = k(j, d)
		}
	}
	if err := h.Validate(); err != nil {
		t.Fatal(err)
	}
	return h, keys
}

// Four equal scores have a largest probability of 0.25 and go on; sixteen have 0.0625 and need the low bits.
func TestDecideEqualScores(t *testing.T) {
	for tokens, lsb := range map[int]bool{4: false, 16: true} {
		h, keys := head(t, tokens, func(_, _ int) int16 { return 37 })
		d, err := spatten.Decide(h, 0, keys, fixedpoint.SpAttenProgressive())
		if err != nil {
			t.Fatal(err)
		}
		if d.LSB != lsb || math.Abs(d.Largest-1/float64(tokens)) > 1e-12 {
			t.Errorf("%d equal scores: %+v", tokens, d)
		}
	}
}

// With the low bits the result is the exact softmax; without them the largest probability was above the threshold, and a
// higher threshold never reads less.
func TestDecide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, keys := head(t, rapid.IntRange(1, 40).Draw(t, "tokens"), func(_, _ int) int16 { return int16(rapid.IntRange(-512, 511).Draw(t, "k")) })
		p := fixedpoint.SpAttenProgressive()
		p.Threshold = rapid.Float64Range(0, 1).Draw(t, "threshold")
		d, err := spatten.Decide(h, 0, keys, p)
		if err != nil {
			t.Fatal(err)
		}
		exact := p
		exact.Threshold = 1
		e, err := spatten.Decide(h, 0, keys, exact)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for i, x := range d.Probabilities {
			sum += x
			if d.LSB && x != e.Probabilities[i] {
				t.Fatalf("key %d: %v with the low bits, exactly %v", i, x, e.Probabilities[i])
			}
		}
		if d.LSB != (d.Largest < p.Threshold) || d.Largest != e.Largest || math.Abs(sum-1) > 1e-9 {
			t.Fatalf("%+v, sum %v", d, sum)
		}
	})
}

func TestDecideRefuses(t *testing.T) {
	h, keys := head(t, 4, func(_, _ int) int16 { return 1 })
	p := fixedpoint.SpAttenProgressive()
	wide := p
	wide.LSB = 6
	for _, c := range []struct {
		query int
		keys  []int32
		p     fixedpoint.Progressive
		want  string
	}{{4, keys, p, "query is 4, must be in 0..3"}, {0, nil, p, "0 keys"}, {0, []int32{4}, p, "keys[0] is 4, must be in 0..3"},
		{0, keys, wide, "Head.Bits is 10, must be 12"}, {0, keys, fixedpoint.Progressive{}, "Progressive.MSB is 0"}} {
		if _, err := spatten.Decide(h, c.query, c.keys, c.p); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}
