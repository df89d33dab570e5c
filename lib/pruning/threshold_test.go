package pruning_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/pruning"
	"pgregory.net/rapid"
)

// randomHead fills a head with integers of the given width.
func randomHead(r *rand.Rand, tokens, valid, dim, bits int) *attention.Head {
	h := &attention.Head{Tokens: tokens, Valid: valid, Dim: dim, Bits: bits, ScaleQ: 0.02, ScaleK: 0.03, ScaleV: 0.01}
	for _, m := range []*[]int16{&h.Q, &h.K, &h.V} {
		*m = make([]int16, tokens*dim)
		for i := range *m {
			(*m)[i] = int16(r.IntN(1<<bits) - 1<<(bits-1))
		}
	}
	return h
}

// A key is kept exactly when its real score reaches the threshold of its layer.
func TestThresholdFollowsTheInferenceRule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		h := randomHead(r, 40, rapid.IntRange(1, 40).Draw(t, "valid"), 16, 8)
		h.Causal = rapid.Bool().Draw(t, "causal")
		p := pruning.Threshold{Layers: []float64{0, rapid.Float64Range(-20, 20).Draw(t, "th")}}
		p.EmptyRow = pruning.EmptyRow(rapid.IntRange(0, 1).Draw(t, "empty"))
		m := p.Mask(h, 1)
		for q := range h.Valid {
			kept := 0
			for j := range h.Keys(q) {
				real := float64(attention.Dot(h.Query(q), h.Key(j))) * h.ScoreScale()
				if real >= p.Layers[1] {
					kept++
					if !m.Kept(q, j) {
						t.Fatalf("score %v is pruned at %v", real, p.Layers[1])
					}
				}
			}
			if kept == 0 && p.EmptyRow == pruning.KeepMaximum {
				kept = 1
			}
			if got := m.CountRow(q); got != kept {
				t.Fatalf("row %d keeps %d, want %d", q, got, kept)
			}
		}
	})
}

// Raising the threshold never keeps a key that a lower one pruned, from nothing pruned to everything.
func TestThresholdIsMonotone(t *testing.T) {
	h := randomHead(rand.New(rand.NewPCG(1, 1)), 60, 50, 32, 8)
	p := pruning.Threshold{Layers: []float64{-1e9}, EmptyRow: pruning.KeepNothing}
	last := p.Mask(h, 0)
	if last.Count() != 50*50 {
		t.Fatalf("a very low threshold keeps %d of 2500", last.Count())
	}
	for th := -60.0; th < 60; th += 5 {
		p.Layers[0] = th
		m := p.Mask(h, 0)
		for q := range 50 {
			for w, word := range m.Row(q) {
				if word&^last.Row(q)[w] != 0 {
					t.Fatalf("threshold %v keeps more than the one before", th)
				}
			}
		}
		last = m
	}
	p.Layers[0] = 1e9
	if n := p.Mask(h, 0).Count(); n != 0 {
		t.Errorf("a very high threshold keeps %d", n)
	}
	p.EmptyRow = pruning.KeepMaximum
	if n := p.Mask(h, 0).Count(); n != 50 {
		t.Errorf("with the maximum kept it keeps %d, want 50", n)
	}
}

func TestThresholdRefusesALayerItDoesNotKnow(t *testing.T) {
	defer func() {
		if s, _ := recover().(string); s != "pruning: layer is 2, must be in 0..1" {
			t.Errorf("panic %q", s)
		}
	}()
	p := pruning.Threshold{Layers: []float64{0, 0}}
	p.Mask(randomHead(rand.New(rand.NewPCG(1, 1)), 2, 2, 2, 8), 2)
}

func TestThresholdFileRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "thresholds.json")
	want := &pruning.Threshold{Model: "encoder-2x128", Seed: math.MaxUint64, Layers: []float64{0.1, -3.5e-7, 1.0 / 3}, EmptyRow: pruning.KeepNothing}
	if err := want.Save(path); err != nil {
		t.Fatal(err)
	}
	got, err := pruning.LoadThreshold(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	first, _ := os.ReadFile(path)
	if err := want.Save(path); err != nil {
		t.Fatal(err)
	}
	if second, _ := os.ReadFile(path); string(first) != string(second) {
		t.Error("saving twice gives other bytes")
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("%d files remain, want 1", len(left))
	}
}

