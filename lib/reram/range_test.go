package reram_test

import (
	"math"
	"testing"

	"github.com/sparse-attention/workbench/lib/reram"
)

// A range that a head fills changes nothing; in one ten times as wide a converter's steps are ten times as coarse, and sums
// beyond a narrow one saturate.
func TestConverterRange(t *testing.T) {
	h := random(60, 60, 64, 4)
	a := reram.Ideal()
	a.ScoreBits = 4
	span, err := a.Span(h)
	if err != nil {
		t.Fatal(err)
	}
	values := func(r reram.Range) map[float32]bool {
		a.Range = r
		_, s, err := a.Threshold(h, 0)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[float32]bool{}
		for q := range h.Valid {
			for _, v := range s.Row(q) {
				if float64(v) < span.Low-1 || float64(v) > span.High+1 {
					t.Fatalf("a sum of %v was read in a head that spans %+v", v, span)
				}
				seen[v] = true
			}
		}
		return seen
	}
	own, same := values(reram.Range{}), values(span)
	if len(own) != len(same) || len(own) < 12 {
		t.Errorf("%d codes in the head's own range, %d in one that is given and equal; 4 bits have 16", len(own), len(same))
	}
	for v := range own {
		if !same[v] {
			t.Errorf("%v is a code of the own range only", v)
		}
	}
	low, high := reram.Range{Low: span.Low / 4, High: span.High / 4}, 0.0
	for v := range values(low) {
		high = math.Max(high, float64(v))
	}
	if math.Abs(high-low.High) > 1e-3*low.High {
		t.Errorf("the highest code of a narrow range is %v, must be its end, %v", high, low.High)
	}
	a.Range = reram.Range{Low: 10 * span.Low, High: 10 * span.High}
	_, s, err := a.Threshold(h, 0)
	if err != nil {
		t.Fatal(err)
	}
	codes := map[float32]bool{}
	for q := range h.Valid {
		for _, v := range s.Row(q) {
			codes[v] = true
		}
	}
	if len(codes) > 3 {
		t.Errorf("a range ten times too wide leaves %d of 16 codes, must leave at most 3", len(codes))
	}
}

func TestRangeOfTheNoise(t *testing.T) {
	h := random(60, 60, 64, 4)
	a := reram.Ideal()
	a.Noise.Comparator = 1
	wrong := func(factor float64) int {
		exact, err := reram.Ideal().Mask(h, 0.2)
		if err != nil {
			t.Fatal(err)
		}
		span, err := reram.Ideal().Span(h)
		if err != nil {
			t.Fatal(err)
		}
		a.Range = reram.Range{Low: factor * span.Low, High: factor * span.High}
		m, err := a.Mask(h, 0.2)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for q := range h.Valid {
			for j := range h.Valid {
				if m.Kept(q, j) != exact.Kept(q, j) {
					n++
				}
			}
		}
		return n
	}
	if near, far := wrong(1), wrong(5); far < 2*near || near == 0 {
		t.Errorf("comparators built for the head decide %d cells otherwise, those for five times its range %d", near, far)
	}
	if r := (reram.Range{}).Wider(reram.Range{Low: -1, High: 2}).Wider(reram.Range{Low: -3, High: 1}); r != (reram.Range{Low: -3, High: 2}) {
		t.Errorf("the wider range is %+v", r)
	}
}
