package transformer_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/sparse-attention/workbench/lib/transformer"
)

func small() transformer.Spec {
	return transformer.Spec{Layers: 2, Hidden: 16, Heads: 2, FFN: 32, Tokens: 12, Vocabulary: 20, Classes: 3, Dropout: 0.1}
}

func newModel(t *testing.T, s transformer.Spec) *transformer.Encoder {
	t.Helper()
	m, err := transformer.NewEncoder(s, 7)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func batch() (ids, lengths []int32) {
	return []int32{2, 5, 6, 7, 8, 9, 2, 4, 3, 0, 0, 0}, []int32{6, 3}
}

func inGraph(t *testing.T, m *transformer.Encoder, hook transformer.Hook, ids, lengths []int32) []float32 {
	t.Helper()
	return logits(t, m, hook, tensors.FromFlatDataAndDimensions(ids, 2, 6), lengths)
}

// logits are those of the whole graph, for rows of ids or patches.
func logits(t *testing.T, m *transformer.Encoder, hook transformer.Hook, rows *tensors.Tensor, lengths []int32) []float32 {
	t.Helper()
	b, err := transformer.OpenBackend("")
	if err != nil {
		t.Fatal(err)
	}
	out, err := model.CallOnce(b, m.Store, func(_ *model.Scope, rows, lengths *graph.Node) *graph.Node {
		p := &transformer.Pass{Model: m, Graph: rows.Graph()}
		return p.Logits(hook, rows, lengths)
	}, rows, tensors.FromFlatDataAndDimensions(lengths, len(lengths)))
	if err != nil {
		t.Fatal(err)
	}
	return tensors.MustCopyFlatData[float32](out)
}

// staged prepares a model for plain-Go attention, until the test ends.
func staged(t *testing.T, m *transformer.Encoder) *transformer.Staged {
	t.Helper()
	b, err := transformer.OpenBackend("")
	if err != nil {
		t.Fatal(err)
	}
	s, err := transformer.NewStaged(b, m)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// dense is softmax attention in float64, the reference for the staged seam.
func dense(p transformer.Projection, context []float32) error {
	for t := range p.Valid {
		w, sum := make([]float64, p.Valid), 0.0
		for j := range w {
			s := 0.0
			for i := range p.Dim {
				s += float64(p.Q[t*p.Dim+i]) * float64(p.K[j*p.Dim+i])
			}
			w[j] = math.Exp(s / math.Sqrt(float64(p.Dim)))
			sum += w[j]
		}
		for j := range w {
			for i := range p.Dim {
				context[t*p.Dim+i] += float32(w[j] / sum * float64(p.V[j*p.Dim+i]))
			}
		}
	}
	return nil
}

func TestStagedEqualsGraph(t *testing.T) {
	m := newModel(t, small())
	ids, lengths := batch()
	got, err := staged(t, m).Logits(transformer.Inputs{IDs: ids}, lengths, 6, dense)
	if err != nil {
		t.Fatal(err)
	}
	equalsGraph(t, got, inGraph(t, m, nil, ids, lengths))
}

func equalsGraph(t *testing.T, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d logits through plain Go, %d in the graph", len(got), len(want))
	}
	for i := range want {
		if math.Abs(float64(got[i]-want[i])) > 1e-5 {
			t.Errorf("logit %d is %v through plain Go, %v in the graph", i, got[i], want[i])
		}
	}
}

// A model that reads patches answers the same through plain Go as in one graph, and is given all of them.
func TestStagedReadsPatches(t *testing.T) {
	spec := small()
	spec.Patch = 3
	m := newModel(t, spec)
	s := staged(t, m)
	const rows, tokens = 2, 4
	patches, lengths := make([]float32, rows*tokens*spec.Patch), []int32{4, 3}
	for i := range patches {
		patches[i] = float32(i%7) - 3
	}
	want := logits(t, m, nil, tensors.FromFlatDataAndDimensions(patches, rows, tokens, spec.Patch), lengths)
	got, err := s.Logits(transformer.Inputs{Patches: patches}, lengths, tokens, dense)
	if err != nil {
		t.Fatal(err)
	}
	equalsGraph(t, got, want)
	if slices.Equal(want[:spec.Classes], want[spec.Classes:]) {
		t.Errorf("both rows answer %v", want)
	}
	if _, err := s.Logits(transformer.Inputs{IDs: make([]int32, rows*tokens)}, lengths, tokens, dense); err == nil || !strings.Contains(err.Error(), "Inputs.Patches") {
		t.Errorf("ids instead of patches: %v", err)
	}
}

// Variants of the attention that run together answer as each does alone.
func TestVariantsAnswerAsAlone(t *testing.T) {
	for _, layers := range []int{1, 3} {
		spec := small()
		spec.Layers = layers
		s := staged(t, newModel(t, spec))
		ids, lengths := batch()
		variants := []transformer.Attend{dense, func(p transformer.Projection, context []float32) error {
			copy(context, p.V[:p.Valid*p.Dim])
			return nil
		}, dense}
		var want []float32
		for _, attend := range variants {
			alone, err := s.Logits(transformer.Inputs{IDs: ids}, lengths, 6, attend)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, alone...)
		}
		var calls atomic.Int64
		got, err := s.LogitsOfVariants(transformer.Inputs{IDs: ids}, lengths, 6, len(variants), func(p transformer.Projection, first int, contexts [][]float32) error {
			if p.Layer == 0 {
				calls.Add(1)
			}
			for i, context := range contexts {
				if err := variants[first+i](p, context); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if calls.Load() != int64(len(lengths)*spec.Heads) {
			t.Errorf("%d layers: the first is attended %d times, must be once for each head of each input, %d", layers, calls.Load(), len(lengths)*spec.Heads)
		}
		if len(got) != len(want) || slices.Equal(got[:6], got[6:12]) {
			t.Fatalf("%d layers: %v", layers, got)
		}
		for i := range want {
			if math.Abs(float64(got[i]-want[i])) > 1e-5 {
				t.Errorf("%d layers: logit %d is %v, alone %v", layers, i, got[i], want[i])
			}
		}
		if _, err := s.LogitsOfVariants(transformer.Inputs{IDs: ids}, lengths, 6, 0, nil); err == nil || !strings.Contains(err.Error(), "0 variants") {
			t.Errorf("no variant: %v", err)
		}
	}
}

func TestPaddingDoesNotReachTheAnswer(t *testing.T) {
	m := newModel(t, small())
	ids, lengths := batch()
	want := inGraph(t, m, nil, ids, lengths)
	for i := 9; i < 12; i++ {
		ids[i] = 17
	}
	got := inGraph(t, m, nil, ids, lengths)
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("logit %d changed from %v to %v with the padding", i, want[i], got[i])
		}
	}
}

// firstKeyOnly removes every key but the first.
type firstKeyOnly struct{}

func (firstKeyOnly) Scores(_ *transformer.Pass, _ int, x, _ *graph.Node) *graph.Node {
	first := graph.LessThan(graph.Iota(x.Graph(), x.Shape(), 3), graph.OnesLike(x))
	return transformer.Only(x, first)
}

func TestHookDecidesWhichKeysAreSeen(t *testing.T) {
	m := newModel(t, small())
	ids, lengths := batch()
	want := inGraph(t, m, firstKeyOnly{}, ids, lengths)
	got, err := staged(t, m).Logits(transformer.Inputs{IDs: ids}, lengths, 6, func(p transformer.Projection, context []float32) error {
		for t := range p.Valid {
			copy(context[t*p.Dim:(t+1)*p.Dim], p.V[:p.Dim])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if math.Abs(float64(got[i]-want[i])) > 1e-5 {
			t.Errorf("logit %d is %v, the hook's graph gives %v", i, got[i], want[i])
		}
	}
	if full := inGraph(t, m, nil, ids, lengths); full[0] == want[0] {
		t.Error("the hook changed nothing")
	}
}

func TestSameSeedSameParameters(t *testing.T) {
	a, b := newModel(t, small()), newModel(t, small())
	for _, p := range small().Parameters() {
		x, _ := a.Values(p.Name)
		y, _ := b.Values(p.Name)
		for i := range x {
			if x[i] != y[i] {
				t.Fatalf("%s[%d] is %v and %v", p.Name, i, x[i], y[i])
			}
		}
	}
}

func TestSpecNamesTheField(t *testing.T) {
	for field, change := range map[string]func(*transformer.Spec){
		"Layers":     func(s *transformer.Spec) { s.Layers = 0 },
		"Hidden":     func(s *transformer.Spec) { s.Hidden = 15 },
		"Heads":      func(s *transformer.Spec) { s.Heads = 17 },
		"FFN":        func(s *transformer.Spec) { s.FFN = -1 },
		"Tokens":     func(s *transformer.Spec) { s.Tokens = 0 },
		"Vocabulary": func(s *transformer.Spec) { s.Vocabulary = 1 },
		"Classes":    func(s *transformer.Spec) { s.Classes = 0 },
		"Head":       func(s *transformer.Spec) { s.Head = "tail" },
		"Patch":      func(s *transformer.Spec) { s.Patch = -1 },
		"Dropout":    func(s *transformer.Spec) { s.Dropout = math.NaN() },
	} {
		s := small()
		change(&s)
		if _, err := transformer.NewEncoder(s, 1); err == nil || !strings.Contains(err.Error(), "Spec."+field) {
			t.Errorf("bad %s: error is %v, must name Spec.%s", field, err, field)
		}
	}
}

func TestSaveAndLoad(t *testing.T) {
	m := newModel(t, small())
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := m.Save(path, transformer.Float32, map[string]string{"data": "none"}); err != nil {
		t.Fatal(err)
	}
	back, meta, err := transformer.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if meta["data"] != "none" || back.Spec != m.Spec {
		t.Errorf("metadata %v, spec %+v", meta, back.Spec)
	}
	ids, lengths := batch()
	want, got := inGraph(t, m, nil, ids, lengths), inGraph(t, back, nil, ids, lengths)
	for i := range want {
		if want[i] != got[i] {
			t.Errorf("logit %d is %v after loading, was %v", i, got[i], want[i])
		}
	}
}

func TestDamagedWeightsAreRefused(t *testing.T) {
	m := newModel(t, small())
	dir := t.TempDir()
	path := filepath.Join(dir, "model.safetensors")
	if err := m.Save(path, transformer.Float16, nil); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	flipped := append([]byte(nil), whole...)
	flipped[len(flipped)-5] ^= 4
	for name, content := range map[string][]byte{
		"empty": nil, "no header": whole[:6], "half": whole[:len(whole)/2], "one byte short": whole[:len(whole)-1],
		"one byte more": append(append([]byte(nil), whole...), 0), "one bit flipped": flipped,
	} {
		bad := filepath.Join(dir, "bad.safetensors")
		if err := os.WriteFile(bad, content, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, _, err := transformer.Load(bad); err == nil || !strings.Contains(err.Error(), bad) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error is %v, must be one line that names the file", name, err)
		}
	}
}

func TestUnknownBackendIsRefused(t *testing.T) {
	if _, err := transformer.OpenBackend("abacus"); err == nil || !strings.Contains(err.Error(), "abacus") {
		t.Errorf("error is %v", err)
	}
}

func FuzzReadTensors(f *testing.F) {
	dir := f.TempDir()
	path := filepath.Join(dir, "seed")
	if err := transformer.WriteTensors(path, []transformer.Tensor{{Name: "a", Shape: []int{2, 2}, Values: make([]float32, 4)}}, transformer.Float16, nil); err != nil {
		f.Fatal(err)
	}
	seed, _ := os.ReadFile(path)
	f.Add(seed)
	f.Add([]byte("\x02\x00\x00\x00\x00\x00\x00\x00{}"))
	f.Fuzz(func(t *testing.T, file []byte) {
		p := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(p, file, 0o644); err != nil {
			t.Fatal(err)
		}
		ts, _, err := transformer.ReadTensors(p)
		if err == nil {
			for _, x := range ts {
				n := 1
				for _, d := range x.Shape {
					n *= d
				}
				if n != len(x.Values) {
					t.Fatalf("tensor %s of shape %v has %d values", x.Name, x.Shape, len(x.Values))
				}
			}
		}
	})
}

func ExampleSpec_MultiplyAdds() {
	s := transformer.Tiny(64, 2000, 2)
	fmt.Printf("%.1f million multiply-adds for 64 tokens\n", float64(s.MultiplyAdds(64))/1e6)
	// Output: 27.3 million multiply-adds for 64 tokens
}

func BenchmarkForward(b *testing.B) {
	backend, err := transformer.OpenBackend("")
	if err != nil {
		b.Fatal(err)
	}
	m, err := transformer.NewEncoder(transformer.Tiny(64, 2000, 2), 1)
	if err != nil {
		b.Fatal(err)
	}
	exec, err := model.NewExec(backend, m.Store, func(_ *model.Scope, ids, lengths *graph.Node) *graph.Node {
		return (&transformer.Pass{Model: m, Graph: ids.Graph()}).Logits(nil, ids, lengths)
	})
	if err != nil {
		b.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	ids, lengths := make([]int32, 32*64), make([]int32, 32)
	for i := range ids {
		ids[i] = int32(5 + rng.IntN(1990))
	}
	for i := range lengths {
		lengths[i] = 64
	}
	for b.Loop() {
		if _, err := exec.Call1(tensors.FromFlatDataAndDimensions(ids, 32, 64), tensors.FromFlatDataAndDimensions(lengths, 32)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(32*float64(b.N)/b.Elapsed().Seconds(), "examples/s")
	b.ReportMetric(float64(m.Spec.MultiplyAdds(64)), "multiply-adds/example")
}

// Positions that begin as sines have one product for one distance, wherever they stand.
func TestSinesTellDistances(t *testing.T) {
	s := small()
	s.Hidden, s.Heads, s.Tokens, s.Deviation, s.Sines = 32, 2, 24, 0.1, true
	m, err := transformer.NewEncoder(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.Values("embedding/position")
	if err != nil {
		t.Fatal(err)
	}
	product := func(a, b int) (sum float64) {
		for i := range s.Hidden {
			sum += float64(p[a*s.Hidden+i]) * float64(p[b*s.Hidden+i])
		}
		return sum
	}
	if got, want := product(7, 7), float64(s.Hidden)*s.Deviation*s.Deviation; math.Abs(got-want) > 1e-6 {
		t.Errorf("a position's square is %v, must be Hidden x Deviation^2 = %v", got, want)
	}
	for distance := range 12 {
		if a, b := product(0, distance), product(11, 11+distance); math.Abs(a-b) > 1e-6 {
			t.Errorf("distance %d gives %v at the start and %v later", distance, a, b)
		}
		if distance > 0 && product(0, distance) >= product(0, 0) {
			t.Errorf("distance %d is as near as none", distance)
		}
	}
	s.Deviation = -1
	if err := s.Validate(); err == nil || !strings.Contains(err.Error(), "Spec.Deviation is -1") {
		t.Errorf("error is %v, must name Deviation", err)
	}
}