func TestThresholdFileRefusals(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		``:                                    "file ends early",
		`{"model":"m","seed":1,"layers":[0.5`: "file ends early",
		`{"seed":1,"layers":[0.5],"empty_row":"keep-maximum"}`:                         "field model is missing",
		`{"model":"m","layers":[0.5],"empty_row":"keep-maximum"}`:                      "field seed is missing",
		`{"model":"m","seed":-1,"layers":[0.5],"empty_row":"keep-maximum"}`:            "seed",
		`{"model":"m","seed":1,"layers":[],"empty_row":"keep-maximum"}`:                "field layers is missing or empty",
		`{"model":"m","seed":1,"layers":[1e999],"empty_row":"keep-maximum"}`:           "layers",
		`{"model":"m","seed":1,"layers":[1],"empty_row":"maybe"}`:                      `field empty_row is "maybe", must be "keep-maximum" or "keep-nothing"`,
		`{"model":"m","seed":1,"layers":[1],"empty_row":"keep-maximum","extra":1}`:     `unknown field "extra"`,
		`{"model":"m","seed":1,"layers":[1],"empty_row":"keep-maximum"} and then some`: "must be one object",
	} {
		path := filepath.Join(dir, "t.json")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := pruning.LoadThreshold(path)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want one line with the file and %q", text, err, want)
		}
	}
	if _, err := pruning.LoadThreshold(filepath.Join(dir, "none.json")); err == nil || !strings.Contains(err.Error(), "none.json") {
		t.Errorf("missing file: %v", err)
	}
	bad := &pruning.Threshold{Layers: []float64{0, math.NaN()}}
	if err := bad.Save(filepath.Join(dir, "bad.json")); err == nil || !strings.Contains(err.Error(), "Layers[1] is NaN, must be finite") {
		t.Errorf("NaN: %v", err)
	}
	if err := (&pruning.Threshold{Layers: []float64{1}}).Save(filepath.Join(dir, "no", "folder.json")); err == nil {
		t.Error("saved into a folder that is not there")
	}
	if _, err := os.Stat(filepath.Join(dir, "bad.json")); err == nil {
		t.Error("a refused threshold left a file")
	}
}

func FuzzLoadThreshold(f *testing.F) {
	f.Add(`{"model":"m","seed":1,"layers":[0.5,-1],"empty_row":"keep-nothing"}`)
	f.Add(`{"model":null,"layers":[{}]}`)
	f.Add(`[`)
	path := filepath.Join(f.TempDir(), "t.json")
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		p, err := pruning.LoadThreshold(path)
		if err != nil {
			return
		}
		if err := p.Validate(); err != nil {
			t.Fatalf("loaded, but: %v", err)
		}
	})
}

func TestRatesSumByLayerAndHead(t *testing.T) {
	h := randomHead(rand.New(rand.NewPCG(1, 1)), 8, 4, 2, 8)
	m := attention.NewMask(8, 8)
	m.Keep(0, 1)
	m.Keep(3, 2)
	var r pruning.Rates
	r.Add(1, 0, h, m)
	r.Add(1, 0, h, attention.Full(h))
	r.Add(1, 2, h, m)
	h.Causal = true
	r.Add(0, 0, h, attention.Full(h))
	if c := r.Head(1, 0); c != (pruning.Count{Kept: 18, Visible: 32}) || c.Rate() != 14.0/32 {
		t.Errorf("head 1.0: %+v", c)
	}
	if c := r.Layer(1); c != (pruning.Count{Kept: 20, Visible: 48}) {
		t.Errorf("layer 1: %+v", c)
	}
	if c := r.Total(); c != (pruning.Count{Kept: 30, Visible: 58}) {
		t.Errorf("total: %+v", c)
	}
	if d := cmp.Diff([]any{r.Layers(), r.Heads(1)}, []any{[]int{0, 1}, []int{0, 2}}); d != "" {
		t.Error(d)
	}
	var empty pruning.Rates
	if empty.Total().Rate() != 0 {
		t.Error("nothing seen has a rate")
	}
	var text strings.Builder
	if err := r.WriteTable(&text); err != nil {
		t.Fatal(err)
	}
	if want := "58.3       43.8  87.5"; !strings.Contains(text.String(), want) {
		t.Errorf("table lacks %q:\n%s", want, text.String())
	}
}

func ExampleThreshold_Mask() {
	h := &attention.Head{Tokens: 3, Valid: 3, Dim: 1, Bits: 8, ScaleQ: 1, ScaleK: 1, ScaleV: 1,
		Q: []int16{1, 2, -1}, K: []int16{1, 2, 3}, V: make([]int16, 3)}
	p := pruning.Threshold{Model: "by hand", Layers: []float64{4}}
	m := p.Mask(h, 0)
	for t := range 3 {
		fmt.Print(m.KeptKeys(t, nil), " ")
	}
	// Output: [2] [1 2] [0]
}
