package datasets_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sparse-attention/workbench/datasets"
)

func TestRetrieval(t *testing.T) {
	o := datasets.Options{Train: 400, Dev: 100, Test: 100, Seed: 1}
	d := open(t, "gosource-retrieval", o)
	if diff := cmp.Diff(d.Train, open(t, "gosource-retrieval", o).Train); diff != "" {
		t.Errorf("differs from itself:\n%.400s", diff)
	}
	near(t, "share of pairs of one package", datasets.LabelShares(d.Train, 2)[1], 0.5, 1e-9)
	documents := map[string]int{}
	for s, split := range [][]datasets.Example{d.Train, d.Dev, d.Test} {
		for _, e := range split {
			if e.IDs[e.Second-1] != datasets.SEP || e.IDs[len(e.IDs)-1] != datasets.SEP || len(e.IDs) > 513 {
				t.Fatalf("%d tokens, the second text begins at %d", len(e.IDs), e.Second)
			}
			first, second, ok := strings.Cut(e.Text, "\x1e")
			if !ok || d.Vocabulary.Decode(e.IDs[1:e.Second-1]) != first || d.Vocabulary.Decode(e.IDs[e.Second:len(e.IDs)-1]) != second {
				t.Fatal("the ids are not those of the two texts")
			}
			for _, text := range []string{first, second} {
				if other, twice := documents[text]; twice && other != s {
					t.Error("a document is in two splits")
				}
				documents[text] = s
			}
		}
	}
	for want, o := range map[string]datasets.Options{
		"Options.DocumentBytes is 8": {DocumentBytes: 8}, "Options.Test is 9999999, must be at most": {Train: 10, Dev: 10, Test: 9999999},
	} {
		if _, err := datasets.Open("gosource-retrieval", o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestPathfinder(t *testing.T) {
	o := datasets.Options{Train: 300, Dev: 20, Test: 20, Seed: 5}
	d := open(t, "pathfinder", o)
	if diff := cmp.Diff(d.Train[:20], open(t, "pathfinder", o).Train[:20]); diff != "" {
		t.Errorf("differs from itself:\n%.400s", diff)
	}
	near(t, "share of connected", datasets.LabelShares(d.Train, 2)[1], 0.5, 0.1)
	for i, e := range d.Train {
		if len(e.IDs) != 1025 {
			t.Fatalf("%d tokens, want CLS and 1,024 pixels", len(e.IDs))
		}
		if discs := blobs([]byte(e.Text), 32, 220); discs != 1 && discs != 2 { // two, or one where they touch
			t.Errorf("image %d shows %d discs", i, discs)
		}
		lit := 0
		for _, v := range []byte(e.Text) {
			if v > 0 {
				lit++
			}
		}
		if lit < 100 || lit > 500 { // 48 paddles of 2 x 0.5 pixels and two discs of radius 1.5, smeared over cells
			t.Errorf("image %d has %d pixels that are not black", i, lit)
		}
	}
	patches := open(t, "pathfinder", datasets.Options{Train: 5, Dev: 1, Test: 1, Patch: 4, Seed: 5})
	if len(patches.Train[0].IDs) != 65 || string(patches.Train[0].Image.Pixels) != d.Train[0].Text {
		t.Error("patches show another image than pixels")
	}
	for want, o := range map[string]datasets.Options{
		"Pathfinder.ContourLength is 90, must be in 2..24": {ContourLength: 90}, "Options.Patch is 7": {Patch: 7, Train: 1, Dev: 1, Test: 1},
	} {
		if _, err := datasets.Open("pathfinder", o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// blobs counts the connected regions of pixels of at least a level.
func blobs(pixels []byte, width int, level byte) int {
	seen := make([]bool, len(pixels))
	var fill func(i int)
	fill = func(i int) {
		if i < 0 || i >= len(pixels) || seen[i] || pixels[i] < level {
			return
		}
		seen[i] = true
		for _, d := range []int{-1, 1, -width, width, -width - 1, -width + 1, width - 1, width + 1} {
			fill(i + d)
		}
	}
	n := 0
	for i := range pixels {
		if !seen[i] && pixels[i] >= level {
			n++
			fill(i)
		}
	}
	return n
}
