package datasets

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
)

// Symbols of a ListOps expression in prefix form: a digit is its own value.
const (
	symbolMin byte = 10 + iota
	symbolMax
	symbolMed
	symbolSum
	symbolEnd
)

var symbols = [...]string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "[MIN", "[MAX", "[MED", "[SM", "X"}

// Constants of lra_benchmarks/data/listops.py.
const (
	digitAbove                 = 0.25 // a node is a digit when its uniform draw is above this
	minArguments, maxArguments = 2, 10
	operators                  = 4
)

// tree is an expression as symbols in prefix order, with its value.
type tree struct {
	tokens []byte
	value  byte
}

func (t tree) example() Example {
	ids := make([]int32, 1+len(t.tokens))
	ids[0] = CLS
	for i, s := range t.tokens {
		ids[1+i] = reserved + int32(s)
	}
	return Example{IDs: ids, Label: int32(t.value), Text: t.String()}
}

// inner labels every operator with the value of its list, token by token behind CLS.
func (t tree) inner() []int32 {
	labels := slices.Repeat([]int32{-1}, 1+len(t.tokens))
	var open []int // operators of the lists that are not closed yet
	var values []byte
	var first []int // where the values of each of them begin
	for i, s := range t.tokens {
		switch {
		case s == symbolEnd:
			last := len(open) - 1
			v := apply(t.tokens[open[last]], values[first[last]:])
			labels[1+open[last]] = int32(v)
			values = append(values[:first[last]], v)
			open, first = open[:last], first[:last]
		case s >= symbolMin:
			open, first = append(open, i), append(first, len(values))
		default:
			values = append(values, s)
		}
	}
	return labels
}

// String is the form that a model reads: tokens separated by blanks, no parentheses.
func (t tree) String() string {
	var b strings.Builder
	b.Grow(3 * len(t.tokens))
	for i, s := range t.tokens {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(symbols[s])
	}
	return b.String()
}

// apply is the value of an operator on its arguments, which it may reorder.
func apply(operator byte, values []byte) byte {
	result := values[0]
	switch operator {
	case symbolMin:
		for _, v := range values {
			result = min(result, v)
		}
	case symbolMax:
		for _, v := range values {
			result = max(result, v)
		}
	case symbolSum:
		sum := 0
		for _, v := range values {
			sum += int(v)
		}
		result = byte(sum % 10)
	case symbolMed:
		return median(values)
	}
	return result
}

// median of digits, the mean of the middle pair truncated.
func median(values []byte) byte {
	var count [10]int
	for _, v := range values {
		count[v]++
	}
	nth := func(n int) byte {
		for v, c := range count {
			if n -= c; n < 0 {
				return byte(v)
			}
		}
		panic("datasets: median beyond its values")
	}
	n := len(values)
	return (nth((n-1)/2) + nth(n/2)) / 2
}

// grower draws one tree at a time into a buffer.
type grower struct {
	source   *rand.PCG
	rng      *rand.Rand
	maxDepth int
	limit    int // a tree of this many tokens is too long: drawing stops
	tokens   []byte
}

func (l ListOps) grower() *grower {
	source := rand.NewPCG(0, 0)
	return &grower{source: source, rng: rand.New(source), maxDepth: l.MaxDepth, limit: l.MaxLength}
}

// root draws the tree of stream (seed, index); ok is false for one that reached the limit.
func (g *grower) root(seed, index uint64) (value byte, ok bool) {
	g.source.Seed(seed, mix(index))
	g.tokens = g.tokens[:0]
	value = g.node(1)
	return value, len(g.tokens) < g.limit
}

// node appends a node drawn at the given depth and returns its value, without meaning once the limit is reached.
func (g *grower) node(depth int) byte {
	if depth >= g.maxDepth || g.rng.Float64() > digitAbove {
		digit := byte(g.rng.IntN(10))
		g.tokens = append(g.tokens, digit)
		return digit
	}
	at := len(g.tokens)
	g.tokens = append(g.tokens, 0) // the operator is drawn after its arguments
	var values [maxArguments]byte
	n := minArguments + g.rng.IntN(maxArguments-minArguments+1)
	for i := range n {
		if values[i] = g.node(depth + 1); len(g.tokens) >= g.limit {
			return 0
		}
	}
	operator := symbolMin + byte(g.rng.IntN(operators))
	g.tokens[at] = operator
	g.tokens = append(g.tokens, symbolEnd)
	return apply(operator, values[:n])
}

// draw grows the roots first, first+1, ... and keeps those of an accepted length, in order.
func (l ListOps) draw(first uint64, roots int) []tree {
	g := l.grower()
	var kept []tree
	for i := range uint64(roots) {
		if value, ok := g.root(l.Seed, first+i); ok && len(g.tokens) > l.MinLength && g.tokens[0] >= symbolMin {
			kept = append(kept, tree{bytes.Clone(g.tokens), value})
		}
	}
	return kept
}
