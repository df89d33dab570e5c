package experiment

import (
	"fmt"
	"math"

	"github.com/sparse-attention/workbench/lib/fixedpoint"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// planes is the cache of one text as the memory holds it: keys in high and low bits, values in high bits. The steps of each
// head are set by the prompt and stay (assumed: a machine cannot rescale what it has stored); later vectors saturate.
type planes struct {
	o      fixedpoint.Progressive
	layers [][]planeHead // layer, head of the cache
}

type planeHead struct {
	keys, values          fixedpoint.Quantizer
	first, whole, content []float32 // real values of the codes, tokens x d
}

// newPlanes sets the steps from the prompt in the session.
func newPlanes(o fixedpoint.Progressive, spec transformer.Spec, session *transformer.Session) (*planes, error) {
	p := &planes{o: o}
	heads := spec.CacheHeads()
	for l := range spec.Layers {
		p.layers = append(p.layers, make([]planeHead, heads))
		for h := range heads {
			keys, values := session.Cache(l, h)
			to := &p.layers[l][h]
			var err error
			if to.keys, err = fixedpoint.Symmetric(o.MSB+o.LSB, keys); err != nil {
				return nil, fmt.Errorf("experiment: keys of layer %d, head %d: %w", l, h, err)
			}
			if to.values, err = fixedpoint.Symmetric(o.MSB, values); err != nil {
				return nil, fmt.Errorf("experiment: values of layer %d, head %d: %w", l, h, err)
			}
		}
	}
	return p, nil
}

// of gives what a query head reads, all tokens up to the present one: keys of the first plane, whole keys, values.
func (p *planes) of(q *transformer.TokenQuery, head int) (first, whole, values []float32) {
	to := &p.layers[q.Layer][head/(q.Heads/q.KVHeads)]
	keys, vs := q.Keys(head), q.Values(head)
	for i := len(to.whole); i < len(keys); i++ {
		code := to.keys.Quantise(keys[i])
		to.whole = append(to.whole, float32(code)*to.keys.Scale)
		to.first = append(to.first, float32(p.o.First(code))*to.keys.Scale)
		to.content = append(to.content, float32(to.values.Quantise(vs[i]))*to.values.Scale)
	}
	return to.first, to.whole, to.content
}

// rounded is x on the steps of a quantiser of the given width whose largest code is the largest magnitude of x.
func rounded(x []float32, bits int) []float32 {
	var top float64
	for _, v := range x {
		top = max(top, math.Abs(float64(v)))
	}
	step := top / float64(int(1)<<(bits-1)-1)
	out := make([]float32, len(x))
	for i, v := range x {
		if step > 0 {
			out[i] = float32(math.RoundToEven(float64(v)/step) * step)
		}
	}
	return out
}
