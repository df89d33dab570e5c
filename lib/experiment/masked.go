package experiment

import (
	"context"
	"fmt"
	"math"
	"sync"

	"github.com/gomlx/compute"
	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// Chooser says which keys the queries of a head keep; a nil mask keeps all. It is called from several goroutines.
type Chooser func(example int, p transformer.Projection) (*attention.Mask, error)

// Masked is the score of a model whose attention keeps what a Chooser chose.
type Masked struct {
	Score
	Retention float64 // kept over visible pairs, of all queries for which there was a choice
}

// MaskedAccuracy runs the examples through a classifier with floating-point attention over the kept keys. In the last layer
// only the first token is attended for, since the classifier reads no other; a Chooser may leave the others' rows empty.
func MaskedAccuracy(ctx context.Context, backend compute.Backend, m *transformer.Encoder, examples []datasets.Example, choose Chooser) (Masked, error) {
	if m.Spec.Head != transformer.Pooled || m.Spec.Causal {
		return Masked{}, fmt.Errorf("experiment: MaskedAccuracy needs a pooled classifier that sees all keys, Spec.Head is %q", m.Spec.Head)
	}
	staged, err := transformer.NewStaged(backend, m)
	if err != nil {
		return Masked{}, err
	}
	defer staged.Close()
	options := datasets.BatchOptions{Size: evalBatch / 4, Multiple: 128, Limit: m.Spec.Tokens}
	if err := options.Check(examples); err != nil {
		return Masked{}, err
	}
	out := Masked{Score: Score{Examples: len(examples), Right: make([]bool, len(examples))}}
	var mu sync.Mutex
	var kept, visible float64
	for b := range datasets.Batches(examples, options) {
		if err := ctx.Err(); err != nil {
			return Masked{}, err
		}
		logits, err := staged.Logits(b.IDs[:b.Count*b.Tokens], b.Lengths[:b.Count], b.Tokens, func(p transformer.Projection, context []float32) error {
			mask, err := choose(b.Examples[p.Sample], p)
			if err != nil {
				return err
			}
			rows := p.Valid
			if p.Layer == m.Spec.Layers-1 {
				rows = 1
			}
			attendKept(p, mask, rows, context)
			n, all := p.Valid*p.Valid, p.Valid*p.Valid
			if mask != nil {
				n, all = 0, 0
				for t := range p.Valid {
					if c := mask.CountRow(t); c > 0 {
						n, all = n+c, all+p.Valid
					}
				}
			}
			mu.Lock()
			kept, visible = kept+float64(n), visible+float64(all)
			mu.Unlock()
			return nil
		})
		if err != nil {
			return Masked{}, err
		}
		for i := range b.Count {
			row := logits[i*m.Spec.Classes : (i+1)*m.Spec.Classes]
			best := 0
			for c, v := range row {
				if v > row[best] {
					best = c
				}
			}
			if int32(best) == b.Labels[i] {
				out.Right[b.Examples[i]] = true
				out.Correct++
			}
		}
	}
	out.Retention = kept / visible
	return out, nil
}

// attendKept is softmax(q.k/sqrt(d)) V over the kept keys of the first rows queries.
func attendKept(p transformer.Projection, mask *attention.Mask, rows int, context []float32) {
	scale := float32(1 / math.Sqrt(float64(p.Dim)))
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
		q := p.Q[t*p.Dim : (t+1)*p.Dim]
		top := float32(math.Inf(-1))
		for i, j := range keys {
			scores[i] = scale * product(q, p.K[int(j)*p.Dim:])
			top = max(top, scores[i])
		}
		out := context[t*p.Dim : (t+1)*p.Dim]
		var sum float32
		for i, j := range keys {
			e := float32(math.Exp(float64(scores[i] - top)))
			sum += e
			for c, v := range p.V[int(j)*p.Dim : (int(j)+1)*p.Dim] {
				out[c] += e * v
			}
		}
		for c := range out {
			out[c] /= sum
		}
	}
}

func product(a, b []float32) float32 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float32
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	for ; i < len(a); i++ {
		s0 += a[i] * b[i]
	}
	return s0 + s1 + s2 + s3
}
