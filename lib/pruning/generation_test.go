package pruning

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Over layers and over tokens nothing comes back, every layer keeps what its ratio says, and the newest tokens stay.
func TestGenerationNeverBringsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const heads = 4
		layers := rapid.IntRange(1, 4).Draw(t, "layers")
		rising := func(name string) []float64 {
			r := rapid.SliceOfN(rapid.Float64Range(0, 0.95), layers, layers).Draw(t, name)
			slices.Sort(r)
			return r
		}
		o := GenerationOptions{Tokens: rising("tokens"), Heads: rising("heads"), Rescale: rapid.Float64Range(0.1, 1).Draw(t, "rescale"),
			Recent: rapid.IntRange(1, 3).Draw(t, "recent")}
		g, err := NewGeneration(o, heads)
		if err != nil {
			t.Fatal(err)
		}
		prompt := rapid.IntRange(1, 10).Draw(t, "prompt")
		total := prompt + rapid.IntRange(1, 10).Draw(t, "written")
		gone := make([]map[int32]bool, layers)
		for l := range gone {
			gone[l] = map[int32]bool{}
		}
		for n := 1; n <= total; n++ {
			if n == prompt+1 {
				g.Generate()
			}
			g.Begin()
			var above []int32
			for l := range layers {
				alive := g.Tokens(l, nil)
				if !slices.Contains(alive, int32(n-1)) {
					t.Fatalf("token %d does not see itself in layer %d", n-1, l)
				}
				if n <= prompt && len(alive) != n {
					t.Fatalf("layer %d of prompt token %d sees %d tokens", l, n-1, len(alive))
				}
				if l > 0 {
					for _, j := range alive {
						if !slices.Contains(above, j) {
							t.Fatalf("token %d is in layer %d but not in the one before", j, l)
						}
					}
					if keep := max(Keep(n, o.Tokens[l]), o.Recent); n > prompt && len(alive) > keep {
						t.Fatalf("layer %d has %d of %d tokens, must have at most %d", l, len(alive), n, keep)
					}
				}
				above = alive
				for j := range int32(n) {
					in := slices.Contains(alive, j)
					if in && gone[l][j] {
						t.Fatalf("token %d came back to layer %d", j, l)
					}
					gone[l][j] = !in
				}
				for h := range heads {
					if g.HasHead(l, h) {
						p := make([]float32, len(alive))
						for i := range p {
							p[i] = rapid.Float32Range(0, 1).Draw(t, "p")
						}
						g.AddProbabilities(p, alive)
						g.AddOutput(h, []float32{rapid.Float32Range(-1, 1).Draw(t, "out")})
					}
				}
				g.EndLayer(l)
			}
		}
	})
}

// What is kept is what earned most, and rescaling makes the newest earnings count.
func TestGenerationKeepsWhatEarned(t *testing.T) {
	o := GenerationOptions{Tokens: []float64{0, 0.5}, Heads: []float64{0, 0.5}, Rescale: 0.5, Recent: 1}
	g, err := NewGeneration(o, 2)
	if err != nil {
		t.Fatal(err)
	}
	g.Begin()
	g.AddProbabilities([]float32{0.8}, []int32{0})
	g.Begin() // token 0 has 0.4 left
	g.AddProbabilities([]float32{0.1, 0.5}, []int32{0, 1})
	g.Begin()
	g.AddProbabilities([]float32{0.2}, []int32{2})
	g.Generate()
	g.Begin() // 0.125, 0.125, 0.1, 0: halved each time
	g.AddProbabilities([]float32{0.01, 0.02, 0.9, 0}, []int32{0, 1, 2, 3})
	g.AddOutput(0, []float32{-3})
	g.AddOutput(1, []float32{1, 1})
	g.EndLayer(0)
	if got := g.Tokens(1, nil); !slices.Equal(got, []int32{2, 3}) {
		t.Errorf("layer 1 has tokens %v, must have 2 (it earned most) and 3 (it is being written)", got)
	}
	if !g.HasHead(1, 0) || g.HasHead(1, 1) {
		t.Error("layer 1 must have head 0 (magnitude 3) and not head 1 (2)")
	}
	if got := g.Tokens(0, nil); len(got) != 4 {
		t.Errorf("layer 0 has %d tokens, must have 4", len(got))
	}
}

func TestGenerationOptionsAreRefusedByName(t *testing.T) {
	good := GenerationOptions{Tokens: []float64{0, 0.5}, Heads: []float64{0, 0}, Rescale: 1, Recent: 1}
	if _, err := NewGeneration(good, 2); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		want string
		o    func(*GenerationOptions)
	}{
		{"Tokens[1]", func(o *GenerationOptions) { o.Tokens = []float64{0.5, 0.2} }},
		{"Heads[0]", func(o *GenerationOptions) { o.Heads = []float64{1, 1} }},
		{"Heads have", func(o *GenerationOptions) { o.Heads = nil }},
		{"Rescale", func(o *GenerationOptions) { o.Rescale = 0 }},
		{"Recent", func(o *GenerationOptions) { o.Recent = 0 }},
	} {
		o := good
		c.o(&o)
		if _, err := NewGeneration(o, 2); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error is %v, must name %s", err, c.want)
		}
	}
}
