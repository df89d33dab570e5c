package training_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
	"pgregory.net/rapid"
)

// curves loses points as windows shrink: each layer by its own curve. It holds no weights.
type curves struct {
	need  []int // a window narrower than this costs
	price []float64
	tried int
}

func (c *curves) Try(_ context.Context, half []int, _ float64) (float64, error) {
	c.tried++
	score := 90.0
	for l, w := range half {
		score -= c.price[l] * float64(max(0, c.need[l]-w))
	}
	return score, nil
}
func (c *curves) Keep() error          { return nil }
func (c *curves) Save(string) error    { return nil }
func (c *curves) Restore(string) error { return nil }

func drawCurves(t *rapid.T, layers, tokens int) *curves {
	c := &curves{}
	for range layers {
		c.need = append(c.need, rapid.IntRange(0, tokens-1).Draw(t, "need"))
		c.price = append(c.price, rapid.Float64Range(0.01, 2).Draw(t, "price"))
	}
	return c
}

// Whatever the order and step: the result is within the budget, every kept candidate was too, no layer grew, and with steps of
// one word no layer can lose another word.
func TestSearchKeepsTheBudget(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		layers, tokens := rapid.IntRange(2, 5).Draw(t, "layers"), rapid.IntRange(2, 70).Draw(t, "tokens")
		c := drawCurves(t, layers, tokens)
		s := training.WindowSearch{Layers: layers, Tokens: tokens, Budget: rapid.Float64Range(0, 5).Draw(t, "budget"),
			Order: training.WindowOrder(rapid.IntRange(0, 2).Draw(t, "order")), Step: training.WindowStep(rapid.IntRange(0, 3).Draw(t, "step"))}
		f, err := s.Run(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		floor := f.Full - s.Budget
		if f.Score < floor {
			t.Fatalf("score %v, floor %v", f.Score, floor)
		}
		held := training.FullWindows(layers, tokens)
		for _, trial := range f.Trials {
			if !trial.Kept {
				continue
			}
			if trial.Score < floor {
				t.Fatalf("%v kept at %v, floor %v", trial.Half, trial.Score, floor)
			}
			for l, w := range trial.Half {
				if w > held[l] {
					t.Fatalf("layer %d grew from %d to %d", l, held[l], w)
				}
			}
			held = trial.Half
		}
		if !slices.Equal(held, f.Half) {
			t.Fatalf("kept last %v, found %v", held, f.Half)
		}
		if s.Step == training.Halve {
			return
		}
		for l := range f.Half {
			narrower := slices.Clone(f.Half)
			if narrower[l] == 0 {
				continue
			}
			narrower[l]--
			if score, _ := c.Try(t.Context(), narrower, 0); score >= floor {
				t.Fatalf("%v still scores %v of %v", narrower, score, floor)
			}
		}
	})
}

