package transformer

import (
	"math"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// The three forms of a decoder - graph, stages with attention in plain Go, and one token after the other - give the same
// logits.
func TestFormsOfADecoderAgree(t *testing.T) {
	spec := LlamaSpec(2, 24, 4, 2, 40, 12, 17)
	m, err := NewEncoder(spec, 7)
	if err != nil {
		t.Fatal(err)
	}
	grow(t, m)
	backend, err := OpenBackend("")
	if err != nil {
		t.Fatal(err)
	}
	ids := []int32{1, 5, 3, 16, 2, 2, 9, 11, 4, 8}
	n := len(ids)
	exec, err := model.NewExec(backend, m.Store, func(_ *model.Scope, in []*graph.Node) []*graph.Node {
		return []*graph.Node{(&Pass{Model: m, Graph: in[0].Graph()}).Logits(nil, in[0], in[1])}
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Call1(tensors.FromFlatDataAndDimensions(ids, 1, n), tensors.FromFlatDataAndDimensions([]int32{int32(n)}, 1))
	if err != nil {
		t.Fatal(err)
	}
	whole := tensors.MustCopyFlatData[float32](out)

	staged, err := NewStaged(backend, m)
	if err != nil {
		t.Fatal(err)
	}
	defer staged.Close()
	parts, err := staged.Logits(Inputs{IDs: ids}, []int32{int32(n)}, n, causalAttention)
	if err != nil {
		t.Fatal(err)
	}
	d, err := NewDecoder(m)
	if err != nil {
		t.Fatal(err)
	}
	session := d.NewSession(nil)
	for i, id := range ids {
		step, err := session.Step(id)
		if err != nil {
			t.Fatal(err)
		}
		for v := range step {
			a, b, c := whole[i*spec.Vocabulary+v], parts[i*spec.Vocabulary+v], step[v]
			if !near(a, b) || !near(a, c) {
				t.Fatalf("token %d, logit %d: graph %v, stages %v, session %v", i, v, a, b, c)
			}
		}
	}
}

// grow makes the weights large enough that every part of the model matters.
func grow(t *testing.T, m *Encoder) {
	t.Helper()
	for _, p := range m.Spec.Parameters() {
		v, err := m.Values(p.Name)
		if err != nil {
			t.Fatal(err)
		}
		for i := range v {
			v[i] = 15*v[i] + 0.05*float32(i%7)
		}
		if err := m.SetValues(p.Name, p.Shape, v); err != nil {
			t.Fatal(err)
		}
	}
}

func near(a, b float32) bool {
	return math.Abs(float64(a-b)) <= 1e-4*math.Max(1, math.Abs(float64(a)))
}

// causalAttention is plain attention in which query t sees keys 0..t.
func causalAttention(p Projection, context []float32) error {
	for t := range p.Valid {
		seen := p.Valid
		if p.Causal {
			seen = t + 1
		}
		w := make([]float32, seen)
		for j := range w {
			for c := range p.Dim {
				w[j] += p.Q[t*p.Dim+c] * p.K[j*p.Dim+c] / float32(math.Sqrt(float64(p.Dim)))
			}
		}
		softmax(w)
		for j, x := range w {
			for c := range p.Dim {
				context[t*p.Dim+c] += x * p.V[j*p.Dim+c]
			}
		}
	}
	return nil
}
