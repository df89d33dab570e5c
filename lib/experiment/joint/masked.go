package joint

import (
	"context"
	"fmt"
	"math"
	"sync"

	"github.com/gomlx/compute"
	"gonum.org/v1/gonum/blas/blas32"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// Chooser looks at a head and returns what the queries keep at each setting of a method's knob; a nil mask keeps all keys. In the
// first layer, which is the same whatever follows, it looks once for all settings. It is called from several goroutines.
type Chooser func(example int, p transformer.Projection) (func(setting int) *attention.Mask, error)

// Masked is the score of a model whose attention keeps what a Chooser chose.
type Masked struct {
	experiment.Score
	Retention float64 // kept over visible pairs, of all queries for which there was a choice
}

// MaskedAccuracy runs the examples through a classifier with floating-point attention over the kept keys, once for each of the
// settings 0..settings-1. In the last layer only the first token is attended for, since the classifier reads no other; a Chooser
// may leave the others' rows empty.
func MaskedAccuracy(ctx context.Context, backend compute.Backend, m *transformer.Encoder, examples []datasets.Example, settings int, choose Chooser) ([]Masked, error) {
	if m.Spec.Head != transformer.Pooled || m.Spec.Causal {
		return nil, fmt.Errorf("joint: MaskedAccuracy needs a pooled classifier that sees all keys, Spec.Head is %q", m.Spec.Head)
	}
	staged, err := transformer.NewStaged(backend, m)
	if err != nil {
		return nil, err
	}
	defer staged.Close()
	options := datasets.BatchOptions{Size: batch, Multiple: 128, Limit: m.Spec.Tokens}
	if err := options.Check(examples); err != nil {
		return nil, err
	}
	out := make([]Masked, settings)
	for i := range out {
		out[i].Score = experiment.Score{Examples: len(examples), Right: make([]bool, len(examples))}
	}
	var mu sync.Mutex
	kept, visible := make([]int, settings), make([]int, settings)
	for b := range datasets.Batches(examples, options) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		logits, err := staged.LogitsOfVariants(experiment.Inputs(b), b.Lengths[:b.Count], b.Tokens, settings, func(p transformer.Projection, first int, contexts [][]float32) error {
			chosen, err := choose(b.Examples[p.Sample], p)
			if err != nil {
				return err
			}
			rows := p.Valid
			if p.Layer == m.Spec.Layers-1 {
				rows = 1
			}
			for i, context := range contexts {
				mask := chosen(first + i)
				attendKept(p, mask, rows, context)
				n, all := pairs(p, mask)
				mu.Lock()
				kept[first+i], visible[first+i] = kept[first+i]+n, visible[first+i]+all
				mu.Unlock()
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		for i := range settings * b.Count {
			setting, row := &out[i/b.Count], i%b.Count
			if transformer.Likeliest(logits[i*m.Spec.Classes:(i+1)*m.Spec.Classes]) == b.Labels[row] {
				setting.Right[b.Examples[row]] = true
				setting.Correct++
			}
		}
	}
	for i := range out {
		out[i].Retention = float64(kept[i]) / float64(visible[i])
	}
	return out, nil
}

// batch is how many examples run together, in all settings: few, since a batch is padded to its longest.
const batch = 8

// pairs counts what a mask keeps, and all that the queries for which it chose may see.
func pairs(p transformer.Projection, mask *attention.Mask) (kept, visible int) {
	if mask == nil {
		return p.Valid * p.Valid, p.Valid * p.Valid
	}
	for t := range p.Valid {
		if c := mask.CountRow(t); c > 0 {
			kept, visible = kept+c, visible+p.Valid
		}
	}
	return kept, visible
}

// attendKept is softmax(q.k/sqrt(d)) V over the kept keys of the first rows queries.
func attendKept(p transformer.Projection, mask *attention.Mask, rows int, context []float32) {
	scale := float32(1 / math.Sqrt(float64(p.Dim)))
	vector := func(x []float32, i int) blas32.Vector {
		return blas32.Vector{N: p.Dim, Inc: 1, Data: x[i*p.Dim : (i+1)*p.Dim]}
	}
	keys := make([]int32, 0, p.Valid)
	scores := make([]float32, p.Valid)
	for t := range rows {
		keys = keys[:0]
		if mask != nil {
			keys = mask.KeptKeys(t, keys)
		} else {
			for j := range p.Valid {
				keys = append(keys, int32(j))
			}
		}
		q := vector(p.Q, t)
		top := float32(math.Inf(-1))
		for i, j := range keys {
			scores[i] = scale * blas32.Dot(q, vector(p.K, int(j)))
			top = max(top, scores[i])
		}
		out := vector(context, t)
		var sum float32
		for i, j := range keys {
			e := float32(math.Exp(float64(scores[i] - top)))
			sum += e
			blas32.Axpy(e, vector(p.V, int(j)), out)
		}
		blas32.Scal(1/sum, out)
	}
}
