package experiment

import (
	"math"
	"slices"

	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// bits of the datapath that no setting changes (section IV): queries, and the probabilities that multiply the values.
const (
	queryBits       = 12
	probabilityBits = 12
	realBits        = 32
)

// attend is a transformer.TokenAttention.
func (d *decoding) attend(q *transformer.TokenQuery, context []float32) error {
	if q.Layer == 0 {
		d.cascade.Begin()
	}
	d.tokens = d.cascade.Tokens(q.Layer, d.tokens[:0])
	if d.watch != nil {
		d.watch(q.Layer, d.tokens)
	}
	n := int64(q.Position + 1)
	for h := range q.Heads {
		d.fetched.DenseKeys += n
		d.fetched.DenseValues += n
		d.fetched.DenseBits += 2 * n * int64(q.Dim) * realBits
		d.fetched.DenseHeads++
		if d.cascade.HasHead(q.Layer, h) {
			d.fetched.Heads++
			d.head(q, h, context[h*q.Dim:(h+1)*q.Dim])
		}
	}
	d.cascade.EndLayer(q.Layer)
	return nil
}

func (d *decoding) head(q *transformer.TokenQuery, h int, context []float32) {
	kept := len(d.tokens)
	d.p = slices.Grow(d.p[:0], kept)[:kept]
	keys, values, query := q.Keys(h), q.Values(h), q.Query(h)
	keyBits, valueBits := realBits, realBits
	low := false
	if d.o.Progressive == nil {
		d.probabilities(query, keys)
	} else {
		first, whole, v := d.cache.of(q, h)
		query, values = rounded(query, queryBits), v
		keyBits, valueBits = d.o.Progressive.MSB, d.o.Progressive.MSB
		d.probabilities(query, first)
		if float64(slices.Max(d.p)) < d.o.Progressive.Threshold {
			low, keyBits = true, keyBits+d.o.Progressive.LSB
			d.probabilities(query, whole)
		}
		for i, p := range d.p {
			d.p[i] = float32(math.Round(float64(p)*(1<<probabilityBits))) / (1 << probabilityBits)
		}
	}
	d.cascade.AddProbabilities(d.p, d.tokens)
	read := d.weigh(values, context)
	d.cascade.AddOutput(h, context)
	d.fetched.Rows++
	if low {
		d.fetched.LowRows++
	}
	d.fetched.Keys += int64(kept)
	d.fetched.Values += int64(read)
	d.fetched.Bits += int64(q.Dim) * (int64(kept)*int64(keyBits) + int64(read)*int64(valueBits))
}

// probabilities is the softmax over the tokens alive.
func (d *decoding) probabilities(query, keys []float32) {
	dim := len(query)
	scale := float32(1 / math.Sqrt(float64(dim)))
	top := float32(math.Inf(-1))
	for i, j := range d.tokens {
		var s float32
		for c, k := range keys[int(j)*dim : (int(j)+1)*dim] {
			s += k * query[c]
		}
		d.p[i] = s * scale
		top = max(top, d.p[i])
	}
	var sum float32
	for i, s := range d.p {
		d.p[i] = float32(math.Exp(float64(s - top)))
		sum += d.p[i]
	}
	for i := range d.p {
		d.p[i] /= sum
	}
}

// weigh adds up the values of the largest probabilities, and reports how many they are. What local value pruning leaves out
// is missing in the sum: the others are not scaled up.
func (d *decoding) weigh(values, context []float32) int {
	threshold := pruning.Selection{Threshold: math.Inf(-1)}
	read := pruning.Keep(len(d.p), 1-d.o.Values)
	if read < len(d.p) {
		d.order = d.order[:0]
		for _, p := range d.p {
			d.order = append(d.order, float64(p))
		}
		threshold = pruning.QuickSelect(d.order, read, nil)
	}
	equal, dim := threshold.Equal, len(context)
	for i, j := range d.tokens {
		p := d.p[i]
		switch x := float64(p); {
		case x < threshold.Threshold || x == threshold.Threshold && equal == 0:
			continue
		case x == threshold.Threshold:
			equal--
		}
		for c, v := range values[int(j)*dim : (int(j)+1)*dim] {
			context[c] += p * v
		}
	}
	return read
}
