package transformer

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

// TokenQuery is the newest token at the attention of one layer, with the cache that it may look into.
type TokenQuery struct {
	Layer, Position     int       // the token is number Position of its text, from 0
	Heads, KVHeads, Dim int       // Heads/KVHeads query heads share one head of the cache
	Q                   []float32 // Heads x d, turned to their position
	keys, values        []float32 // KVHeads x capacity x d
	capacity            int
}

// Query is the vector of one head, d values.
func (q *TokenQuery) Query(head int) []float32 { return q.Q[head*q.Dim : (head+1)*q.Dim] }

// Keys are the cached keys that a query head sees, (Position+1) x d, its own last.
func (q *TokenQuery) Keys(head int) []float32 { return q.cached(q.keys, head) }

// Values are the cached values that go with Keys.
func (q *TokenQuery) Values(head int) []float32 { return q.cached(q.values, head) }

func (q *TokenQuery) cached(from []float32, head int) []float32 {
	lo := head / (q.Heads / q.KVHeads) * q.capacity * q.Dim
	return from[lo : lo+(q.Position+1)*q.Dim]
}

// TokenAttention computes the attention of the newest token in one layer: it writes the contexts of all heads, Heads x d,
// which come zeroed. It is the seam of generation; it is called for layer 0, 1, ... of one token, then of the next.
type TokenAttention func(q *TokenQuery, context []float32) error

// Session is one text in the making: the cache of keys and values of the tokens so far.
type Session struct {
	decoder      *Decoder
	attend       TokenAttention
	length       int
	keys, values [][]float32 // one a layer
	x, y, wide   []float32
	gate, up     []float32
	context      []float32
	logits       []float32
}

// NewSession starts a text; a nil attention is dense.
func (d *Decoder) NewSession(attend TokenAttention) *Session {
	s := d.Spec
	if attend == nil {
		attend = Dense()
	}
	n := &Session{decoder: d, attend: attend,
		x: make([]float32, s.Hidden), y: make([]float32, s.Hidden), wide: make([]float32, s.Hidden+2*s.kvWidth()),
		gate: make([]float32, s.FFN), up: make([]float32, s.FFN), context: make([]float32, s.Hidden), logits: make([]float32, s.Vocabulary)}
	for range s.Layers {
		n.keys = append(n.keys, make([]float32, s.Tokens*s.kvWidth()))
		n.values = append(n.values, make([]float32, s.Tokens*s.kvWidth()))
	}
	return n
}

// Fork copies a session, so that one prompt can be continued in several ways; a nil attention is dense.
func (n *Session) Fork(attend TokenAttention) *Session {
	f := n.decoder.NewSession(attend)
	f.length = n.length
	for l := range n.keys {
		copy(f.keys[l], n.keys[l])
		copy(f.values[l], n.values[l])
	}
	copy(f.logits, n.logits)
	return f
}

// Length is the number of tokens so far.
func (n *Session) Length() int { return n.length }

// Cache gives the keys and values of one layer and one head of the cache, Length x d each: the session's own storage.
func (n *Session) Cache(layer, kvHead int) (keys, values []float32) {
	s := n.decoder.Spec
	lo := kvHead * s.Tokens * s.HeadDim()
	hi := lo + n.length*s.HeadDim()
	return n.keys[layer][lo:hi], n.values[layer][lo:hi]
}

// Step reads one token and returns the logits of the next, Vocabulary of them; the slice is reused by the next call.
func (n *Session) Step(token int32) ([]float32, error) {
	d, s := n.decoder, n.decoder.Spec
	switch {
	case token < 0 || int(token) >= s.Vocabulary:
		return nil, fmt.Errorf("transformer: token is %d, must be in 0..%d (Spec.Vocabulary - 1)", token, s.Vocabulary-1)
	case n.length >= s.Tokens:
		return nil, fmt.Errorf("transformer: the text has %d tokens, must have at most %d (Spec.Tokens)", n.length+1, s.Tokens)
	}
	copy(n.x, d.embedding.Data[int(token)*s.Hidden:])
	for l := range d.layers {
		if err := n.layer(l); err != nil {
			return nil, fmt.Errorf("transformer: token %d, layer %d: %w", n.length, l, err)
		}
	}
	rmsNorm(n.y, n.x, d.norm)
	multiply(d.embedding, n.y, n.logits)
	n.length++
	return n.logits, nil
}

func (n *Session) layer(l int) error {
	d, s, w := n.decoder, n.decoder.Spec, &n.decoder.layers[l]
	dim, kv := s.HeadDim(), s.kvWidth()
	rmsNorm(n.y, n.x, w.attentionNorm)
	multiply(w.qkv, n.y, n.wide)
	q, k, v := n.wide[:s.Hidden], n.wide[s.Hidden:s.Hidden+kv], n.wide[s.Hidden+kv:]
	d.rotate(q, n.length)
	d.rotate(k, n.length)
	for h := range s.kvHeads() {
		at := (h*s.Tokens + n.length) * dim
		copy(n.keys[l][at:at+dim], k[h*dim:])
		copy(n.values[l][at:at+dim], v[h*dim:])
	}
	clear(n.context)
	query := TokenQuery{Layer: l, Position: n.length, Heads: s.Heads, KVHeads: s.kvHeads(), Dim: dim, Q: q,
		keys: n.keys[l], values: n.values[l], capacity: s.Tokens}
	if err := n.attend(&query, n.context); err != nil {
		return err
	}
	multiply(w.output, n.context, n.y)
	add(n.x, n.y)
	rmsNorm(n.y, n.x, w.ffnNorm)
	multiply(w.gate, n.y, n.gate)
	multiply(w.expand, n.y, n.up)
	for i, g := range n.gate {
		n.up[i] *= silu(g)
	}
	multiply(w.contract, n.up, n.y)
	add(n.x, n.y)
	return nil
}

// Dense is full attention; each call gives one with scratch memory of its own.
func Dense() TokenAttention {
	var p []float32
	return func(q *TokenQuery, context []float32) error {
		n := q.Position + 1
		scale := float32(1 / math.Sqrt(float64(q.Dim)))
		p = slices.Grow(p[:0], n)[:n]
		weights := blas32.Vector{N: n, Inc: 1, Data: p}
		for h := range q.Heads {
			blas32.Gemv(blas.NoTrans, scale, blas32.General{Rows: n, Cols: q.Dim, Stride: q.Dim, Data: q.Keys(h)},
				blas32.Vector{N: q.Dim, Inc: 1, Data: q.Query(h)}, 0, weights)
			softmax(p)
			blas32.Gemv(blas.Trans, 1, blas32.General{Rows: n, Cols: q.Dim, Stride: q.Dim, Data: q.Values(h)},
				weights, 0, blas32.Vector{N: q.Dim, Inc: 1, Data: context[h*q.Dim : (h+1)*q.Dim]})
		}
		return nil
	}
}

func softmax(x []float32) {
	top := slices.Max(x)
	var sum float32
	for j, v := range x {
		x[j] = float32(math.Exp(float64(v - top)))
		sum += x[j]
	}
	for j := range x {
		x[j] /= sum
	}
}
