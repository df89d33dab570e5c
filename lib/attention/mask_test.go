package attention_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/lib/attention"
	"pgregory.net/rapid"
)

// A mask behaves as a table of booleans.
func TestMaskIsASetOfCells(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows, cols := rapid.IntRange(1, 8).Draw(t, "rows"), rapid.IntRange(1, 200).Draw(t, "cols")
		m, model := attention.NewMask(rows, cols), map[[2]int]bool{}
		for range rapid.IntRange(0, 300).Draw(t, "steps") {
			c := [2]int{rapid.IntRange(0, rows-1).Draw(t, "t"), rapid.IntRange(0, cols-1).Draw(t, "j")}
			if rapid.Bool().Draw(t, "keep") {
				m.Keep(c[0], c[1])
				model[c] = true
			} else {
				m.Prune(c[0], c[1])
				delete(model, c)
			}
		}
		twin := m.Clone()
		if m.Count() != len(model) {
			t.Fatalf("%d kept, want %d", m.Count(), len(model))
		}
		total := 0
		for q := range rows {
			keys := m.KeptKeys(q, nil)
			if len(keys) != m.CountRow(q) {
				t.Fatalf("row %d lists %d keys and counts %d", q, len(keys), m.CountRow(q))
			}
			last := int32(-1)
			for _, j := range keys {
				if j <= last || !model[[2]int{q, int(j)}] || !m.Kept(q, int(j)) {
					t.Fatalf("row %d: key %d after %d is wrong", q, j, last)
				}
				last = j
			}
			total += len(keys)
		}
		if total != len(model) {
			t.Fatalf("rows hold %d, want %d", total, len(model))
		}
		m.Keep(0, 0)
		m.Prune(rows-1, cols-1)
		if twin.Count() != len(model) {
			t.Fatal("a clone shares storage")
		}
	})
}

func TestMaskRefusesAKeyOutside(t *testing.T) {
	for name, f := range map[string]func(*attention.Mask){
		"keep":  func(m *attention.Mask) { m.Keep(0, 70) },
		"prune": func(m *attention.Mask) { m.Prune(0, -1) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s outside the mask did not panic", name)
				}
			}()
			f(attention.NewMask(1, 70))
		}()
	}
}

func TestMaskOfAHead(t *testing.T) {
	h := &attention.Head{Tokens: 130, Valid: 100, Dim: 1}
	for want, m := range map[string]*attention.Mask{
		"Mask is nil, must be 130 x 130":             nil,
		"Mask is 130 x 129, must be 130 x 130":       attention.NewMask(130, 129),
		"keeps key 100 for query 3, which sees the ": keeping(h, 3, 100),
		"keeps key 129 for query 3, which sees the ": keeping(h, 3, 129),
		"keeps key 0 for query 100, which sees the ": keeping(h, 100, 0),
	} {
		if err := m.Validate(h); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if err := keeping(h, 99, 99).Validate(h); err != nil {
		t.Error(err)
	}
	h.Causal = true
	if err := attention.Full(h).Validate(h); err != nil {
		t.Error(err)
	}
	if err := keeping(h, 63, 64).Validate(h); err == nil || !strings.Contains(err.Error(), "keeps key 64 for query 63") {
		t.Errorf("a causal head: got %v", err)
	}
}

// keeping is the full mask of h with one key more.
func keeping(h *attention.Head, t, j int) *attention.Mask {
	m := attention.Full(h)
	m.Keep(t, j)
	return m
}

func TestMeasureByHand(t *testing.T) {
	h := &attention.Head{Tokens: 8, Valid: 4}
	m := attention.NewMask(8, 8)
	for q, keys := range [][]int{{0, 1}, {1, 2}, {1, 2, 3}, {0}} {
		for _, j := range keys {
			m.Keep(q, j)
		}
	}
	s := attention.Measure(h, m)
	// Later rows keep 6 cells; 1, 2 and 0 of them were kept by the row before. By chance: (2*2 + 3*2 + 1*3)/4 = 3.25.
	if s.Kept != 8 || s.PruningRate != 0.5 || s.ValidFraction != 0.5 || s.Overlap != 0.5 || math.Abs(s.RandomOverlap-3.25/6) > 1e-15 {
		t.Errorf("got %+v", s)
	}
	h.Causal = true
	full := attention.Full(h)
	if c := attention.Measure(h, full); c.Kept != 10 || c.PruningRate != 0 || c.Overlap != 6.0/9 {
		t.Errorf("causal full mask: %+v", c)
	}
}

func ExampleAtLeast() {
	h := &attention.Head{Tokens: 2, Valid: 2, Dim: 2, Bits: 8, ScaleQ: 0.5, ScaleK: 0.5, ScaleV: 1,
		Q: []int16{3, 0, 0, -1}, K: []int16{2, 2, 4, 4}, V: make([]int16, 4)}
	m := attention.AtLeast(h, h.IntegerThreshold(2), true)
	fmt.Println(m.KeptKeys(0, nil), m.KeptKeys(1, nil))
	// Output: [1] [0]
}