// No combination on the grid is narrower than what Exhaust finds, so the greedy search on the same grid is not either.
func TestExhaustIsTheBest(t *testing.T) {
	grid := []int{0, 1, 3, 7, 15} // what halving makes of 15
	rapid.Check(t, func(t *rapid.T) {
		layers := rapid.IntRange(2, 3).Draw(t, "layers")
		c := drawCurves(t, layers, 16)
		s := training.WindowSearch{Layers: layers, Tokens: 16, Budget: rapid.Float64Range(0, 8).Draw(t, "budget"), Candidates: []int{7, 3, 1}, Step: training.Halve}
		best, err := s.Exhaust(t.Context(), c, grid)
		if err != nil {
			t.Fatal(err)
		}
		greedy, err := s.Run(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if best.Score < best.Full-s.Budget {
			t.Fatalf("%v is out of budget", best.Half)
		}
		if training.MeanHalf(greedy.Half) < training.MeanHalf(best.Half)-1e-9 {
			t.Fatalf("greedy %v, exhaustive %v", greedy.Half, best.Half)
		}
	})
}

// What phase 1 tries for 64 tokens, and what a search with both phases does when one layer needs its window.
func TestSearchPhases(t *testing.T) {
	c := &curves{need: []int{10, 1, 0}, price: []float64{1, 1, 1}}
	s := training.WindowSearch{Layers: 3, Tokens: 64, Budget: 0}
	f, err := s.Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	var global []int
	for _, trial := range f.Trials {
		if trial.Phase == "phase 1" {
			global = append(global, trial.Half[0])
		}
	}
	if want := []int{32, 24, 16, 12, 8}; !slices.Equal(global, want) {
		t.Errorf("phase 1 tries %v, want %v", global, want)
	}
	if want := []int{10, 1, 0}; !slices.Equal(f.Half, want) || f.Global != 12 {
		t.Errorf("found %v after %d, want %v after 12", f.Half, f.Global, want)
	}
	s.GlobalOnly, s.Layers = true, 1
	if f, err = s.Run(t.Context(), &curves{need: []int{3}, price: []float64{1}}); err != nil || f.Half[0] != 3 {
		t.Errorf("one layer, phase 1 only: %v, %v", f.Half, err)
	}
}

func TestSearchRefusals(t *testing.T) {
	good := training.WindowSearch{Layers: 2, Tokens: 16}
	for _, c := range []struct {
		change func(*training.WindowSearch)
		want   string
	}{
		{func(s *training.WindowSearch) { s.Budget = -0.5 }, "WindowSearch.Budget is -0.5, must be at least 0"},
		{func(s *training.WindowSearch) { s.Budget = math.NaN() }, "WindowSearch.Budget is NaN"},
		{func(s *training.WindowSearch) { s.Layers = 1 }, "WindowSearch.Layers is 1, must be at least 2 for phase 2"},
		{func(s *training.WindowSearch) { s.Tokens = 1 }, "WindowSearch.Tokens is 1"},
		{func(s *training.WindowSearch) { s.Candidates = []int{16} }, "WindowSearch.Candidates[0] is 16, must be in 0..15"},
		{func(s *training.WindowSearch) { s.Candidates = []int{-1} }, "WindowSearch.Candidates[0] is -1, must be in 0..15"},
		{func(s *training.WindowSearch) { s.Candidates = []int{4, 4} }, "WindowSearch.Candidates[1] is 4, must be below 4"},
		{func(s *training.WindowSearch) { s.Order = 7 }, "WindowSearch.Order is WindowOrder(7)"},
		{func(s *training.WindowSearch) { s.Step = 9 }, "WindowSearch.Step is WindowStep(9)"},
		{func(s *training.WindowSearch) { s.Misses = -1 }, "WindowSearch.Misses is -1"},
	} {
		s := good
		c.change(&s)
		if _, err := s.Run(t.Context(), &curves{need: []int{0, 0}, price: []float64{0, 0}}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
	if _, err := good.Exhaust(t.Context(), &curves{}, []int{16}); err == nil || !strings.Contains(err.Error(), "grid[0] is 16") {
		t.Errorf("%v", err)
	}
}

// stopping ends a search after some candidates.
type stopping struct {
	training.TunedWindows
	left   int
	cancel context.CancelFunc
}

func (s *stopping) Try(ctx context.Context, half []int, floor float64) (float64, error) {
	if s.left--; s.left < 0 {
		s.cancel()
		return 0, ctx.Err()
	}
	return s.TunedWindows.Try(ctx, half, floor)
}

// A real search on a small encoder, ended after each number of candidates and gone on with, finds what an undisturbed one finds.
func TestSearchResumes(t *testing.T) {
	b, err := transformer.OpenBackend("")
	if err != nil {
		t.Fatal(err)
	}
	d := firstToken(160)
	trained := encoder(t, tiny())
	o := options()
	o.Epochs = 6
	if _, err := run(t, trained, d, nil, o); err != nil {
		t.Fatal(err)
	}
	weights, err := trained.Tensors()
	if err != nil {
		t.Fatal(err)
	}
	s := training.WindowSearch{Layers: 2, Tokens: 16, Budget: 1, Candidates: []int{4, 2, 1, 0}}
	search := func(folder string, stopAfter int) (training.FoundWindows, []transformer.Tensor, int, error) {
		m := encoder(t, tiny())
		if err := m.SetTensors(weights); err != nil {
			t.Fatal(err)
		}
		tuner, err := training.NewWindowTuner(b, m, d, training.WindowTuning{Steps: 4, Options: options()})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		log, err := training.OpenWindowLog(folder, "first-token", &stopping{tuner, stopAfter, cancel})
		if err != nil {
			t.Fatal(err)
		}
		defer log.Close()
		f, err := s.Run(ctx, log)
		if err == nil {
			err = log.CatchUp()
		}
		if closing := tuner.Close(); closing != nil {
			t.Fatal(closing)
		}
		end, _ := m.Tensors()
		return f, end, log.Saved, err
	}
	want, wantWeights, _, err := search(t.TempDir(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	if want.Score < want.Full-1 || training.MeanHalf(want.Half) > 4 {
		t.Errorf("found %v at %v of %v: the answer is one word away", want.Half, want.Score, want.Full)
	}
	folder := t.TempDir()
	for {
		got, gotWeights, saved, err := search(folder, 2)
		if errors.Is(err, context.Canceled) || errors.Is(err, training.ErrInterrupted) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("resumed search differs:\n%s", diff)
		}
		if diff := cmp.Diff(wantWeights, gotWeights); diff != "" {
			t.Errorf("resumed weights differ:\n%.400s", diff)
		}
		if saved == 0 {
			t.Error("nothing came from the log")
		}
		break
	}
	if kept, _ := filepath.Glob(filepath.Join(folder, "held-*.safetensors")); len(kept) != 1 {
		t.Errorf("%d weight files are left, want the newest", len(kept))
	}
	if _, err := training.OpenWindowLog(folder, "another", &curves{}); err == nil || !strings.Contains(err.Error(), "belongs to another run") {
		t.Errorf("the log of another search: %v", err)
	}
}

// A line that was cut off is measured again; one that is no JSON is named.
func TestDamagedWindowLog(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "candidates.jsonl")
	whole := `{"search":"x","after":0,"score":0}` + "\n" + `{"after":0,"half":[1,1],"score":5,"seconds":2.5}` + "\n"
	if err := os.WriteFile(path, []byte(whole+`{"after":0,"half":[2`), 0o644); err != nil {
		t.Fatal(err)
	}
	l, err := training.OpenWindowLog(folder, "x", &curves{need: []int{0, 0}, price: []float64{0, 0}})
	if err != nil {
		t.Fatal(err)
	}
	if score, err := l.Try(t.Context(), []int{1, 1}, 0); err != nil || score != 5 {
		t.Errorf("%v, %v", score, err)
	}
	if l.Seconds != 2.5 {
		t.Errorf("%v seconds, must be those that the log tells", l.Seconds)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(path); string(text) != whole {
		t.Errorf("the log is now %q", text)
	}
	if err := os.WriteFile(path, []byte(whole+"nonsense\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := training.OpenWindowLog(folder, "x", &curves{}); err == nil || !strings.Contains(err.Error(), "candidates.jsonl:3") {
		t.Errorf("%v", err)
	}
}

func ExampleWindowSearch() {
	c := &curves{need: []int{9, 3}, price: []float64{0.2, 0.5}}
	f, _ := training.WindowSearch{Layers: 2, Tokens: 64, Budget: 1}.Run(context.Background(), c)
	fmt.Printf("%v, %.1f points lost, %d candidates\n", f.Half, f.Full-f.Score, len(f.Trials))
	// Output: [4 3], 1.0 points lost, 13 candidates
}
